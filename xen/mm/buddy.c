// SPDX-License-Identifier: MIT
/*
 * Binary buddies over the frame table: a free block is described by the struct
 * frame of its first frame alone, so that neither start-up nor a split or merge
 * touches the others.
 *
 *	ref	high half: previous block in its list; the low half stays 0, so that
 *		frame_get() fails on a free frame whatever a guest guesses
 *	type	FRAME_TYPE_FREE | order
 *	stamp	next block in its list
 *
 * Single frames come and go more often than anything else.  The last few that were freed are
 * kept apart, in a stack per zone, and handed out again from there; only when the blocks do
 * not suffice are they merged into them.
 *
 * What a guest's memory is made of, blocks of 2 MiB, is zeroed ahead by CPUs that are idle, some
 * of it in each zone: wiping is nearly all that a small guest's memory costs.
 *
 * Freed frames may still be in TLBs.  Per zone we keep the newest stamp of any
 * free; an allocation first has every CPU flush that has not since, then wipes
 * (in this order: security.md, row 511).
 */
#include "mm/buddy.h"

#include "console/log.h"
#include "lib/assert.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "machine/block.h"
#include "machine/machine.h"
#include "mm/failing.h"
#include "mm/frame.h"
#include <xen/xen.h>

#define NONE (~0u) /* no block: end of a list */
#define LOW_ZONE_END (1UL << 20)
#define SCAN_MAX 256 /* blocks looked at per list for one below an address */
#define SINGLES_MAX 512u
#define WIPE_ORDER 9u
#define WIPED_MAX 128u /* blocks: 256 MiB, a guest or some */
#define WIPE_STEP 1u /* frames in one go: who wakes up meanwhile waits for them */

enum zone_id { ZONE_LOW, ZONE_HIGH, ZONES };

static struct zone {
	u32 head[MAX_ORDER + 1]; /* frame number + 1; 0: empty */
	u32 filled; /* bit per order whose list is not empty */
	u32 newest_stamp;
	u32 nr_singles;
	u32 single[SINGLES_MAX]; /* free frames, refs and type 0, in no list */
	u32 nr_wiped;
	u32 wiped[WIPED_MAX]; /* free blocks of WIPE_ORDER, all zero, in no list */
	u32 wiping; /* the next of them + 1; 0: none */
	u32 wipe_done; /* frames of it that are zero */
} zones[ZONES];

static struct spinlock heap_lock = SPINLOCK_INIT(HEAP);
static unsigned long free_frames, total_frames;
unsigned long max_mfn;

static struct zone *zone_of(unsigned long m)
{
	return &zones[m < LOW_ZONE_END ? ZONE_LOW : ZONE_HIGH];
}

static u32 prev_of(const struct frame *f)
{
	return (u32)(f->ref >> 32);
}

static void set_prev(struct frame *f, u32 prev)
{
	WRITE_ONCE(f->ref, (u64)prev << 32);
}

static void list_push(unsigned long m, unsigned int order)
{
	struct zone *z = zone_of(m);
	struct frame *f = frame_of(MFN(m));
	u32 next = z->head[order] ? z->head[order] - 1 : NONE;

	f->type = FRAME_TYPE_FREE | order;
	f->stamp = next;
	set_prev(f, NONE);
	if (next != NONE)
		set_prev(frame_of(MFN(next)), (u32)m);
	z->head[order] = (u32)m + 1;
	z->filled |= 1u << order;
}

static void list_remove(unsigned long m, unsigned int order)
{
	struct frame *f = frame_of(MFN(m));
	u32 prev = prev_of(f), next = f->stamp;
	struct zone *z = zone_of(m);

	if (prev != NONE)
		frame_of(MFN(prev))->stamp = next;
	else
		z->head[order] = next == NONE ? 0 : next + 1;
	if (!z->head[order])
		z->filled &= ~(1u << order);
	if (next != NONE)
		set_prev(frame_of(MFN(next)), prev);
	f->type = FRAME_TYPE_NONE;
	f->stamp = 0;
	WRITE_ONCE(f->ref, 0);
}

static bool is_free_block(unsigned long m, unsigned int order)
{
	return m < max_mfn && READ_ONCE(frame_of(MFN(m))->type) == (FRAME_TYPE_FREE | order);
}

/* Merges upwards as far as it goes; zones never merge into each other (4 GiB is aligned). */
static void put_block(unsigned long m, unsigned int order)
{
	free_frames += 1UL << order;
	while (order < MAX_ORDER) {
		unsigned long other = m ^ (1UL << order);

		if (!is_free_block(other, order) || zone_of(other) != zone_of(m))
			break;
		list_remove(other, order);
		m &= ~(1UL << order);
		order++;
	}
	list_push(m, order);
}

void buddy_add_range(mfn_t start, mfn_t end)
{
	unsigned long m = start.m, flags = spin_lock_irqsave(&heap_lock);

	total_frames += end.m - start.m;
	while (m < end.m) {
		unsigned int order = m ? min((unsigned int)__builtin_ctzl(m), MAX_ORDER)
				       : MAX_ORDER;

		while (m + (1UL << order) > end.m)
			order--;
		put_block(m, order);
		m += 1UL << order;
	}
	spin_unlock_irqrestore(&heap_lock, flags);
}

/* A free block of at least `order` that begins so that its first frames lie below `limit`. */
static unsigned long find_block(const struct zone *z, unsigned int order, unsigned long limit,
				unsigned int *found)
{
	for (u32 left = z->filled & ~0u << order; left; left &= left - 1) {
		unsigned int o = (unsigned int)__builtin_ctz(left);
		u32 m = z->head[o] - 1;

		for (unsigned int looked = 0; m != NONE && looked < SCAN_MAX; looked++) {
			if (m + (1UL << order) <= limit) {
				*found = o;
				return m;
			}
			m = frame_of(MFN(m))->stamp;
		}
	}
	return ~0UL;
}

static unsigned long take_from(struct zone *z, unsigned int order, unsigned long limit)
{
	unsigned int o;
	unsigned long m = find_block(z, order, limit, &o);

	if (m == ~0UL)
		return m;
	list_remove(m, o);
	while (o > order) {
		o--;
		list_push(m + (1UL << o), o);
	}
	free_frames -= 1UL << order;
	return m;
}

static void relist(unsigned long m, unsigned int order)
{
	free_frames -= 1UL << order;
	put_block(m, order);
}

/* Puts what is kept apart into the lists; false if there is nothing. */
static bool gather(struct zone *z)
{
	bool any = z->nr_singles || z->nr_wiped || z->wiping;

	while (z->nr_singles)
		relist(z->single[--z->nr_singles], 0);
	while (z->nr_wiped)
		relist(z->wiped[--z->nr_wiped], WIPE_ORDER);
	if (z->wiping)
		relist(z->wiping - 1, WIPE_ORDER);
	z->wiping = 0;
	return any;
}

static bool has_any(const struct zone *z)
{
	return z->filled | z->nr_singles | z->nr_wiped | z->wiping;
}

static unsigned long take(struct zone *z, unsigned int order, unsigned long limit, bool *wiped)
{
	unsigned long m;

	if (likely(!order && z->nr_singles && limit == ~0UL)) {
		free_frames--;
		return z->single[--z->nr_singles];
	}
	if (order == WIPE_ORDER && z->nr_wiped && limit == ~0UL) {
		free_frames -= 1UL << WIPE_ORDER;
		*wiped = true;
		return z->wiped[--z->nr_wiped];
	}
	m = take_from(z, order, limit);
	if (unlikely(m == ~0UL) && gather(z))
		m = take_from(z, order, limit);
	return m;
}

static mfn_t alloc_below(unsigned int order, unsigned long limit, unsigned int flags)
{
	unsigned long m = ~0UL, irq;
	bool wiped = false;
	u32 stamp = 0;

	lockrank_may_call(); /* not only when there is something to flush */
	if (order > MAX_ORDER || allocation_fails())
		return INVALID_MFN;
	irq = spin_lock_irqsave(&heap_lock);
	/* Memory above 4 GiB first: what lies below is all that some devices can reach. */
	if (limit > LOW_ZONE_END && has_any(&zones[ZONE_HIGH]))
		m = take(&zones[ZONE_HIGH], order, limit, &wiped);
	if (m == ~0UL)
		m = take(&zones[ZONE_LOW], order, limit, &wiped);
	if (m != ~0UL)
		stamp = zone_of(m)->newest_stamp;
	spin_unlock_irqrestore(&heap_lock, irq);
	if (m == ~0UL)
		return INVALID_MFN;
	tlb_flush_stale(&cpu_online_map, stamp);
	if (!wiped && !(flags & ALLOC_NO_SCRUB))
		block_zero(mfn_to_virt(MFN(m)), PAGE_SIZE << order);
	return MFN(m);
}

mfn_t buddy_alloc(unsigned int order, unsigned int flags)
{
	return alloc_below(order, flags & ALLOC_BELOW_4G ? LOW_ZONE_END : ~0UL, flags);
}

mfn_t buddy_alloc_below(unsigned int order, unsigned int address_bits, unsigned int flags)
{
	unsigned long limit = address_bits && address_bits < 52
				      ? (1UL << address_bits) >> PAGE_SHIFT
				      : ~0UL;

	return alloc_below(order, limit, flags);
}

/* stamp: of the last use; NULL where no guest's translation can have shown the block. */
static void give_back(mfn_t mfn, unsigned int order, const u32 *stamp)
{
	unsigned long flags;
	struct zone *z = zone_of(mfn.m);
	u32 t;

	for (unsigned long i = 0; i < 1UL << order; i++) {
		struct frame *f = frame_of(MFN(mfn.m + i));

		f->type = FRAME_TYPE_NONE;
		WRITE_ONCE(f->ref, 0);
	}
	flags = spin_lock_irqsave(&heap_lock);
	t = tlb_clock();
	/* By age: the one that we have may be older than what a signed difference can tell. */
	if (stamp && t - *stamp < t - z->newest_stamp)
		z->newest_stamp = *stamp;
	if (!order && z->nr_singles < SINGLES_MAX) {
		z->single[z->nr_singles++] = (u32)mfn.m;
		free_frames++;
	} else {
		put_block(mfn.m, order);
	}
	spin_unlock_irqrestore(&heap_lock, flags);
}

void buddy_free(mfn_t mfn, unsigned int order, u32 stamp)
{
	give_back(mfn, order, &stamp);
}

/* --- ahead of need --- */

static bool wiper_busy; /* one CPU at a time, so that others never wait for more than one step */

static bool wants_wiping(const struct zone *z)
{
	return READ_ONCE(z->wiping) ||
	       (READ_ONCE(z->nr_wiped) < WIPED_MAX && READ_ONCE(z->filled) >> WIPE_ORDER);
}

bool buddy_wipe_due(void)
{
	return !READ_ONCE(wiper_busy) &&
	       (wants_wiping(&zones[ZONE_HIGH]) || wants_wiping(&zones[ZONE_LOW]));
}

/* True: there is another block to wipe, which is to be flushed first. */
static bool wipe_begin(struct zone *z)
{
	unsigned long m = z->nr_wiped < WIPED_MAX ? take_from(z, WIPE_ORDER, ~0UL) : ~0UL;

	if (m == ~0UL)
		return false;
	free_frames += 1UL << WIPE_ORDER;
	z->wiping = (u32)m + 1;
	z->wipe_done = 0;
	return true;
}

static void wipe_step(struct zone *z)
{
	block_zero(mfn_to_virt(MFN(z->wiping - 1 + z->wipe_done)), WIPE_STEP * PAGE_SIZE);
	z->wipe_done += WIPE_STEP;
	if (z->wipe_done < 1u << WIPE_ORDER)
		return;
	z->wiped[z->nr_wiped++] = z->wiping - 1;
	z->wiping = 0;
}

/*
 * One flush for a block, all of which was freed before it is begun: what guests free meanwhile is
 * not in it, and neither keeps it from being done nor has other CPUs flush for each step.
 */
void buddy_wipe(void)
{
	struct zone *z = &zones[wants_wiping(&zones[ZONE_HIGH]) ? ZONE_HIGH : ZONE_LOW];
	unsigned long flags;
	u32 stamp;

	if (__atomic_exchange_n(&wiper_busy, true, __ATOMIC_ACQUIRE))
		return;
	flags = spin_lock_irqsave(&heap_lock);
	if (!z->wiping && wipe_begin(z)) {
		stamp = z->newest_stamp;
		spin_unlock_irqrestore(&heap_lock, flags);
		tlb_flush_stale(&cpu_online_map, stamp);
		flags = spin_lock_irqsave(&heap_lock);
	}
	/* Somebody may have wanted all there is while we flushed. */
	if (z->wiping)
		wipe_step(z);
	spin_unlock_irqrestore(&heap_lock, flags);
	__atomic_store_n(&wiper_busy, false, __ATOMIC_RELEASE);
}

mfn_t frame_alloc(unsigned int order, unsigned int flags)
{
	mfn_t mfn = buddy_alloc(order, flags);

	if (mfn_eq(mfn, INVALID_MFN))
		return mfn;
	for (unsigned long i = 0; i < 1UL << order; i++)
		WRITE_ONCE(frame_of(MFN(mfn.m + i))->ref,
			   FRAME_IN_USE | FRAME_HYPERVISOR | (u64)DOMID_XEN << FRAME_OWNER_SHIFT |
				   1);
	return mfn;
}

void frame_free(mfn_t mfn, unsigned int order)
{
	/* Only our own mappings showed it, which stay as they are: nothing to flush. */
	give_back(mfn, order, NULL);
}

void *page_alloc(void)
{
	mfn_t mfn = frame_alloc(0, 0);

	return mfn_eq(mfn, INVALID_MFN) ? NULL : mfn_to_virt(mfn);
}

void page_free(void *page)
{
	if (page)
		frame_free(virt_to_mfn(page), 0);
}

void buddy_dump(void)
{
	for (unsigned int i = 0; i < ZONES; i++)
		for (unsigned int order = MAX_ORDER + 1; order--;)
			if (READ_ONCE(zones[i].head[order])) {
				log_line("largest free block %s 4 GiB: %lu KiB",
					 i == ZONE_LOW ? "below" : "above", 4UL << order);
				break;
			}
}

unsigned long buddy_free_frames(void)
{
	return READ_ONCE(free_frames);
}

unsigned long buddy_total_frames(void)
{
	return READ_ONCE(total_frames);
}
