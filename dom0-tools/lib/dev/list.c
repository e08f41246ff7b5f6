// SPDX-License-Identifier: MIT
/*
 * The devices of a domain as the store has them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dev/device.h"
#include "export.h"

struct listing {
	struct dais *host;
	struct dais_device *list;
	size_t count, room;
};

/* Copies the node @name of one end, if it is there. A guest wrote it: nothing but plain text. */
static void copy(struct listing *l, const struct store_dir *dir, const char *name, char *to,
		 size_t size)
{
	autofree char *value = store_read(&l->host->store, "%s/%s", dir->path, name);

	if (value)
		snprintf(to, size, "%s", value);
	store_plain(to);
}

static void describe(struct listing *l, const struct device_id *id, struct dais_device *d)
{
	struct store_dir front, back;
	char text[32] = "";

	device_front(id, &l->host->store, &front);
	device_back(id, &l->host->store, &back);
	snprintf(d->kind, sizeof(d->kind), "%s", id->kind);
	d->devid = id->devid;
	d->backend = id->backend;
	d->state = (int)store_read_number(&l->host->store, 0, "%s/state", front.path);
	d->port = store_read_number(&l->host->store, -1, "%s/event-channel", front.path);
	if (!strcmp(id->kind, "vif")) {
		copy(l, &back, "bridge", d->target, sizeof(d->target));
		copy(l, &back, "mac", d->mac, sizeof(d->mac));
		snprintf(d->name, sizeof(d->name), "vif%u.%u", id->domid, id->devid);
		copy(l, &back, "vifname", d->name, sizeof(d->name));
		copy(l, &front, "tx-ring-ref", d->ring, sizeof(d->ring));
		if (d->port < 0)
			d->port = store_read_number(&l->host->store, -1, "%s/event-channel-tx",
						    front.path);
		return;
	}
	copy(l, &back, "params", d->target, sizeof(d->target));
	copy(l, &back, "dev", d->name, sizeof(d->name));
	copy(l, &front, "ring-ref", d->ring, sizeof(d->ring));
	copy(l, &back, "mode", text, sizeof(text));
	d->readonly = !strcmp(text, "r");
}

static int add(const struct device_id *id, void *arg)
{
	struct listing *l = arg;

	if (!strcmp(id->kind, "console"))
		return 0;
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 8;
		struct dais_device *more = realloc(l->list, room * sizeof(*more));

		if (!more)
			return -1;
		l->list = more;
		l->room = room;
	}
	memset(&l->list[l->count], 0, sizeof(*l->list));
	describe(l, id, &l->list[l->count++]);
	return 0;
}

EXPORT int dais_devices(struct dais *host, uint32_t domid, const char *kind,
			struct dais_device **list, size_t *count, struct dais_error *err)
{
	struct listing l = {.host = host};

	if (device_for_each(&host->store, domid, kind, add, &l)) {
		free(l.list);
		return dais_fail_errno(err, DAIS_FAILED, ENOMEM, "list the devices", NULL);
	}
	*list = l.list;
	*count = l.count;
	return 0;
}
