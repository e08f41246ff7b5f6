// SPDX-License-Identifier: MIT
/*
 * domctl: what the control domain does to another domain, or asks about it.  One
 * row a sub-operation; the domain is held by a reference while it runs.  Here:
 * the table, and what concerns a domain's life as a whole.
 *
 * Sub-operations that change how a domain is made up exclude one another by the
 * domain's own control lock, so that two creations do not wait for each other.
 */
#include "ctl/domctl.h"
#include "ctl/dominfo.h"
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/cpuid.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "evtchn/evtchn.h"
#include "gnttab/gnttab.h"
#include "lib/string.h"
#include "machine/clocksource.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/vcpu.h"
#include "time/clock.h"

#define PAUSES_MAX 255u
#define TSC_MODE_NEVER_EMULATE 2u

/* A limit as the toolstack gives it, negative for ours; 0 means that to domain_create(). */
static int limit(s32 asked, u32 most, u32 *out)
{
	if (asked > (s32)most)
		return -EINVAL;
	*out = asked < 0 ? 0 : (u32)asked;
	return 0;
}

static int read_config(const struct xen_domctl_createdomain *c, struct domain_config *config)
{
	u32 version = XEN_DOMCTL_GRANT_version(c->grant_opts);

	memset(config, 0, sizeof(*config));
	config->max_vcpus = c->max_vcpus;
	config->max_evtchn_port = c->max_evtchn_port;
	config->ssidref = c->ssidref;
	memcpy(config->handle, c->handle, sizeof(config->handle));
	/* PV guests only: no flag but the store's own has a meaning for them. */
	if ((c->flags & ~XEN_DOMCTL_CDF_xs_domain) || c->iommu_opts || c->vmtrace_size)
		return -EINVAL;
	if (c->arch.emulation_flags || (c->arch.misc_flags & ~XEN_X86_MSR_RELAXED))
		return -EINVAL;
	/* The version is the highest that the guest may switch to; all begin, and stay, at 1. */
	if ((c->grant_opts & ~XEN_DOMCTL_GRANT_version_mask) || !version || version > 2)
		return -EINVAL;
	if (!c->max_grant_frames || !c->max_evtchn_port)
		return -EINVAL;
	if (c->cpupool_id)
		return -ESRCH;
	return limit(c->max_grant_frames, GRANT_FRAMES_LIMIT, &config->max_grant_frames)
		       ?: limit(c->max_maptrack_frames, MAPTRACK_FRAMES_LIMIT,
				&config->max_maptrack_frames);
}

/* An id that the caller leaves open is the next free one; what came of it is told. */
static long createdomain(struct xen_domctl *op)
{
	const struct xen_domctl_createdomain *c = &op->u.createdomain;
	bool any = op->domain == 0 || op->domain >= DOMID_FIRST_UNUSABLE;
	struct domain_config config;
	struct domain *d;
	int err = read_config(c, &config);

	if (err)
		return err;
	do {
		domid_t id = any ? domain_free_id() : op->domain;

		if (id >= DOMID_FIRST_UNUSABLE)
			return -ENOMEM;
		d = domain_create(id, &config, &err);
	} while (!d && any && err == -EEXIST);
	if (!d)
		return err;
	d->cpu_policy->msr_relaxed = c->arch.misc_flags & XEN_X86_MSR_RELAXED;
	op->domain = d->id;
	return DOMCTL_COPY_BACK;
}

static long destroydomain(struct domain *d, struct xen_domctl *op __unused)
{
	return d == current->domain || d->is_privileged ? -EINVAL : domain_kill(d);
}

static long pausedomain(struct domain *d, struct xen_domctl *op __unused)
{
	if (d == current->domain)
		return -EINVAL;
	spin_lock(&d->lock);
	if (d->controller_pause_count == PAUSES_MAX) {
		spin_unlock(&d->lock);
		return -E2BIG;
	}
	d->controller_pause_count++;
	spin_unlock(&d->lock);
	domain_pause(d);
	return 0;
}

static long unpausedomain(struct domain *d, struct xen_domctl *op __unused)
{
	bool counted;

	spin_lock(&d->lock);
	counted = d->controller_pause_count > 0;
	d->controller_pause_count -= counted;
	spin_unlock(&d->lock);
	if (!counted)
		return -EINVAL;
	/* Builders clear shared_info, and the wall clock in it, after we wrote it. */
	clock_update_domain(d);
	domain_unpause(d);
	return 0;
}

static long resumedomain(struct domain *d, struct xen_domctl *op __unused)
{
	return d == current->domain ? -EINVAL : domain_resume(d);
}

/* Answers for the first domain at or above the id asked for. */
static long getdomaininfo(struct domain *d, struct xen_domctl *op)
{
	dominfo_get(d, &op->u.getdomaininfo);
	op->domain = d->id;
	return DOMCTL_COPY_BACK;
}

static long setdomainhandle(struct domain *d, struct xen_domctl *op)
{
	memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
	return 0;
}

static long settimeoffset(struct domain *d, struct xen_domctl *op)
{
	WRITE_ONCE(d->time_offset_seconds, op->u.settimeoffset.time_offset_seconds);
	clock_update_domain(d);
	return 0;
}

static long subscribe(struct domain *d, struct xen_domctl *op)
{
	if (op->u.subscribe.port && !evtchn_lookup(d, op->u.subscribe.port))
		return -EINVAL;
	WRITE_ONCE(d->suspend_port, op->u.subscribe.port);
	return 0;
}

static long set_address_size(struct domain *d __unused, struct xen_domctl *op)
{
	return op->u.address_size.size == 64 ? 0 : -EINVAL;
}

static long get_address_size(struct domain *d __unused, struct xen_domctl *op)
{
	op->u.address_size.size = 64;
	return DOMCTL_COPY_BACK;
}

/* Rate and incarnation count where the mode emulates, or when a domain comes from elsewhere. */
static long settscinfo(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_tsc_info *t = &op->u.tsc_info;

	if (d == current->domain || t->tsc_mode > TSC_MODE_NEVER_EMULATE)
		return -EINVAL;
	domain_pause(d);
	d->tsc_mode = t->tsc_mode;
	d->tsc_khz = t->gtsc_khz;
	d->tsc_incarnation = t->incarnation;
	domain_unpause(d);
	return 0;
}

static long gettscinfo(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_tsc_info *t = &op->u.tsc_info;

	memset(t, 0, sizeof(*t));
	t->tsc_mode = d->tsc_mode;
	t->gtsc_khz = d->tsc_khz ? d->tsc_khz : clocksource_tsc_khz();
	t->incarnation = d->tsc_incarnation;
	t->elapsed_nsec = (u64)now();
	return DOMCTL_COPY_BACK;
}

/* Without an IOMMU a device stays with the control domain. */
static long no_iommu(struct domain *d __unused, struct xen_domctl *op __unused)
{
	return -EOPNOTSUPP;
}

enum row_flags {
	FREE = 0, /* needs nobody kept out */
	LOCKED = 1, /* one of these at a time for a domain */
	TELLS = 2, /* the argument is copied back on errors, too */
};

static const struct {
	u32 cmd;
	domctl_fn *fn;
	u32 flags;
} ops[] = {
	{XEN_DOMCTL_destroydomain, destroydomain, FREE},
	{XEN_DOMCTL_pausedomain, pausedomain, FREE},
	{XEN_DOMCTL_unpausedomain, unpausedomain, FREE},
	{XEN_DOMCTL_getdomaininfo, getdomaininfo, FREE},
	{XEN_DOMCTL_setvcpuaffinity, domctl_setvcpuaffinity, FREE},
	{XEN_DOMCTL_max_mem, domctl_max_mem, FREE},
	{XEN_DOMCTL_setvcpucontext, domctl_setvcpucontext, LOCKED},
	{XEN_DOMCTL_getvcpucontext, domctl_getvcpucontext, LOCKED},
	{XEN_DOMCTL_getvcpuinfo, domctl_getvcpuinfo, FREE},
	{XEN_DOMCTL_max_vcpus, domctl_max_vcpus, LOCKED},
	{XEN_DOMCTL_scheduler_op, domctl_scheduler_op, LOCKED},
	{XEN_DOMCTL_setdomainhandle, setdomainhandle, LOCKED},
	{XEN_DOMCTL_irq_permission, domctl_irq_permission, LOCKED},
	{XEN_DOMCTL_iomem_permission, domctl_iomem_permission, LOCKED},
	{XEN_DOMCTL_ioport_permission, domctl_ioport_permission, LOCKED},
	{XEN_DOMCTL_hypercall_init, domctl_hypercall_init, FREE},
	{XEN_DOMCTL_settimeoffset, settimeoffset, LOCKED},
	{XEN_DOMCTL_getvcpuaffinity, domctl_getvcpuaffinity, FREE},
	{XEN_DOMCTL_resumedomain, resumedomain, LOCKED},
	{XEN_DOMCTL_sendtrigger, domctl_sendtrigger, FREE},
	{XEN_DOMCTL_subscribe, subscribe, LOCKED},
	{XEN_DOMCTL_set_address_size, set_address_size, FREE},
	{XEN_DOMCTL_get_address_size, get_address_size, FREE},
	{XEN_DOMCTL_assign_device, no_iommu, FREE},
	{XEN_DOMCTL_test_assign_device, no_iommu, FREE},
	{XEN_DOMCTL_deassign_device, no_iommu, FREE},
	{XEN_DOMCTL_get_device_group, no_iommu, FREE},
	{XEN_DOMCTL_set_ext_vcpucontext, domctl_set_ext_vcpucontext, LOCKED},
	{XEN_DOMCTL_get_ext_vcpucontext, domctl_get_ext_vcpucontext, LOCKED},
	{XEN_DOMCTL_gettscinfo, gettscinfo, LOCKED},
	{XEN_DOMCTL_settscinfo, settscinfo, LOCKED},
	{XEN_DOMCTL_getpageframeinfo3, domctl_getpageframeinfo3, FREE},
	{XEN_DOMCTL_setnodeaffinity, domctl_setnodeaffinity, FREE},
	{XEN_DOMCTL_getnodeaffinity, domctl_getnodeaffinity, FREE},
	{XEN_DOMCTL_get_cpu_policy, domctl_get_cpu_policy, LOCKED | TELLS},
	{XEN_DOMCTL_set_cpu_policy, domctl_set_cpu_policy, LOCKED | TELLS},
};

static long run_row(unsigned int row, struct xen_domctl *op)
{
	struct domain *d = op->cmd == XEN_DOMCTL_getdomaininfo ? domain_get_from(op->domain)
							       : domain_get(op->domain);
	long rc = -EPERM;

	if (!d)
		return -ESRCH;
	if (privileged(current->domain, PRIV_CONTROL, d)) {
		if (ops[row].flags & LOCKED)
			spin_lock(&d->ctl_lock);
		rc = ops[row].fn(d, op);
		if (ops[row].flags & LOCKED)
			spin_unlock(&d->ctl_lock);
	}
	domain_put(d);
	return rc;
}

/* domctl(op): xen/domctl.h; version before rights (rule g6). */
long hc_domctl(unsigned long arg)
{
	struct xen_domctl op;
	unsigned int row = 0;
	long rc;

	if (guest_read(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	if (!privileged(current->domain, PRIV_CONTROL, NULL))
		return -EPERM;
	if (op.cmd == XEN_DOMCTL_createdomain) {
		rc = createdomain(&op);
	} else {
		while (row < ARRAY_SIZE(ops) && ops[row].cmd != op.cmd)
			row++;
		if (row == ARRAY_SIZE(ops))
			return -ENOSYS;
		rc = run_row(row, &op);
	}
	if (rc == -ERESTART)
		return hypercall_continue(0, NULL);
	if (rc != DOMCTL_COPY_BACK && !(rc < 0 && (ops[row].flags & TELLS)))
		return rc;
	if (guest_write(arg, &op, sizeof(op)))
		return -EFAULT;
	return rc == DOMCTL_COPY_BACK ? 0 : rc;
}
