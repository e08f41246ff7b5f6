/* SPDX-License-Identifier: MIT */
/*
 * What unit tests of the logic rooms share: memory for frames where machine/layout.h of the
 * host machine has it, guest memory that is the process's own, and a heap.
 */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/guestcopy.h"
#include "hostheap.h"
#include "hostpanic.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "machine/layout.h"
#include "mm/slab.h"

/* Guest addresses below this are not mapped. */
#define GUEST_FLOOR 65536UL

static bool guest_memory_gone; /* every guest access faults */
/* Where a test hands out wild pointers: all that is mapped.  Else everything above the floor. */
static unsigned long guest_first = GUEST_FLOOR, guest_last = ~0UL;

static inline bool guest_mapped(unsigned long va, size_t size)
{
	return !guest_memory_gone && va >= guest_first && va <= guest_last &&
	       size - 1 <= guest_last - va;
}

static inline void world_memory(unsigned int frames)
{
	memset(mfn_to_virt(MFN(0)), 0, frames * PAGE_SIZE);
}

int guest_read(void *dst, unsigned long va, size_t size)
{
	if (!size)
		return 0;
	if (!guest_mapped(va, size))
		return -EFAULT;
	memcpy(dst, (const void *)va, size);
	return 0;
}

int guest_write(unsigned long va, const void *src, size_t size)
{
	if (!size)
		return 0;
	if (!guest_mapped(va, size))
		return -EFAULT;
	memcpy((void *)va, src, size);
	return 0;
}

#ifdef DAIS_DEBUG
void lockrank_acquire(const struct spinlock *l __unused, bool trylock __unused)
{
}

void lockrank_release(const struct spinlock *l __unused)
{
}
#endif

#endif
