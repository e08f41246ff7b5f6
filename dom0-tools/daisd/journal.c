/* SPDX-License-Identifier: MIT */
/*
 * Lines are written whole with one write(2) and synced, so that a killed daemon leaves no half
 * entry but at most a missing last one; a torn line (of a crashed host) is skipped when read.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "config/config.h"
#include "json.h"
#include "log.h"

#define JOURNAL_MAX (4 << 20)

static struct {
	pthread_mutex_t lock;
	int fd;
	char path[256], old[260];
} journal = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static void open_file(void)
{
	journal.fd = open(journal.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

bool journal_open(const char *dir)
{
	mkdir(dir, 0755);
	snprintf(journal.path, sizeof(journal.path), "%s/journal.jsonl", dir);
	snprintf(journal.old, sizeof(journal.old), "%s.1", journal.path);
	open_file();
	if (journal.fd < 0)
		dais_log(DAIS_LOG_WARNING, "cannot keep a journal in %s: %s", journal.path,
			 strerror(errno));
	return journal.fd >= 0;
}

void journal_close(void)
{
	if (journal.fd >= 0)
		close(journal.fd);
	journal.fd = -1;
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	if (text)
		json_set(o, key, json_object_new_string(text));
}

static struct json_object *make(const struct journal_entry *entry)
{
	struct json_object *o = json_object_new_object();
	struct timespec now;
	char when[48], uuid[37];
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(when + n, sizeof(when) - n, ".%03ldZ", now.tv_nsec / 1000000);
	add_text(o, "time", when);
	add_text(o, "event", entry->event);
	add_text(o, "name", entry->name);
	if (entry->uuid)
		add_text(o, "uuid", dais_uuid_text(entry->uuid, uuid));
	if (entry->domid >= 0)
		json_set(o, "domid", json_object_new_int64(entry->domid));
	add_text(o, "reason", entry->reason);
	add_text(o, "detail", entry->detail);
	return o;
}

static void write_line(const char *text)
{
	autofree char *line = NULL;
	struct stat st;
	int n = asprintf(&line, "%s\n", text);

	if (n < 0 || journal.fd < 0)
		return;
	if (!fstat(journal.fd, &st) && st.st_size + n > JOURNAL_MAX) {
		rename(journal.path, journal.old);
		close(journal.fd);
		open_file();
	}
	if (journal.fd >= 0 && write(journal.fd, line, (size_t)n) == n)
		fdatasync(journal.fd);
}

void journal_add(const struct journal_entry *entry)
{
	autofree char *text = json_text(make(entry), JSON_LINE);

	dais_log(DAIS_LOG_INFO, "%s: %s%s%s%s%s", entry->name ? entry->name : "daisd", entry->event,
		 entry->reason ? " " : "", entry->reason ? entry->reason : "",
		 entry->detail ? ": " : "", entry->detail ? entry->detail : "");
	if (!text)
		return;
	pthread_mutex_lock(&journal.lock);
	write_line(text);
	pthread_mutex_unlock(&journal.lock);
}

/* Appends a file's entries to @list, which keeps the newest @count. */
static void read_file(const char *path, const char *name, struct json_object *list, size_t count)
{
	autofclose FILE *f = fopen(path, "re");
	autofree char *line = NULL;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		struct json_object *o = json_tokener_parse(line), *has;

		if (!o)
			continue;
		has = json_object_object_get(o, "name");
		if (name && (!has || strcmp(json_object_get_string(has), name) != 0)) {
			json_object_put(o);
			continue;
		}
		json_append(list, o);
		/* Cut in large steps: each cut moves the rest. */
		if (json_object_array_length(list) >= 2 * count + 64)
			json_object_array_del_idx(list, 0, json_object_array_length(list) - count);
	}
}

struct json_object *journal_read(const char *name, size_t count)
{
	struct json_object *list = json_object_new_array();

	pthread_mutex_lock(&journal.lock);
	read_file(journal.old, name, list, count);
	read_file(journal.path, name, list, count);
	pthread_mutex_unlock(&journal.lock);
	if (json_object_array_length(list) > count)
		json_object_array_del_idx(list, 0, json_object_array_length(list) - count);
	return list;
}
