// SPDX-License-Identifier: MIT
/*
 * Handles: who has mapped what.  An index into pages of records that are added
 * as they are needed, up to the domain's limit, and stay; free ones are in a
 * list.  The state of a record is its lock: whoever took it from IN_USE to BUSY
 * is alone with it, so that two unmaps of one handle cannot both succeed.
 */
#include "domain/domain.h"
#include "gnttab/gnttab.h"
#include "lib/errno.h"
#include "machine/barrier.h"
#include "mm/slab.h"

/* One more page of free records; track_lock held. */
static bool grow(struct domain *d)
{
	struct grant_table *gt = d->grants;
	u32 first = gt->track_frames * MAPTRACK_PER_FRAME;
	struct maptrack *page;

	if (gt->track_frames >= d->max_maptrack_frames)
		return false;
	page = kcalloc(MAPTRACK_PER_FRAME, sizeof(*page));
	if (!page)
		return false;
	for (u32 i = 0; i < MAPTRACK_PER_FRAME; i++)
		page[i].ref = i + 1 < MAPTRACK_PER_FRAME ? first + i + 1 : gt->track_free;
	gt->track[gt->track_frames] = page;
	gt->track_free = first;
	__atomic_store_n(&gt->track_frames, gt->track_frames + 1, __ATOMIC_RELEASE);
	return true;
}

grant_handle_t maptrack_get(struct domain *d, struct maptrack **track)
{
	struct grant_table *gt = d->grants;
	grant_handle_t handle = MAPTRACK_NONE;

	spin_lock(&gt->track_lock);
	if (gt->track_free != MAPTRACK_NONE || grow(d)) {
		struct maptrack *m;

		handle = gt->track_free;
		m = &gt->track[handle / MAPTRACK_PER_FRAME][handle % MAPTRACK_PER_FRAME];
		gt->track_free = m->ref;
		__atomic_store_n(&m->state, MAPTRACK_BUSY, __ATOMIC_RELAXED);
		*track = m;
	}
	spin_unlock(&gt->track_lock);
	return handle;
}

void maptrack_put(struct domain *d, grant_handle_t handle, struct maptrack *m)
{
	struct grant_table *gt = d->grants;

	spin_lock(&gt->track_lock);
	m->ref = gt->track_free;
	gt->track_free = handle;
	__atomic_store_n(&m->state, MAPTRACK_FREE, __ATOMIC_RELAXED);
	spin_unlock(&gt->track_lock);
}
