// SPDX-License-Identifier: MIT
/*
 * boot/acpi.c: the input is a table area at 1 MiB.  Sums are mended on the way in, since no
 * fuzzer guesses them: a mapping of a whole table gets its checksum byte set right.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/acpi.h"
#include "console/log.h"

#define BASE 0x100000U

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const u8 *mem;
static size_t mem_size;

void log_at(enum log_level level __unused, const char *fmt __unused, ...)
{
}

static const void *map(u64 addr, u64 len)
{
	static u8 *copy;
	u8 s = 0;

	if (addr < BASE || addr - BASE > mem_size || len > mem_size - (addr - BASE))
		return NULL;
	free(copy);
	copy = malloc(len);
	memcpy(copy, mem + (addr - BASE), len);
	for (u64 i = 0; i < len; i++)
		s = (u8)(s + copy[i]);
	if (len >= 36)
		copy[9] = (u8)(copy[9] - s);
	return copy;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 rsdp[36] = "RSD PTR \0OEM   \x02\x00\x00\x10\x00\x24\0\0\0\x00\x00\x10";

	if (size && (data[0] & 1))
		rsdp[15] = 0;
	for (int i = 0; i < 20; i++)
		rsdp[8] = (u8)(rsdp[8] - (i == 8 ? 0 : rsdp[i]));
	for (int i = 0; i < 36; i++)
		rsdp[32] = (u8)(rsdp[32] - (i == 32 ? 0 : rsdp[i]));
	mem = data;
	mem_size = size;
	acpi_parse(&acpi_info, rsdp, sizeof(rsdp), map);
	if (acpi_info.cpu_count > NR_CPUS || acpi_info.mcfg_count > ACPI_MCFGS)
		abort();
	return 0;
}
