// SPDX-License-Identifier: MIT
/*
 * Symbol look-up by binary search.  The definitions here are weak and empty: a link with
 * the generated table takes the table's.
 */
#include "console/symbol.h"
#include "console/format.h"

extern const char __image_start[], __image_end[];

__attribute__((weak)) const u32 dais_symbol_count = 0;
__attribute__((weak)) const u32 dais_symbol_offsets[1] = { 0 };
__attribute__((weak)) const u32 dais_symbol_name_offsets[1] = { 0 };
__attribute__((weak)) const char dais_symbol_names[1] = "";

size_t symbol_print(unsigned long addr, char *buf, size_t size)
{
	unsigned long start = (unsigned long)__image_start, offset = addr - start;
	u32 low = 0, high = dais_symbol_count;

	/* The last symbol at or below: it is at low - 1 when the search ends. */
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (dais_symbol_offsets[mid] <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || addr < start || addr >= (unsigned long)__image_end)
		return scnprintf(buf, size, "%#lx", addr);
	return scnprintf(buf, size, "%s+%#lx", &dais_symbol_names[dais_symbol_name_offsets[low - 1]],
			 offset - dais_symbol_offsets[low - 1]);
}
