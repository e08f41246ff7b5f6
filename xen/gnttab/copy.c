// SPDX-License-Identifier: MIT
/*
 * Grant copy: bytes from one page to another, each side a grant or a frame of
 * the caller's own.
 *
 * Acquiring a side gives one object, struct copy_side, with the granter, the
 * pin, the frame and the page reference belonging together; every later step
 * uses that object and looks nothing up again (security.md, rows 500 and 523).
 * It is kept while the next element of a batch names the same side.
 */
#include "domain/domain.h"
#include "gnttab/gnttab.h"
#include "lib/string.h"
#include "machine/block.h"
#include "machine/layout.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/hold.h"

static bool hold_page(mfn_t mfn, struct domain *owner, bool write)
{
	return write ? frame_hold_writable(mfn, owner->id) : frame_hold(mfn, owner->id);
}

static unsigned int pins_of(const struct copy_side *side)
{
	return PIN_DEVICE | (side->write ? PIN_WRITE : 0);
}

/* The caller itself stays alive without a reference. */
static struct domain *open_granter(domid_t id)
{
	return id == DOMID_SELF || id == current->domain->id ? current->domain : domain_get(id);
}

static void close_granter(struct domain *rd)
{
	if (rd != current->domain)
		domain_put(rd);
}

static void release(struct copy_side *side)
{
	if (!side->valid)
		return;
	side->valid = false;
	if (side->write)
		frame_drop_writable(side->mfn);
	else
		frame_drop(side->mfn);
	if (side->is_grant) {
		grant_unpin(side->rd, (grant_ref_t)side->name, pins_of(side));
		close_granter(side->rd);
	}
}

/* A grant of another domain: pinned first, then its page held. */
static s16 acquire_grant(struct copy_side *side)
{
	struct domain *ld = current->domain;
	s16 status;

	side->rd = open_granter(side->domid);
	if (!side->rd)
		return GNTST_bad_domain;
	status = domain_is_dying(side->rd) ? GNTST_bad_domain
					   : grant_pin(side->rd, (grant_ref_t)side->name, ld,
						       pins_of(side), &side->mfn);
	if (status == GNTST_okay && !hold_page(side->mfn, side->rd, side->write)) {
		grant_unpin(side->rd, (grant_ref_t)side->name, pins_of(side));
		status = GNTST_bad_page;
	}
	if (status != GNTST_okay)
		close_granter(side->rd);
	return status;
}

static s16 acquire_own(struct copy_side *side)
{
	struct domain *ld = current->domain;

	/* A frame number means something only to the domain whose frame it is. */
	if (side->domid != DOMID_SELF && side->domid != ld->id)
		return GNTST_permission_denied;
	side->mfn = MFN(side->name);
	return hold_page(side->mfn, ld, side->write) ? GNTST_okay : GNTST_bad_page;
}

/* Makes *side the one that the arguments name. */
static s16 acquire(struct copy_side *side, bool is_grant, bool write, domid_t domid,
		   unsigned long name)
{
	s16 status;

	if (side->valid && side->is_grant == is_grant && side->domid == domid && side->name == name)
		return GNTST_okay;
	release(side);
	side->is_grant = is_grant;
	side->write = write;
	side->domid = domid;
	side->name = name;
	status = is_grant ? acquire_grant(side) : acquire_own(side);
	side->valid = status == GNTST_okay;
	return status;
}

s16 gnttab_copy_one(struct copy_state *state, const struct gnttab_copy *op)
{
	bool from_grant = op->flags & GNTCOPY_source_gref, to_grant = op->flags & GNTCOPY_dest_gref;
	const u8 *src;
	s16 status;
	u8 *dst;

	if (op->source.offset + (u32)op->len > PAGE_SIZE ||
	    op->dest.offset + (u32)op->len > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	status = acquire(&state->source, from_grant, false, op->source.domid,
			 from_grant ? op->source.u.ref : op->source.u.gmfn);
	if (status == GNTST_okay)
		status = acquire(&state->dest, to_grant, true, op->dest.domid,
				 to_grant ? op->dest.u.ref : op->dest.u.gmfn);
	if (status != GNTST_okay)
		return status;
	dst = (u8 *)mfn_to_virt(state->dest.mfn) + op->dest.offset;
	src = (u8 *)mfn_to_virt(state->source.mfn) + op->source.offset;
	if (mfn_eq(state->dest.mfn, state->source.mfn))
		memmove(dst, src, op->len); /* the ranges may overlap */
	else
		block_copy(dst, src, op->len);
	return GNTST_okay;
}

void gnttab_copy_end(struct copy_state *state)
{
	release(&state->source);
	release(&state->dest);
}
