/* SPDX-License-Identifier: MIT */
/*
 * Maps of machine memory: what the firmware says lies where, put in order, and what is left
 * of the RAM once the boot has set things aside.
 *
 * A map in order is sorted, free of overlaps, with equal neighbours joined; its RAM starts
 * and ends on pages.  Every function here takes and leaves maps in order, except that
 * memmap_add() collects and memmap_settle() puts in order.
 */
#ifndef DAIS_BOOT_MEMMAP_H
#define DAIS_BOOT_MEMMAP_H

#include "lib/types.h"

#define MEMMAP_MAX 384U

/*
 * E820 numbers, as guests are shown them.  Where ranges overlap, the higher number has it:
 * a byte that anybody calls unusable is not used.
 */
enum mem_type {
	MEM_RAM = 1,
	MEM_RESERVED = 2,
	MEM_ACPI = 3,
	MEM_NVS = 4,
	MEM_UNUSABLE = 5,
	MEM_HELD = 0x100, /* RAM in use since boot: modules, image (never shown) */
};

struct mem_range {
	u64 start, end; /* end is the first byte behind */
	u32 type;
};

struct memmap {
	unsigned int count;
	bool overflow; /* something did not fit: a reservation may be missing, do not go on */
	struct mem_range ranges[MEMMAP_MAX];
};

/* Empty ranges are dropped, those that wrap round are cut at the end of the address space. */
void memmap_add(struct memmap *map, u64 start, u64 size, u32 type);
void memmap_settle(struct memmap *map);

/* Gives [start, end) this type, unless what lies there has a higher one. */
void memmap_reserve(struct memmap *map, u64 start, u64 end, u32 type);

/* Cuts all RAM at and above @limit off. */
void memmap_clip_ram(struct memmap *map, u64 limit);

/* The end of the highest RAM. */
u64 memmap_ram_end(const struct memmap *map);

/*
 * The next range of RAM from index *@i on, which is moved behind it; false at the end:
 *	for (i = 0; memmap_next_ram(map, &i, &start, &end);)
 */
bool memmap_next_ram(const struct memmap *map, unsigned int *i, u64 *start, u64 *end);

/* Lowest @align-aligned RAM of @size bytes in [from, below), or ~0. */
u64 memmap_find_ram(const struct memmap *map, u64 size, u64 align, u64 from, u64 below);

/* Type at an address; 0 where the map has nothing. */
u32 memmap_type_at(const struct memmap *map, u64 addr);

/*
 * The machine's map: the firmware's, with our interrupt controllers added as reserved.  What
 * XENMEM_machine_memory_map shows dom0 (row h12.10).  Set once during boot.
 */
void memmap_set_machine(const struct memmap *firmware);
void memmap_machine_reserve(u64 start, u64 end);
const struct memmap *memmap_machine(void);

#endif
