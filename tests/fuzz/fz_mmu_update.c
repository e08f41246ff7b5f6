// SPDX-License-Identifier: MIT
/*
 * mmu_update and update_va_mapping over a small world: each 6 bytes are one request.  Whatever
 * a guest asks for, the counts must be what its tables say.
 */
#include "../unit/mmworld.h"

/* What a guest can name: own frames mostly, with any low and high bits. */
static u64 value(const u8 *p)
{
	unsigned long m = p[0] < 12   ? owned[1][p[0]].m
			  : p[0] < 24 ? owned[2][p[0] - 12].m
				      : p[0] * 4;

	return m << PAGE_SHIFT | p[1] | (u64)(p[2] & 15) << 8 | (u64)(p[2] >> 4) << 60 |
	       (u64)(p[2] >> 6) << 52;
}

static void one(const u8 *p)
{
	struct mmu_update u[2];
	u32 done;

	u[0].ptr = (owned[1][p[0] % 12].m << PAGE_SHIFT) + (p[1] & 3) + (p[1] >> 2) * 32UL;
	u[0].val = u[1].val = value(p + 2);
	u[1].ptr = u[0].ptr + 8;
	cpu_info()->deferred = p[5] & 1;
	if (p[5] & 16)
		hc_update_va_mapping((p[1] & 7UL) << PAGE_SHIFT | (p[0] & 3UL) << 39, u[0].val,
				     p[5] >> 5);
	else
		hc_mmu_update((unsigned long)u, 1 + (p[5] >> 1 & 1), (unsigned long)&done,
			      p[5] & 4 ? DOMID_SELF : p[5]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	world_start(12);
	if (mmuext_pin(&domains[1], owned[1][0], FRAME_TYPE_L4) ||
	    mmuext_pin(&domains[1], owned[1][1], FRAME_TYPE_L3) ||
	    mmuext_pin(&domains[1], owned[1][2], FRAME_TYPE_L2) ||
	    mmuext_pin(&domains[1], owned[1][3], FRAME_TYPE_L1) ||
	    mmuext_new_kernel_root(&vcpus[1], owned[1][0]))
		abort();
	for (size_t i = 0; i + 6 <= size && i < 600; i += 6)
		one(data + i);
	cpu_info()->deferred = 0;
	if (world_check() || !world_end())
		abort();
	return 0;
}
