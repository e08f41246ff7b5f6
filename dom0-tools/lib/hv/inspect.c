// SPDX-License-Identifier: MIT
/*
 * The calls of an observer. The machine-to-physical table is mapped a piece at a time: of a large
 * host it is large, too.
 */
#include "hv/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/memory.h>
#include <xen/version.h>

#include "hv/call.h"

int hv_get_context(struct hv *hv, uint32_t domid, uint32_t vcpu, struct vcpu_guest_context *context)
{
	struct vcpu_guest_context *bulk = hv_bulk(hv, sizeof(*bulk));
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_getvcpucontext, domid);

	if (!bulk)
		return -1;
	op->u.vcpucontext.vcpu = vcpu;
	set_xen_guest_handle(op->u.vcpucontext.ctxt, bulk);
	if (domctl_call(hv))
		return -1;
	*context = *bulk;
	return 0;
}

int hv_frame_types(struct hv *hv, uint32_t domid, xen_pfn_t *frames, size_t count)
{
	xen_pfn_t *bulk = hv_bulk(hv, count * sizeof(*bulk));
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_getpageframeinfo3, domid);

	_Static_assert(HV_TYPES_MAX * sizeof(*bulk) <= HV_BULK_SIZE, "the frames of a call fit");
	if (!bulk)
		return -1;
	memcpy(bulk, frames, count * sizeof(*frames));
	op->u.getpageframeinfo3.num = count;
	set_xen_guest_handle(op->u.getpageframeinfo3.array, bulk);
	if (domctl_call(hv))
		return -1;
	memcpy(frames, bulk, count * sizeof(*frames));
	return 0;
}

int hv_m2p_pieces(struct hv *hv, xen_pfn_t *first, size_t max)
{
	struct xen_machphys_mfn_list *op = hv->op;
	xen_pfn_t *bulk = hv_bulk(hv, HV_BULK_SIZE);
	size_t most = HV_BULK_SIZE / sizeof(*bulk);

	if (!bulk)
		return -1;
	max = max < most ? max : most;
	memset(op, 0, sizeof(*op));
	op->max_extents = (unsigned int)max;
	set_xen_guest_handle(op->extent_start, bulk);
	if (memory_op(hv, XENMEM_machphys_mfn_list) < 0)
		return -1;
	max = op->nr_extents < max ? op->nr_extents : max;
	memcpy(first, bulk, max * sizeof(*bulk));
	return (int)max;
}

const xen_pfn_t *hv_m2p_map(struct hv *hv, xen_pfn_t first, int errors[HV_M2P_FRAMES])
{
	xen_pfn_t frames[HV_M2P_FRAMES];

	for (size_t i = 0; i < HV_M2P_FRAMES; i++)
		frames[i] = first + i;
	return hv_map_some(hv, DOMID_XEN, frames, errors, HV_M2P_FRAMES);
}

int hv_version_answer(struct hv *hv, unsigned int cmd, void *answer, size_t size)
{
	memset(hv->op, 0, size);
	hv->calls++;
	if (xencall2(hv->call, __HYPERVISOR_xen_version, cmd, (uintptr_t)hv->op) < 0)
		return -1;
	memcpy(answer, hv->op, size);
	return 0;
}

void hv_build_id(struct hv *hv, char *hex, size_t size)
{
	struct xen_build_id *id = hv->op;
	int length;

	memset(id, 0, sizeof(*id) + size);
	id->len = (uint32_t)(size / 2);
	hv->calls++;
	length = xencall2(hv->call, __HYPERVISOR_xen_version, XENVER_build_id, (uintptr_t)id);
	*hex = '\0';
	for (int i = 0; i < length && 2 * (size_t)i + 2 < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", id->buf[i]);
}

uint64_t hv_shared_pages(struct hv *hv, unsigned int cmd)
{
	long pages;

	hv->calls++;
	pages = xencall2L(hv->call, __HYPERVISOR_memory_op, cmd, 0);
	return pages < 0 ? 0 : (uint64_t)pages;
}

const void *hv_map_some(struct hv *hv, uint32_t domid, const xen_pfn_t *mfn, int *errors,
			size_t count)
{
	return xenforeignmemory_map(hv->memory, domid, PROT_READ, count, mfn, errors);
}
