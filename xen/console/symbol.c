// SPDX-License-Identifier: MIT
/*
 * Symbol look-up by binary search in the table that the link adds.
 */
#include "console/symbol.h"
#include "console/format.h"

extern const char __image_start[], __image_end[];

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
	return scnprintf(buf, size, "%s+%#lx",
			 &dais_symbol_names[dais_symbol_name_offsets[low - 1]],
			 offset - dais_symbol_offsets[low - 1]);
}
