// SPDX-License-Identifier: MIT
/*
 * Each mapped page gets an entry in its L1; each table, once, an entry one level up. Page
 * tables themselves are mapped read-only, which direct paging demands.
 */
#include "build/pagetables.h"

#define ENTRIES 512
/* The user bit of upper levels lets each leaf decide (abi-rows.md F9). */
#define UPPER_FLAGS 0x67ull /* present, write, user, accessed, dirty */
#define LEAF_FLAGS 0x23ull /* present, write, accessed */
#define LEAF_TABLE_FLAGS 0x21ull /* the same, not writable */

static uint64_t *find(const struct table_window *windows, unsigned int count, uint64_t pfn)
{
	for (unsigned int i = 0; i < count; i++) {
		if (pfn >= windows[i].base && pfn < windows[i].base + windows[i].pages)
			return windows[i].at + (pfn - windows[i].base) * ENTRIES;
	}
	return NULL;
}

void pagetables_fill(const struct layout *l, const struct layout_range *range,
		     const struct table_window *windows, unsigned int count, uint64_t first_pfn,
		     const xen_pfn_t *mfn)
{
	uint64_t pfn = first_pfn;

	for (unsigned int level = LEVELS; level >= 2; level--) {
		uint64_t step = 1ull << table_shift(level - 1);

		/* The last table may end where addresses do: count, do not compare. */
		uint64_t va = range->start & ~(step - 1);
		uint64_t times = ((range->end - 1) >> table_shift(level - 1)) -
				 (va >> table_shift(level - 1)) + 1;

		for (; times; times--, va += step) {
			uint64_t *table = find(windows, count, layout_table(l, level, va));
			uint64_t child = layout_table(l, level - 1, va);

			if (table)
				table[va >> table_shift(level - 1) & (ENTRIES - 1)] =
					(uint64_t)mfn[child] << PAGE_SHIFT | UPPER_FLAGS;
		}
	}
	for (uint64_t va = range->start, left = (range->end - range->start) >> PAGE_SHIFT; left;) {
		uint64_t *table = find(windows, count, layout_table(l, 1, va));
		uint64_t slot = va >> PAGE_SHIFT & (ENTRIES - 1);

		for (; slot < ENTRIES && left; slot++, left--, va += PAGE_SIZE, pfn++) {
			uint64_t flags = layout_is_table(l, pfn) ? LEAF_TABLE_FLAGS : LEAF_FLAGS;

			if (table)
				table[slot] = (uint64_t)mfn[pfn] << PAGE_SHIFT | flags;
		}
	}
}
