// SPDX-License-Identifier: MIT
/*
 * sysctl: what the control domain asks about the machine as a whole.  One row a
 * sub-operation; each gets a private copy of the argument, which is copied back
 * when the operation says so.
 */
#include "ctl/sysctl.h"

#include "boot/bootmem.h"
#include "console/keys.h"
#include "console/log.h"
#include "ctl/dominfo.h"
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "lib/string.h"
#include "machine/clocksource.h"
#include "machine/cpu.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/reserve.h"
#include "sched/deferred.h"

/* Bytes out of the console ring, at most a page at a time on the stack's account. */
static long readconsole(struct xen_sysctl *op)
{
	struct xen_sysctl_readconsole *rc = &op->u.readconsole;
	u32 index = rc->incremental ? rc->index : log_ring_end() - 0x40000000u;
	u32 done = 0;
	char buf[256];

	while (done < rc->count) {
		u32 n = log_ring_read(&index, buf, min(rc->count - done, (u32)sizeof(buf)));

		if (!n)
			break;
		if (guest_write(guest_handle_addr(rc->buffer, done), buf, n))
			return -EFAULT;
		done += n;
	}
	if (rc->clear)
		log_ring_clear(index);
	rc->count = done;
	rc->index = index;
	return 0;
}

static long physinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *pi = &op->u.physinfo;
	struct cpuid_result leaf1 = cpuid_count(1, 0), ext = cpuid_count(0x80000001, 0);

	memset(pi, 0, sizeof(*pi));
	pi->threads_per_core = 1;
	pi->cores_per_socket = cpumask_weight(&cpu_online_map);
	pi->nr_cpus = cpumask_weight(&cpu_online_map);
	pi->max_cpu_id = pi->nr_cpus - 1;
	pi->nr_nodes = 1;
	pi->cpu_khz = clocksource_tsc_khz();
	pi->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	pi->total_pages = bootmem_ram_pages();
	pi->free_pages = buddy_free_frames();
	pi->outstanding_pages = reserve_claimed();
	pi->max_mfn = max_mfn;
	pi->hw_cap[0] = leaf1.d;
	pi->hw_cap[1] = leaf1.c;
	pi->hw_cap[2] = ext.d;
	pi->hw_cap[3] = ext.c;
	if (cpu_features.max_leaf >= 7)
		pi->hw_cap[5] = cpuid_count(7, 0).b;
	return 0;
}

static long sched_id(struct xen_sysctl *op)
{
	op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2; /* whose parameters ours are spoken in */
	return 0;
}

/* Bounded: each call fills at most what the caller's buffer holds, and can be taken up again. */
static long getdomaininfolist(struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *list = &op->u.getdomaininfolist;
	domid_t next = list->first_domain;
	u32 n = 0;

	while (n < list->max_domains) {
		struct xen_domctl_getdomaininfo info;
		struct domain *d = domain_get_from(next);

		if (!d)
			break;
		dominfo_get(d, &info);
		next = (domid_t)(d->id + 1);
		domain_put(d);
		if (guest_write(guest_handle_addr(list->buffer, n), &info, sizeof(info)))
			return -EFAULT;
		n++;
	}
	list->num_domains = n;
	return 0;
}

static long debug_keys(struct xen_sysctl *op)
{
	struct xen_sysctl_debug_keys *dk = &op->u.debug_keys;
	char key;

	for (u32 i = 0; i < min(dk->nr_keys, 32u); i++) {
		if (guest_read(&key, guest_handle_addr(dk->keys, i), 1))
			return -EFAULT;
		keys_press(key);
	}
	keys_run();
	return 0;
}

/* Every processor is a core of its own in one socket: nothing here depends on more. */
static long cputopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *ti = &op->u.cputopoinfo;
	u32 have = cpumask_weight(&cpu_online_map);

	for (u32 cpu = 0; !guest_handle_null(ti->cputopo) && cpu < min(have, ti->num_cpus); cpu++) {
		struct xen_sysctl_cputopo topo = {.core = cpu};

		if (guest_write(guest_handle_addr(ti->cputopo, cpu), &topo, sizeof(topo)))
			return -EFAULT;
	}
	ti->num_cpus = guest_handle_null(ti->cputopo) ? have : min(have, ti->num_cpus);
	return 0;
}

static long numainfo(struct xen_sysctl *op)
{
	struct xen_sysctl_numainfo *ni = &op->u.numainfo;
	struct xen_sysctl_meminfo mem = {
		.memsize = (u64)bootmem_ram_pages() << PAGE_SHIFT,
		.memfree = (u64)buddy_free_frames() << PAGE_SHIFT,
	};
	u32 distance = 10;

	if (ni->num_nodes && !guest_handle_null(ni->meminfo) &&
	    guest_write(guest_handle_addr(ni->meminfo, 0), &mem, sizeof(mem)))
		return -EFAULT;
	if (ni->num_nodes && !guest_handle_null(ni->distance) &&
	    guest_write(guest_handle_addr(ni->distance, 0), &distance, sizeof(distance)))
		return -EFAULT;
	ni->num_nodes = 1;
	return 0;
}

static const struct {
	u32 cmd;
	sysctl_fn *fn;
} ops[] = {
	{XEN_SYSCTL_readconsole, readconsole},
	{XEN_SYSCTL_physinfo, physinfo},
	{XEN_SYSCTL_sched_id, sched_id},
	{XEN_SYSCTL_getdomaininfolist, getdomaininfolist},
	{XEN_SYSCTL_debug_keys, debug_keys},
	{XEN_SYSCTL_getcpuinfo, sysctl_getcpuinfo},
	{XEN_SYSCTL_availheap, sysctl_availheap},
	{XEN_SYSCTL_cputopoinfo, cputopoinfo},
	{XEN_SYSCTL_numainfo, numainfo},
	{XEN_SYSCTL_cpupool_op, sysctl_cpupool},
	{XEN_SYSCTL_scheduler_op, sysctl_scheduler},
	{XEN_SYSCTL_pcitopoinfo, sysctl_pcitopoinfo},
	{XEN_SYSCTL_get_cpu_levelling_caps, sysctl_levelling_caps},
	{XEN_SYSCTL_get_cpu_featureset, sysctl_featureset},
	{XEN_SYSCTL_get_cpu_policy, sysctl_cpu_policy},
};

/*
 * sysctl(op): xen/sysctl.h.  A wrong version is -EACCES for everybody, before
 * the question of rights (rule g6).
 */
long hc_sysctl(unsigned long arg)
{
	struct xen_sysctl op;
	long rc;

	if (guest_read(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	if (!privileged(current->domain, PRIV_SYSTEM, NULL))
		return -EPERM;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (ops[i].cmd != op.cmd)
			continue;
		rc = ops[i].fn(&op);
		/* -ENOBUFS says how much room is needed. */
		if ((!rc || rc == -ENOBUFS) && guest_write(arg, &op, sizeof(op)))
			rc = -EFAULT;
		return rc;
	}
	return -ENOSYS;
}
