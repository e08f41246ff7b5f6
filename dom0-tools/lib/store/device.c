// SPDX-License-Identifier: MIT
/*
 * The store's side of split devices. The other sides are kernels (and our own back-ends), which
 * tell about themselves by the node "state" and, when they give up, below "error".
 */
#include "store/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"

#define BACK_FMT "/local/domain/%u/backend/%s/%u/%u"
#define FRONT_FMT "/local/domain/%u/device/%s/%u"
#define LIBXL_FMT "/libxl/%u/device/%s/%u"

#define LOOK_MS 1000u

#define BACK_ARGS(id) (id)->backend, device_back_kind(id), (id)->domid, (id)->devid
#define FRONT_ARGS(id) (id)->domid, (id)->kind, (id)->devid

const char *device_back_kind(const struct device_id *id)
{
	return *id->back_kind ? id->back_kind : id->kind;
}

void device_front(const struct device_id *id, struct store *store, struct store_dir *dir)
{
	store_dir_at(dir, store, FRONT_FMT, FRONT_ARGS(id));
}

void device_back(const struct device_id *id, struct store *store, struct store_dir *dir)
{
	store_dir_at(dir, store, BACK_FMT, BACK_ARGS(id));
}

void device_note(const struct device_id *id, struct store *store, struct store_dir *dir)
{
	store_dir_at(dir, store, LIBXL_FMT, FRONT_ARGS(id));
}

void device_begin(const struct device_id *id, struct store_dir *front, struct store_dir *back)
{
	/* Permissions first: what is written below inherits them. */
	store_dir_write(front, "", "%s", "");
	store_dir_perms(front, "", id->domid, id->backend);
	store_dir_write(front, "backend", "%s", back->path);
	store_dir_write(front, "backend-id", "%u", id->backend);
	store_dir_write(back, "frontend", "%s", front->path);
	store_dir_perms(back, "", id->backend, id->domid);
	store_dir_write(back, "frontend-id", "%u", id->domid);
	store_dir_write(back, "online", "1");
}

void device_publish(const struct device_id *id, struct store_dir *front, struct store_dir *back)
{
	struct store_dir note;

	device_note(id, back->store, &note);
	store_dir_write(&note, "frontend", "%s", front->path);
	store_dir_write(&note, "backend", "%s", back->path);
	store_dir_write(front, "state", "%d", DEVICE_INITIALISING);
	store_dir_write(back, "state", "%d", DEVICE_INITIALISING);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

/* Sleeps a little longer each time; most answers come within a millisecond. */
static void nap(unsigned int *us)
{
	struct timespec ts = {.tv_nsec = (long)*us * 1000};

	nanosleep(&ts, NULL);
	if (*us < 20000)
		*us *= 2;
}

static long back_state(const struct device_id *id, struct store *store)
{
	return store_read_number(store, DEVICE_UNKNOWN, BACK_FMT "/state", BACK_ARGS(id));
}

int device_wait(const struct device_id *id, struct store *store, enum device_state least,
		unsigned int timeout_ms, struct dais_error *err)
{
	uint64_t end = now_ms() + timeout_ms;
	unsigned int pause_us = 200;
	char object[64];
	long state;

	snprintf(object, sizeof(object), "%s/%u", id->kind, id->devid);
	for (;;) {
		autofree char *said = NULL;

		state = back_state(id, store);
		if (state >= (long)least && state < DEVICE_CLOSING)
			return 0;
		if (state >= DEVICE_CLOSING || now_ms() > end) {
			/* A back-end that gives up says why in its own domain's tree. */
			said = store_read(store, "/local/domain/%u/error/backend/%s/%u/%u/error",
					  BACK_ARGS(id));
			if (said)
				return dais_fail(err, DAIS_DEVICE, "connect the device", object,
						 "the back-end says: %s", store_plain(said));
			break;
		}
		nap(&pause_us);
	}
	dais_fail(err, state >= DEVICE_CLOSING ? DAIS_DEVICE : DAIS_TIMEOUT, "connect the device",
		  object, "the back-end in domain %u is in state %ld after %u ms", id->backend,
		  state, timeout_ms);
	if (strcmp(id->kind, "vif") != 0 && strcmp(id->kind, "vbd") != 0)
		return dais_hint(err, "start its back-end there, or leave the device out");
	return dais_hint(err, "load its driver there: modprobe xen-%sback; see `dmesg`",
			 strcmp(id->kind, "vif") ? "blk" : "net");
}

static void remove_nodes(const struct device_id *id, struct store *store)
{
	store_remove(store, BACK_FMT, BACK_ARGS(id));
	store_remove(store, FRONT_FMT, FRONT_ARGS(id));
	store_remove(store, LIBXL_FMT, FRONT_ARGS(id));
	/* What it had to say of this one. */
	store_remove(store, "/local/domain/%u/error/backend/%s/%u", id->backend,
		     device_back_kind(id), id->domid);
}

/*
 * A back-end that has been told of a device and not yet looked at it would complain of an other
 * end that is gone: it is given a moment to look.
 */
static long let_look(const struct device_id *id, struct store *store)
{
	uint64_t end = now_ms() + LOOK_MS;
	unsigned int pause_us = 200;
	long state = back_state(id, store);

	while (state == DEVICE_INITIALISING && now_ms() <= end) {
		nap(&pause_us);
		state = back_state(id, store);
	}
	return state;
}

bool device_is_ignored(const struct device_id *id, struct store *store)
{
	return let_look(id, store) == DEVICE_INITIALISING;
}

int device_remove(const struct device_id *id, struct store *store, bool force,
		  unsigned int timeout_ms,
		  void (*closed)(const struct device_id *id, struct store *store),
		  struct dais_error *err)
{
	uint64_t end = now_ms() + timeout_ms;
	unsigned int pause_us = 200;
	struct store_dir back;
	char object[64];
	long state = let_look(id, store);

	if (state != DEVICE_UNKNOWN && state != DEVICE_CLOSED) {
		device_back(id, store, &back);
		store_dir_write(&back, "online", "0");
		store_dir_write(&back, "state", "%d", DEVICE_CLOSING);
		/* A back-end whose other end is gone closes by itself. */
		if (force)
			store_remove(store, FRONT_FMT, FRONT_ARGS(id));
		for (;;) {
			state = back_state(id, store);
			if (state == DEVICE_UNKNOWN || state == DEVICE_CLOSED || now_ms() > end)
				break;
			nap(&pause_us);
		}
	}
	if (state == DEVICE_UNKNOWN || state == DEVICE_CLOSED || force) {
		if (closed)
			closed(id, store);
		remove_nodes(id, store);
		return 0;
	}
	snprintf(object, sizeof(object), "%s/%u", id->kind, id->devid);
	dais_fail(err, DAIS_TIMEOUT, "detach the device", object,
		  "the guest did not let go of it within %u ms", timeout_ms);
	return dais_hint(err, "stop what uses it in the guest, or say --force");
}

static int each_of_kind(struct store *store, uint32_t domid, const char *kind,
			int (*each)(const struct device_id *id, void *arg), void *arg)
{
	unsigned int count;
	autofree char **ids = store_list(store, &count, "/libxl/%u/device/%s", domid, kind);

	for (unsigned int i = 0; ids && i < count; i++) {
		struct device_id id = {.domid = domid, .kind = kind};
		autofree char *back = NULL;
		char *end;
		int ret;

		id.devid = (uint32_t)strtoul(ids[i], &end, 10);
		if (*end)
			continue;
		/* The tree that only dom0 writes says who serves it, not the guest's. */
		back = store_read(store, LIBXL_FMT "/backend", FRONT_ARGS(&id));
		if (!back || sscanf(back, "/local/domain/%u/backend/%15[^/]/", &id.backend,
				    id.back_kind) < 1)
			continue;
		ret = each(&id, arg);
		if (ret)
			return ret;
	}
	return 0;
}

int device_for_each(struct store *store, uint32_t domid, const char *kind,
		    int (*each)(const struct device_id *id, void *arg), void *arg)
{
	unsigned int count;
	autofree char **kinds = NULL;

	if (kind)
		return each_of_kind(store, domid, kind, each, arg);
	kinds = store_list(store, &count, "/libxl/%u/device", domid);
	for (unsigned int i = 0; kinds && i < count; i++) {
		int ret = each_of_kind(store, domid, kinds[i], each, arg);

		if (ret)
			return ret;
	}
	return 0;
}
