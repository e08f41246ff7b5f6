/* SPDX-License-Identifier: MIT */
/*
 * dom0's memory while it is being built: pseudo-physical frames in a few long
 * runs of machine frames.  Shared by dom0.c and dom0tables.c.
 */
#ifndef DAIS_BUILDER_DOM0MEM_H
#define DAIS_BUILDER_DOM0MEM_H

#include "lib/types.h"

struct domain;

#define DOM0_RUNS_MAX 512u

struct dom0_run {
	unsigned long pfn, mfn, count;
};

struct dom0_memory {
	struct domain *d;
	unsigned int runs;
	unsigned long pages; /* pfns handed out so far: the runs cover [0, pages) */
	struct dom0_run run[DOM0_RUNS_MAX];
};

/* Allocates `pages` more frames at the next pfns, in runs as long as the heap has them. */
bool dom0_memory_grow(struct dom0_memory *m, unsigned long pages);
/* Gives d these machine frames, which no allocator holds, at the next pfns. */
bool dom0_memory_adopt(struct dom0_memory *m, mfn_t first, unsigned long pages);
mfn_t dom0_mfn(const struct dom0_memory *m, unsigned long pfn);
/* Copies (or, with src NULL, zeroes) bytes at a pseudo-physical address. */
void dom0_fill(const struct dom0_memory *m, paddr_t to, const void *src, size_t size);

/* What dom0tables.c needs to know of the address space to build. */
struct dom0_space {
	unsigned long virt_start, virt_end; /* the mapped region; virt_start shows pfn 0 */
	unsigned long tables_pfn; /* first frame of the region's tables, the L4 */
	unsigned long tables;
	unsigned long p2m_virt; /* 0: the list lies in the region itself */
	unsigned long p2m_pfn; /* first frame of the list */
	unsigned long p2m_pages; /* of the list */
	unsigned long p2m_tables_pfn; /* tables that map it at p2m_virt */
	unsigned long p2m_tables;
};

/* Number of table frames (L4 included) that map [start, end). */
unsigned long dom0_tables_needed(unsigned long start, unsigned long end);
/* The same for the list at p2m_virt: its L1, L2 and L3 tables, no L4. */
unsigned long dom0_p2m_tables_needed(unsigned long virt, unsigned long pages);
/* Writes all entries in the form a guest would; the validator makes them ours. */
void dom0_tables_build(const struct dom0_memory *m, const struct dom0_space *s);

#endif
