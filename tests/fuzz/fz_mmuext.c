// SPDX-License-Identifier: MIT
/*
 * mmuext_op over pages of the fuzzer's own making: each 5 bytes write an entry into a plain
 * page, or are an op.  Interruptions at every entry; calls are continued or left alone.
 */
#include "../unit/mmworld.h"

static void write_entry(const u8 *p)
{
	mfn_t page = owned[1][p[0] & 15], target = owned[1][p[2] & 15];
	struct mmu_update u = {(page.m << PAGE_SHIFT) + p[1] * 16UL,
			       target.m << PAGE_SHIFT | p[3] | (p[2] >> 7 ? 0 : 0x63)};

	hc_mmu_update((unsigned long)&u, 1, 0, DOMID_SELF);
}

static void op(const u8 *p)
{
	struct mmuext_op o = {.cmd = p[1] % 22,
			      .arg1.mfn = p[2] == 255 ? 0 : owned[1][p[2] & 15].m};
	u32 done = 0;

	o.arg2.src_mfn = o.cmd == MMUEXT_COPY_PAGE ? owned[1][p[3] & 15].m : 0;
	continue_args[0] = (unsigned long)&o;
	continue_args[1] = 1;
	for (unsigned int i = 0; i <= p[4]; i++) {
		continued = false;
		cpu_info()->deferred = p[4] & 1;
		hc_mmuext_op(continue_args[0], continue_args[1], (unsigned long)&done, DOMID_SELF);
		if (!continued)
			break;
	}
	cpu_info()->deferred = 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	world_start(16);
	for (size_t i = 0; i + 5 <= size && i < 500; i += 5) {
		if (data[i] < 160)
			write_entry(data + i);
		else
			op(data + i);
	}
	if (world_check() || !world_end())
		abort();
	return 0;
}
