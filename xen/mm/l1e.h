/* SPDX-License-Identifier: MIT */
/*
 * What an L1 entry holds (mm/validate.h), taken and dropped in line: page tables have many
 * entries, and nearly all of them map a domain's own RAM in the plainest way.  Whatever is out
 * of the ordinary goes to the l1e_*_slow() functions of mm/validate.c, which know all of it.
 */
#ifndef DAIS_MM_L1E_H
#define DAIS_MM_L1E_H

#include "domain/domain.h"
#include "lib/abi.h"
#include "machine/barrier.h"
#include "mm/frame.h"
#include "mm/pte.h"

/* On whose behalf L1 entries are made. */
struct pt_context {
	struct domain *d; /* owner of the table */
	u16 owner; /* whose frames are mapped: a domain, DOMID_IO or DOMID_XEN */
	u64 want; /* for frame_try_get(): of frames that may be mapped without more ado */
};

static inline struct pt_context pt_context(struct domain *d, u16 owner)
{
	/* What belongs to no domain is never plain. */
	return (struct pt_context){d, owner,
				   unlikely(owner >= DOMID_FIRST_RESERVED) ? FRAME_NEVER
									   : FRAME_PLAIN(owner)};
}

/*
 * Takes the references that *e stands for and turns it into what is stored.
 * -EINVAL (bits, frame number), -EBUSY (of another owner, or in use as something
 * that is not to be written), -EPERM (no right to that device memory).
 */
int l1e_get_slow(const struct pt_context *c, u64 *e);
/* Drops what a present or absent entry holds.  Any domain's, no lock needed. */
void l1e_put_slow(u64 e);
/* The second half of the first, where its first went well: the type reference. */
int l1e_get_type_slow(u64 *e);

static __force_inline int l1e_get(const struct pt_context *c, u64 *entry)
{
	unsigned long m = pte_mfn(*entry).m;
	struct frame *f;
	u64 e = *entry;

	if (unlikely((e & (PTE_PRESENT | PTE_CACHE)) != PTE_PRESENT)) {
		if (!(e & (PTE_PRESENT | PTE_ADDR_MASK)))
			return 0;
		return l1e_get_slow(c, entry);
	}
	if (unlikely(!index_below(m, max_mfn, &m)))
		return l1e_get_slow(c, entry);
	f = frame_of(MFN(m));
	if (unlikely(!frame_try_get(f, c->want)))
		return l1e_get_slow(c, entry);
	if ((e & PTE_RW) && unlikely(!frame_try_get_writable(f)))
		return l1e_get_type_slow(entry);
	*entry = pte_stored(e);
	return 0;
}

static __force_inline void l1e_put(u64 e)
{
	unsigned long m = pte_mfn(e).m;
	struct frame *f;

	if (!(e & PTE_PRESENT))
		return;
	if (unlikely(m >= max_mfn))
		return; /* no RAM */
	f = frame_of(MFN(m));
	if (!(e & PTE_RW)) {
		/* What is no RAM has no count. */
		if (unlikely(!(u32)READ_ONCE(f->ref)))
			return;
	} else if (unlikely(!frame_try_put_writable(f))) {
		l1e_put_slow(e);
		return;
	}
	if (frame_put_one(f))
		frame_put_last(MFN(m));
}

#endif
