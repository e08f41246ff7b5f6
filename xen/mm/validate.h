/* SPDX-License-Identifier: MIT */
/*
 * What an entry of a page table may be, and the references it stands for.
 *
 * An L1 entry holds a general reference on the frame that it maps, and a
 * WRITABLE type reference if it has RW.  That includes entries made for a grant
 * (gnttab/): whoever overwrites them drops just these, and the grant's own pin
 * is untouched.  Entries of L2 to L4 hold a general and a type reference on the
 * table below, which has the same owner.  Entries that map what is no RAM hold
 * nothing.
 *
 * Everything here except the _whole() pair runs under the page-table lock of the
 * tables' owner.
 */
#ifndef DAIS_MM_VALIDATE_H
#define DAIS_MM_VALIDATE_H

#include "lib/types.h"
#include "mm/frame.h"

struct domain;

/*
 * What l1e_get() and l1e_put() of mm/l1e.h are for an L1 entry, for an entry of `table`, which
 * is of `level` 2 to 4.  -ERESTART: call again.
 */
int table_entry_get(struct domain *d, mfn_t table, unsigned int level, u64 *e);
int table_entry_put(mfn_t table, unsigned int level, u64 e);

/*
 * Drops what TLBs may hold of a frame that is about to become a table, so that table_get(),
 * which looks again, need not wait for other CPUs while the page-table lock is held.
 */
void table_flush_ahead(mfn_t mfn);

/* frame_get_type() and frame_put_type() for page tables. */
int table_get(mfn_t mfn, u32 type, struct domain *d);
int table_put(mfn_t mfn);
/* The same; flags of `clear` go with the reference, unless it is the last. */
int table_put_flags(mfn_t mfn, u32 clear);

/*
 * One reference more or less on a table that is whole and stays so: no lock, as
 * nothing but the count changes.  False: take the lock and the long way.
 */
static inline bool table_get_whole(mfn_t mfn, u32 type)
{
	struct frame *f = frame_of(mfn);
	u32 old = READ_ONCE(f->type);

	/* Whole, not pinned, and neither the first use nor the last possible: most are. */
	if (likely(old - (type | FRAME_VALIDATED) - 1 < FRAME_TYPE_COUNT - 1) &&
	    likely(__atomic_compare_exchange_n(&f->type, &old, old + 1, false, __ATOMIC_ACQUIRE,
					       __ATOMIC_RELAXED)))
		return true;
	do {
		if ((old & (FRAME_TYPE_MASK | FRAME_VALIDATED)) != (type | FRAME_VALIDATED) ||
		    !(old & FRAME_TYPE_COUNT) || (old & FRAME_TYPE_COUNT) == FRAME_TYPE_COUNT)
			return false;
	} while (!__atomic_compare_exchange_n(&f->type, &old, old + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

static inline bool table_put_whole(mfn_t mfn)
{
	struct frame *f = frame_of(mfn);
	u32 old = READ_ONCE(f->type);

	do {
		if (!(old & FRAME_VALIDATED) || (old & FRAME_TYPE_COUNT) < 2)
			return false;
	} while (!__atomic_compare_exchange_n(&f->type, &old, old - 1, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return true;
}

#endif
