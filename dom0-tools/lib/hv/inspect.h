/* SPDX-License-Identifier: MIT */
/*
 * Looking at a domain from outside, for a core of it: its vCPUs' registers, which frames are its
 * own, and what it calls them. All return 0 or a count, or -1 with errno.
 */
#ifndef DAIS_HV_INSPECT_H
#define DAIS_HV_INSPECT_H

#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#include "hv/handle.h"

#define HV_TYPES_MAX 1024u /* frames in one call of hv_frame_types() */
#define HV_M2P_FRAMES 512u /* a piece of the machine-to-physical table has so many */
#define HV_M2P_ENTRIES (HV_M2P_FRAMES * 4096ul / sizeof(xen_pfn_t)) /* for so many frames */

/* ENODATA, EINVAL: that vCPU was never started. */
int hv_get_context(struct hv *hv, uint32_t domid, uint32_t vcpu,
		   struct vcpu_guest_context *context);

/*
 * At most HV_TYPES_MAX frame numbers in, their XEN_DOMCTL_PFINFO_* out: XTAB for those that are
 * not the domain's.
 */
int hv_frame_types(struct hv *hv, uint32_t domid, xen_pfn_t *frames, size_t count);

/* Where the pieces of the machine-to-physical table begin; returns how many there are. */
int hv_m2p_pieces(struct hv *hv, xen_pfn_t *first, size_t max);
/*
 * Piece @nr, for the frames from nr * HV_M2P_ENTRIES on; for hv_unmap(.., HV_M2P_FRAMES). Of the
 * last one not all need be there: @errors as with hv_map_some().
 */
const xen_pfn_t *hv_m2p_map(struct hv *hv, xen_pfn_t first, int errors[HV_M2P_FRAMES]);

/* What the hypervisor was built of, in hexadecimal; "" if it does not tell. */
void hv_build_id(struct hv *hv, char *hex, size_t size);
/* What XENMEM_get_sharing_@cmd counts; 0 if it does not tell. */
uint64_t hv_shared_pages(struct hv *hv, unsigned int cmd);

/* What XENVER_@cmd answers, the first @size bytes. */
int hv_version_answer(struct hv *hv, unsigned int cmd, void *answer, size_t size);

/* Maps frames to be read; those that cannot be have an error in @errors. NULL with errno. */
const void *hv_map_some(struct hv *hv, uint32_t domid, const xen_pfn_t *mfn, int *errors,
			size_t count);

#endif
