// SPDX-License-Identifier: MIT
/*
 * General and typed references (mm/frame.h has the invariants).
 *
 * Both words of a struct frame change by compare-and-swap only.  A type that
 * needs work before it may be used (CPUs that must flush, descriptors to look
 * at) is entered with FRAME_PARTIAL set; who meets that waits, or for tables
 * holds the page-table lock that the work is done under.  Page tables are
 * mm/validate.c's.
 */
#include "mm/frame.h"

#include "domain/domain.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "mm/buddy.h"
#include "mm/hold.h"
#include "mm/reserve.h"
#include "mm/segdesc.h"
#include "mm/validate.h"

/* --- general references --- */

bool frame_get_owned(mfn_t mfn, u16 owner)
{
	struct frame *f;
	u64 ref;

	if (!mfn_valid(mfn))
		return false;
	f = frame_of(MFN(index_nospec(mfn.m, max_mfn)));
	ref = READ_ONCE(f->ref);
	do {
		/* The last few are kept for interrupted validation, which cannot be refused. */
		if ((u16)(ref >> FRAME_OWNER_SHIFT) != owner || !(ref & FRAME_IN_USE) ||
		    !(u32)ref || (u32)ref >= FRAME_REFS_MASK - 16)
			return false;
	} while (!__atomic_compare_exchange_n(&f->ref, &ref, ref + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

bool frame_get(mfn_t mfn, const struct domain *d)
{
	return frame_get_owned(mfn, d->id);
}

bool frame_get_again(mfn_t mfn)
{
	struct frame *f = frame_of(mfn);
	u64 ref = READ_ONCE(f->ref);

	do {
		ASSERT((u32)ref);
		if ((u32)ref == FRAME_REFS_MASK)
			return false;
	} while (!__atomic_compare_exchange_n(&f->ref, &ref, ref + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

void frame_put(mfn_t mfn)
{
	ASSERT((u32)READ_ONCE(frame_of(mfn)->ref));
	if (frame_put_one(frame_of(mfn)))
		frame_put_last(mfn);
}

void frame_put_last(mfn_t mfn)
{
	struct frame *f = frame_of(mfn);
	/* Whole for as long as we like: with a count of 0 nobody gets it. */
	u64 ref = READ_ONCE(f->ref);
	u16 owner = (u16)(ref >> FRAME_OWNER_SHIFT);

	ASSERT(!(READ_ONCE(f->type) & FRAME_TYPE_COUNT));
	/*
	 * Nobody can find it any more.  Read-only translations count as well, so
	 * the stamp is of now, whatever the frame was used as.
	 */
	if (unlikely(ref & FRAME_UNCACHED))
		cache_flush_all(); /* the next owner's reads find what is in memory (row 402) */
	buddy_free(mfn, 0, tlb_clock());
	if (owner < DOMID_FIRST_RESERVED)
		reserve_frame_gone(domain_of_owner(owner), !(ref & FRAME_HYPERVISOR));
}

/* --- types other than page tables --- */

static int settle_type(mfn_t mfn, u32 type)
{
	struct frame *f = frame_of(mfn);
	int ret = 0;

	/* Whatever was made under the old type: no CPU may hold it (row 401: read it only now). */
	tlb_flush_stale(&cpu_online_map, READ_ONCE(f->stamp));
	if (type == FRAME_TYPE_SEGDESC)
		ret = segdesc_page_check(mfn);
	if (ret)
		f->stamp = tlb_clock();
	__atomic_store_n(&f->type, ret ? FRAME_TYPE_NONE : type | 1, __ATOMIC_RELEASE);
	return ret;
}

static int get_plain_type(mfn_t mfn, u32 type)
{
	struct frame *f = frame_of(mfn);
	u32 old = READ_ONCE(f->type), new;

	do {
		/* Whoever settles it has all CPUs flush, and we may be here with interrupts off. */
		while ((old & (FRAME_TYPE_MASK | FRAME_PARTIAL)) == (type | FRAME_PARTIAL)) {
			smp_serve();
			old = READ_ONCE(f->type);
		}
		new = old + 1;
		if (old & FRAME_TYPE_COUNT) {
			if ((old & FRAME_TYPE_MASK) != type)
				return -EBUSY;
			if ((old & FRAME_TYPE_COUNT) == FRAME_TYPE_COUNT)
				return -ENOSPC;
		} else if ((old & FRAME_TYPE_MASK) == FRAME_TYPE_NONE &&
			   type == FRAME_TYPE_WRITABLE) {
			new = type | 1;
		} else if ((old & FRAME_TYPE_MASK) != type) {
			new = type | FRAME_PARTIAL | 1;
		}
	} while (!__atomic_compare_exchange_n(&f->type, &old, new, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return new &FRAME_PARTIAL ? settle_type(mfn, type) : 0;
}

static void put_plain_type(struct frame *f)
{
	u32 old = READ_ONCE(f->type);

	do {
		ASSERT(old & FRAME_TYPE_COUNT);
		/* Ours is a reference too: until the exchange succeeds the type cannot change. */
		if ((old & FRAME_TYPE_COUNT) == 1)
			WRITE_ONCE(f->stamp, tlb_clock());
	} while (!__atomic_compare_exchange_n(&f->type, &old, old - 1, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
}

int frame_get_type(mfn_t mfn, u32 type, struct domain *owner)
{
	int ret;

	if (!frame_type_is_table(type))
		return get_plain_type(mfn, type);
	if (likely(table_get_whole(mfn, type)))
		return 0;
	spin_lock(&owner->mem.pt_lock);
	ret = table_get(mfn, type, owner);
	spin_unlock(&owner->mem.pt_lock);
	return ret;
}

int frame_put_type(mfn_t mfn)
{
	struct frame *f = frame_of(mfn);
	struct domain *owner;
	int ret;

	if (!frame_type_is_table(READ_ONCE(f->type))) {
		put_plain_type(f);
		return 0;
	}
	if (likely(table_put_whole(mfn)))
		return 0;
	owner = domain_of_owner(frame_owner(f));
	spin_lock(&owner->mem.pt_lock);
	ret = table_put(mfn);
	spin_unlock(&owner->mem.pt_lock);
	return ret;
}

int frame_get_and_type(mfn_t mfn, struct domain *d, u32 type)
{
	int ret;

	if (!frame_hold(mfn, d->id))
		return -EINVAL;
	/* As frame_get_type() begins, in line: roots come by here. */
	if (frame_type_is_table(type) && likely(table_get_whole(mfn, type)))
		return 0;
	ret = frame_get_type(mfn, type, d);
	if (ret)
		frame_put(mfn);
	return ret;
}

int frame_put_and_type(mfn_t mfn)
{
	int ret = 0;

	if (!frame_type_is_table(READ_ONCE(frame_of(mfn)->type)) || unlikely(!table_put_whole(mfn)))
		ret = frame_put_type(mfn);
	if (!ret)
		frame_put(mfn);
	return ret;
}

/* --- what is no RAM --- */

static void mark(unsigned long start, unsigned long end)
{
	for (unsigned long m = start; m < end && m < max_mfn; m++) {
		struct frame *f = frame_of(MFN(m));

		if (!f->ref && f->type == FRAME_TYPE_NONE) {
			f->ref = FRAME_MMIO | FRAME_IN_USE | (u64)DOMID_IO << FRAME_OWNER_SHIFT;
			f->type = FRAME_TYPE_MMIO;
		}
	}
}

void frame_mark_mmio_range(mfn_t start, mfn_t end)
{
	unsigned long m2p = virt_to_mfn(m2p_writable).m;

	mark(start.m, end.m);
	/* What PCs keep below 1 MiB (row C29); and the M2P table, which tools map (row C41). */
	mark(0, 0x100);
	mark(m2p, m2p + DIV_ROUND_UP(max_mfn * sizeof(unsigned long), PAGE_SIZE));
}

/* --- checking --- */

const char *frame_check(mfn_t mfn)
{
	const struct frame *f = frame_of(mfn);
	u64 ref = READ_ONCE(f->ref);
	u32 type = READ_ONCE(f->type), count = type & FRAME_TYPE_COUNT, refs = (u32)ref;

	if (frame_is_mmio(mfn))
		return refs ? "counts of what is no RAM" : NULL;
	if (!refs)
		return count && (type & FRAME_TYPE_MASK) != FRAME_TYPE_FREE
			       ? "a type without a reference"
			       : NULL;
	if (!(ref & FRAME_IN_USE))
		return "referenced while free";
	if (count && !(type & FRAME_TYPE_MASK))
		return "a type count without a type";
	if (!frame_type_is_table(type))
		return type & (FRAME_PINNED | FRAME_VALIDATED | FRAME_ORPHAN)
			       ? "no table has its flags"
			       : NULL;
	if (!count != !(type & (FRAME_VALIDATED | FRAME_PARTIAL)))
		return "a table in use is neither whole nor in work";
	if ((type & FRAME_VALIDATED) && (type & (FRAME_PARTIAL | FRAME_ORPHAN)))
		return "a table is whole and in work";
	if ((type & FRAME_PARTIAL) && count != 1)
		return "a table in work has several users";
	return (type & FRAME_PINNED) && !count ? "pinned without a reference" : NULL;
}
