// SPDX-License-Identifier: MIT
/*
 * domctl: what the control domain does to another domain, or asks about it.  One
 * row a sub-operation; the domain is held by a reference while it runs.
 */
#include "lib/abi.h"
#include <xen/domctl.h>

#include "ctl/dominfo.h"
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "lib/string.h"
#include "machine/percpu.h"
#include "sched/vcpu.h"

enum domctl_result { COPY_BACK = 1 }; /* 0 without copying the argument back */

static long pausedomain(struct domain *d, struct xen_domctl *op __unused)
{
	if (d == current->domain)
		return -EINVAL;
	spin_lock(&d->lock);
	if (d->controller_pause_count == 255) {
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
	domain_unpause(d);
	return 0;
}

/* Answers for the first domain at or above the id asked for. */
static long getdomaininfo(struct domain *d, struct xen_domctl *op)
{
	dominfo_get(d, &op->u.getdomaininfo);
	op->domain = d->id;
	return COPY_BACK;
}

static long getvcpuinfo(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_getvcpuinfo *vi = &op->u.getvcpuinfo;
	struct vcpu *v = domain_vcpu(d, vi->vcpu);
	struct vcpu_runstate_info r;

	if (!v)
		return -ESRCH;
	vcpu_runstate_get(v, &r);
	vi->online = !(READ_ONCE(v->pause_flags) & VPF_DOWN);
	vi->blocked = !!(READ_ONCE(v->pause_flags) & VPF_BLOCKED);
	vi->running = READ_ONCE(v->sched.running);
	vi->cpu_time = r.time[RUNSTATE_running];
	vi->cpu = v->sched.cpu;
	return COPY_BACK;
}

static const struct {
	u32 cmd;
	long (*fn)(struct domain *d, struct xen_domctl *op);
} ops[] = {
	{XEN_DOMCTL_pausedomain, pausedomain},
	{XEN_DOMCTL_unpausedomain, unpausedomain},
	{XEN_DOMCTL_getdomaininfo, getdomaininfo},
	{XEN_DOMCTL_getvcpuinfo, getvcpuinfo},
};

/* domctl(op): xen/domctl.h; version before rights (rule g6). */
long hc_domctl(unsigned long arg)
{
	struct xen_domctl op;
	struct domain *d;
	long rc;

	if (guest_read(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	if (!privileged(current->domain, PRIV_CONTROL, NULL))
		return -EPERM;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (ops[i].cmd != op.cmd)
			continue;
		d = op.cmd == XEN_DOMCTL_getdomaininfo ? domain_get_from(op.domain)
						       : domain_get(op.domain);
		if (!d)
			return -ESRCH;
		rc = privileged(current->domain, PRIV_CONTROL, d) ? ops[i].fn(d, &op) : -EPERM;
		domain_put(d);
		if (rc == COPY_BACK)
			rc = guest_write(arg, &op, sizeof(op));
		return rc;
	}
	return -ENOSYS;
}
