// SPDX-License-Identifier: MIT
/*
 * Domains' frames: given, taken back, counted; and the memory_op sub-ops that
 * grow and shrink a domain.
 *
 * The life of a frame of a domain:
 *
 *   heap --reserve_assign--> owned, FRAME_ALLOCATED --reserve_release--> owned
 *                                                        |  last reference
 *   heap <--------------- frame_put() <------------------+  goes
 *
 * Limits are checked and the count raised under one lock, so that no race of
 * two allocations passes them (security.md, row 385).  Every loop over extents
 * goes on by re-execution when others want the CPU.
 */
#include "mm/reserve.h"

#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/guestaccess.h"
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/memoryop.h"
#include "mm/slab.h"
#include "sched/deferred.h"
#include <xen/memory.h>

#define MAX_ORDER_GUEST 9u /* 2 MiB: what kernels ask for */
#define MAX_ORDER_CONTROL 12u /* 16 MiB: DMA buffers; zeroing one takes about a millisecond */

/* Frames promised to domains by claim_pages and not allocated yet; atomic. */
static unsigned long claimed_total;

unsigned long reserve_claimed(void)
{
	return READ_ONCE(claimed_total);
}

/* --- what a domain owns --- */

int domain_memory_init(struct domain *d)
{
	unsigned int chunks = (unsigned int)((max_mfn >> DOMAIN_CHUNK_SHIFT) + 1);

	spin_lock_init(&d->mem.lock, LOCK_PHYSMAP);
	spin_lock_init(&d->mem.pt_lock, LOCK_PAGETABLE);
	d->mem.chunks = kcalloc(BITMAP_WORDS(chunks), sizeof(u64));
	return d->mem.chunks ? 0 : -ENOMEM;
}

void domain_memory_free(struct domain *d)
{
	if (d->mem.claimed)
		__atomic_fetch_sub(&claimed_total, d->mem.claimed, __ATOMIC_RELAXED);
	kfree(d->mem.chunks);
	d->mem.chunks = NULL;
}

static void mark_chunks(struct domain *d, mfn_t mfn, unsigned long n)
{
	/* Blocks are aligned to their size: one is in one chunk, or is whole chunks. */
	for (unsigned long m = mfn.m; m < mfn.m + n; m += BIT(DOMAIN_CHUNK_SHIFT)) {
		unsigned int chunk = (unsigned int)(m >> DOMAIN_CHUNK_SHIFT);

		if (!bit_test(d->mem.chunks, chunk))
			bit_test_and_set(d->mem.chunks, chunk);
	}
}

static void owned_add(struct domain *d, mfn_t mfn, unsigned long n)
{
	if (!__atomic_fetch_add(&d->mem.owned_pages, n, __ATOMIC_RELAXED))
		domain_ref(d);
	mark_chunks(d, mfn, n);
}

void reserve_frame_gone(struct domain *d, bool counted)
{
	/* Not before: who could have frames go and keep them mapped would have all of memory. */
	if (counted)
		__atomic_fetch_sub(&d->mem.tot_pages, 1, __ATOMIC_RELAXED);
	if (__atomic_fetch_sub(&d->mem.owned_pages, 1, __ATOMIC_ACQ_REL) == 1)
		domain_put(d);
}

static void own_frame(mfn_t mfn, const struct domain *d, u64 state, u32 type)
{
	struct frame *f = frame_of(mfn);

	WRITE_ONCE(f->type, type);
	/* Publishes the frame: from here on frame_get() may succeed. */
	__atomic_store_n(&f->ref, state | FRAME_IN_USE | ((u64)d->id << FRAME_OWNER_SHIFT) | 1,
			 __ATOMIC_RELEASE);
}

int reserve_assign(struct domain *d, mfn_t mfn, unsigned int order)
{
	unsigned long n = BIT(order), promised, total;

	spin_lock(&d->mem.lock);
	if (domain_is_dying(d)) {
		spin_unlock(&d->mem.lock);
		return -EINVAL;
	}
	/* Frames that go meanwhile only make room. */
	total = READ_ONCE(d->mem.tot_pages) + n;
	if (total > d->mem.max_pages || total < n) {
		spin_unlock(&d->mem.lock);
		return -ENOMEM;
	}
	__atomic_fetch_add(&d->mem.tot_pages, n, __ATOMIC_RELAXED);
	promised = min(n, d->mem.claimed);
	if (unlikely(promised)) {
		d->mem.claimed -= promised;
		__atomic_fetch_sub(&claimed_total, promised, __ATOMIC_RELAXED);
	}
	/* Under the lock, so that a destroy that follows finds every frame. */
	owned_add(d, mfn, n);
	for (unsigned long i = 0; i < n; i++)
		own_frame(MFN(mfn.m + i), d, FRAME_ALLOCATED, FRAME_TYPE_NONE);
	spin_unlock(&d->mem.lock);
	return 0;
}

/* `ref` of a frame that the domain has and nobody uses. */
static u64 alone_ref(const struct domain *d)
{
	return FRAME_IN_USE | FRAME_ALLOCATED | ((u64)d->id << FRAME_OWNER_SHIFT) | 1;
}

static bool steal(const struct domain *d, mfn_t mfn, u64 state)
{
	u64 alone = alone_ref(d) | state;

	/* One reference in all means no type reference either (invariant 3). */
	return mfn_valid(mfn) &&
	       __atomic_compare_exchange_n(&frame_of(mfn)->ref, &alone, FRAME_IN_USE, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

bool reserve_steal(const struct domain *d, mfn_t mfn, bool *uncached)
{
	if (steal(d, mfn, 0))
		return true;
	if (!steal(d, mfn, FRAME_UNCACHED))
		return false;
	*uncached = true;
	return true;
}

void reserve_unsteal(const struct domain *d, mfn_t mfn)
{
	/* Its type stays as it was, with the stamp: TLBs may hold what it was used as (row 401). */
	__atomic_store_n(&frame_of(mfn)->ref, alone_ref(d), __ATOMIC_RELEASE);
}

void reserve_substitute(struct domain *d, mfn_t mfn, unsigned int order)
{
	mark_chunks(d, mfn, BIT(order));
	for (unsigned long i = 0; i < BIT(order); i++)
		own_frame(MFN(mfn.m + i), d, FRAME_ALLOCATED, FRAME_TYPE_NONE);
}

bool reserve_enough_unclaimed(const struct domain *d, unsigned long n)
{
	unsigned long others = READ_ONCE(claimed_total) - READ_ONCE(d->mem.claimed);

	return buddy_free_frames() >= others && buddy_free_frames() - others >= n;
}

mfn_t reserve_alloc(struct domain *d, unsigned int order, unsigned int address_bits)
{
	mfn_t mfn;

	if (READ_ONCE(claimed_total) && !reserve_enough_unclaimed(d, BIT(order)))
		return INVALID_MFN;
	mfn = buddy_alloc_below(order, address_bits, 0);
	if (mfn_eq(mfn, INVALID_MFN))
		return mfn;
	m2p_clear_range(mfn, order);
	if (reserve_assign(d, mfn, order)) {
		buddy_free(mfn, order, tlb_clock());
		return INVALID_MFN;
	}
	return mfn;
}

int reserve_release(struct domain *d, mfn_t mfn)
{
	struct frame *f;
	u64 ref;

	/* Nobody else has it, as it is with nearly all: it goes at once. */
	if (likely(steal(d, mfn, 0))) {
		m2p_clear_range(mfn, 0);
		buddy_free(mfn, 0, tlb_clock());
		reserve_frame_gone(d, true);
		return 0;
	}
	if (!frame_get(mfn, d))
		return -EINVAL;
	f = frame_of(mfn);
	ref = READ_ONCE(f->ref);
	do {
		/*
		 * A pinned table would have to be taken down first, which can take
		 * long: unpinning is the guest's to ask for (security.md, row 252).
		 */
		if (!(ref & FRAME_ALLOCATED) ||
		    (READ_ONCE(f->type) & (FRAME_PINNED | FRAME_ORPHAN))) {
			frame_put(mfn);
			return -EINVAL;
		}
	} while (!__atomic_compare_exchange_n(&f->ref, &ref, ref & ~FRAME_ALLOCATED, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	m2p_clear_range(mfn, 0);
	frame_put(mfn); /* the one that FRAME_ALLOCATED stood for */
	frame_put(mfn); /* ours */
	return 0;
}

void *reserve_alloc_shared(struct domain *d)
{
	mfn_t mfn = buddy_alloc(0, 0);

	if (mfn_eq(mfn, INVALID_MFN))
		return NULL;
	m2p_clear_range(mfn, 0);
	owned_add(d, mfn, 1);
	__atomic_fetch_add(&d->mem.extra_pages, 1, __ATOMIC_RELAXED);
	own_frame(mfn, d, FRAME_HYPERVISOR, FRAME_TYPE_WRITABLE | 1);
	return mfn_to_virt(mfn);
}

void reserve_free_shared(struct domain *d, void *page)
{
	__atomic_fetch_sub(&d->mem.extra_pages, 1, __ATOMIC_RELAXED);
	frame_put_and_type(virt_to_mfn(page));
}

void m2p_set_range(mfn_t mfn, unsigned long pfn, unsigned int order)
{
	for (unsigned long i = 0; i < BIT(order); i++)
		WRITE_ONCE(m2p_writable[mfn.m + i], pfn + i);
}

void m2p_clear_range(mfn_t mfn, unsigned int order)
{
	for (unsigned long i = 0; i < BIT(order); i++)
		WRITE_ONCE(m2p_writable[mfn.m + i], INVALID_M2P_ENTRY);
}

/* --- memory_op: more and less --- */

unsigned int reserve_max_order(const struct domain *d)
{
	return d->is_privileged ? MAX_ORDER_CONTROL : MAX_ORDER_GUEST;
}

unsigned int reserve_address_bits(u32 mem_flags)
{
	unsigned int bits = XENMEMF_get_address_bits(mem_flags), machine_bits = PAGE_SHIFT;

	if (!bits)
		return 0;
	while (machine_bits < 63 && max_mfn > BIT(machine_bits - PAGE_SHIFT))
		machine_bits++;
	return bits < machine_bits ? bits : 0;
}

struct domain *reserve_target(u16 domid, int *err)
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
	if (res->r.extent_order > reserve_max_order(me))
		return false;
	res->address_bits = reserve_address_bits(res->r.mem_flags);
	/* Low memory is for those who drive devices. */
	if (res->address_bits && !me->is_privileged)
		return false;
	/* The caller itself, which may, stays alive without a reference. */
	res->is_other = res->r.domid != DOMID_SELF && res->r.domid != me->id;
	res->d = unlikely(res->is_other) ? reserve_target(res->r.domid, &err) : me;
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
	unsigned long want;
	int ret = 0;

	if (guest_fetch(&r, arg, sizeof(r)))
		return -EFAULT;
	if (!privileged(current->domain, PRIV_SYSTEM, NULL))
		return -EPERM;
	if (r.extent_order || r.mem_flags || !guest_handle_null(r.extent_start))
		return -EINVAL;
	d = reserve_target(r.domid, &ret);
	if (!d)
		return ret;
	spin_lock(&d->mem.lock);
	__atomic_fetch_sub(&claimed_total, d->mem.claimed, __ATOMIC_RELAXED);
	d->mem.claimed = 0;
	if (r.nr_extents) {
		want = r.nr_extents > d->mem.tot_pages ? r.nr_extents - d->mem.tot_pages : 0;
		if (r.nr_extents > d->mem.max_pages || domain_is_dying(d)) {
			ret = -EINVAL;
		} else if (!reserve_enough_unclaimed(d, want)) {
			ret = -ENOMEM;
		} else {
			d->mem.claimed = want;
			__atomic_fetch_add(&claimed_total, want, __ATOMIC_RELAXED);
		}
	}
	spin_unlock(&d->mem.lock);
	domain_put(d);
	return ret;
}
