// SPDX-License-Identifier: MIT
/*
 * boot/memmap.c: random heaps of overlapping ranges against a naive page array, the rules of
 * a map in order, and the shapes that firmware is known for.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "boot/memmap.h"

#define PAGES 256U

static struct memmap map;

static void check_order(const struct memmap *m)
{
	for (unsigned int i = 0; i < m->count; i++) {
		const struct mem_range *r = &m->ranges[i];

		CHECK(r->start < r->end);
		if (r->type == MEM_RAM)
			CHECK(r->start % PAGE_SIZE == 0 && r->end % PAGE_SIZE == 0);
		if (i) {
			CHECK(r[-1].end <= r->start);
			CHECK(r[-1].end < r->start || r[-1].type != r->type);
		}
	}
}

static void random_maps(void)
{
	static const u32 types[] = {MEM_RAM,  MEM_RAM,      MEM_RESERVED,
				    MEM_ACPI, MEM_UNUSABLE, MEM_HELD};
	u32 naive[PAGES];

	for (int round = 0; round < 400; round++) {
		unsigned int n = (unsigned int)rand() % 40, from;
		u64 ram = 0, top = 0, start, end, found, size, expect = ~0ULL;

		memset(&map, 0, sizeof(map));
		memset(naive, 0, sizeof(naive));
		for (unsigned int i = 0; i < n; i++) {
			unsigned int first = (unsigned int)rand() % PAGES;
			unsigned int len = (unsigned int)rand() % min(PAGES - first, 60U);
			u32 type = types[(unsigned int)rand() % ARRAY_SIZE(types)];

			if (rand() & 1 || i == 0) {
				memmap_add(&map, first * PAGE_SIZE, len * PAGE_SIZE, type);
			} else {
				memmap_settle(&map);
				memmap_reserve(&map, first * PAGE_SIZE, (first + len) * PAGE_SIZE,
					       type);
			}
			for (unsigned int p = first; p < first + len; p++)
				naive[p] = max(naive[p], type);
		}
		memmap_settle(&map);
		check_order(&map);
		for (unsigned int p = 0; p < PAGES; p++) {
			CHECK_EQ(memmap_type_at(&map, p * PAGE_SIZE + 17), naive[p]);
			if (naive[p] == MEM_RAM) {
				ram += PAGE_SIZE;
				top = (p + 1) * PAGE_SIZE;
			}
		}
		for (unsigned int i = 0; memmap_next_ram(&map, &i, &start, &end);)
			ram -= end - start;
		CHECK_EQ(ram, 0);
		CHECK_EQ(memmap_ram_end(&map), top);

		size = 1 + (unsigned int)rand() % 8;
		from = (unsigned int)rand() % PAGES;
		for (unsigned int p = ALIGN_UP(from, 4); p + size <= PAGES && expect == ~0ULL;
		     p += 4) {
			unsigned int q = 0;

			while (q < size && naive[p + q] == MEM_RAM)
				q++;
			if (q == size)
				expect = p * PAGE_SIZE;
		}
		found = memmap_find_ram(&map, size * PAGE_SIZE, 4 * PAGE_SIZE, from * PAGE_SIZE,
					PAGES * PAGE_SIZE);
		CHECK_EQ(found, expect);

		memmap_clip_ram(&map, from * PAGE_SIZE + 5);
		check_order(&map);
		for (unsigned int p = 0; p < PAGES; p++)
			CHECK_EQ(memmap_type_at(&map, p * PAGE_SIZE),
				 naive[p] == MEM_RAM && p >= from ? 0 : naive[p]);
	}
}

/* A PC's: unaligned EBDA, and the local APIC added by us. */
static void firmware_shapes(void)
{
	u64 start, end;
	unsigned int i = 0;

	memset(&map, 0, sizeof(map));
	memmap_add(&map, 0x100000, 0x7fee0000, MEM_RAM);
	memmap_add(&map, 0, 0x9fc00, MEM_RAM);
	memmap_add(&map, 0x9fc00, 0x400, MEM_RESERVED);
	memmap_add(&map, 0xf0000, 0x10000, MEM_RESERVED);
	memmap_add(&map, 0x7ffe0000, 0x20000, MEM_ACPI);
	memmap_add(&map, 0x100000000, 0x1000, 0); /* no such type */
	memmap_add(&map, ~0ULL - 100, 5000, MEM_RESERVED); /* wraps */
	memmap_add(&map, 77, 0, MEM_RAM); /* empty */
	memmap_set_machine(&map);
	memmap_machine_reserve(0xfee00000, 0xfee01000);
	memmap_machine_reserve(0xfec00000, 0xfec01000);
	memmap_machine_reserve(5, 5);
	check_order(memmap_machine());
	CHECK_EQ(memmap_machine()->count, 8);
	CHECK_EQ(memmap_type_at(memmap_machine(), 0x9f800), 0); /* a cut page is nobody's */
	CHECK_EQ(memmap_type_at(memmap_machine(), 0x9fc00), MEM_RESERVED);
	CHECK_EQ(memmap_type_at(memmap_machine(), 0xfee00000), MEM_RESERVED);
	CHECK(memmap_next_ram(memmap_machine(), &i, &start, &end));
	CHECK_EQ(start, 0);
	CHECK_EQ(end, 0x9f000);
	CHECK(memmap_next_ram(memmap_machine(), &i, &start, &end));
	CHECK_EQ(start, 0x100000);
	CHECK_EQ(end, 0x7ffe0000);
	CHECK(!memmap_next_ram(memmap_machine(), &i, &start, &end));

	/* RAM at the very top of the address space must not wrap. */
	memset(&map, 0, sizeof(map));
	memmap_add(&map, ~0ULL - 3000, 3000, MEM_RAM);
	memmap_add(&map, 0, ~0ULL, MEM_RESERVED);
	memmap_settle(&map);
	check_order(&map);
}

static void overflow(void)
{
	memset(&map, 0, sizeof(map));
	for (unsigned int i = 0; i < MEMMAP_MAX; i++)
		memmap_add(&map, i * 2 * PAGE_SIZE, PAGE_SIZE, MEM_RAM);
	memmap_settle(&map);
	CHECK(!map.overflow);
	memmap_reserve(&map, 1, 3, MEM_RESERVED);
	CHECK(map.overflow);
	CHECK_EQ(map.count, MEMMAP_MAX);
	check_order(&map);
}

int main(void)
{
	srand(1);
	random_maps();
	firmware_shapes();
	overflow();
	return check_done("memmap");
}
