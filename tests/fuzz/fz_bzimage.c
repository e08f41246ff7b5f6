// SPDX-License-Identifier: MIT
/* bzimage_find() on any bytes: what it accepts lies inside them and has a size within bounds. */
#include <stdlib.h>

#include "builder/bzimage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct payload p;
	size_t at;

	if (bzimage_find(data, size, &p)) {
		if (!p.why || !*p.why)
			abort();
		return 0;
	}
	at = (size_t)((const uint8_t *)p.data - data);
	if (at > size || p.len > size - at || p.out_len == 0 || p.format == UNPACK_UNKNOWN)
		abort();
	if (p.format != UNPACK_NONE && p.out_len > PAYLOAD_MAX)
		abort();
	return 0;
}
