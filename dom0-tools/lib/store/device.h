/* SPDX-License-Identifier: MIT */
/*
 * A split device in the store: both ends' nodes, the handshake, and their end (abi-rows.md G.7).
 * Kinds of devices differ only in the keys that they add.
 */
#ifndef DAIS_STORE_DEVICE_H
#define DAIS_STORE_DEVICE_H

#include "store/client.h"

/* States of an end, <xen/io/xenbus.h>. */
enum device_state {
	DEVICE_UNKNOWN = 0,
	DEVICE_INITIALISING = 1,
	DEVICE_INIT_WAIT = 2,
	DEVICE_INITIALISED = 3,
	DEVICE_CONNECTED = 4,
	DEVICE_CLOSING = 5,
	DEVICE_CLOSED = 6,
};

/* Which one: "vbd" 51712 of domain 5, served by domain 0. */
struct device_id {
	uint32_t domid, backend;
	const char *kind;
	uint32_t devid;
	char back_kind[16]; /* what the back-end calls it; "": the same */
};

const char *device_back_kind(const struct device_id *id);

/* Where its ends stand, for more keys. */
void device_front(const struct device_id *id, struct store *store, struct store_dir *dir);
void device_back(const struct device_id *id, struct store *store, struct store_dir *dir);
/* Where xl looks for what the device is: as the back-end's directory, but dom0's alone. */
void device_note(const struct device_id *id, struct store *store, struct store_dir *dir);

/* The keys that all kinds have, but "state"; permissions are set first. */
void device_begin(const struct device_id *id, struct store_dir *front, struct store_dir *back);
/*
 * Both ends' "state": what was written before becomes a device. The front-end's comes first,
 * because a back-end whose other end has no state gives up. Also notes the device under /libxl,
 * where xl looks for what to remove. Queued, as all writes: store_done() tells what failed.
 */
void device_publish(const struct device_id *id, struct store_dir *front, struct store_dir *back);

/* Waits until the back-end is at @least or beyond it. @err has the back-end's own words. */
int device_wait(const struct device_id *id, struct store *store, enum device_state least,
		unsigned int timeout_ms, struct dais_error *err);

/*
 * Takes it away. With the guest's help (@force false) the front-end may refuse or time out,
 * then -1 and the device stays; by force its nodes are removed and the back-end given
 * @timeout_ms to let go. @closed, which may be NULL, is called when it has, before its nodes go.
 */
int device_remove(const struct device_id *id, struct store *store, bool force,
		  unsigned int timeout_ms,
		  void (*closed)(const struct device_id *id, struct store *store),
		  struct dais_error *err);

/* Whether its back-end's domain has not so much as looked at it, though there was time to. */
bool device_is_ignored(const struct device_id *id, struct store *store);

/* Calls @each for every device of the domain, as the store has them; stops at non-zero. */
int device_for_each(struct store *store, uint32_t domid, const char *kind,
		    int (*each)(const struct device_id *id, void *arg), void *arg);

#endif
