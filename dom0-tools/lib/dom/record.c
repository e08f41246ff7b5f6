// SPDX-License-Identifier: MIT
/*
 * What is kept of a domain on disk while it exists: its configuration, completed with what was
 * chosen for it, under its UUID. With it a domain can be made again after it ends, and be
 * described without asking whoever made it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "dom/host.h"
#include "export.h"

static void record_path(const uint8_t uuid[16], char path[128], const char *suffix)
{
	char text[37];

	snprintf(path, 128, DAIS_RECORDS "/%s.cfg%s", dais_uuid_text(uuid, text), suffix);
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			text += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

static int open_new(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

int record_write(const uint8_t uuid[16], const struct dais_config *config, struct dais_error *err)
{
	autofree char *text = dais_config_text(config);
	char path[128], fresh[128];
	autoclose int fd = -1;

	record_path(uuid, path, "");
	record_path(uuid, fresh, ".new");
	if (!text)
		return dais_fail_errno(err, DAIS_FAILED, ENOMEM, "keep the configuration", path);
	/* Renamed when whole, so that a reader never sees half of it. */
	fd = open_new(fresh);
	if (fd < 0 && errno == ENOENT) {
		mkdir("/var/lib/dais", 0755);
		mkdir(DAIS_RECORDS, 0700);
		fd = open_new(fresh);
	}
	if (fd < 0 || write_all(fd, text, strlen(text)) || rename(fresh, path)) {
		int errnum = errno;

		unlink(fresh);
		return dais_fail_errno(err, DAIS_FAILED, errnum, "keep the configuration", path);
	}
	return 0;
}

void record_remove(const uint8_t uuid[16])
{
	char path[128];

	record_path(uuid, path, "");
	unlink(path);
}

bool record_is_there(const uint8_t uuid[16])
{
	char path[128];

	record_path(uuid, path, "");
	return !access(path, F_OK);
}

EXPORT int dais_record_load(const uint8_t uuid[16], struct dais_config *config,
			    struct dais_error *err)
{
	struct dais_faults faults = {0};
	char path[128];
	int rc;

	record_path(uuid, path, "");
	rc = dais_config_load(path, NULL, 0, config, &faults, err);
	dais_faults_free(&faults);
	return rc;
}

EXPORT struct json_object *dais_record(const uint8_t uuid[16])
{
	struct dais_config config;
	struct json_object *json = NULL;

	if (!dais_record_load(uuid, &config, NULL))
		json = dais_config_json(&config);
	dais_config_free(&config);
	return json;
}
