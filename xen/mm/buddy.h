/* SPDX-License-Identifier: MIT */
/*
 * The frame allocator: binary buddies, two zones (below 4 GiB, which is kept
 * for those who need it, and the rest).  Every frame handed out has been
 * flushed from every TLB that could hold it and, unless asked otherwise, zeroed.
 */
#ifndef DAIS_MM_BUDDY_H
#define DAIS_MM_BUDDY_H

#include "lib/types.h"

struct domain;

#define MAX_ORDER 20u

enum {
	ALLOC_BELOW_4G = 1u << 0, /* only frames below 4 GiB */
	ALLOC_NO_SCRUB = 1u << 1, /* caller overwrites the whole block itself */
};

/* Boot: gives [start, end) to the allocator; the frame table covers it already. */
void buddy_add_range(mfn_t start, mfn_t end);

/*
 * A block of 2^order frames for the hypervisor itself, aligned to its size,
 * each with one reference owned by DOMID_XEN.  INVALID_MFN when there is none.
 */
mfn_t frame_alloc(unsigned int order, unsigned int flags);
void frame_free(mfn_t mfn, unsigned int order);

/* One zeroed hypervisor page through the direct map; NULL when out of memory. */
void *page_alloc(void);
void page_free(void *page);

/* The same at allocator level: no owner, no references set (used by reserve.c, frame.c). */
mfn_t buddy_alloc(unsigned int order, unsigned int flags);
/* address_bits: the block must lie below 2^address_bits (exchange for DMA); 0 = anywhere. */
mfn_t buddy_alloc_below(unsigned int order, unsigned int address_bits, unsigned int flags);
void buddy_free(mfn_t mfn, unsigned int order, u32 stamp);

/*
 * For a CPU that has nothing to do, with interrupts on: a step of zeroing free memory that
 * guests may soon be given, and whether one is due. Takes some microseconds.
 */
bool buddy_wipe_due(void);
void buddy_wipe(void);

/* Which sizes of free blocks there are (debug key). */
void buddy_dump(void);

unsigned long buddy_free_frames(void);
unsigned long buddy_total_frames(void);

#endif
