/* SPDX-License-Identifier: MIT */
/*
 * Memory before the frame allocator exists: a map of free ranges, cut
 * down as boot takes from it, and handed over whole to mm/buddy.c.
 */
#ifndef DAIS_BOOT_BOOTMEM_H
#define DAIS_BOOT_BOOTMEM_H

#include "lib/types.h"

struct memmap;

/* All RAM that we may use: a settled map. */
void bootmem_init(const struct memmap *ram);
/* Takes [start, end) out (rounded outwards to pages): image, modules, tables. */
void bootmem_reserve(paddr_t start, paddr_t end);
/* Zeroed pages below 4 GiB through the boot-time direct map; panics when there are none. */
paddr_t bootmem_alloc(unsigned long pages);
/* Zeroed pages from the top of RAM, aligned to `align` bytes; needs the full direct map. */
paddr_t bootmem_alloc_high(unsigned long pages, unsigned long align);
/* Highest byte of RAM, plus one. */
paddr_t bootmem_top(void);
unsigned long bootmem_ram_pages(void);
/* Gives all that is left to the frame allocator. */
void bootmem_hand_over(void);

#endif
