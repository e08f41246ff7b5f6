// SPDX-License-Identifier: MIT
/*
 * The store's side of what QEMU serves: a frame buffer with its keyboard and pointer, and
 * channels, which are consoles beside the first. QEMU reads the back-ends' nodes when it starts.
 */
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "dev/model.h"
#include "dev/qemu.h"
#include "export.h"
#include "json.h"

void fb_publish(struct dais *host, uint32_t domid, size_t at, const struct dais_vfb *vfb)
{
	static const char *const kinds[] = {"vfb", "vkbd"};
	struct store_dir front, back;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct device_id id = {.domid = domid, .kind = kinds[i], .devid = (uint32_t)at};

		device_front(&id, &host->store, &front);
		device_back(&id, &host->store, &back);
		device_begin(&id, &front, &back);
		if (!i) {
			store_dir_write(&back, "vnc", "%d", vfb->vnc != DAIS_NO);
			store_dir_write(&back, "vnclisten", "%s",
					vfb->vnclisten ? vfb->vnclisten : "127.0.0.1");
			store_dir_write(&back, "vncdisplay", "%d",
					vfb->vncdisplay < 0 ? 0 : vfb->vncdisplay);
			store_dir_write(&back, "vncunused", "%d", vfb->vncunused != DAIS_NO);
			store_dir_write(&back, "sdl", "0");
			store_dir_write(&back, "opengl", "0");
		}
		device_publish(&id, &front, &back);
	}
}

/* What dom0 alone tells of a channel, and the guest may read but not change. */
static void write_ours(struct store_dir *front, uint32_t domid, const char *name, const char *value)
{
	store_dir_write(front, name, "%s", value);
	store_dir_perms(front, name, 0, domid);
}

void channel_publish(struct dais *host, uint32_t domid, size_t i,
		     const struct dais_channel *channel)
{
	/* Number 0 is the first console's. */
	struct device_id id = {.domid = domid, .kind = "console", .devid = (uint32_t)i + 1};
	const char *connection = channel->connection == DAIS_CHANNEL_PTY ? "pty" : "socket";
	struct store_dir front, back, note;
	char output[40];

	device_front(&id, &host->store, &front);
	device_back(&id, &host->store, &back);
	store_dir_at(&note, &host->store, "/libxl/%u/device/console/%u", domid, id.devid);
	device_begin(&id, &front, &back);
	store_dir_write(&front, "protocol", "vt100");
	write_ours(&front, domid, "name", channel->name);
	write_ours(&front, domid, "limit", "1048576");
	write_ours(&front, domid, "type", "ioemu");
	snprintf(output, sizeof(output), "chardev:" QEMU_CHANNEL, i);
	write_ours(&front, domid, "output", output);
	write_ours(&front, domid, "tty", "");
	store_dir_write(&back, "protocol", "vt100");
	store_dir_write(&back, "name", "%s", channel->name);
	store_dir_write(&back, "connection", "%s", connection);
	store_dir_write(&note, "name", "%s", channel->name);
	store_dir_write(&note, "connection", "%s", connection);
	if (channel->connection == DAIS_CHANNEL_SOCKET) {
		store_dir_write(&back, "path", "%s", channel->path);
		store_dir_write(&note, "path", "%s", channel->path);
	}
	device_publish(&id, &front, &back);
}

void channel_found(struct dais *host, uint32_t domid, size_t i, const char *tty)
{
	struct store_dir front, note;
	uint32_t devid = (uint32_t)i + 1;

	store_dir_at(&front, &host->store, "/local/domain/%u/device/console/%u", domid, devid);
	store_dir_at(&note, &host->store, "/libxl/%u/device/console/%u", domid, devid);
	store_dir_write(&front, "tty", "%s", tty);
	/* The guest owns the place of the other and could put another name there. */
	store_dir_write(&note, "path", "%s", tty);
}

static struct json_object *text_or_null(char *text)
{
	struct json_object *o = text ? json_object_new_string(store_plain(text)) : JSON_NULL;

	free(text);
	return o;
}

static struct json_object *channels_json(struct dais *host, uint32_t domid)
{
	struct json_object *array = json_object_new_array();

	for (unsigned int devid = 1;; devid++) {
		char *name = store_read(&host->store, "/libxl/%u/device/console/%u/name", domid,
					devid);
		struct json_object *o;

		if (!name)
			return array;
		o = json_object_new_object();
		json_set(o, "name", text_or_null(name));
		json_set(o, "connection",
			 text_or_null(store_read(&host->store,
						 "/libxl/%u/device/console/%u/connection", domid,
						 devid)));
		json_set(o, "path",
			 text_or_null(store_read(&host->store, "/libxl/%u/device/console/%u/path",
						 domid, devid)));
		json_append(array, o);
	}
}

static struct json_object *model_json(struct dais *host, uint32_t domid)
{
	struct json_object *o;
	long pid = model_pid(&host->store, domid);
	autoclose int alive = -1;

	if (pid <= 1)
		return JSON_NULL;
	alive = model_find(&host->store, domid);
	o = json_object_new_object();
	json_set(o, "pid", json_object_new_int64(pid));
	json_set(o, "running", json_object_new_boolean(alive >= 0));
	json_set(o, "restarts", json_object_new_int64(model_restarts(host, domid)));
	return o;
}

EXPORT struct json_object *dais_served_json(struct dais *host, uint32_t domid)
{
	struct json_object *o = json_object_new_object(), *vnc;
	long port = store_read_number(&host->store, 0, "/local/domain/%u/console/vnc-port", domid);

	if (port > 0) {
		vnc = json_object_new_object();
		json_set(vnc, "listen",
			 text_or_null(store_read(&host->store,
						 "/local/domain/%u/console/vnc-listen", domid)));
		json_set(vnc, "port", json_object_new_int64(port));
	} else {
		vnc = JSON_NULL;
	}
	json_set(o, "vnc", vnc);
	json_set(o, "channels", channels_json(host, domid));
	json_set(o, "model", model_json(host, domid));
	return json_whole(o);
}
