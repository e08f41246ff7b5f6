/* SPDX-License-Identifier: MIT */
/*
 * The wire format: messages out of a byte stream, paths and strings out of messages.  Pure logic
 * over bytes that a client chose.
 */
#ifndef XENSTORE_WIRE_H
#define XENSTORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

enum wire_result { WIRE_MESSAGE, WIRE_PARTIAL, WIRE_BAD };

/*
 * Looks for a message at the start of SIZE bytes.  WIRE_MESSAGE: *HEAD has its header (aligned,
 * a copy), and its payload follows the header's 16 bytes.  WIRE_BAD: its length breaks the
 * protocol, and the stream can not be read on.
 */
enum wire_result wire_next(const char *data, size_t size, struct xsd_sockmsg *head);

/* Longest absolute path, "/local/domain/N/" and a relative one. */
#define WIRE_PATH_MAX XENSTORE_ABS_PATH_MAX

struct wire_path {
	const char *text; /* absolute, LEN bytes; not ended by a NUL if it is the payload's own */
	size_t len;
	size_t home_len; /* of the part that the client left out, with the slash; 0: absolute */
	char room[WIRE_PATH_MAX + 32];
};

/*
 * Reads a node's path from TEXT, LEN bytes without a NUL, which stays where it is if it is
 * absolute.  HOME is what relative paths are below, "/local/domain/N/".  LIMIT bounds the part
 * below a home.  0 or EINVAL.
 */
int wire_path(struct wire_path *p, const char *text, size_t len, const char *home, size_t limit);

/*
 * Splits a payload into COUNT strings, each ended by a NUL: fills FIELD and returns how many there
 * are, at most ROOM + 1 if there are more; 0 if the last is not ended.
 */
struct wire_field {
	const char *text;
	size_t len;
};

unsigned int wire_fields(const char *data, size_t len, struct wire_field *field, unsigned int room);

/* "EINVAL" and so on; errors without a name on the wire are EINVAL. */
const char *wire_error(int err);
const char *wire_type(uint32_t type);

/* A number in decimal, all of TEXT: 0 or EINVAL. */
int wire_number(const char *text, uint32_t max, uint32_t *value);

#endif
