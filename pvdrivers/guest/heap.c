// SPDX-License-Identifier: MIT
/* A first-fit heap over an arena of pages; neighbours that are free are joined on the way. */
#include "pvrt.h"

#define ARENA_PAGES 256

struct block {
	size_t size; /* of the data; a multiple of 16 */
	bool used;
};

_Static_assert(sizeof(struct block) == 16, "data stays aligned");

static struct block *first, *end;

static struct block *after(struct block *b)
{
	return (struct block *)((char *)(b + 1) + b->size);
}

void *heap_alloc(size_t size)
{
	size = (size + 15) & ~15UL;
	if (!first) {
		first = pages_alloc(ARENA_PAGES);
		first->size = ARENA_PAGES * PAGE_SIZE - sizeof(*first);
		end = after(first);
	}
	for (struct block *b = first; b < end; b = after(b)) {
		if (b->used)
			continue;
		while (after(b) < end && !after(b)->used)
			b->size += sizeof(*b) + after(b)->size;
		if (b->size < size)
			continue;
		if (b->size >= size + 2 * sizeof(*b)) {
			size_t rest = b->size - size - sizeof(*b);

			b->size = size;
			*after(b) = (struct block){.size = rest};
		}
		b->used = true;
		return memset(b + 1, 0, b->size);
	}
	panic("out of heap");
}

void heap_free(void *p)
{
	if (p)
		((struct block *)p - 1)->used = false;
}
