// SPDX-License-Identifier: MIT
/*
 * exchange (row h12.11): a domain gives frames and gets as many others, in
 * larger or smaller blocks and below an address limit: how a driver domain
 * comes to memory that a device can reach.
 *
 * The list is worked through in chunks of the larger of the two block sizes.
 * A chunk is all or nothing: the old frames are first taken out of everybody's
 * reach, then the new ones allocated; what fails puts everything back.  Only a
 * domain's own frames, so that it cannot be destroyed meanwhile.
 */
#include "domain/domain.h"
#include "entry/guestcopy.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/memoryop.h"
#include "mm/reserve.h"
#include "mm/slab.h"
#include "sched/deferred.h"
#include <xen/memory.h>

/* One call's constants and the arrays that a chunk needs. */
struct exchange {
	struct xen_memory_exchange x;
	struct domain *d;
	unsigned int address_bits;
	unsigned int in_extents, out_extents; /* per chunk */
	u32 *old; /* [frames per chunk] */
	u32 *new; /* [out_extents], first frame of each */
};

static int check(struct exchange *e)
{
	const struct xen_memory_reservation *in = &e->x.in, *out = &e->x.out;
	unsigned int max_order = memop_max_order(e->d);

	if (in->domid != out->domid || (in->domid != DOMID_SELF && in->domid != e->d->id))
		return -EPERM;
	if (in->extent_order > max_order || out->extent_order > max_order)
		return -EPERM;
	if (in->nr_extents > MEMOP_MAX_EXTENTS >> max_order ||
	    out->nr_extents > MEMOP_MAX_EXTENTS >> max_order ||
	    in->nr_extents << in->extent_order != out->nr_extents << out->extent_order ||
	    e->x.nr_exchanged > in->nr_extents)
		return -EINVAL;
	e->in_extents = e->out_extents = 1;
	if (in->extent_order < out->extent_order)
		e->in_extents = 1u << (out->extent_order - in->extent_order);
	else
		e->out_extents = 1u << (in->extent_order - out->extent_order);
	/* A continued call stands between chunks; one that says otherwise is not ours. */
	if (e->x.nr_exchanged % e->in_extents)
		return -EINVAL;
	e->address_bits = memop_address_bits(out->mem_flags);
	if (e->address_bits && !e->d->is_privileged)
		return -EPERM;
	return 0;
}

static void put_back(const struct exchange *e, unsigned int stolen, unsigned int allocated)
{
	while (allocated-- > 0)
		buddy_free(MFN(e->new[allocated]), e->x.out.extent_order, tlb_clock());
	while (stolen-- > 0)
		reserve_unsteal(e->d, MFN(e->old[stolen]));
}

/* Steals the chunk's old frames up to the first that is not to be had; *n says how many. */
static int steal_old(const struct exchange *e, unsigned int *n, bool *uncached)
{
	const struct xen_memory_reservation *in = &e->x.in;

	for (unsigned int i = 0; i < e->in_extents; i++) {
		xen_pfn_t base;

		if (guest_read(&base, guest_handle_addr(in->extent_start, e->x.nr_exchanged + i),
			       sizeof(base)))
			return -EFAULT;
		for (unsigned long j = 0; j < BIT(in->extent_order); j++) {
			if (base >= max_mfn || !reserve_steal(e->d, MFN(base + j), uncached))
				return -EINVAL;
			e->old[(*n)++] = (u32)(base + j);
		}
	}
	return 0;
}

/* All of them: how many, or a negative error with nothing stolen. */
static int take_old(const struct exchange *e)
{
	bool uncached = false;
	unsigned int n = 0;
	int ret = steal_old(e, &n, &uncached);

	/* Once for the chunk, and before they are put back, too: the frames no longer say it. */
	if (uncached)
		cache_flush_all();
	if (!ret)
		return (int)n;
	put_back(e, n, 0);
	return ret;
}

static int exchange_chunk(const struct exchange *e)
{
	const struct xen_memory_reservation *out = &e->x.out;
	unsigned long first_out = e->x.nr_exchanged / e->in_extents * e->out_extents;
	int n = take_old(e), ret = 0;

	if (n < 0)
		return n;
	/* The old ones are given back only afterwards: until then it is memory beyond d's. */
	if (!reserve_enough_unclaimed(e->d, (unsigned long)n)) {
		put_back(e, (unsigned int)n, 0);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < e->out_extents; i++) {
		mfn_t mfn = buddy_alloc_below(out->extent_order, e->address_bits, 0);

		if (mfn_eq(mfn, INVALID_MFN)) {
			put_back(e, (unsigned int)n, i);
			return -ENOMEM;
		}
		e->new[i] = (u32)mfn.m;
	}
	/* No way back from here: a list that cannot be read or written fails the call later. */
	for (int i = 0; i < n; i++) {
		m2p_clear_range(MFN(e->old[i]), 0);
		buddy_free(MFN(e->old[i]), 0, tlb_clock());
	}
	for (unsigned int i = 0; i < e->out_extents; i++) {
		unsigned long where = guest_handle_addr(out->extent_start, first_out + i);
		xen_pfn_t pfn, mfn = e->new[i];

		m2p_clear_range(MFN(mfn), out->extent_order);
		if (guest_read(&pfn, where, sizeof(pfn)))
			ret = -EFAULT;
		else
			m2p_set_range(MFN(mfn), pfn, out->extent_order);
		reserve_substitute(e->d, MFN(mfn), out->extent_order);
		if (guest_write(where, &mfn, sizeof(mfn)))
			ret = -EFAULT;
	}
	return ret;
}

static long exchange_all(struct exchange *e)
{
	while (e->x.nr_exchanged < e->x.in.nr_extents) {
		int ret = exchange_chunk(e);

		if (ret)
			return ret;
		e->x.nr_exchanged += e->in_extents;
		if (e->x.nr_exchanged < e->x.in.nr_extents && hypercall_should_preempt())
			return -ERESTART;
	}
	return 0;
}

long memop_exchange(unsigned long arg, unsigned long start __unused)
{
	struct exchange e = {.d = current->domain};
	unsigned int order;
	long ret;

	if (guest_read(&e.x, arg, sizeof(e.x)))
		return -EFAULT;
	ret = check(&e);
	if (ret)
		return ret;
	order = max(e.x.in.extent_order, e.x.out.extent_order);
	e.old = kcalloc(BIT(order), sizeof(*e.old));
	e.new = kcalloc(e.out_extents, sizeof(*e.new));
	ret = e.old && e.new ? exchange_all(&e) : -ENOMEM;
	kfree(e.old);
	kfree(e.new);
	if (guest_write(arg + offsetof(struct xen_memory_exchange, nr_exchanged), &e.x.nr_exchanged,
			sizeof(e.x.nr_exchanged)))
		return -EFAULT;
	return ret == -ERESTART ? memory_op_continue(XENMEM_exchange, 0) : ret;
}
