// SPDX-License-Identifier: MIT
/*
 * A sorted-by-nothing array of free ranges is enough: there are a few dozen at
 * most, and a handful of allocations.
 */
#define LOG_ROOM "bootmem"
#include "boot/bootmem.h"

#include "lib/assert.h"
#include "lib/init.h"
#include "lib/string.h"
#include "machine/layout.h"
#include "mm/buddy.h"

#define MAX_RANGES 256
#define FOUR_GIB (1ULL << 32)

static struct {
	paddr_t start, end;
} ranges[MAX_RANGES] __initdata;
static unsigned int nr_ranges __initdata;
static paddr_t top;
static unsigned long ram_pages;

void __init bootmem_add(paddr_t start, paddr_t end)
{
	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start >= end)
		return;
	if (nr_ranges == MAX_RANGES)
		panic("the firmware's memory map has more than %u ranges", MAX_RANGES);
	ranges[nr_ranges].start = start;
	ranges[nr_ranges++].end = end;
	top = max(top, end);
	ram_pages += (end - start) >> PAGE_SHIFT;
}

void __init bootmem_reserve(paddr_t start, paddr_t end)
{
	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	for (unsigned int i = 0; i < nr_ranges; i++) {
		paddr_t s = ranges[i].start, e = ranges[i].end;

		if (end <= s || start >= e)
			continue;
		if (start > s && end < e) {
			if (nr_ranges == MAX_RANGES)
				panic("too many reserved ranges at boot");
			ranges[nr_ranges].start = end;
			ranges[nr_ranges++].end = e;
			ranges[i].end = start;
		} else if (start > s) {
			ranges[i].end = start;
		} else if (end < e) {
			ranges[i].start = end;
		} else {
			ranges[i--] = ranges[--nr_ranges];
		}
	}
}

/* The highest place below `limit` that holds `size` bytes; 0 when none. */
static paddr_t __init take(paddr_t size, paddr_t align, paddr_t limit)
{
	paddr_t best = 0;

	for (unsigned int i = 0; i < nr_ranges; i++) {
		paddr_t end = min(ranges[i].end, limit);
		paddr_t at;

		if (end < size || end <= ranges[i].start)
			continue;
		at = ALIGN_DOWN(end - size, align);
		if (at >= ranges[i].start && at > best)
			best = at;
	}
	if (best) {
		bootmem_reserve(best, best + size);
		memset(phys_to_virt(best), 0, size);
	}
	return best;
}

paddr_t __init bootmem_alloc(unsigned long pages)
{
	paddr_t pa = take(pages << PAGE_SHIFT, PAGE_SIZE, FOUR_GIB);

	if (!pa)
		panic("out of memory below 4 GiB while booting (%lu pages wanted)", pages);
	return pa;
}

paddr_t __init bootmem_alloc_high(unsigned long pages, unsigned long align)
{
	paddr_t pa = take(pages << PAGE_SHIFT, align, ~0ULL);

	if (!pa)
		panic("too little memory: %lu MiB in one piece are needed for our own tables",
		      pages >> 8);
	return pa;
}

paddr_t bootmem_top(void)
{
	return top;
}

unsigned long bootmem_ram_pages(void)
{
	return ram_pages;
}

void __init bootmem_hand_over(void)
{
	for (unsigned int i = 0; i < nr_ranges; i++)
		buddy_add_range(MFN(ranges[i].start >> PAGE_SHIFT),
				MFN(ranges[i].end >> PAGE_SHIFT));
	nr_ranges = 0;
}
