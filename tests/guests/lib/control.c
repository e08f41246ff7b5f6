// SPDX-License-Identifier: MIT
/* The control domain's calls, as thin as they are. */
#include "control.h"

long domctl(struct xen_domctl *op, unsigned int cmd, domid_t who)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = who;
	return HC1(__HYPERVISOR_domctl, op);
}

long sysctl(struct xen_sysctl *op, unsigned int cmd)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return HC1(__HYPERVISOR_sysctl, op);
}

void debug_keys(const char *keys)
{
	static char copy[8];
	struct xen_sysctl op = {.u.debug_keys.nr_keys = (uint32_t)strlen(keys)};

	memcpy(copy, keys, strlen(keys));
	set_xen_guest_handle(op.u.debug_keys.keys, copy);
	if (sysctl(&op, XEN_SYSCTL_debug_keys))
		panic("debug keys");
}

unsigned long free_frames(void)
{
	struct xen_sysctl op = {0};

	if (sysctl(&op, XEN_SYSCTL_physinfo))
		panic("physinfo");
	return op.u.physinfo.free_pages;
}

unsigned long free_frames_settled(void)
{
	unsigned long last = 0, n = free_frames();

	while (n != last) {
		last = n;
		for (unsigned int i = 0; i < 200; i++)
			sched_op(SCHEDOP_yield, NULL);
		clock_delay(20000000);
		n = free_frames();
	}
	return n;
}

long domain_make(domid_t *who, unsigned int vcpus)
{
	struct xen_domctl op = {.u.createdomain = {
					.max_vcpus = vcpus,
					.max_evtchn_port = 1023,
					.max_grant_frames = 4,
					.max_maptrack_frames = 4,
					.grant_opts = XEN_DOMCTL_GRANT_version(1),
				}};
	long rc = domctl(&op, XEN_DOMCTL_createdomain, 0);

	*who = op.domain;
	if (rc)
		return rc;
	op = (struct xen_domctl){.u.max_mem.max_memkb = (CHILD_PAGES + 256) * 4};
	return domctl(&op, XEN_DOMCTL_max_mem, *who);
}

long domain_destroy(domid_t who)
{
	struct xen_domctl op = {0};

	return domctl(&op, XEN_DOMCTL_destroydomain, who);
}

long domain_populate(domid_t who, xen_pfn_t *mfns, unsigned long n)
{
	struct xen_memory_reservation r = {.nr_extents = n, .domid = who};

	for (unsigned long i = 0; i < n; i++)
		mfns[i] = i;
	set_xen_guest_handle(r.extent_start, mfns);
	return memory_op(XENMEM_populate_physmap, &r);
}

long map_foreign(uintptr_t va, uint64_t pte, domid_t who)
{
	struct mmu_update u = {.ptr = virt_to_maddr(pte_of(va)), .val = pte};
	struct mmuext_op flush = {.cmd = MMUEXT_INVLPG_LOCAL, .arg1.linear_addr = va};
	long rc = HC4(__HYPERVISOR_mmu_update, &u, 1, NULL, who);

	mmuext_op(&flush, 1);
	return rc;
}
