// SPDX-License-Identifier: MIT
/* Bitmaps of the tools: of whatever length they chose, what we do not have reads as zero. */
#include "ctl/domctl.h"
#include "entry/guestcopy.h"
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/errno.h"

#define BYTES_MAX 64u

int ctlbitmap_read(u64 *map, unsigned int bits, const struct xenctl_bitmap *from)
{
	u8 bytes[BYTES_MAX] = {0};
	unsigned int n = min(from->nr_bits, bits);

	ASSERT(bits <= BYTES_MAX * 8);
	if (guest_read(bytes, guest_handle_addr(from->bitmap, 0), DIV_ROUND_UP(n, 8)))
		return -EFAULT;
	bitmap_from_bytes(map, bits, bytes, n);
	return 0;
}

int ctlbitmap_write(const struct xenctl_bitmap *to, const u64 *map, unsigned int bits)
{
	u8 bytes[BYTES_MAX] = {0};
	unsigned int n = min(to->nr_bits, bits), size = DIV_ROUND_UP(n, 8);
	unsigned long va = guest_handle_addr(to->bitmap, 0);

	ASSERT(bits <= BYTES_MAX * 8);
	bitmap_to_bytes(bytes, n, map, bits);
	if (guest_write(va, bytes, size))
		return -EFAULT;
	/* A length that is absurd ends at the first page that is not there. */
	return guest_zero(va + size, DIV_ROUND_UP((size_t)to->nr_bits, 8) - size) ? -EFAULT : 0;
}
