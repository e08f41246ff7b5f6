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

/* What is asked for of each device, all together. */
enum {
	STATE,
	PORT,
	PORT_TX,
	RING,
	RING_TX,
	RING_RX,
	BRIDGE,
	MAC,
	VIFNAME,
	PARAMS,
	DEV,
	MODE,
	ASKED
};

static const struct {
	bool front; /* of the front-end, else of the back-end */
	const char *name;
} asked[ASKED] = {
	[STATE] = {true, "state"},
	[PORT] = {true, "event-channel"},
	[PORT_TX] = {true, "event-channel-tx"},
	[RING] = {true, "ring-ref"},
	[RING_TX] = {true, "tx-ring-ref"},
	[RING_RX] = {true, "rx-ring-ref"},
	[BRIDGE] = {false, "bridge"},
	[MAC] = {false, "mac"},
	[VIFNAME] = {false, "vifname"},
	[PARAMS] = {false, "params"},
	[DEV] = {false, "dev"},
	[MODE] = {false, "mode"},
};

/* Copies a value, if it is there. A guest wrote it: nothing but plain text. */
static void copy(struct store_value *value, char *to, size_t size)
{
	autofree char *text = steal_ptr(value->text);

	if (text)
		snprintf(to, size, "%s", text);
	store_plain(to);
}

static void describe(struct listing *l, const struct device_id *id, struct dais_device *d)
{
	struct store_value values[ASKED];
	struct store_dir front, back;
	char text[32] = "";
	bool vif = !strcmp(id->kind, "vif");

	device_front(id, &l->host->store, &front);
	device_back(id, &l->host->store, &back);
	for (unsigned int i = 0; i < ASKED; i++)
		store_ask(&l->host->store, &values[i], "%s/%s",
			  asked[i].front ? front.path : back.path, asked[i].name);
	store_wait(&l->host->store);
	snprintf(d->kind, sizeof(d->kind), "%s", id->kind);
	d->devid = id->devid;
	d->backend = id->backend;
	d->state = (int)store_number(&values[STATE], 0);
	d->port = store_number(&values[PORT], -1);
	if (vif) {
		d->split = d->port < 0;
		if (d->split)
			d->port = store_number(&values[PORT_TX], -1);
		snprintf(d->name, sizeof(d->name), "vif%u.%u", id->domid, id->devid);
	}
	copy(&values[vif ? BRIDGE : PARAMS], d->target, sizeof(d->target));
	copy(&values[vif ? VIFNAME : DEV], d->name, sizeof(d->name));
	copy(&values[vif ? RING_TX : RING], d->ring, sizeof(d->ring));
	copy(&values[RING_RX], d->ring_rx, sizeof(d->ring_rx));
	copy(&values[MAC], d->mac, sizeof(d->mac));
	copy(&values[MODE], text, sizeof(text));
	d->readonly = !strcmp(text, "r");
	for (unsigned int i = 0; i < ASKED; i++)
		free(values[i].text);
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
