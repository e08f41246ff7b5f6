/* SPDX-License-Identifier: MIT */
/* marks.h: a name a line, each added by one write, so that a kill leaves whole lines. */
#include "marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

static void part_of(const char *mark, char path[320])
{
	snprintf(path, 320, "%s.part", mark);
}

int marks_begin(const char *mark)
{
	char path[320];
	int fd;

	if (!access(mark, F_OK))
		return -1;
	part_of(mark, path);
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		dais_log(DAIS_LOG_WARNING, "%s: %s; nothing is started at boot", path,
			 strerror(errno));
	return fd;
}

bool marks_has(int fd, const char *name)
{
	autofclose FILE *f = NULL;
	char line[320];
	int copy = dup(fd);

	f = copy < 0 ? NULL : fdopen(copy, "r");
	if (!f) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, name))
			return true;
	}
	return false;
}

void marks_add(int fd, const char *name)
{
	char line[320];
	int length = snprintf(line, sizeof(line), "%s\n", name);

	if (length >= (int)sizeof(line) || write(fd, line, (size_t)length) != length)
		dais_log(DAIS_LOG_WARNING, "%s: nobody will know that it was started: %s", name,
			 strerror(errno));
}

void marks_end(int fd, const char *mark)
{
	char path[320];

	part_of(mark, path);
	if (rename(path, mark))
		dais_log(DAIS_LOG_WARNING, "%s: %s", mark, strerror(errno));
	close(fd);
}
