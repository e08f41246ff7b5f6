/* SPDX-License-Identifier: MIT */
/* The parts of a directory, for kids.c, order.c, prefetch.c and recent.c alone; kids.c says how they fit together. */
#ifndef XENSTORE_KIDSPARTS_H
#define XENSTORE_KIDSPARTS_H

#include <string.h>

#include "node.h"

#define SMALL 16
#define CHUNK_TEXT 1000
#define WAYS 16
#define WAY_BITS 4
#define HASH_BITS 32

enum { KIND_LEAF, KIND_INNER, KIND_CHUNK, KIND_MASK = 3 };

struct entry {
	struct node *node;
	uint32_t hash;
	uint32_t chunk;
};

struct leaf {
	uint32_t ref;
	uint16_t count, room;
	struct entry entry[];
};

struct chunk {
	uint32_t ref;
	uint16_t used, room;
	char text[];
};

struct inner {
	uint32_t ref;
	uint32_t bytes; /* of text below; order only */
	uintptr_t way[WAYS];
};

struct kids {
	uint32_t ref;
	uint32_t count;
	uint64_t gen;
	uint64_t text;
	uintptr_t names; /* a leaf, or an inner part */
	uintptr_t order; /* 0 as long as names is one small leaf */
	uint32_t chunks; /* numbers given out */
	uint32_t levels; /* of order above the chunks */
};

/* Parts carry their kind in the lowest bits of their address. */
static inline void *part(uintptr_t p)
{
	return (void *)(p & ~(uintptr_t)KIND_MASK);
}

static inline unsigned int kind(uintptr_t p)
{
	return p & KIND_MASK;
}

/* Up to 8 bytes as a number, without a call for their copying; which, len tells apart. */
static inline uint64_t name_bytes(const char *p, size_t n)
{
	uint32_t lo, hi;
	uint64_t word;

	if (n >= 8) {
		memcpy(&word, p, 8);
		return word;
	}
	if (n >= 4) {
		memcpy(&lo, p, 4);
		memcpy(&hi, p + n - 4, 4);
		return lo | (uint64_t)hi << 32;
	}
	if (!n)
		return 0;
	return (unsigned char)p[0] | (uint64_t)(unsigned char)p[n / 2] << 8 |
	       (uint64_t)(unsigned char)p[n - 1] << 16;
}

/* Most names are short. */
static inline bool same_name(const struct node *n, const char *name, size_t len)
{
	if (n->name_len != len)
		return false;
	return len <= 8 ? name_bytes(node_name(n), len) == name_bytes(name, len)
			: memcmp(node_name(n), name, len) == 0;
}

static inline unsigned int way(uint32_t hash, unsigned int shift)
{
	return hash >> shift & (WAYS - 1);
}

/* The place of a child below NAMES, or NULL; *ALONE becomes false if the way from there is shared. */
struct node **kids_names_place(uintptr_t names, const char *name, size_t len, uint32_t hash,
			       bool *alone);

struct inner *kids_inner_new(void);
/* Makes the part that PLACE points to ours alone, copying it if it is shared. */
void *kids_part_own(uintptr_t *place);
/* Lets go of a part; 0 is fine. */
void kids_part_put(uintptr_t p);

/*
 * Appends a name to the list and returns the number of its chunk.  K counts the name's bytes
 * afterwards.
 */
uint32_t order_append(struct kids *k, const char *name, size_t len);
/* Takes a name that is there out of chunk ID. */
void order_remove(struct kids *k, uint32_t id, const char *name, size_t len);
/* The first chunk whose number is *ID or higher, or NULL; *ID becomes its number. */
const struct chunk *order_seek(const struct kids *k, uint64_t *id);
/* The number of the chunk with byte OFFSET of the list; *OFFSET becomes that inside it. */
uint64_t order_offset(const struct kids *k, size_t *offset);
/* Offset in a chunk of a name that is there. */
unsigned int order_chunk_find(const struct chunk *c, const char *name, size_t len);

#endif
