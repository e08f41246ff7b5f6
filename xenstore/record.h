/* SPDX-License-Identifier: MIT */
/*
 * Records of journal and checkpoint (persist.c), in the byte order of the machine: they outlive a
 * process, not a host.  Each begins with its size, a multiple of 8, and its type.
 */
#ifndef XENSTORE_RECORD_H
#define XENSTORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

enum record_type {
	RECORD_END = 1, /* a checkpoint is whole */
	RECORD_SET, /* path, value, rights */
	RECORD_NODE, /* the same in a walk of the tree: depth, name, value, rights */
	RECORD_REMOVE,
	RECORD_SPECIAL,
	RECORD_QUOTA,
	RECORD_DOMAIN,
	RECORD_CONN,
	RECORD_CONN_END,
	RECORD_WATCH,
	RECORD_UNWATCH,
	RECORD_OUT,
	RECORD_IN,
	RECORD_STASH,
	RECORD_OWES, /* a connection's watches owe events, or do no longer */
	RECORD_TYPES
};

struct record {
	uint32_t size;
	uint16_t type;
	uint16_t a_len; /* of the first string after the numbers, if any */
	uint32_t b_len; /* of the second */
	uint32_t number; /* by type: domain, connection, depth, count */
};

#define RECORD_MAX 65536

/*
 * Carries out the valid records in SIZE bytes.  Returns the bytes read: fewer than SIZE if a
 * record makes no sense.  *WHOLE is 1 when RECORD_END was read, and -1 when memory was out.
 */
size_t record_replay(const char *data, size_t size, int *whole);

#endif
