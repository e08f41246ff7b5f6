// SPDX-License-Identifier: MIT
/*
 * The frame allocator: random allocations and frees of all orders against a map of who has
 * what; address limits; and that nothing freed is handed out before it is flushed and wiped.
 */
#include "check.h"
#include "mmworld.h"

#define BLOCKS 64

static bool taken[WORLD_FRAMES];
static struct {
	mfn_t mfn;
	unsigned int order;
} block[BLOCKS];

static void take(unsigned int i)
{
	unsigned int order = (unsigned int)rand() % 6, bits = rand() % 3 ? 0 : 21 + rand() % 3;
	unsigned long free = buddy_free_frames();
	mfn_t mfn = buddy_alloc_below(order, bits, 0);

	block[i].mfn = mfn;
	block[i].order = order;
	if (mfn_eq(mfn, INVALID_MFN)) {
		CHECK(bits || order || !free);
		CHECK_EQ(buddy_free_frames(), free);
		return;
	}
	CHECK_EQ(mfn.m & (BIT(order) - 1), 0);
	CHECK(mfn.m >= HEAP_FIRST && mfn.m + BIT(order) <= WORLD_FRAMES);
	CHECK(!bits || mfn.m + BIT(order) <= BIT(bits - PAGE_SHIFT));
	CHECK_EQ(buddy_free_frames(), free - BIT(order));
	for (unsigned long m = mfn.m; m < mfn.m + BIT(order); m++) {
		const u64 *page = mfn_to_virt(MFN(m));

		CHECK(!taken[m] && !stale_writable[m]);
		CHECK(!page[0] && !page[511]);
		CHECK(!frame_get_owned(MFN(m), 1));
		taken[m] = true;
		memset(mfn_to_virt(MFN(m)), 0xa5, PAGE_SIZE);
	}
}

static void give(unsigned int i)
{
	for (unsigned long m = block[i].mfn.m; m < block[i].mfn.m + BIT(block[i].order); m++) {
		taken[m] = false;
		stale_writable[m] = rand() & 1;
	}
	buddy_free(block[i].mfn, block[i].order, tlb_clock());
	block[i].mfn = INVALID_MFN;
}

/* Past the middle of the clock's range a frame that nobody can have in a TLB costs no flush. */
static void own_pages_late(void)
{
	unsigned int before;

	clock_now = 0x80000010u;
	buddy_free(buddy_alloc(0, 0), 0, tlb_clock());
	page_free(page_alloc());
	before = flushes;
	for (unsigned int i = 0; i < 100; i++)
		page_free(page_alloc());
	CHECK_EQ(flushes, before);
}

/* Nothing was freed for half the clock's range, then something that is still to be flushed. */
static void free_after_long(void)
{
	mfn_t mfn = buddy_alloc(0, 0), again;

	clock_now = 0x90000000u;
	buddy_free(buddy_alloc(0, 0), 0, tlb_clock());
	clock_now += 0x7ffffff0u;
	last_flush = clock_now;
	clock_now += 0x20u;
	stale_writable[mfn.m] = true;
	buddy_free(mfn, 0, tlb_clock());
	again = buddy_alloc(0, 0);
	CHECK_EQ(again.m, mfn.m);
	CHECK(!stale_writable[mfn.m]);
	buddy_free(again, 0, tlb_clock());
}

static void wipe_all(void)
{
	for (unsigned int i = 0; i < 10000 && buddy_wipe_due(); i++)
		buddy_wipe();
	CHECK(!buddy_wipe_due());
}

/* What idle CPUs zeroed is zero, was flushed before, and is all of it there for others. */
static void wiped_ahead(void)
{
	unsigned long free = buddy_free_frames();
	unsigned int before, count = 0;
	mfn_t all[WORLD_FRAMES], mfn = buddy_alloc(9, ALLOC_NO_SCRUB);

	memset(mfn_to_virt(mfn), 0xa5, PAGE_SIZE << 9);
	for (unsigned long m = mfn.m; m < mfn.m + 512; m++)
		stale_writable[m] = true;
	buddy_free(mfn, 9, tlb_clock());
	CHECK(buddy_wipe_due());
	before = flushes;
	wipe_all();
	CHECK(flushes > before);
	CHECK_EQ(buddy_free_frames(), free);
	/* Whoever gets it need not wipe: what is written now stays. */
	((u64 *)mfn_to_virt(mfn))[7] = 42;
	mfn = buddy_alloc(9, 0);
	CHECK_EQ(mfn.m, HEAP_FIRST);
	CHECK_EQ(((u64 *)mfn_to_virt(mfn))[7], 42);
	((u64 *)mfn_to_virt(mfn))[7] = 0;
	for (unsigned long m = mfn.m; m < mfn.m + 512; m++) {
		const u64 *page = mfn_to_virt(MFN(m));

		CHECK(!stale_writable[m] && !page[0] && !page[7] && !page[511]);
	}
	CHECK_EQ(buddy_free_frames(), free - 512);
	CHECK(!buddy_wipe_due());
	/* Half done, and then all is wanted, frame by frame. */
	memset(mfn_to_virt(mfn), 0xa5, PAGE_SIZE << 9);
	buddy_free(mfn, 9, tlb_clock());
	for (unsigned int i = 0; i < 5; i++)
		buddy_wipe();
	CHECK_EQ(buddy_free_frames(), free);
	while (!mfn_eq(mfn = buddy_alloc(0, 0), INVALID_MFN)) {
		const u64 *page = mfn_to_virt(mfn);

		CHECK(!page[0] && !page[7] && !page[511]);
		all[count++] = mfn;
	}
	CHECK_EQ(count, free);
	CHECK(!buddy_wipe_due());
	buddy_wipe();
	while (count)
		buddy_free(all[--count], 0, tlb_clock());
	CHECK_EQ(buddy_free_frames(), free);
	/* Wiped and then wanted frame by frame, or below an address. */
	wipe_all();
	mfn = buddy_alloc_below(0, 40, 0);
	CHECK(!mfn_eq(mfn, INVALID_MFN));
	buddy_free(mfn, 0, tlb_clock());
	mfn = buddy_alloc(3, 0);
	CHECK(!mfn_eq(mfn, INVALID_MFN));
	buddy_free(mfn, 3, tlb_clock());
	CHECK_EQ(buddy_free_frames(), free);
	wipe_all();
}

#define OUTSIDE_FIRST 310u /* frames that are not the heap's, until somebody frees them */

static mfn_t rest[WORLD_FRAMES];
static unsigned int nr_outside, nr_rest;

static void free_outside(void)
{
	buddy_free(MFN(OUTSIDE_FIRST + nr_outside++), 0, tlb_clock());
}

/* Until it has flushed, a CPU may write to what was its guest's.  And another frees one more. */
static void write_and_free(void)
{
	memset(mfn_to_virt(MFN(HEAP_FIRST)), 0x5a, PAGE_SIZE << 9);
	free_outside();
}

static void take_rest(void)
{
	mfn_t mfn;

	while (!mfn_eq(mfn = buddy_alloc(0, 0), INVALID_MFN)) {
		memset(mfn_to_virt(mfn), 0x77, PAGE_SIZE);
		rest[nr_rest++] = mfn;
	}
}

/*
 * A block costs one flush, before, and as many steps as it has frames, while a guest gives frames
 * back without a pause.  What somebody takes meanwhile is wiped no more.
 */
static void wiped_among_frees(void)
{
	mfn_t mfn = buddy_alloc(9, ALLOC_NO_SCRUB);
	unsigned int before = flushes, steps;

	buddy_free(mfn, 9, tlb_clock());
	meanwhile = write_and_free;
	for (steps = 0; steps < 600 && buddy_wipe_due(); steps++) {
		if (steps % 3 == 2)
			free_outside();
		buddy_wipe();
	}
	CHECK_EQ(steps, 512);
	CHECK_EQ(flushes, before + 1);
	mfn = buddy_alloc(9, 0);
	for (unsigned long m = mfn.m; m < mfn.m + 512; m++) {
		const u64 *page = mfn_to_virt(MFN(m));

		CHECK(!page[0] && !page[511]);
	}
	for (; nr_outside; nr_outside--)
		CHECK_EQ(buddy_alloc(0, ALLOC_NO_SCRUB).m, OUTSIDE_FIRST + nr_outside - 1);

	buddy_free(mfn, 9, tlb_clock());
	meanwhile = take_rest;
	buddy_wipe();
	CHECK_EQ(nr_rest, 512);
	buddy_wipe();
	while (nr_rest) {
		CHECK_EQ(((u64 *)mfn_to_virt(rest[--nr_rest]))[1], 0x7777777777777777);
		buddy_free(rest[nr_rest], 0, tlb_clock());
	}
	wipe_all();
}

int main(void)
{
	mfn_t mfn;

	world_start(0);
	for (unsigned int i = 0; i < BLOCKS; i++)
		block[i].mfn = INVALID_MFN;
	for (unsigned int step = 0; step < 20000; step++) {
		unsigned int i = (unsigned int)rand() % BLOCKS;

		if (mfn_eq(block[i].mfn, INVALID_MFN))
			take(i);
		else
			give(i);
	}
	for (unsigned int i = 0; i < BLOCKS; i++)
		if (!mfn_eq(block[i].mfn, INVALID_MFN))
			give(i);
	/* All merged again. */
	CHECK_EQ(buddy_free_frames(), WORLD_FRAMES - HEAP_FIRST);
	CHECK_EQ(buddy_total_frames(), WORLD_FRAMES - HEAP_FIRST);
	mfn = frame_alloc(9, 0);
	CHECK_EQ(mfn.m, HEAP_FIRST);
	CHECK_EQ(frame_owner(frame_of(mfn)), DOMID_XEN);
	CHECK(!page_alloc());
	frame_free(mfn, 9);
	CHECK(mfn_eq(buddy_alloc(10, 0), INVALID_MFN));
	CHECK(mfn_eq(buddy_alloc(MAX_ORDER + 1, 0), INVALID_MFN));
	CHECK_EQ(buddy_alloc_below(0, PAGE_SHIFT + 9, 0).m, INVALID_MFN.m);
	wiped_ahead();
	wiped_among_frees();
	own_pages_late();
	free_after_long();
	CHECK(world_end());
	return check_done("t_buddy");
}
