/* SPDX-License-Identifier: MIT */
/*
 * Memory before the frame allocator exists: a short list of free ranges, cut
 * down as boot takes from it, and handed over whole to mm/buddy.c.
 */
#ifndef DAIS_BOOT_BOOTMEM_H
#define DAIS_BOOT_BOOTMEM_H

#include "lib/types.h"

/* Adds RAM [start, end), bytes; cut to whole pages. */
void bootmem_add(paddr_t start, paddr_t end);
/* Takes [start, end) out (rounded outwards to pages): image, modules, tables. */
void bootmem_reserve(paddr_t start, paddr_t end);
/* Zeroed pages below 4 GiB through the boot-time direct map; panics when there are none. */
paddr_t bootmem_alloc(unsigned long pages);
/* Zeroed pages from the top of RAM, aligned to `align` bytes; needs the full direct map. */
paddr_t bootmem_alloc_high(unsigned long pages, unsigned long align);
/* Highest byte of RAM ever added, plus one. */
paddr_t bootmem_top(void);
unsigned long bootmem_ram_pages(void);
/* Gives all that is left to the frame allocator. */
void bootmem_hand_over(void);

#endif
