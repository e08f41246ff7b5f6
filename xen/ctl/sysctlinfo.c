// SPDX-License-Identifier: MIT
/*
 * sysctl: processors and their features, the one pool of them, where devices are.
 *
 * There is a single pool, Pool-0, of all processors under one scheduler, and a
 * single memory node: what asks for more of either is told that there is none.
 */
#include "ctl/sysctl.h"

#include "ctl/domctl.h"
#include "domain/domain.h"
#include "entry/cpuid.h"
#include "entry/guestcopy.h"
#include "irq/pci.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "sched/fair.h"
#include "sched/vcpu.h"
#include <xen/physdev.h>

#define PCI_DEVICES_MAX 4096u /* in one call */

/* How long each processor has been idle, in ns. */
long sysctl_getcpuinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *ci = &op->u.getcpuinfo;
	u32 n = min(ci->max_cpus, cpumask_weight(&cpu_online_map));

	for (u32 cpu = 0; cpu < n; cpu++) {
		struct vcpu *idle = domain_vcpu(idle_domain, cpu);
		struct xen_sysctl_cpuinfo info = {0};
		struct vcpu_runstate_info state;

		if (idle) {
			vcpu_runstate_get(idle, &state);
			info.idletime = state.time[RUNSTATE_running];
		}
		if (guest_write(guest_handle_addr(ci->info, cpu), &info, sizeof(info)))
			return -EFAULT;
	}
	ci->nr_cpus = n;
	return 0;
}

/* Free memory; how much of it lies below an address is not kept. */
long sysctl_availheap(struct xen_sysctl *op)
{
	struct xen_sysctl_availheap *h = &op->u.availheap;

	if (h->node > 0 || h->node < -1)
		return -EINVAL;
	if (h->min_bitwidth || h->max_bitwidth)
		return -EOPNOTSUPP;
	h->avail_bytes = (u64)buddy_free_frames() << PAGE_SHIFT;
	return 0;
}

/* --- the pool --- */

static u32 count_domains(void)
{
	u32 n = 0, next = 0;
	struct domain *d;

	while (next < DOMID_FIRST_UNUSABLE && (d = domain_get_from((domid_t)next)) != NULL) {
		next = d->id + 1u;
		n++;
		domain_put(d);
	}
	return n;
}

/* The next pool at or above the id asked for; -ENOENT ends a walk. */
static long pool_info(struct xen_sysctl_cpupool_op *p)
{
	if (p->cpupool_id)
		return -ENOENT;
	p->sched_id = XEN_SCHEDULER_CREDIT2;
	p->n_dom = count_domains();
	return ctlbitmap_write(&p->cpumap, cpu_online_map.bits, NR_CPUS);
}

static long move_domain(const struct xen_sysctl_cpupool_op *p)
{
	struct domain *d = domain_get((domid_t)p->domid);

	if (!d)
		return -ESRCH;
	domain_put(d);
	return p->cpupool_id ? -ENOENT : 0;
}

long sysctl_cpupool(struct xen_sysctl *op)
{
	struct xen_sysctl_cpupool_op *p = &op->u.cpupool_op;
	static const struct cpumask none;

	switch (p->op) {
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		return pool_info(p);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		return ctlbitmap_write(&p->cpumap, none.bits, NR_CPUS);
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return move_domain(p);
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		return p->cpupool_id ? -ENOENT : -EBUSY;
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}

/* credit2's one global parameter: 0, or within its bounds. */
long sysctl_scheduler(struct xen_sysctl *op)
{
	struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;
	u32 us = s->u.sched_credit2.ratelimit_us;

	if (s->cpupool_id)
		return -ESRCH;
	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	if (s->cmd == XEN_SYSCTL_SCHEDOP_putinfo) {
		if (us &&
		    (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN || us > XEN_SYSCTL_SCHED_RATELIMIT_MAX))
			return -EINVAL;
		fair_set_run_min((s64)us * 1000);
		return 0;
	}
	if (s->cmd != XEN_SYSCTL_SCHEDOP_getinfo)
		return -EINVAL;
	s->u.sched_credit2.ratelimit_us = (u32)(fair_run_min() / 1000);
	return 0;
}

/* --- devices --- */

long sysctl_pcitopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_pcitopoinfo *ti = &op->u.pcitopoinfo;

	if (guest_handle_null(ti->devs) || guest_handle_null(ti->nodes))
		return -EINVAL;
	if (ti->num_devs > PCI_DEVICES_MAX)
		return -E2BIG;
	for (u32 i = 0; i < ti->num_devs; i++) {
		struct physdev_pci_device dev;
		bool has_msix;
		u32 node;

		if (guest_read(&dev, guest_handle_addr(ti->devs, i), sizeof(dev)))
			return -EFAULT;
		node = pci_known(dev.seg, dev.bus, dev.devfn, &has_msix) ? XEN_INVALID_NODE_ID
									 : XEN_INVALID_DEV;
		if (guest_write(guest_handle_addr(ti->nodes, i), &node, sizeof(node)))
			return -EFAULT;
	}
	return 0;
}

/* --- features --- */

long sysctl_levelling_caps(struct xen_sysctl *op)
{
	op->u.cpu_levelling_caps.caps = 0; /* CPUID in user space is the processor's own */
	return 0;
}

long sysctl_featureset(struct xen_sysctl *op)
{
	static const u32 policies[] = {
		[XEN_SYSCTL_cpu_featureset_raw] = XEN_SYSCTL_cpu_policy_raw,
		[XEN_SYSCTL_cpu_featureset_host] = XEN_SYSCTL_cpu_policy_host,
		[XEN_SYSCTL_cpu_featureset_pv] = XEN_SYSCTL_cpu_policy_pv_default,
		[XEN_SYSCTL_cpu_featureset_hvm] = XEN_SYSCTL_cpu_policy_hvm_default,
		[XEN_SYSCTL_cpu_featureset_pv_max] = XEN_SYSCTL_cpu_policy_pv_max,
		[XEN_SYSCTL_cpu_featureset_hvm_max] = XEN_SYSCTL_cpu_policy_hvm_max,
	};
	struct xen_sysctl_cpu_featureset *f = &op->u.cpu_featureset;
	const struct cpu_policy *p;
	u32 words[CPU_FEATURE_WORDS], room = f->nr_features;

	if (f->index >= ARRAY_SIZE(policies))
		return -EINVAL;
	p = cpu_policy_by_index(policies[index_nospec(f->index, ARRAY_SIZE(policies))]);
	if (!p)
		return -EOPNOTSUPP;
	cpu_policy_features(p, words);
	f->nr_features = CPU_FEATURE_WORDS;
	if (guest_handle_null(f->features))
		return 0;
	if (guest_write(guest_handle_addr(f->features, 0), words,
			min(room, CPU_FEATURE_WORDS) * sizeof(words[0])))
		return -EFAULT;
	return room < CPU_FEATURE_WORDS ? -ENOBUFS : 0;
}

long sysctl_cpu_policy(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_policy *c = &op->u.cpu_policy;
	const struct cpu_policy *p;

	if (c->_rsvd)
		return -EINVAL;
	p = cpu_policy_by_index(c->index);
	if (!p)
		return c->index <= XEN_SYSCTL_cpu_policy_hvm_default ? -EOPNOTSUPP : -EINVAL;
	return policy_write(p, &c->nr_leaves, guest_handle_addr(c->leaves, 0), &c->nr_msrs,
			    guest_handle_addr(c->msrs, 0));
}
