// SPDX-License-Identifier: MIT
/*
 * The frame allocator: each two bytes take a block of some order and below some address, or give
 * one back.  Nobody gets a frame that another has, one that a guest may still write to, or one
 * that is not wiped, now or by an idle CPU; and in the end all of it is one piece again.
 */
#include "../unit/mmworld.h"

#define BLOCKS 32u

static bool taken[WORLD_FRAMES];
static struct {
	mfn_t mfn;
	unsigned int order;
} block[BLOCKS];

static void take(unsigned int i, u8 how)
{
	unsigned int order = how % 6, bits = how & 64 ? 20 + (how >> 7) : 0;
	unsigned long free = buddy_free_frames();
	mfn_t mfn = buddy_alloc_below(order, bits, 0);

	block[i].mfn = mfn;
	block[i].order = order;
	if (mfn_eq(mfn, INVALID_MFN)) {
		if (buddy_free_frames() != free || (!bits && !order && free))
			abort();
		return;
	}
	if ((mfn.m & (BIT(order) - 1)) || mfn.m + BIT(order) > WORLD_FRAMES ||
	    (bits && mfn.m + BIT(order) > BIT(bits - PAGE_SHIFT)) ||
	    buddy_free_frames() != free - BIT(order))
		abort();
	for (unsigned long m = mfn.m; m < mfn.m + BIT(order); m++) {
		u64 *page = mfn_to_virt(MFN(m));

		if (taken[m] || stale_writable[m] || page[0] || page[511] ||
		    frame_get_owned(MFN(m), 1))
			abort();
		taken[m] = true;
		page[0] = page[511] = ~0UL;
	}
}

static void give(unsigned int i, bool shown)
{
	for (unsigned long m = block[i].mfn.m; m < block[i].mfn.m + BIT(block[i].order); m++) {
		taken[m] = false;
		stale_writable[m] = shown;
	}
	buddy_free(block[i].mfn, block[i].order, tlb_clock());
	block[i].mfn = INVALID_MFN;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	unsigned long all;
	mfn_t mfn;

	world_start(0);
	all = buddy_free_frames();
	for (unsigned int i = 0; i < BLOCKS; i++)
		block[i].mfn = INVALID_MFN;
	for (size_t i = 0; i + 2 <= size && i < 1000; i += 2) {
		unsigned int b = data[i] % BLOCKS;

		if (mfn_eq(block[b].mfn, INVALID_MFN))
			take(b, data[i + 1]);
		else
			give(b, data[i + 1] & 1);
		if (data[i + 1] & 8)
			buddy_wipe();
		/* Time goes by; after a quarter of the clock's range all flush (machine/tlb.c). */
		clock_now += data[i] >> 5 == 7 ? 0x20000000u : 0;
		if (clock_now - last_flush > 1u << 30)
			flush_everything();
	}
	for (unsigned int i = 0; i < BLOCKS; i++)
		if (!mfn_eq(block[i].mfn, INVALID_MFN))
			give(i, true);
	mfn = buddy_alloc(9, 0);
	if (mfn.m != HEAP_FIRST || buddy_free_frames() != all - BIT(9))
		abort();
	buddy_free(mfn, 9, tlb_clock());
	if (!world_end())
		abort();
	return 0;
}
