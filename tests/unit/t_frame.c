// SPDX-License-Identifier: MIT
/*
 * General and typed references: who gets one, what excludes what, overflow, that every change
 * of type flushes as the old one demands (security.md, rows 241, 249, 401, 408), and that a
 * frame goes back with its last reference only.
 */
#include "check.h"
#include "mmworld.h"

static struct domain *d;
static mfn_t mfn;

static void references(void)
{
	struct frame *f = frame_of(mfn);

	CHECK(!frame_get(mfn, &domains[2]));
	CHECK(!frame_get(MFN(WORLD_FRAMES), d) && !frame_get(MFN(~0UL), d));
	CHECK(!frame_get(MFN(0x80), d)); /* no RAM */
	CHECK(!frame_get(MFN(WORLD_FRAMES - 1), d)); /* free */
	CHECK(frame_is_mmio(MFN(0x80)) && frame_is_mmio(MFN(WORLD_FRAMES)) && !frame_is_mmio(mfn));
	for (unsigned int m = HEAP_FIRST; m < WORLD_FRAMES; m++)
		CHECK(!frame_is_mmio(MFN(m)));
	CHECK(frame_get(mfn, d));
	CHECK(frame_get_again(mfn));
	CHECK_EQ((u32)f->ref, 3);
	frame_put(mfn);
	frame_put(mfn);
	/* Near the end of the counter nobody new is let in. */
	f->ref |= FRAME_REFS_MASK - 10;
	CHECK(!frame_get(mfn, d));
	f->ref = (f->ref & ~FRAME_REFS_MASK) | FRAME_REFS_MASK;
	CHECK(!frame_get_again(mfn));
	f->ref = (f->ref & ~FRAME_REFS_MASK) | 1;
}

static void types(void)
{
	struct frame *f = frame_of(mfn);
	unsigned int before = flushes;

	/* A type that another CPU settles: its flush is answered while we wait. */
	f->type = FRAME_TYPE_SEGDESC | FRAME_PARTIAL | 1;
	settles = &f->type;
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_SEGDESC), 0);
	settles = NULL;
	CHECK_EQ(f->type, FRAME_TYPE_SEGDESC | 2);
	frame_put_and_type(mfn);
	f->type = FRAME_TYPE_NONE;

	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_WRITABLE), 0);
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_WRITABLE), 0);
	CHECK_EQ(flushes, before); /* as new: nothing is stale */
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_L1), -EINVAL);
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_SEGDESC), -EBUSY);
	CHECK_EQ(frame_get_and_type(mfn, &domains[2], FRAME_TYPE_WRITABLE), -EINVAL);
	f->type |= FRAME_TYPE_COUNT;
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_WRITABLE), -ENOSPC);
	f->type = FRAME_TYPE_WRITABLE | 2;
	CHECK_EQ(frame_put_and_type(mfn), 0);
	CHECK_EQ(frame_put_and_type(mfn), 0);

	/* Writable to table, and back, and to another table: each flushes what came before. */
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_L1), 0);
	CHECK_EQ(flushes, ++before);
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_WRITABLE), -EBUSY);
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_L2), -EINVAL);
	frame_put_and_type(mfn);
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_L1), 0);
	CHECK_EQ(flushes, before); /* the same again: nothing changes */
	frame_put_and_type(mfn);
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_WRITABLE), 0);
	CHECK_EQ(flushes, ++before);
	frame_put_and_type(mfn);
	/* Somebody else flushed meanwhile. */
	flush_everything();
	before = flushes;
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_L3), 0);
	CHECK_EQ(flushes, before);
	frame_put_and_type(mfn);
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_SEGDESC), 0);
	CHECK_EQ(flushes, ++before);
	frame_put_and_type(mfn);
	*(u8 *)mfn_to_virt(mfn) = 1;
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_WRITABLE), 0);
	frame_put_and_type(mfn);
	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_SEGDESC), -EINVAL);
	CHECK_EQ(f->type & FRAME_TYPE_COUNT, 0);
	CHECK(!world_check());
}

static void last_reference(void)
{
	unsigned long free = buddy_free_frames();

	CHECK_EQ(frame_get_and_type(mfn, d, FRAME_TYPE_WRITABLE), 0);
	CHECK(world_take(1, 0));
	CHECK_EQ(buddy_free_frames(), free);
	CHECK_EQ(d->mem.owned_pages, 4);
	frame_put_and_type(mfn);
	CHECK_EQ(buddy_free_frames(), free + 1);
	CHECK_EQ(d->mem.owned_pages, 3);
	CHECK(!frame_get(mfn, d));
}

int main(void)
{
	world_start(4);
	d = &domains[1];
	mfn = owned[1][0];
	references();
	types();
	last_reference();
	CHECK(world_end());
	return check_done("t_frame");
}
