// SPDX-License-Identifier: MIT
/*
 * Between machine frames, pseudo-physical frames and addresses of the linear mapping.  The list
 * is the one that the builder left; whoever exchanges a frame keeps it true.
 */
#include "pvrt.h"

uint64_t *p2m;

uint64_t virt_to_mfn(const void *va)
{
	uint64_t pfn = virt_to_pfn(va);

	if (pfn >= start_info->nr_pages)
		panic("virt_to_mfn(%p)", va);
	return p2m[pfn];
}

uint64_t m2p(uint64_t mfn)
{
	return ((const uint64_t *)HYPERVISOR_VIRT_START)[mfn];
}

void *mfn_to_virt(uint64_t mfn)
{
	uint64_t pfn = m2p(mfn);

	if (pfn >= PVRT_MAPPED_PAGES || pfn >= start_info->nr_pages || p2m[pfn] != mfn)
		return NULL;
	return (void *)(PVRT_BASE + pfn * PAGE_SIZE);
}
