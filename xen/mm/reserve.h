/* SPDX-License-Identifier: MIT */
/*
 * How domains come to own frames and give them back: the accounting behind
 * memory_op, the dom0 builder and the rooms that share pages with a guest.
 *
 * tot_pages is what limits bound: all frames that the domain owns, but for those
 * that we share with it.  One that it gave back while somebody still has it mapped
 * counts until that ends.  owned_pages counts the shared ones too; while it is
 * above 0 the domain's struct exists.
 */
#ifndef DAIS_MM_RESERVE_H
#define DAIS_MM_RESERVE_H

#include "lib/types.h"

struct domain;

#define INVALID_M2P_ENTRY (~0UL)

int domain_memory_init(struct domain *d);
void domain_memory_free(struct domain *d);

/*
 * Makes d the owner of 2^order frames fresh from buddy_alloc(): FRAME_ALLOCATED,
 * one reference each.  -ENOMEM when that would pass max_pages, -EINVAL when d
 * is dying; the frames are then still the caller's.
 */
int __must_check reserve_assign(struct domain *d, mfn_t mfn, unsigned int order);
/* buddy_alloc_below() + reserve_assign(), M2P entries invalid; INVALID_MFN on failure. */
mfn_t reserve_alloc(struct domain *d, unsigned int order, unsigned int address_bits);
/*
 * Takes FRAME_ALLOCATED and its reference from a frame of d; the frame goes to
 * the heap when its last reference does.  -EINVAL when it is not d's or is
 * pinned as a page table.
 */
int __must_check reserve_release(struct domain *d, mfn_t mfn);
/*
 * Promises d as many frames as make its total so many; 0 takes the promise back.  Nothing is set
 * aside: allocations of others stop short of it.  -EINVAL, -ENOMEM.
 */
int reserve_claim(struct domain *d, unsigned long total);
/* n frames are free that no claim of another domain's stands for. */
bool reserve_enough_unclaimed(const struct domain *d, unsigned long n);
/*
 * For exchange.c, which swaps frames of d one for one: takes a frame that only
 * FRAME_ALLOCATED holds out of everybody's reach (refs 0), puts it back, or
 * makes d the owner of a new block in the place of such frames.  *uncached becomes
 * true where caches are to be flushed before the frame is anybody's again (row 402).
 */
bool reserve_steal(const struct domain *d, mfn_t mfn, bool *uncached);
void reserve_unsteal(const struct domain *d, mfn_t mfn);
void reserve_substitute(struct domain *d, mfn_t mfn, unsigned int order);
/*
 * A zeroed page of ours that d may map writable (shared_info, grant frames):
 * owner d, FRAME_HYPERVISOR, held by one writable type reference, which no
 * guest can take away.  NULL when out of memory.
 */
void *reserve_alloc_shared(struct domain *d);
void reserve_free_shared(struct domain *d, void *page);

/*
 * frame_put() calls this after the last reference to a frame of d went: owned_pages--, and
 * tot_pages-- if it was counted there (was not FRAME_HYPERVISOR).
 */
void reserve_frame_gone(struct domain *d, bool counted);

/* Frames promised by claim_pages and not allocated yet, of all domains. */
unsigned long reserve_claimed(void);

/* Sets M2P entries of a block: pfn, pfn + 1, ... */
void m2p_set_range(mfn_t mfn, unsigned long pfn, unsigned int order);
void m2p_clear_range(mfn_t mfn, unsigned int order);

#endif
