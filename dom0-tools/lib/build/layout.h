/* SPDX-License-Identifier: MIT */
/*
 * Where everything of a new PV guest stands: kernel, ramdisk, p2m list, start_info, the store's
 * and the console's page, page tables, stack (abi-rows.md A.3 and F7). Pure arithmetic over a
 * checked kernel description; nothing is allocated or touched.
 */
#ifndef DAIS_BUILD_LAYOUT_H
#define DAIS_BUILD_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE (1ull << PAGE_SHIFT)
#define LEVELS 4

/* A virtual range and the tables that only it needs: tables[l] of level l+1 from frame pfn[l]. */
struct layout_range {
	uint64_t start, end; /* [start, end), page aligned; empty: nothing mapped */
	uint64_t tables[LEVELS]; /* how many */
	uint64_t pfn[LEVELS]; /* the first one */
	uint64_t index[LEVELS]; /* va >> table_shift(level) of the first one */
};

/* Places are in pages from the guest's page 0. */
struct layout {
	uint64_t virt_base;
	uint64_t pages; /* all the guest has */
	uint64_t kernel, kernel_pages;
	uint64_t ramdisk, ramdisk_pages; /* none: 0 pages */
	bool ramdisk_mapped;
	uint64_t p2m, p2m_pages; /* the list, without its tables */
	uint64_t p2m_va;
	bool p2m_apart; /* at the address its note asked for, with tables behind it */
	uint64_t start_info, store, console, stack;
	uint64_t tables, table_pages; /* those of the main range, the L4 first */
	uint64_t end; /* pages in use, the mapped padding included */
	struct layout_range main, list; /* what is mapped; list is empty unless p2m_apart */
};

/* Bits of a virtual address below the reach of one table of @level (1..4). */
static inline unsigned int table_shift(unsigned int level)
{
	return PAGE_SHIFT + 9 * level;
}

/*
 * Plans a guest of @pages pages with @ramdisk bytes of ramdisk. -1 with @err if it does not fit
 * or the kernel's addresses cannot be mapped under our hole.
 */
int layout_plan(struct layout *layout, const struct dais_elf *elf, uint64_t ramdisk, uint64_t pages,
		struct dais_error *err);

/* The table of @level that maps @va: its page. @va lies in one of the two ranges. */
uint64_t layout_table(const struct layout *layout, unsigned int level, uint64_t va);

/* True if page @pfn is a page table: the guest may not map it writable. */
bool layout_is_table(const struct layout *layout, uint64_t pfn);

#endif
