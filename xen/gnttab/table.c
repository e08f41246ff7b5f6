// SPDX-License-Identifier: MIT
/*
 * The granting side: shared pages, their growth, and the pins on entries.
 *
 * The guest changes its entries whenever it likes; what we decide by is read
 * once, together with the compare-and-swap that marks the entry as in use.
 * What was decided is kept in the active record, which the guest cannot reach.
 */
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/guestcopy.h"
#include "gnttab/gnttab.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/reserve.h"
#include "mm/slab.h"
#include "sched/deferred.h"

#define LOG_ROOM "gnttab"
#include "console/log.h"

#define STATUS_TRIES 8 /* of a compare-and-swap that the guest can disturb */
#define PINS_MAX 0xffffu
#define PINS_MANY 0x8000800080008000UL /* any count in its upper half: then it is looked at */

/* --- life --- */

/* One more shared page; gt->lock held. */
static int grow(struct domain *d)
{
	struct grant_table *gt = d->grants;
	u32 n = gt->nr_frames;

	gt->active[n] = kcalloc(GRANTS_PER_FRAME, sizeof(struct grant_active));
	if (!gt->active[n])
		return -ENOMEM;
	gt->shared[n] = reserve_alloc_shared(d);
	if (!gt->shared[n]) {
		kfree(gt->active[n]);
		gt->active[n] = NULL;
		return -ENOMEM;
	}
	gt->nr_frames = n + 1;
	return 0;
}

int gnttab_domain_init(struct domain *d)
{
	struct grant_table *gt = kmalloc(sizeof(*gt));

	if (!gt)
		return -ENOMEM;
	if (!d->max_grant_frames)
		d->max_grant_frames = GRANT_FRAMES_DEFAULT;
	if (!d->max_maptrack_frames)
		d->max_maptrack_frames = MAPTRACK_FRAMES_DEFAULT;
	d->max_grant_frames = min(d->max_grant_frames, GRANT_FRAMES_LIMIT);
	d->max_maptrack_frames = min(d->max_maptrack_frames, MAPTRACK_FRAMES_LIMIT);
	spin_lock_init(&gt->lock, LOCK_GRANT);
	spin_lock_init(&gt->track_lock, LOCK_MAPTRACK);
	gt->track_free = MAPTRACK_NONE;
	gt->shared = kcalloc(d->max_grant_frames, sizeof(*gt->shared));
	gt->active = kcalloc(d->max_grant_frames, sizeof(*gt->active));
	gt->track = kcalloc(d->max_maptrack_frames, sizeof(*gt->track));
	d->grants = gt;
	if (gt->shared && gt->active && gt->track && !grow(d))
		return 0;
	gnttab_domain_free(d);
	return -ENOMEM;
}

/* Shared pages stay mapped wherever they are; only our use of them ends. */
static void drop_shared(struct domain *d)
{
	struct grant_table *gt = d->grants;

	spin_lock(&gt->lock);
	gt->gone = true;
	spin_unlock(&gt->lock);
	for (u32 i = 0; i < gt->nr_frames; i++) {
		if (gt->shared[i])
			reserve_free_shared(d, gt->shared[i]);
		gt->shared[i] = NULL;
	}
}

int gnttab_domain_destroy(struct domain *d)
{
	struct grant_table *gt = d->grants;
	u32 end = gt->track_frames * MAPTRACK_PER_FRAME;

	while (gt->sweep < end) {
		gnttab_forget_handle(d, gt->sweep++);
		if (gt->sweep % 64 == 0 && hypercall_should_preempt())
			return -ERESTART;
	}
	drop_shared(d);
	return 0;
}

void gnttab_domain_free(struct domain *d)
{
	struct grant_table *gt = d->grants;

	if (!gt)
		return;
	if (gt->shared && !gt->gone)
		drop_shared(d);
	for (u32 i = 0; i < gt->nr_frames; i++)
		kfree(gt->active[i]);
	for (u32 i = 0; i < gt->track_frames; i++)
		kfree(gt->track[i]);
	kfree(gt->shared);
	kfree(gt->active);
	kfree(gt->track);
	kfree(gt);
	d->grants = NULL;
}

/* --- shared pages --- */

int gnttab_frame(struct domain *d, unsigned int index, mfn_t *mfn)
{
	struct grant_table *gt = d->grants;
	int ret = 0;

	if (index >= d->max_grant_frames)
		return -EINVAL;
	spin_lock(&gt->lock);
	while (!ret && gt->nr_frames <= index)
		ret = gt->gone ? -EINVAL : grow(d);
	if (!ret && gt->gone)
		ret = -EINVAL;
	if (!ret)
		*mfn = virt_to_mfn(gt->shared[index_nospec(index, gt->nr_frames)]);
	spin_unlock(&gt->lock);
	return ret;
}

/* The domain of an operation on a table as a whole. */
static struct domain *table_owner(domid_t domid, s16 *status)
{
	struct domain *d = domain_get(domid);

	*status = d ? GNTST_permission_denied : GNTST_bad_domain;
	if (d && !privileged(current->domain, PRIV_GRANT_TABLE, d)) {
		domain_put(d);
		d = NULL;
	}
	return d;
}

s16 gnttab_setup_table(struct gnttab_setup_table *op)
{
	s16 status;
	struct domain *d = table_owner(op->dom, &status);

	if (!d)
		return status;
	status = GNTST_okay;
	if (op->nr_frames > d->max_grant_frames)
		status = GNTST_general_error;
	for (u32 i = 0; status == GNTST_okay && i < op->nr_frames; i++) {
		xen_pfn_t out;
		mfn_t mfn;

		if (gnttab_frame(d, i, &mfn)) {
			status = GNTST_general_error;
			break;
		}
		out = mfn.m;
		if (guest_write(guest_handle_addr(op->frame_list, i), &out, sizeof(out)))
			status = GNTST_bad_virt_addr;
	}
	domain_put(d);
	return status;
}

s16 gnttab_query_size(struct gnttab_query_size *op)
{
	s16 status;
	struct domain *d = table_owner(op->dom, &status);

	if (!d)
		return status;
	op->nr_frames = READ_ONCE(d->grants->nr_frames);
	op->max_nr_frames = d->max_grant_frames;
	domain_put(d);
	return GNTST_okay;
}

/* --- entries --- */

/*
 * The record of an entry; gt->lock held.  NULL when there is no such grant.  *ref is within the
 * table afterwards, under speculation too.
 */
static inline struct grant_active *active_entry(struct grant_table *gt, grant_ref_t *ref)
{
	u32 end = gt->nr_frames * GRANTS_PER_FRAME;

	if (*ref >= end)
		return NULL;
	*ref = (u32)index_nospec(*ref, end);
	return &gt->active[*ref / GRANTS_PER_FRAME][*ref % GRANTS_PER_FRAME];
}

/* For a ref that active_entry() has been given, while the shared pages are there. */
static inline struct grant_entry_v1 *shared_entry(struct grant_table *gt, grant_ref_t ref)
{
	return &gt->shared[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}

static bool is_pinned(const struct grant_active *act)
{
	return act->any_pin != 0;
}

static bool is_write_pinned(const struct grant_active *act)
{
	return act->pins[1] || act->pins[3];
}

/* Flags and domid of an entry share a word: one compare-and-swap checks and marks both. */
static s16 mark_in_use(struct grant_entry_v1 *entry, domid_t user, bool write)
{
	u32 *word = (u32 *)entry;
	u32 old = __atomic_load_n(word, __ATOMIC_RELAXED);

	for (unsigned int i = 0; i < STATUS_TRIES; i++) {
		u16 flags = (u16)old;

		if ((flags & GTF_type_mask) != GTF_permit_access || old >> 16 != user)
			return GNTST_general_error;
		if (write && (flags & GTF_readonly))
			return GNTST_general_error;
		if (__atomic_compare_exchange_n(word, &old,
						old | GTF_reading | (write ? GTF_writing : 0u),
						false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return GNTST_okay;
	}
	return GNTST_general_error;
}

/* Adds to (or takes from) the counts that `how` names. */
static void count_pins(struct grant_active *act, unsigned int how, int delta)
{
	unsigned int write = how & PIN_WRITE ? 1 : 0;

	if (how & PIN_HOST)
		act->pins[write] = (u16)(act->pins[write] + delta);
	if (how & PIN_DEVICE)
		act->pins[2 + write] = (u16)(act->pins[2 + write] + delta);
}

s16 grant_pin(struct domain *rd, grant_ref_t ref, const struct domain *ld, unsigned int how,
	      mfn_t *frame)
{
	struct grant_table *gt = rd->grants;
	struct grant_entry_v1 *entry;
	struct grant_active *act;
	s16 status = GNTST_okay;

	spin_lock(&gt->lock);
	act = active_entry(gt, &ref);
	if (!act || gt->gone) {
		status = GNTST_bad_gntref;
		goto out;
	}
	entry = shared_entry(gt, ref);
	/* In use by somebody else, or as often as we can count. */
	if (is_pinned(act) && act->domid != ld->id) {
		status = GNTST_general_error;
		goto out;
	}
	for (unsigned int i = 0; act->any_pin & PINS_MANY && i < ARRAY_SIZE(act->pins); i++)
		if (act->pins[i] == PINS_MAX) {
			status = GNTST_general_error;
			goto out;
		}
	if (!is_pinned(act) || ((how & PIN_WRITE) && !is_write_pinned(act)))
		status = mark_in_use(entry, ld->id, how & PIN_WRITE);
	if (status != GNTST_okay)
		goto out;
	if (!is_pinned(act)) {
		act->domid = ld->id;
		/* Behind the mark: the guest has promised not to change it from there on. */
		act->frame = READ_ONCE(entry->frame);
	}
	count_pins(act, how, 1);
	*frame = MFN(act->frame);
out:
	spin_unlock(&gt->lock);
	return status;
}

void grant_unpin(struct domain *rd, grant_ref_t ref, unsigned int how)
{
	struct grant_table *gt = rd->grants;
	struct grant_active *act;
	u16 clear = 0;

	spin_lock(&gt->lock);
	act = active_entry(gt, &ref);
	ASSERT(act && is_pinned(act));
	count_pins(act, how, -1);
	if (!is_write_pinned(act))
		clear |= GTF_writing;
	if (!is_pinned(act))
		clear |= GTF_reading;
	if (clear && !gt->gone)
		__atomic_fetch_and(&shared_entry(gt, ref)->flags, (u16)~clear, __ATOMIC_SEQ_CST);
	spin_unlock(&gt->lock);
}

s16 gnttab_swap_refs(const struct gnttab_swap_grant_ref *op)
{
	struct grant_table *gt = current->domain->grants;
	grant_ref_t ref_a = op->ref_a, ref_b = op->ref_b;
	struct grant_active *a, *b;
	s16 status = GNTST_okay;

	spin_lock(&gt->lock);
	/* Both are looked at before either is touched (security.md, row 18). */
	a = active_entry(gt, &ref_a);
	b = active_entry(gt, &ref_b);
	if (!a || !b || gt->gone) {
		status = GNTST_bad_gntref;
	} else if (a != b && (is_pinned(a) || is_pinned(b))) {
		status = GNTST_eagain;
	} else if (a != b) {
		struct grant_entry_v1 *ea = shared_entry(gt, ref_a);
		struct grant_entry_v1 *eb = shared_entry(gt, ref_b);
		struct grant_entry_v1 keep = *ea;

		*ea = *eb;
		*eb = keep;
	}
	spin_unlock(&gt->lock);
	return status;
}
