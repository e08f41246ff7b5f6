/* SPDX-License-Identifier: MIT */
/*
 * A full disk or a vanished directory costs lines of the log, never the console.
 */
#include "logfile.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int open_end(struct logfile *log)
{
	struct stat st;

	log->fd = openat(log->dir, log->name,
			 O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log->fd < 0)
		return -1;
	log->size = fstat(log->fd, &st) ? 0 : st.st_size;
	return 0;
}

int logfile_open(struct logfile *log, int dir, const char *name, off_t most, bool stamps)
{
	char *at;

	*log = (struct logfile){
		.dir = dir, .fd = -1, .most = most, .stamps = stamps, .new_line = true};
	if (dir < 0)
		return 0;
	snprintf(log->name, sizeof(log->name), "%.250s.log", name);
	for (at = log->name; *at; at++) {
		if (*at == '/' || iscntrl((unsigned char)*at) || (*at == '.' && at == log->name))
			*at = '_';
	}
	return open_end(log);
}

void logfile_close(struct logfile *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

void logfile_reopen(struct logfile *log)
{
	if (log->dir < 0)
		return;
	logfile_close(log);
	open_end(log);
}

static void rotate(struct logfile *log)
{
	char from[sizeof(log->name) + 8], to[sizeof(log->name) + 8];
	int i;

	for (i = LOGFILE_OLD; i > 0; i--) {
		snprintf(to, sizeof(to), "%s.%d", log->name, i);
		if (i > 1)
			snprintf(from, sizeof(from), "%s.%d", log->name, i - 1);
		else
			snprintf(from, sizeof(from), "%s", log->name);
		renameat(log->dir, from, log->dir, to);
	}
	logfile_reopen(log);
}

static void append(struct logfile *log, const char *data, size_t size)
{
	ssize_t n = write(log->fd, data, size);

	if (n > 0)
		log->size += n;
}

static void write_stamp(struct logfile *log)
{
	char text[40];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	append(log, text, strftime(text, sizeof(text), "[%Y-%m-%d %H:%M:%S] ", &tm));
}

void logfile_write(struct logfile *log, const char *data, size_t size)
{
	if (log->fd < 0)
		return;
	if (log->size + (off_t)size > log->most)
		rotate(log);
	while (log->fd >= 0 && size) {
		const char *end = log->stamps ? memchr(data, '\n', size) : NULL;
		size_t part = end ? (size_t)(end - data) + 1 : size;

		if (log->stamps && log->new_line)
			write_stamp(log);
		append(log, data, part);
		log->new_line = data[part - 1] == '\n';
		data += part;
		size -= part;
	}
}
