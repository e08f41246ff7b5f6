// SPDX-License-Identifier: MIT
/*
 * domctl on vCPUs: made, set up, asked, placed.  A vCPU whose registers are read is
 * paused by us meanwhile.  Writing them needs a domain that is paused (or shut down)
 * already; we wait until none of its vCPUs is in the hypervisor any more, as one could
 * be there to initialise, start or give areas to the very vCPU that is written to.
 */
#include "ctl/domctl.h"
#include "domain/domain.h"
#include "domain/vcpustate.h"
#include "entry/guestcopy.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/layout.h"
#include "machine/percpu.h"
#include "mm/slab.h"
#include "sched/deferred.h"
#include "sched/runqueue.h"

#define EXT_CONTEXT_SIZE 128u /* the most that a record has */

/* Makes all that are missing; the toolstack repeats createdomain's number. */
long domctl_max_vcpus(struct domain *d, struct xen_domctl *op)
{
	if (op->u.max_vcpus.max != d->max_vcpus)
		return -EINVAL;
	for (u32 id = 0; id < d->max_vcpus; id++) {
		if (domain_vcpu(d, id))
			continue;
		if (domain_is_dying(d))
			return -EINVAL;
		if (!vcpu_create(d, id))
			return -ENOMEM;
		if (hypercall_should_preempt())
			return -ERESTART;
	}
	return 0;
}

long domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op)
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
	return DOMCTL_COPY_BACK;
}

/* --- registers --- */

static long set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	long ret = vcpu_set_context(v, c);

	if (ret)
		return ret;
	if (c->flags & VGCF_online) {
		vcpu_wake_flags(v, VPF_DOWN);
	} else {
		__atomic_fetch_or(&v->pause_flags, VPF_DOWN, __ATOMIC_SEQ_CST);
		vcpu_recheck(v);
	}
	return 0;
}

long domctl_setvcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = domain_vcpu(d, op->u.vcpucontext.vcpu);
	struct vcpu_guest_context *c;
	long ret;

	if (d == current->domain || !READ_ONCE(d->pause_count) || domain_is_dying(d))
		return -EINVAL;
	if (!v)
		return -EINVAL;
	if (guest_handle_null(op->u.vcpucontext.ctxt)) {
		domain_pause(d);
		__atomic_fetch_or(&v->pause_flags, VPF_DOWN, __ATOMIC_SEQ_CST);
		ret = vcpu_reset(v);
		domain_unpause(d);
		return ret;
	}
	c = kmalloc(sizeof(*c)); /* 5 KiB: too much for the stack */
	if (!c)
		return -ENOMEM;
	ret = guest_read(c, guest_handle_addr(op->u.vcpucontext.ctxt, 0), sizeof(*c));
	if (!ret) {
		domain_pause(d);
		ret = set_context(v, c);
		domain_unpause(d);
	}
	kfree(c);
	return ret;
}

long domctl_getvcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = domain_vcpu(d, op->u.vcpucontext.vcpu);
	struct vcpu_guest_context *c;
	long ret;

	if (d == current->domain)
		return -EINVAL;
	if (!v)
		return -ESRCH;
	if (!READ_ONCE(v->initialised))
		return -ENODATA;
	c = kmalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	vcpu_pause(v);
	vcpu_get_context(v, c);
	vcpu_unpause(v);
	ret = guest_write(guest_handle_addr(op->u.vcpucontext.ctxt, 0), c, sizeof(*c));
	kfree(c);
	return ret ? ret : DOMCTL_COPY_BACK;
}

/* Callbacks of 32-bit user code.  The machine checks of the rest are never a guest's. */
long domctl_get_ext_vcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_ext_vcpucontext *e = &op->u.ext_vcpucontext;
	struct vcpu *v = domain_vcpu(d, e->vcpu);
	u32 id = e->vcpu;

	/* Of the control domain's own it would wait for the one that asks. */
	if (!v || d == current->domain)
		return -ESRCH;
	memset(e, 0, sizeof(*e));
	e->vcpu = id;
	e->size = sizeof(*e);
	vcpu_pause(v);
	e->syscall32_callback_eip = v->arch.syscall32_callback.address;
	e->sysenter_callback_eip = v->arch.sysenter_callback.address;
	e->syscall32_disables_events = v->arch.syscall32_callback.mask_events;
	e->sysenter_disables_events = v->arch.sysenter_callback.mask_events;
	vcpu_unpause(v);
	e->syscall32_callback_cs = e->sysenter_callback_cs = SEL_GUEST_CS64;
	return DOMCTL_COPY_BACK;
}

long domctl_set_ext_vcpucontext(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_ext_vcpucontext *e = &op->u.ext_vcpucontext;
	struct vcpu *v = domain_vcpu(d, e->vcpu);

	if (!v)
		return -ESRCH;
	if (e->size < offsetof(struct xen_domctl_ext_vcpucontext, mcg_cap) ||
	    e->size > EXT_CONTEXT_SIZE || d == current->domain || !READ_ONCE(d->pause_count) ||
	    !guest_address_ok(e->syscall32_callback_eip) ||
	    !guest_address_ok(e->sysenter_callback_eip))
		return -EINVAL;
	vcpu_pause(v);
	v->arch.syscall32_callback.address = e->syscall32_callback_eip;
	v->arch.syscall32_callback.mask_events = e->syscall32_disables_events;
	v->arch.sysenter_callback.address = e->sysenter_callback_eip;
	v->arch.sysenter_callback.mask_events = e->sysenter_disables_events;
	vcpu_unpause(v);
	return 0;
}

long domctl_sendtrigger(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = domain_vcpu(d, op->u.sendtrigger.vcpu);

	if (op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
		return -ENOSYS;
	if (!v)
		return -ESRCH;
	WRITE_ONCE(v->arch.nmi_pending, true);
	vcpu_kick(v);
	return 0;
}

/* --- place and share --- */

static int read_cpus(struct cpumask *m, const struct xenctl_bitmap *from)
{
	return ctlbitmap_read(m->bits, NR_CPUS, from);
}

/* What of a set can take effect. */
static int write_cpus(const struct xenctl_bitmap *to, const struct cpumask *m)
{
	return ctlbitmap_write(to, m->bits, NR_CPUS);
}

long domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	bool want_hard = a->flags & XEN_VCPUAFFINITY_HARD;
	bool want_soft = a->flags & XEN_VCPUAFFINITY_SOFT;
	struct vcpu *v = domain_vcpu(d, a->vcpu);
	struct cpumask hard, soft;
	int ret;

	if (!want_hard && !want_soft)
		return -EINVAL;
	if (!v)
		return -ESRCH;
	if ((want_hard && read_cpus(&hard, &a->cpumap_hard)) ||
	    (want_soft && read_cpus(&soft, &a->cpumap_soft)))
		return -EFAULT;
	ret = sched_set_affinity(v, want_hard ? &hard : NULL, want_soft ? &soft : NULL);
	if (ret)
		return ret;
	sched_get_affinity(v, &hard, &soft);
	cpumask_and(&hard, &hard, &cpu_online_map);
	cpumask_and(&soft, &soft, &hard);
	if ((want_hard && write_cpus(&a->cpumap_hard, &hard)) ||
	    (want_soft && write_cpus(&a->cpumap_soft, &soft)))
		return -EFAULT;
	return 0;
}

long domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct vcpu *v = domain_vcpu(d, a->vcpu);
	struct cpumask hard, soft;

	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return -EINVAL;
	if (!v)
		return -ESRCH;
	sched_get_affinity(v, &hard, &soft);
	if (((a->flags & XEN_VCPUAFFINITY_HARD) && write_cpus(&a->cpumap_hard, &hard)) ||
	    ((a->flags & XEN_VCPUAFFINITY_SOFT) && write_cpus(&a->cpumap_soft, &soft)))
		return -EFAULT;
	return 0;
}

/* Spoken as credit2, which the tools take us for.  Weight 0 leaves the weight as it is. */
long domctl_scheduler_op(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;
	u16 weight, cap;

	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	sched_domain_get(d, &weight, &cap);
	switch (s->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		s->u.credit2.weight = weight;
		s->u.credit2.cap = cap;
		return DOMCTL_COPY_BACK;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		if (s->u.credit2.weight)
			weight = s->u.credit2.weight;
		return sched_domain_set(d, weight, s->u.credit2.cap);
	default:
		return -EINVAL; /* parameters of single vCPUs: not with this scheduler */
	}
}
