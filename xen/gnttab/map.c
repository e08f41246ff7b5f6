// SPDX-License-Identifier: MIT
/*
 * Mapping and unmapping granted frames.
 *
 * A handle may stand for a mapping by the CPU, by devices, or both; each has a
 * count of its own in the grant's active record, and an unmap that names one
 * that the handle does not have changes nothing at all.
 *
 * A guest that overwrites the page-table entry of a mapping by itself has let
 * go of the page, but its handle then never ends: the grant stays marked as in
 * use, and only the guest's own death frees the record (row D36).
 */
#include "domain/domain.h"
#include "gnttab/gnttab.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/update.h"

#define MAP_KINDS (GNTMAP_host_map | GNTMAP_device_map)
#define PTE_AVAIL_SHIFT 9
#define PTE_AVAIL_MASK 7u

static unsigned int pins_of(unsigned int flags)
{
	return (flags & GNTMAP_host_map ? PIN_HOST : 0) |
	       (flags & GNTMAP_device_map ? PIN_DEVICE : 0) |
	       (flags & GNTMAP_readonly ? 0 : PIN_WRITE);
}

/* A page reference for devices: they write only to what is plain memory. */
static bool hold_for_device(mfn_t mfn, struct domain *rd, bool readonly)
{
	return readonly ? frame_get(mfn, rd) : !frame_get_and_type(mfn, rd, FRAME_TYPE_WRITABLE);
}

static void release_for_device(mfn_t mfn, bool readonly)
{
	if (readonly)
		frame_put(mfn);
	else
		frame_put_and_type(mfn);
}

static u64 host_entry(mfn_t mfn, u32 flags)
{
	u64 e = (u64)mfn.m << PAGE_SHIFT | PTE_PRESENT | PTE_ACCESSED;

	if (!(flags & GNTMAP_readonly))
		e |= PTE_RW | PTE_DIRTY;
	if (flags & GNTMAP_application_map)
		e |= PTE_USER;
	return e | (u64)((flags >> _GNTMAP_guest_avail0) & PTE_AVAIL_MASK) << PTE_AVAIL_SHIFT;
}

/* The mapping itself, of a frame that is pinned for us. */
static s16 map_frame_pinned(const struct gnttab_map_grant_ref *op, struct domain *rd, mfn_t mfn)
{
	bool readonly = op->flags & GNTMAP_readonly;

	if ((op->flags & GNTMAP_device_map) && !hold_for_device(mfn, rd, readonly))
		return GNTST_general_error;
	if ((op->flags & GNTMAP_host_map) &&
	    l1e_install_foreign(current->domain, op->host_addr, op->flags & GNTMAP_contains_pte, rd,
				host_entry(mfn, op->flags))) {
		if (op->flags & GNTMAP_device_map)
			release_for_device(mfn, readonly);
		return GNTST_general_error;
	}
	return GNTST_okay;
}

static s16 map_from(struct gnttab_map_grant_ref *op, struct domain *rd)
{
	struct domain *ld = current->domain;
	struct maptrack *m = NULL;
	grant_handle_t handle = maptrack_get(ld, &m);
	s16 status;
	mfn_t mfn;

	if (handle == MAPTRACK_NONE)
		return GNTST_no_space;
	status = grant_pin(rd, op->ref, ld, pins_of(op->flags), &mfn);
	if (status != GNTST_okay)
		goto no_pin;
	status = map_frame_pinned(op, rd, mfn);
	if (status != GNTST_okay)
		goto no_map;
	m->ref = op->ref;
	m->domid = rd->id;
	m->flags = op->flags & (MAP_KINDS | GNTMAP_readonly | GNTMAP_contains_pte);
	domain_ref(rd);
	/* Published whole: from here on an unmap may take it. */
	__atomic_store_n(&m->state, MAPTRACK_IN_USE, __ATOMIC_RELEASE);
	op->handle = handle;
	op->dev_bus_addr = (u64)mfn.m << PAGE_SHIFT;
	return GNTST_okay;

no_map:
	grant_unpin(rd, op->ref, pins_of(op->flags));
no_pin:
	maptrack_put(ld, handle, m);
	return status;
}

void gnttab_map(struct gnttab_map_grant_ref *op)
{
	struct domain *rd;

	op->handle = MAPTRACK_NONE;
	op->dev_bus_addr = 0;
	if (!(op->flags & MAP_KINDS)) {
		op->status = GNTST_bad_gntref;
		return;
	}
	/* The caller itself stays alive without a reference. */
	if (op->dom == DOMID_SELF || op->dom == current->domain->id)
		rd = current->domain;
	else
		rd = domain_get(op->dom);
	if (!rd) {
		op->status = GNTST_bad_domain;
		return;
	}
	op->status = domain_is_dying(rd) ? GNTST_bad_domain : map_from(op, rd);
	if (rd != current->domain)
		domain_put(rd);
}

/* --- unmap --- */

/* Which kinds the call names, if the handle has them all; 0: something does not fit. */
static u8 kinds_named(const struct gnttab_unmap_grant_ref *op, const struct maptrack *m)
{
	u8 kinds = (op->host_addr ? GNTMAP_host_map : 0) |
		   (op->dev_bus_addr ? GNTMAP_device_map : 0);

	return kinds & ~m->flags ? 0 : kinds;
}

/*
 * The frame of the grant that m holds pinned: what is unmapped must be exactly
 * that (security.md, row 234).
 */
static mfn_t pinned_frame(const struct domain *rd, const struct maptrack *m)
{
	const struct grant_table *gt = rd->grants;

	return MFN(gt->active[m->ref / GRANTS_PER_FRAME][m->ref % GRANTS_PER_FRAME].frame);
}

s16 gnttab_unmap_begin(const struct gnttab_unmap_grant_ref *op, struct grant_unmap *u)
{
	struct domain *ld = current->domain;
	struct maptrack *m = maptrack_entry(ld->grants, op->handle);
	s16 status = GNTST_okay;
	bool readonly;
	mfn_t mfn;

	u->track = NULL;
	if (!m || !maptrack_claim(m))
		return GNTST_bad_handle;
	u->done = kinds_named(op, m);
	readonly = m->flags & GNTMAP_readonly;
	/* The handle's pin and domain reference keep all of these from changing. */
	u->granter = domain_of_owner(m->domid);
	mfn = pinned_frame(u->granter, m);
	if (!u->done)
		status = op->host_addr ? GNTST_bad_virt_addr : GNTST_bad_dev_addr;
	else if (op->dev_bus_addr && op->dev_bus_addr != (u64)mfn.m << PAGE_SHIFT)
		status = GNTST_bad_dev_addr;
	else if (op->host_addr && l1e_clear_if_maps(ld, op->host_addr,
						    m->flags & GNTMAP_contains_pte, mfn, !readonly))
		status = GNTST_bad_virt_addr;
	if (status != GNTST_okay) {
		__atomic_store_n(&m->state, MAPTRACK_IN_USE, __ATOMIC_RELEASE);
		return status;
	}
	u->track = m;
	u->handle = op->handle;
	u->frame = mfn;
	return GNTST_okay;
}

/* Gives up u->done of a handle that the caller has BUSY, and the handle with its last. */
static void end_kinds(struct domain *ld, const struct grant_unmap *u)
{
	struct domain *rd = u->granter;
	struct maptrack *m = u->track;
	u8 kinds = u->done;
	bool readonly = m->flags & GNTMAP_readonly;

	grant_unpin(rd, m->ref, pins_of(kinds | (m->flags & GNTMAP_readonly)));
	if (kinds & GNTMAP_device_map)
		release_for_device(u->frame, readonly);
	m->flags &= (u8)~kinds;
	if (m->flags & MAP_KINDS) {
		__atomic_store_n(&m->state, MAPTRACK_IN_USE, __ATOMIC_RELEASE);
		return;
	}
	maptrack_put(ld, u->handle, m);
	domain_put(rd);
}

void gnttab_unmap_finish(struct grant_unmap *u)
{
	if (u->track)
		end_kinds(current->domain, u);
	u->track = NULL;
}

void gnttab_forget_handle(struct domain *d, grant_handle_t handle)
{
	struct maptrack *m = maptrack_entry(d->grants, handle);
	struct grant_unmap u = {.track = m, .handle = handle};

	if (!m || !maptrack_claim(m))
		return;
	u.done = m->flags & MAP_KINDS;
	u.granter = domain_of_owner(m->domid);
	u.frame = pinned_frame(u.granter, m);
	end_kinds(d, &u);
}
