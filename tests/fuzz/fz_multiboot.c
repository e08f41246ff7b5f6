// SPDX-License-Identifier: MIT
/*
 * boot/multiboot.c: the input plays physical memory from address 0; its first byte picks the
 * protocol, the second (times 4) where the boot information lies.
 */
#include <stdlib.h>

#include "boot/multiboot.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const u8 *mem;
static size_t mem_size;

static const void *phys(u64 addr, u64 len)
{
	return addr <= mem_size && len <= mem_size - addr ? mem + addr : NULL;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct boot_info info;

	if (size < 2)
		return 0;
	mem = data;
	mem_size = size;
	multiboot_parse(&info, data[0] & 1 ? MULTIBOOT1_MAGIC : MULTIBOOT2_MAGIC, data[1] * 4U,
			phys);
	memmap_settle(&info.memory);
	for (unsigned int i = 1; i < info.memory.count; i++)
		if (info.memory.ranges[i - 1].end > info.memory.ranges[i].start)
			abort();
	return 0;
}
