/* SPDX-License-Identifier: MIT */
/*
 * A domain's memory: taking frames for it, looking into them, page-table pins. Frames are
 * machine frame numbers throughout. All return 0 or a count, or -1 with errno.
 */
#ifndef DAIS_HV_MEMORY_H
#define DAIS_HV_MEMORY_H

#include <stdint.h>

#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/xen.h>

#include "hv/handle.h"

/*
 * Fills the holes at the pseudo-physical pages @pfn[0..count) with extents of 2^@order frames;
 * the first frame of each goes to @mfn, which may be @pfn. Returns how many were filled: fewer
 * than @count when memory of that order ran out.
 */
long hv_populate(struct hv *hv, uint32_t domid, unsigned int order, const xen_pfn_t *pfn,
		 xen_pfn_t *mfn, unsigned long count);

/* Sets pages of the host aside for the domain (0: gives the claim up). */
int hv_claim(struct hv *hv, uint32_t domid, uint64_t pages);

/* What the guest is told of its memory: one region of RAM from 0 on. */
int hv_memory_map(struct hv *hv, uint32_t domid, uint64_t bytes);

/* Maps frames, in that order. NULL with errno. For hv_unmap() with the same count. */
void *hv_map(struct hv *hv, uint32_t domid, int prot, const xen_pfn_t *mfn, size_t count);
void hv_unmap(struct hv *hv, void *at, size_t count);

/* Zeroes frames that are nothing but the domain's plain memory. */
int hv_clear(struct hv *hv, uint32_t domid, const xen_pfn_t *mfn, size_t count);

/* Has the hypervisor check the tables below @mfn and hold them as an L4. */
int hv_pin_l4(struct hv *hv, uint32_t domid, xen_pfn_t mfn);

/* The first frame of the domain's version 1 grant table. */
int hv_grant_frame(struct hv *hv, uint32_t domid, xen_pfn_t *mfn);

/* Writes the first @count (up to 8) entries of the domain's version 1 grant table. */
int hv_seed_grants(struct hv *hv, uint32_t domid, const struct grant_entry_v1 *entries,
		   unsigned int count);

#endif
