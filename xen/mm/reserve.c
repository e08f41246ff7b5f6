// SPDX-License-Identifier: MIT
/*
 * Domains' frames: given, taken back, counted, promised.
 *
 * The life of a frame of a domain:
 *
 *   heap --reserve_assign--> owned, FRAME_ALLOCATED --reserve_release--> owned
 *                                                        |  last reference
 *   heap <--------------- frame_put() <------------------+  goes
 *
 * Limits are checked and the count raised under one lock, so that no race of
 * two allocations passes them (security.md, row 385).
 */
#include "mm/reserve.h"

#include "domain/domain.h"
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/slab.h"

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

int reserve_claim(struct domain *d, unsigned long total)
{
	unsigned long want;
	int ret = 0;

	spin_lock(&d->mem.lock);
	__atomic_fetch_sub(&claimed_total, d->mem.claimed, __ATOMIC_RELAXED);
	d->mem.claimed = 0;
	if (total) {
		want = total > d->mem.tot_pages ? total - d->mem.tot_pages : 0;
		if (total > d->mem.max_pages || domain_is_dying(d)) {
			ret = -EINVAL;
		} else if (!reserve_enough_unclaimed(d, want)) {
			ret = -ENOMEM;
		} else {
			d->mem.claimed = want;
			__atomic_fetch_add(&claimed_total, want, __ATOMIC_RELAXED);
		}
	}
	spin_unlock(&d->mem.lock);
	return ret;
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
