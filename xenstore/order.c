// SPDX-License-Identifier: MIT
/* The order of a large directory's names (kids.c): chunks of text in a radix tree by number. */
#include <string.h>

#include "kidsparts.h"
#include "mem.h"

/* The way to chunk ID, made ours and made where missing, each part counting CHANGE bytes more. */
static uintptr_t *order_own(struct kids *k, uint32_t id, int change)
{
	uintptr_t *p = &k->order;

	while (k->levels < 8 && id >> k->levels * WAY_BITS) {
		struct inner *top = kids_inner_new();

		top->way[0] = k->order;
		top->bytes = (uint32_t)k->text;
		k->order = (uintptr_t)top | KIND_INNER;
		k->levels++;
	}
	for (unsigned int level = k->levels; level--;) {
		struct inner *in;

		if (!*p)
			*p = (uintptr_t)kids_inner_new() | KIND_INNER;
		in = kids_part_own(p);
		in->bytes += (uint32_t)change;
		p = &in->way[way(id, level * WAY_BITS)];
	}
	return p;
}

/*
 * Appends a name and returns its chunk.  k->text still says the bytes before it.  A chunk that a
 * removal has emptied is gone, then its number is not used again.
 */
uint32_t order_append(struct kids *k, const char *name, size_t len)
{
	uintptr_t *p = NULL;
	struct chunk *c = NULL;

	if (k->chunks) {
		p = order_own(k, k->chunks - 1, 0);
		if (*p)
			c = kids_part_own(p);
	}
	if (!c || c->used + len + 1 > c->room) {
		size_t room = len + 1 > CHUNK_TEXT ? len + 1 : CHUNK_TEXT;

		c = mem_take(sizeof(*c) + room);
		c->ref = 1;
		c->used = 0;
		c->room = (uint16_t)room;
		p = order_own(k, k->chunks++, 0);
		*p = (uintptr_t)c | KIND_CHUNK;
	}
	memcpy(c->text + c->used, name, len);
	c->text[c->used + len] = 0;
	c->used = (uint16_t)(c->used + len + 1);
	order_own(k, k->chunks - 1, (int)len + 1);
	return k->chunks - 1;
}

/* Offset of a name that is there. */
unsigned int order_chunk_find(const struct chunk *c, const char *name, size_t len)
{
	unsigned int at = 0;

	while (at < c->used) {
		size_t n = strlen(c->text + at);

		if (n == len && memcmp(c->text + at, name, len) == 0)
			break;
		at += (unsigned int)n + 1;
	}
	return at;
}

void order_remove(struct kids *k, uint32_t id, const char *name, size_t len)
{
	struct chunk *c = kids_part_own(order_own(k, id, -(int)len - 1));
	unsigned int at = order_chunk_find(c, name, len);
	uintptr_t *p = &k->order;

	memmove(c->text + at, c->text + at + len + 1, c->used - at - len - 1);
	c->used = (uint16_t)(c->used - len - 1);
	if (c->used)
		return;
	/* Nothing below the highest part that counts no bytes is of use. */
	for (unsigned int level = k->levels; level--;) {
		struct inner *in = part(*p);

		if (!in->bytes)
			break;
		p = &in->way[way(id, level * WAY_BITS)];
	}
	kids_part_put(*p);
	*p = 0;
}

/* The first chunk whose number is *ID or higher; *ID becomes its number. */
const struct chunk *order_seek(const struct kids *k, uint64_t *id)
{
	while (*id >> k->levels * WAY_BITS == 0) {
		uintptr_t p = k->order;
		unsigned int level = k->levels;

		while (p && level)
			p = ((struct inner *)part(p))->way[way((uint32_t)*id, --level * WAY_BITS)];
		if (p)
			return part(p);
		/* Nothing from here to the end of this part. */
		*id = ((*id >> level * WAY_BITS) + 1) << level * WAY_BITS;
	}
	return NULL;
}

/* The chunk with byte OFFSET of the list, and the offset inside it. */
uint64_t order_offset(const struct kids *k, size_t *offset)
{
	uintptr_t p = k->order;
	uint64_t id = 0;

	for (unsigned int level = k->levels; level && p; level--) {
		const struct inner *in = part(p);
		unsigned int w = 0;

		for (;; w++) {
			size_t bytes = 0;

			if (in->way[w])
				bytes = level > 1 ? ((struct inner *)part(in->way[w]))->bytes
						  : ((struct chunk *)part(in->way[w]))->used;
			if (*offset < bytes || w == WAYS - 1)
				break;
			*offset -= bytes;
		}
		id = id << WAY_BITS | w;
		p = in->way[w];
	}
	return id;
}
