// SPDX-License-Identifier: MIT
/*
 * Any eight bytes as a descriptor: what is accepted must be usable at privilege level 3 at
 * most by ring 3 itself, and accepting it again must change nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mm/segdesc.h"

/* The parts of mm/segdesc.c that need a machine are never called here. */
#include "../unit/segdescmock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(u64 before)
{
	u64 after = before, again;
	bool present = before >> 47 & 1, segment = before >> 44 & 1;
	unsigned int type = before >> 40 & 15, level;

	if (!segdesc_fix(&after)) {
		/* Refused: only system segments that are not call gates. */
		if (!present || segment || type == 12 || after != before)
			abort();
		return;
	}
	again = after;
	if (!segdesc_fix(&again) || again != after)
		abort();
	if (!present && after != before)
		abort();
	if (!present)
		return;
	level = after >> 45 & 3;
	if (segment ? level != 3 : type != 12 || level != 0 || (after >> 16 & 3) != 3)
		abort();
	/* Nothing else was touched. */
	if ((before ^ after) & ~(3ULL << 45 | (segment ? 0 : 3ULL << 16)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (; size >= 8; size -= 8, data += 8) {
		u64 desc;

		memcpy(&desc, data, 8);
		check(desc);
	}
	return 0;
}
