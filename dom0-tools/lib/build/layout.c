// SPDX-License-Identifier: MIT
/*
 * The plan of a PV guest's first pages. The number of page tables depends on the size of the
 * region that they map, which they are part of; so the region grows in steps of 4 MiB until
 * everything fits.
 */
#include <inttypes.h>
#include <string.h>

#include "build/layout.h"

#define REGION_STEP (4ull << 20)
#define REGION_SPARE (512ull << 10) /* kernels count on that much behind the stack */

/* The hole of the hypervisor, which no guest can map (abi-rows.md A60). */
#define HOLE_START 0xffff800000000000ull
#define HOLE_END 0xffff880000000000ull

static uint64_t pages_of(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/*
 * Counts the tables of levels 3 to 1 that @range needs and @other has not: tables stand by
 * index, and those of one range are without gaps.
 */
static uint64_t count_tables(struct layout_range *range, const struct layout_range *other)
{
	uint64_t sum = 0;

	for (unsigned int level = LEVELS - 1; level >= 1; level--) {
		uint64_t first = range->start >> table_shift(level);
		uint64_t last = (range->end - 1) >> table_shift(level);

		if (other && first < other->index[level - 1] + other->tables[level - 1] &&
		    first >= other->index[level - 1])
			first = other->index[level - 1] + other->tables[level - 1];
		if (other && last >= other->index[level - 1] &&
		    last < other->index[level - 1] + other->tables[level - 1])
			last = other->index[level - 1] - 1;
		range->index[level - 1] = first;
		range->tables[level - 1] = first <= last ? last - first + 1 : 0;
		sum += range->tables[level - 1];
	}
	return sum;
}

/* Gives the counted tables their pages from @at on, the highest level first. */
static uint64_t place_tables(struct layout_range *range, uint64_t at)
{
	for (unsigned int level = LEVELS; level >= 1; level--) {
		range->pfn[level - 1] = at;
		at += range->tables[level - 1];
	}
	return at;
}

/* Everything of the main range, for one size of it. Returns the page behind the stack. */
static uint64_t place_region(struct layout *l, uint64_t at)
{
	l->start_info = at++;
	l->store = at++;
	l->console = at++;
	l->tables = at;
	l->main.tables[LEVELS - 1] = 1;
	l->main.index[LEVELS - 1] = 0;
	l->table_pages = 1 + count_tables(&l->main, NULL);
	at = place_tables(&l->main, at);
	l->stack = at++;
	return at;
}

static int check_range(uint64_t start, uint64_t end, struct dais_error *err)
{
	bool low = end <= 1ull << 47;
	bool high = start >= HOLE_END;

	if (start < end && (low || high))
		return 0;
	return dais_fail(err, DAIS_IMAGE, "lay out the guest", NULL,
			 "the kernel wants addresses %#" PRIx64 "-%#" PRIx64
			 ", which a guest cannot map",
			 start, end);
}

static int too_small(const struct layout *l, struct dais_error *err)
{
	dais_fail(err, DAIS_CONFIG, "lay out the guest", NULL,
		  "kernel and ramdisk need %" PRIu64 " MiB, the guest has %" PRIu64 " MiB",
		  (l->end + 255) >> 8, l->pages >> 8);
	return dais_hint(err, "set memory to at least %" PRIu64, ((l->end + 255) >> 8) + 32);
}

int layout_plan(struct layout *l, const struct dais_elf *elf, uint64_t ramdisk, uint64_t pages,
		struct dais_error *err)
{
	uint64_t at, behind;

	memset(l, 0, sizeof(*l));
	l->virt_base = elf->virt_base;
	l->pages = pages;
	l->kernel = (elf->virt_start - elf->virt_base) >> PAGE_SHIFT;
	l->kernel_pages = (elf->virt_end - elf->virt_start) >> PAGE_SHIFT;
	l->ramdisk_pages = pages_of(ramdisk);
	l->ramdisk_mapped = !elf->mod_start_pfn;
	l->p2m_pages = pages_of(pages * sizeof(uint64_t));
	l->p2m_apart = elf->has_init_p2m;

	at = l->kernel + l->kernel_pages;
	if (l->ramdisk_mapped) {
		l->ramdisk = at;
		at += l->ramdisk_pages;
	}
	if (!l->p2m_apart) {
		l->p2m = at;
		l->p2m_va = l->virt_base + (at << PAGE_SHIFT);
		at += l->p2m_pages;
	}
	l->end = at;
	if (at >= pages)
		return too_small(l, err);

	l->main.start = l->virt_base;
	l->main.end = (l->virt_base + (at << PAGE_SHIFT) + REGION_STEP) & ~(REGION_STEP - 1);
	for (;;) {
		if (check_range(l->main.start, l->main.end, err))
			return -1;
		behind = l->virt_base + (place_region(l, at) << PAGE_SHIFT);
		if (behind + REGION_SPARE <= l->main.end)
			break;
		l->main.end += REGION_STEP;
	}
	l->end = (l->main.end - l->virt_base) >> PAGE_SHIFT;
	if (!l->ramdisk_mapped) {
		l->ramdisk = l->end;
		l->end += l->ramdisk_pages;
	}
	if (l->p2m_apart) {
		l->p2m = l->end;
		l->p2m_va = elf->init_p2m;
		l->list.start = l->p2m_va;
		l->list.end = l->p2m_va + (l->p2m_pages << PAGE_SHIFT);
		if (check_range(l->list.start, l->list.end, err))
			return -1;
		if (l->list.start < l->main.end && l->main.start < l->list.end)
			return dais_fail(err, DAIS_IMAGE, "lay out the guest", NULL,
					 "the kernel wants its page list on top of itself");
		count_tables(&l->list, &l->main);
		l->end = place_tables(&l->list, l->p2m + l->p2m_pages);
	}
	return l->end > pages ? too_small(l, err) : 0;
}

uint64_t layout_table(const struct layout *l, unsigned int level, uint64_t va)
{
	uint64_t index = level == LEVELS ? 0 : va >> table_shift(level);
	const struct layout_range *range = &l->main;

	if (index < range->index[level - 1] ||
	    index >= range->index[level - 1] + range->tables[level - 1])
		range = &l->list;
	return range->pfn[level - 1] + (index - range->index[level - 1]);
}

bool layout_is_table(const struct layout *l, uint64_t pfn)
{
	if (pfn >= l->tables && pfn < l->tables + l->table_pages)
		return true;
	return l->p2m_apart && pfn >= l->p2m + l->p2m_pages && pfn < l->end;
}
