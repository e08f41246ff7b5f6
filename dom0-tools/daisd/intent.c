/* SPDX-License-Identifier: MIT */
/*
 * A list in memory beside the files. The list is short: domains that are between two lives.
 */
#include "intent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

#define INTENTS_MAX 4096

static struct {
	pthread_mutex_t lock;
	char dir[256];
	struct intent *list;
	size_t count;
} self = {.lock = PTHREAD_MUTEX_INITIALIZER};

time_t intent_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void path_of(const char *uuid, const char *suffix, char path[320])
{
	snprintf(path, 320, "%s/%s.cfg%s", self.dir, uuid, suffix);
}

static struct intent *find_locked(const char *uuid)
{
	for (size_t i = 0; i < self.count; i++) {
		if (!strcmp(self.list[i].uuid, uuid))
			return &self.list[i];
	}
	return NULL;
}

static int put_locked(const struct intent *intent)
{
	struct intent *there = find_locked(intent->uuid);

	if (!there) {
		struct intent *more;

		if (self.count == INTENTS_MAX)
			return -1;
		more = realloc(self.list, (self.count + 1) * sizeof(*more));
		if (!more)
			return -1;
		self.list = more;
		there = &more[self.count++];
	}
	*there = *intent;
	return 0;
}

static void drop_locked(struct intent *intent)
{
	char path[320];

	path_of(intent->uuid, "", path);
	unlink(path);
	*intent = self.list[--self.count];
}

static int load(const char *uuid, struct dais_config *config)
{
	struct dais_faults faults = {.list = NULL};
	char path[320];
	int rc;

	path_of(uuid, "", path);
	rc = dais_config_load(path, NULL, 0, config, &faults, NULL);
	dais_faults_free(&faults);
	return rc;
}

void intent_open(const char *dir)
{
	autodir DIR *d = NULL;
	struct dirent *entry;

	snprintf(self.dir, sizeof(self.dir), "%s", dir);
	mkdir(dir, 0700);
	d = opendir(dir);
	while (d && (entry = readdir(d))) {
		struct intent intent = {.due = 0};
		struct dais_config config;
		uint8_t uuid[16];

		if (strlen(entry->d_name) != 40 || strcmp(entry->d_name + 36, ".cfg") != 0)
			continue;
		memcpy(intent.uuid, entry->d_name, 36);
		if (dais_uuid_parse(intent.uuid, uuid) || load(intent.uuid, &config)) {
			dais_log(DAIS_LOG_WARNING, "%s/%s cannot be read", dir, entry->d_name);
			continue;
		}
		snprintf(intent.name, sizeof(intent.name), "%s", config.name);
		dais_config_free(&config);
		put_locked(&intent);
	}
}

/* Written beside, synced, then renamed: it is there whole or not at all. */
static int write_file(const char *uuid, const struct dais_config *config)
{
	autofree char *text = dais_config_text(config);
	char path[320], fresh[320];
	autoclose int fd = -1;
	ssize_t length;

	path_of(uuid, "", path);
	path_of(uuid, ".new", fresh);
	if (!text) {
		errno = ENOMEM;
		return -1;
	}
	length = (ssize_t)strlen(text);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, (size_t)length) != length || fdatasync(fd) ||
	    rename(fresh, path)) {
		unlink(fresh);
		return -1;
	}
	return 0;
}

int intent_add(const struct dais_config *config, time_t due, bool taken)
{
	struct intent intent = {.due = due, .taken = taken};
	int rc;

	dais_uuid_text(config->uuid, intent.uuid);
	snprintf(intent.name, sizeof(intent.name), "%s", config->name);
	pthread_mutex_lock(&self.lock);
	rc = write_file(intent.uuid, config);
	if (!rc)
		rc = put_locked(&intent);
	pthread_mutex_unlock(&self.lock);
	return rc;
}

void intent_done(const uint8_t uuid[16])
{
	struct intent *intent;
	char text[37];

	pthread_mutex_lock(&self.lock);
	intent = find_locked(dais_uuid_text(uuid, text));
	if (intent)
		drop_locked(intent);
	pthread_mutex_unlock(&self.lock);
}

bool intent_take(struct intent *intent, struct dais_config *config)
{
	time_t now = intent_now();
	bool found = false;

	pthread_mutex_lock(&self.lock);
	for (size_t i = 0; i < self.count && !found; i++) {
		if (self.list[i].taken || self.list[i].due > now)
			continue;
		self.list[i].taken = true;
		*intent = self.list[i];
		found = !load(intent->uuid, config);
		if (!found) {
			dais_config_free(config);
			drop_locked(&self.list[i--]);
		}
	}
	pthread_mutex_unlock(&self.lock);
	return found;
}

void intent_later(const struct intent *intent, time_t due)
{
	struct intent *there;

	pthread_mutex_lock(&self.lock);
	there = find_locked(intent->uuid);
	if (there) {
		there->due = due;
		there->taken = false;
	}
	pthread_mutex_unlock(&self.lock);
}

time_t intent_next(void)
{
	time_t next = 0;

	pthread_mutex_lock(&self.lock);
	for (size_t i = 0; i < self.count; i++) {
		time_t due = self.list[i].due ? self.list[i].due : 1;

		if (!self.list[i].taken && (!next || due < next))
			next = due;
	}
	pthread_mutex_unlock(&self.lock);
	return next;
}

bool intent_cancel(const char *name)
{
	bool found = false;

	pthread_mutex_lock(&self.lock);
	for (size_t i = 0; i < self.count && !found; i++) {
		found = !strcmp(self.list[i].name, name) && !self.list[i].taken;
		if (found)
			drop_locked(&self.list[i]);
	}
	pthread_mutex_unlock(&self.lock);
	return found;
}
