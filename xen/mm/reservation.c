// SPDX-License-Identifier: MIT
/*
 * The memory_op sub-ops that grow and shrink a domain, and promise it memory.  What they do to
 * its frames and counts is reserve.c's.  Every loop over extents goes on by re-execution when
 * others want the CPU.
 */
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/guestaccess.h"
#include "lib/errno.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/memoryop.h"
#include "mm/reserve.h"
#include "sched/deferred.h"
#include <xen/memory.h>

#define MAX_ORDER_GUEST 9u /* 2 MiB: what kernels ask for */
#define MAX_ORDER_CONTROL 12u /* 16 MiB: DMA buffers; zeroing one takes about a millisecond */

unsigned int memop_max_order(const struct domain *d)
{
	return d->is_privileged ? MAX_ORDER_CONTROL : MAX_ORDER_GUEST;
}

unsigned int memop_address_bits(u32 mem_flags)
{
	unsigned int bits = XENMEMF_get_address_bits(mem_flags), machine_bits = PAGE_SHIFT;

	if (!bits)
		return 0;
	while (machine_bits < 63 && max_mfn > BIT(machine_bits - PAGE_SHIFT))
		machine_bits++;
	return bits < machine_bits ? bits : 0;
}

struct domain *memop_target(u16 domid, int *err)
{
	struct domain *d = domain_get(domid);

	if (!d) {
		*err = -ESRCH;
		return NULL;
	}
	if (!privileged(current->domain, PRIV_MEMORY, d)) {
		domain_put(d);
		*err = -EPERM;
		return NULL;
	}
	return d;
}

/* What the three sub-ops have in common: the argument, checked. */
struct reservation {
	struct xen_memory_reservation r;
	struct domain *d;
	bool is_other; /* than the caller: with a reference */
	unsigned int address_bits; /* 0: anywhere */
	unsigned long next; /* extents below it are done */
};

/*
 * True, and a reference on the domain unless it is the caller's; false when the call ends here with what was done so
 * far: the ABI reports refusals, an unreadable argument too, as a short count.
 */
static bool reservation_open(struct reservation *res, unsigned long arg, unsigned long start)
{
	struct domain *me = current->domain;
	int err;

	if (guest_fetch(&res->r, arg, sizeof(res->r)))
		return false;
	res->next = start;
	/* Beyond this a continuation could not say how far it came. */
	if (res->r.nr_extents > MEMOP_MAX_EXTENTS || start > res->r.nr_extents)
		return false;
	if (res->r.extent_order > memop_max_order(me))
		return false;
	res->address_bits = memop_address_bits(res->r.mem_flags);
	/* Low memory is for those who drive devices. */
	if (res->address_bits && !me->is_privileged)
		return false;
	/* The caller itself, which may, stays alive without a reference. */
	res->is_other = res->r.domid != DOMID_SELF && res->r.domid != me->id;
	res->d = unlikely(res->is_other) ? memop_target(res->r.domid, &err) : me;
	return res->d != NULL;
}

/* Should the loop over extents be left for a while?  Not before it did something. */
static bool reservation_pause(const struct reservation *res, unsigned long start)
{
	return res->next != start && res->next < res->r.nr_extents && hypercall_should_preempt();
}

static bool release_block(struct domain *d, mfn_t mfn, unsigned int order)
{
	bool all = true;

	for (unsigned long i = 0; i < BIT(order); i++)
		all &= !reserve_release(d, MFN(mfn.m + i));
	return all;
}

/* One extent, whose place in the guest's list is @where; false: it ends here. */
static bool reservation_step(const struct reservation *res, unsigned int op, unsigned long where)
{
	unsigned int order = res->r.extent_order;
	xen_pfn_t frame;
	mfn_t mfn;

	if (op != XENMEM_increase_reservation && guest_fetch(&frame, where, sizeof(frame)))
		return false;
	if (op == XENMEM_decrease_reservation)
		return mfn_valid(MFN(frame)) && release_block(res->d, MFN(frame), order);
	mfn = reserve_alloc(res->d, order, res->address_bits);
	if (mfn_eq(mfn, INVALID_MFN))
		return false;
	if (op == XENMEM_populate_physmap)
		m2p_set_range(mfn, frame, order);
	else if (guest_handle_null(res->r.extent_start))
		return true;
	frame = mfn.m;
	if (!guest_store(where, &frame, sizeof(frame)))
		return true;
	release_block(res->d, mfn, order);
	return false;
}

static long change_reservation(unsigned int op, unsigned long arg, unsigned long start)
{
	struct reservation res;
	bool paused = false;

	if (!reservation_open(&res, arg, start))
		return (long)start;
	for (; res.next < res.r.nr_extents; res.next++) {
		paused = reservation_pause(&res, start);
		if (paused ||
		    !reservation_step(&res, op, guest_handle_addr(res.r.extent_start, res.next)))
			break;
	}
	if (unlikely(res.is_other))
		domain_put(res.d);
	return paused ? memory_op_continue(op, res.next) : (long)res.next;
}

long memop_populate_physmap(unsigned long arg, unsigned long start)
{
	return change_reservation(XENMEM_populate_physmap, arg, start);
}

long memop_increase_reservation(unsigned long arg, unsigned long start)
{
	return change_reservation(XENMEM_increase_reservation, arg, start);
}

long memop_decrease_reservation(unsigned long arg, unsigned long start)
{
	return change_reservation(XENMEM_decrease_reservation, arg, start);
}

/*
 * Promises a domain as many frames as make its total nr_extents; 0 takes the
 * promise back.  Nothing is set aside: allocations of others stop short of it.
 */
long memop_claim_pages(unsigned long arg, unsigned long start __unused)
{
	struct xen_memory_reservation r;
	struct domain *d;
	int ret;

	if (guest_fetch(&r, arg, sizeof(r)))
		return -EFAULT;
	if (!privileged(current->domain, PRIV_SYSTEM, NULL))
		return -EPERM;
	if (r.extent_order || r.mem_flags || !guest_handle_null(r.extent_start))
		return -EINVAL;
	d = memop_target(r.domid, &ret);
	if (!d)
		return ret;
	ret = reserve_claim(d, r.nr_extents);
	domain_put(d);
	return ret;
}
