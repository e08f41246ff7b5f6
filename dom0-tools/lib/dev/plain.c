// SPDX-License-Identifier: MIT
/*
 * The store's side of plain devices: what the configuration says, written where the table says
 * (config/plain.h). Both ends are others' programs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/plain.h"
#include "dev/device.h"

int plain_check(struct dais *host, const struct dais_plain *plain, struct dais_error *err)
{
	const char *path = plain_value(plain, "path");
	uint32_t backend;
	struct stat st;

	if (plain_needs_model(plain) && path && (stat(path, &st) || !S_ISDIR(st.st_mode))) {
		dais_fail(err, DAIS_CONFIG, "share the directory", path, "it is not there");
		return dais_hint(err, "correct the path, or make the directory");
	}
	return backend_domain(host, plain->backend, &backend, err);
}

/* So that the record has it, and whoever is made anew from that is the same. */
static int choose_uuids(struct dais_plain *plain, struct dais_error *err)
{
	for (size_t i = 0; i < plain->kind->count; i++) {
		uint8_t uuid[16];
		char text[37];

		if (plain->kind->params[i].type != PLAIN_UUID || plain->values[i])
			continue;
		dais_uuid_make(uuid);
		plain->values[i] = strdup(dais_uuid_text(uuid, text));
		if (!plain->values[i])
			return dais_fail_errno(err, DAIS_FAILED, errno, "set up the device",
					       plain->kind->key);
	}
	return 0;
}

/* What dom0 alone tells of a device, and the guest may read but not change. */
static void show(struct store_dir *front, uint32_t domid, const char *name, const char *value)
{
	store_dir_write(front, name, "%s", value);
	store_dir_perms(front, name, 0, domid);
}

static void write_screens(struct store_dir *front, uint32_t domid, const char *text)
{
	struct plain_screen screen;

	for (unsigned int i = 0; plain_next_screen(&text, &screen); i++) {
		char name[32], value[STORE_PATH_MAX];

		snprintf(name, sizeof(name), "%u/resolution", i);
		snprintf(value, sizeof(value), "%ux%u", screen.width, screen.height);
		show(front, domid, name, value);
		snprintf(name, sizeof(name), "%u/unique-id", i);
		snprintf(value, sizeof(value), "%.*s", screen.id_length, screen.id);
		show(front, domid, name, value);
	}
}

/* Where both ends stand, and where xl looks for what a device is. */
struct ends {
	uint32_t domid;
	struct store_dir front, back, note;
};

/* @prefix: of the part's directory at the guest's end. */
static void write_param(struct ends *to, const char *prefix, const struct plain_param *param,
			const char *value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", prefix, param->name);
	if (!value)
		value = param->absent;
	if (!value)
		return;
	if (param->type == PLAIN_SCREENS) {
		write_screens(&to->front, to->domid, value);
	} else if (param->place == PLAIN_FRONT) {
		store_dir_write(&to->front, name, "%s", value);
	} else if (param->place == PLAIN_SHOWN) {
		show(&to->front, to->domid, name, value);
	} else if (param->place == PLAIN_BACK) {
		store_dir_write(&to->back, param->name, "%s", value);
		store_dir_write(&to->note, param->name, "%s", value);
	}
}

static void write_params(struct ends *to, const char *prefix, const struct dais_plain *plain)
{
	for (size_t i = 0; i < plain->kind->count; i++)
		write_param(to, prefix, &plain->kind->params[i], plain->values[i]);
}

/* "0/", "0/0/", "0/1/", "1/", ...: those of the last kind are within the one before them. */
static void write_parts(struct ends *to, const struct dais_plain *plain)
{
	unsigned int outer = 0, inner = 0;
	char prefix[32];

	for (size_t i = 0; i < plain->part_count; i++) {
		if (plain->parts[i].kind == plain->kind->parts) {
			snprintf(prefix, sizeof(prefix), "%u/", outer++);
			inner = 0;
		} else {
			/* As under xl, one that is in none is in the first. */
			outer += !outer;
			snprintf(prefix, sizeof(prefix), "%u/%u/", outer - 1, inner++);
		}
		write_params(to, prefix, &plain->parts[i]);
	}
}

static void write_number(struct ends *to, uint32_t devid)
{
	struct store_dir *const all[] = {&to->front, &to->back, &to->note};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		store_dir_write(all[i], "handle", "%u", devid);
}

int plain_publish(struct dais *host, uint32_t domid, uint32_t devid, struct dais_plain *plain,
		  struct plain_work *work, struct dais_error *err)
{
	const struct plain_kind *kind = plain->kind;
	struct device_id *id = &work->id;
	struct ends to = {.domid = domid};

	*work = (struct plain_work){
		.plain = plain,
		.id = {.domid = domid, .kind = kind->store, .devid = devid},
	};
	snprintf(id->back_kind, sizeof(id->back_kind), "%s", plain_back_kind(plain));
	if (backend_domain(host, plain->backend, &id->backend, err) || choose_uuids(plain, err))
		return -1;
	device_front(id, &host->store, &to.front);
	device_back(id, &host->store, &to.back);
	device_note(id, &host->store, &to.note);
	device_begin(id, &to.front, &to.back);
	if (kind->numbered)
		write_number(&to, devid);
	write_params(&to, "", plain);
	write_parts(&to, plain);
	store_dir_write(&to.note, "frontend-id", "%u", domid);
	store_dir_write(&to.note, "online", "1");
	store_dir_write(&to.note, "state", "%d", DEVICE_INITIALISING);
	device_publish(id, &to.front, &to.back);
	return 0;
}

/* As under xl, a back-end of most kinds may come later than the guest. */
int plain_finish(struct dais *host, const struct plain_work *work, struct dais_error *err)
{
	const struct device_id *id = &work->id;

	if (!work->plain->kind->waits ||
	    !device_wait(id, &host->store, DEVICE_INIT_WAIT, DEVICE_TIMEOUT_MS, err))
		return 0;
	return dais_while(err, "attach the device", work->plain->kind->key);
}
