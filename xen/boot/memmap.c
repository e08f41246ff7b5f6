// SPDX-License-Identifier: MIT
/*
 * Memory maps.  Firmware maps come unsorted, overlapping and with sizes that wrap; all of
 * that is mended in one place, memmap_settle(): the borders of all ranges cut the address
 * space into pieces, each piece takes the strongest type that covers it, and equal
 * neighbours are joined.  Reserving is adding a stronger range and settling again.
 */
#include "boot/memmap.h"
#include "lib/init.h"
#include "lib/string.h"

static struct memmap machine;

void __init memmap_add(struct memmap *map, u64 start, u64 size, u32 type)
{
	u64 end;

	if (__builtin_add_overflow(start, size, &end))
		end = ~0ULL;
	if (end == start)
		return;
	if (map->count == MEMMAP_MAX) {
		map->overflow = true;
		return;
	}
	map->ranges[map->count++] = (struct mem_range){start, end, type};
}

static void __init sort(u64 *values, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++) {
		u64 v = values[i];
		unsigned int j = i;

		for (; j && values[j - 1] > v; j--)
			values[j] = values[j - 1];
		values[j] = v;
	}
}

/* Strongest type of the ranges that cover the piece at @start; 0: none. */
static u32 __init strongest_at(const struct memmap *map, u64 start)
{
	u32 type = 0;

	for (unsigned int i = 0; i < map->count; i++)
		if (map->ranges[i].start <= start && start < map->ranges[i].end)
			type = max(type, map->ranges[i].type);
	return type;
}

/* Appends to a map in order; joins with the last range where that fits. */
static void __init append(struct memmap *map, u64 start, u64 end, u32 type)
{
	struct mem_range *last = map->count ? &map->ranges[map->count - 1] : NULL;

	if (last && last->end == start && last->type == type)
		last->end = end;
	else
		memmap_add(map, start, end - start, type);
}

/* RAM counts by whole pages only; what is left of a partial page belongs to nobody. */
static void __init trim_ram(struct memmap *map)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < map->count; i++) {
		struct mem_range r = map->ranges[i];

		if (r.type == MEM_RAM) {
			r.start = r.start > ~0ULL - PAGE_SIZE ? r.end
							      : ALIGN_UP(r.start, PAGE_SIZE);
			r.end = ALIGN_DOWN(r.end, PAGE_SIZE);
			if (r.start >= r.end)
				continue;
		}
		map->ranges[kept++] = r;
	}
	map->count = kept;
}

void __init memmap_settle(struct memmap *map)
{
	/* Too large for the stack; boot is single-threaded. */
	static struct memmap result __initbss;
	static u64 borders[2 * MEMMAP_MAX] __initbss;
	unsigned int n = 0;

	for (unsigned int i = 0; i < map->count; i++) {
		borders[n++] = map->ranges[i].start;
		borders[n++] = map->ranges[i].end;
	}
	sort(borders, n);
	result.count = 0;
	result.overflow = map->overflow;
	for (unsigned int i = 1; i < n; i++) {
		u32 type;

		if (borders[i] == borders[i - 1])
			continue;
		type = strongest_at(map, borders[i - 1]);
		if (type)
			append(&result, borders[i - 1], borders[i], type);
	}
	trim_ram(&result);
	memcpy(map, &result, sizeof(*map));
}

/* What overlaps the ends of a page of RAM takes the whole page: RAM is handed out so. */
void __init memmap_reserve(struct memmap *map, u64 start, u64 end, u32 type)
{
	if (start >= end)
		return;
	memmap_add(map, start, end - start, type);
	memmap_settle(map);
}

void __init memmap_clip_ram(struct memmap *map, u64 limit)
{
	unsigned int kept = 0;

	limit = ALIGN_DOWN(limit, PAGE_SIZE);
	for (unsigned int i = 0; i < map->count; i++) {
		struct mem_range r = map->ranges[i];

		if (r.type == MEM_RAM && r.start >= limit)
			continue;
		if (r.type == MEM_RAM)
			r.end = min(r.end, limit);
		map->ranges[kept++] = r;
	}
	map->count = kept;
}

bool memmap_next_ram(const struct memmap *map, unsigned int *i, u64 *start, u64 *end)
{
	while (*i < map->count) {
		const struct mem_range *r = &map->ranges[(*i)++];

		if (r->type == MEM_RAM) {
			*start = r->start;
			*end = r->end;
			return true;
		}
	}
	return false;
}

u64 memmap_ram_end(const struct memmap *map)
{
	u64 start, end, last = 0;

	for (unsigned int i = 0; memmap_next_ram(map, &i, &start, &end);)
		last = end;
	return last;
}

u64 memmap_find_ram(const struct memmap *map, u64 size, u64 align, u64 from, u64 below)
{
	u64 start, end;

	for (unsigned int i = 0; memmap_next_ram(map, &i, &start, &end);) {
		start = ALIGN_UP(max(start, from), align);
		end = min(end, below);
		if (start < end && end - start >= size)
			return start;
	}
	return ~0ULL;
}

u32 memmap_type_at(const struct memmap *map, u64 addr)
{
	for (unsigned int i = 0; i < map->count; i++)
		if (map->ranges[i].start <= addr && addr < map->ranges[i].end)
			return map->ranges[i].type;
	return 0;
}

void __init memmap_set_machine(const struct memmap *firmware)
{
	memcpy(&machine, firmware, sizeof(machine));
	memmap_settle(&machine);
}

void __init memmap_machine_reserve(u64 start, u64 end)
{
	memmap_reserve(&machine, start, end, MEM_RESERVED);
}

const struct memmap *memmap_machine(void)
{
	return &machine;
}
