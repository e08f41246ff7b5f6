/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1: a domain lends a frame by writing an entry into
 * pages that it shares with us; another maps it or has bytes copied.
 *
 * Two sides, two locks.  The granter's table (LOCK_GRANT) has, beside each
 * shared entry, an `active` record of what is in use; the mapper's map-track
 * (LOCK_MAPTRACK) has an entry per handle.  Neither lock is held while page
 * tables change, since those are locked first; an operation therefore pins, and
 * undoes the pin when a later step fails.
 *
 * Invariants:
 *  1. While any count of an active record is above 0, its domid and frame do not
 *     change, GTF_reading is set in the shared entry, and GTF_writing is if a
 *     writing count is above 0.  (The guest may scribble over its entry: then
 *     only it is fooled.)
 *  2. Each handle accounts for one host count, one device count or both, as its
 *     flags say, and holds a reference on the granting domain, so that the
 *     domain id in it stays valid.
 *  3. The page reference of a host mapping is the page-table entry's; that of a
 *     device mapping is the handle's; that of a copy is the copy's.
 *  4. Order of an unmap: entry gone, TLBs flushed, pin dropped, status cleared:
 *     when the granter sees the status cleared nobody can reach the page.
 */
#ifndef DAIS_GNTTAB_GNTTAB_H
#define DAIS_GNTTAB_GNTTAB_H

#include "lib/abi.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "machine/barrier.h"
#include <xen/grant_table.h>

struct domain;

#define GRANTS_PER_FRAME ((u32)(PAGE_SIZE / sizeof(struct grant_entry_v1)))
#define GRANT_FRAMES_DEFAULT 64u
#define GRANT_FRAMES_LIMIT 1024u
#define MAPTRACK_FRAMES_DEFAULT 1024u
#define MAPTRACK_FRAMES_LIMIT 8192u

/* What is in use of one grant; gt->lock. */
struct grant_active {
	union {
		u16 pins[4]; /* host read, host write, device read, device write */
		u64 any_pin; /* 0: not in use */
	};
	u32 frame;
	domid_t domid; /* the user of it: all pins are that domain's */
};

enum maptrack_state {
	MAPTRACK_FREE,
	MAPTRACK_IN_USE,
	MAPTRACK_BUSY, /* taken by exactly one caller: map or unmap in progress */
};

struct maptrack {
	u32 ref; /* grant mapped; while free: next free handle */
	domid_t domid;
	u8 flags; /* GNTMAP_device_map, host_map, readonly, contains_pte */
	u8 state; /* enum maptrack_state; atomic */
};
static_assert(sizeof(struct maptrack) == 8, "a page of them holds 512");

#define MAPTRACK_PER_FRAME ((u32)(PAGE_SIZE / sizeof(struct maptrack)))
#define MAPTRACK_NONE (~0u)

struct grant_table {
	/* The granting side; lock: LOCK_GRANT. */
	struct spinlock lock;
	u32 nr_frames; /* grown so far */
	bool gone; /* shared pages are given back: the domain is dying */
	struct grant_entry_v1 **shared; /* [max_grant_frames] */
	struct grant_active **active; /* the same; kept until the domain is freed */

	/* The mapping side; track_lock: LOCK_MAPTRACK. */
	struct spinlock track_lock;
	u32 track_frames;
	u32 track_free; /* head of the free list, MAPTRACK_NONE */
	struct maptrack **track; /* [max_maptrack_frames]; pages appear with a release store */
	u32 sweep; /* where a sliced destroy goes on */
};

/* --- table.c --- */

/* Limits are in d (0: default), its first frame is set up.  0 or -ENOMEM. */
int gnttab_domain_init(struct domain *d);
/* Gives back what d has mapped, then its shared pages.  0 or -ERESTART. */
int gnttab_domain_destroy(struct domain *d);
void gnttab_domain_free(struct domain *d);
/* The frame of shared page `index`, growing the table up to it.  0, -EINVAL or -ENOMEM. */
int gnttab_frame(struct domain *d, unsigned int index, mfn_t *mfn);

s16 gnttab_setup_table(struct gnttab_setup_table *op);
s16 gnttab_query_size(struct gnttab_query_size *op);
s16 gnttab_swap_refs(const struct gnttab_swap_grant_ref *op);

/* How a grant is used: a set of these; + PIN_WRITE when not only to be read. */
#define PIN_HOST 1u
#define PIN_DEVICE 2u /* copies too */
#define PIN_WRITE 4u

/*
 * Pins grant `ref` of rd for ld and says which frame it is; GNTST_okay or the
 * reason.  The caller has a reference on rd.
 */
s16 grant_pin(struct domain *rd, grant_ref_t ref, const struct domain *ld, unsigned int how,
	      mfn_t *frame);
void grant_unpin(struct domain *rd, grant_ref_t ref, unsigned int how);

/* --- maptrack.c --- */

/*
 * A handle in state BUSY, whose record *track is for the caller to fill in; MAPTRACK_NONE when the
 * limit is reached.
 */
grant_handle_t maptrack_get(struct domain *d, struct maptrack **track);
void maptrack_put(struct domain *d, grant_handle_t handle, struct maptrack *track);
/* NULL when there is no such handle. */
static inline struct maptrack *maptrack_entry(const struct grant_table *gt, grant_handle_t handle)
{
	u32 end = __atomic_load_n(&gt->track_frames, __ATOMIC_ACQUIRE) * MAPTRACK_PER_FRAME;

	if (handle >= end)
		return NULL;
	handle = (u32)index_nospec(handle, end);
	return &gt->track[handle / MAPTRACK_PER_FRAME][handle % MAPTRACK_PER_FRAME];
}

/* IN_USE -> BUSY; false when it is not in use (or somebody else has it). */
static inline bool maptrack_claim(struct maptrack *m)
{
	u8 expected = MAPTRACK_IN_USE;

	return __atomic_compare_exchange_n(&m->state, &expected, MAPTRACK_BUSY, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* --- map.c --- */

void gnttab_map(struct gnttab_map_grant_ref *op);

/* An unmap between its two halves, between which TLBs are flushed. */
struct grant_unmap {
	struct maptrack *track; /* NULL: first half failed, nothing to finish */
	grant_handle_t handle;
	u8 done; /* GNTMAP_host_map, GNTMAP_device_map: what this unmap takes away */
	mfn_t frame; /* that the grant holds pinned */
	struct domain *granter;
};

s16 gnttab_unmap_begin(const struct gnttab_unmap_grant_ref *op, struct grant_unmap *u);
void gnttab_unmap_finish(struct grant_unmap *u);
/* All that is left of a handle whose page tables are gone (destroy). */
void gnttab_forget_handle(struct domain *d, grant_handle_t handle);

/* --- copy.c --- */

/* One side's frame, kept from one element of a batch to the next. */
struct copy_side {
	bool valid, is_grant, write;
	domid_t domid;
	unsigned long name; /* grant reference or frame number, as asked for */
	struct domain *rd; /* granter */
	mfn_t mfn;
};

struct copy_state {
	struct copy_side source, dest;
};

s16 gnttab_copy_one(struct copy_state *state, const struct gnttab_copy *op);
/* Lets go of what is kept. */
void gnttab_copy_end(struct copy_state *state);

#endif
