// SPDX-License-Identifier: MIT
/*
 * A memory map of what is free, and a handful of allocations that reserve in it.
 */
#define LOG_ROOM "bootmem"
#include "boot/bootmem.h"

#include "boot/memmap.h"
#include "lib/assert.h"
#include "lib/init.h"
#include "lib/string.h"
#include "machine/layout.h"
#include "mm/buddy.h"

#define FOUR_GIB (1ULL << 32)

static struct memmap free_map __initbss;
static paddr_t top;
static unsigned long ram_pages;

void __init bootmem_init(const struct memmap *ram)
{
	u64 start, end;

	memcpy(&free_map, ram, sizeof(free_map));
	for (unsigned int i = 0; memmap_next_ram(ram, &i, &start, &end); top = end)
		ram_pages += (end - start) >> PAGE_SHIFT;
}

void __init bootmem_reserve(paddr_t start, paddr_t end)
{
	memmap_reserve(&free_map, ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE),
		       MEM_RESERVED);
	if (free_map.overflow)
		panic("the firmware's memory map has too many ranges");
}

/* The highest place below `limit` that holds `size` bytes; 0 when none. */
static paddr_t __init take(paddr_t size, paddr_t align, paddr_t limit)
{
	paddr_t best = 0;
	u64 start, end, at;

	for (unsigned int i = 0; memmap_next_ram(&free_map, &i, &start, &end);) {
		end = min(end, (u64)limit);
		at = end < size ? 0 : ALIGN_DOWN(end - size, align);
		if (at >= start)
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
	u64 start, end;

	for (unsigned int i = 0; memmap_next_ram(&free_map, &i, &start, &end);)
		buddy_add_range(MFN(start >> PAGE_SHIFT), MFN(end >> PAGE_SHIFT));
}
