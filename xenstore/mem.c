// SPDX-License-Identifier: MIT
/*
 * mem.h.  Blocks are cut from regions of 1 MiB and, once freed, wait in the list of their class
 * for the next of that size: a store's blocks come in few sizes, and those that go are followed
 * by the like.  A large store's regions are larger, and in huge pages where the kernel has them:
 * a way down a tree of a million nodes is otherwise one TLB miss after the other.
 *
 * The reserve is one mapping kept aside; it is cut only when the system gives no more, and made
 * whole again as soon as it does.  It can be large, since it is for the worst case, and costs nothing
 * as long as nobody touches it.
 *
 * Under the sanitisers (DAIS_HOST) each block is the C library's own, so that they see its ends.
 */
#include "mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096ul
#define REGION (1ul << 20)
#define HUGE_PAGE (2ul << 20)
#define HUGE_REGION (8ul << 20)
/* Held from the system, from which on regions are huge ones. */
#define HUGE_FROM (8ul << 20)
#define CLASSES (MEM_SMALL / 16 + 1)
#define LARGE 40

struct free_block {
	struct free_block *next;
};

struct area {
	char *at, *end;
};

static struct free_block *small_free[CLASSES], *large_free[LARGE];
static struct area reserve;
static size_t used, held;
static long fail_after = -1;

size_t mem_room(size_t size)
{
	if (size <= MEM_SMALL)
		return (size + 15) & ~(size_t)15;
	return (size_t)1 << (64 - __builtin_clzl(size - 1));
}

void mem_fail_after(long count)
{
	fail_after = count;
}

static void *system_get(size_t size)
{
	void *p;

	if (fail_after == 0)
		return NULL;
	if (fail_after > 0)
		fail_after--;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	held += size;
	return p;
}

static struct free_block **list_of(size_t room)
{
	if (room <= MEM_SMALL)
		return &small_free[room / 16];
	return &large_free[63 - __builtin_clzl(room)];
}

/* What is left of an area goes to the lists, in the largest pieces that classes have. */
static void area_retire(struct area *area)
{
	while ((size_t)(area->end - area->at) >= 16) {
		size_t left = (size_t)(area->end - area->at);
		size_t room = left <= MEM_SMALL ? left & ~(size_t)15 : MEM_SMALL;
		struct free_block *b = (struct free_block *)area->at;

		b->next = *list_of(room);
		*list_of(room) = b;
		area->at += room;
	}
}

static void *area_cut(struct area *area, size_t room)
{
	void *p = area->at;

	if ((size_t)(area->end - area->at) < room)
		return NULL;
	area->at += room;
	return p;
}

/* SIZE bytes at the start of a huge page; without those they are as others. */
static char *huge_get(size_t size)
{
	char *p = system_get(size + HUGE_PAGE);
	size_t skip;

	if (!p)
		return NULL;
	skip = (size_t)(-(uintptr_t)p & (HUGE_PAGE - 1));
	if (skip)
		munmap(p, skip);
	munmap(p + skip + size, HUGE_PAGE - skip);
	held -= HUGE_PAGE;
	p += skip;
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

void *mem_table(size_t size)
{
	return huge_get(size);
}

#ifndef DAIS_HOST
static struct area region;

/* The region that is cut from becomes a huge one. */
static bool huge_region(void)
{
	char *p = huge_get(HUGE_REGION);

	if (!p)
		return false;
	area_retire(&region);
	region.at = p;
	region.end = p + HUGE_REGION;
	return true;
}

static void *cut(size_t room)
{
	void *p = area_cut(&region, room);

	if (p)
		return p;
	if (room >= REGION / 4)
		return system_get(room);
	if (held >= HUGE_FROM && huge_region())
		return area_cut(&region, room);
	p = system_get(REGION);
	if (!p)
		return NULL;
	area_retire(&region);
	region.at = p;
	region.end = region.at + REGION;
	return area_cut(&region, room);
}
#endif

void *mem_alloc(size_t size)
{
#ifdef DAIS_HOST
	void *p;

	if (fail_after == 0)
		return NULL;
	if (fail_after > 0)
		fail_after--;
	p = aligned_alloc(16, mem_room(size));
	used += mem_room(size);
	return p;
#else
	size_t room = mem_room(size);
	struct free_block **list = list_of(room), *b = *list;

	if (b) {
		*list = b->next;
		/* The next one has perhaps been out of the caches since it was freed. */
		__builtin_prefetch(*list);
	} else {
		b = cut(room);
	}
	if (b)
		used += room;
	return b;
#endif
}

void *mem_take(size_t size)
{
	void *p = mem_alloc(size);

#ifdef DAIS_HOST
	if (!p)
		p = aligned_alloc(16, mem_room(size));
#endif
	if (p)
		return p;
	p = area_cut(&reserve, mem_room(size));
	if (!p) {
		fprintf(stderr, "xenstored: the memory reserve did not suffice\n");
		abort();
	}
	used += mem_room(size);
	return p;
}

void mem_free(void *p, size_t size)
{
	size_t room = mem_room(size);

	if (!p)
		return;
	used -= room;
#ifdef DAIS_HOST
	free(p);
#else
	/* Blocks this large are rare, and the system can use them better. */
	if (room >= REGION / 4 && munmap(p, room) == 0) {
		held -= room;
		return;
	}
	((struct free_block *)p)->next = *list_of(room);
	*list_of(room) = p;
#endif
}

void *mem_grow(void *p, size_t old_size, size_t new_size)
{
	void *q;

	if (p && mem_room(old_size) == mem_room(new_size))
		return p;
	q = mem_alloc(new_size);
	if (!q)
		return NULL;
	if (p)
		memcpy(q, p, old_size < new_size ? old_size : new_size);
	mem_free(p, old_size);
	return q;
}

/* Its untouched pages go back; what is left of one that was begun goes to the lists. */
static void reserve_end(void)
{
	char *from = (char *)(((uintptr_t)reserve.at + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
	size_t size = (size_t)(reserve.end - from);

	if (size && munmap(from, size) == 0)
		held -= size;
	reserve.end = from;
	area_retire(&reserve);
}

bool mem_reserve(size_t n)
{
	size_t want = n < REGION ? REGION : (n + REGION - 1) & ~(REGION - 1);
	char *p;

	if ((size_t)(reserve.end - reserve.at) >= n)
		return true;
	p = system_get(want);
	if (!p)
		return false;
	reserve_end();
	reserve.at = p;
	reserve.end = p + want;
	return true;
}

size_t mem_used(void)
{
	return used;
}

size_t mem_held(void)
{
	return held;
}
