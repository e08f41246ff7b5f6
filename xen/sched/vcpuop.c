// SPDX-License-Identifier: MIT
/*
 * vcpu_op: bringing vCPUs up and down, their timers, and the areas in guest
 * memory that we keep up to date for them.
 *
 * The vcpu_info page is different from the other areas: we write it from any
 * context, so it is taken by frame with a writable reference and reached through
 * the direct map.  The other areas are linear addresses that are looked up in the
 * guest's own page tables at each write, which may fail without anybody knowing.
 */
#include "domain/domain.h"
#include "domain/privilege.h"
#include "domain/vcpustate.h"
#include "entry/dispatch.h"
#include "entry/guestaccess.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "machine/smp.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "sched/deferred.h"
#include "sched/runqueue.h"
#include "time/clock.h"
#include <xen/sched.h>

/* --- up and down --- */

static long op_initialise(struct vcpu *v, unsigned long cmd, unsigned long arg)
{
	struct vcpu_guest_context *c;
	int ret = -EEXIST;

	if (!arg)
		return -EFAULT;
	/* One beyond shared_info's is to register its vcpu_info first: no guest sees ours. */
	if (READ_ONCE(v->info) == &v->no_info)
		return -EINVAL;
	c = kmalloc(sizeof(*c)); /* 5 KiB: too much for the stack */
	if (!c)
		return -ENOMEM;
	if (guest_fetch(c, arg, sizeof(*c))) {
		kfree(c);
		return -EFAULT;
	}
	/* Not under a lock: tables are validated.  Of two callers the second comes back until then. */
	if (__atomic_exchange_n(&v->initialising, true, __ATOMIC_ACQUIRE)) {
		ret = -ERESTART;
	} else {
		if (!v->initialised && v != current)
			ret = vcpu_set_context(v, c);
		__atomic_store_n(&v->initialising, false, __ATOMIC_RELEASE);
	}
	kfree(c);
	return ret == -ERESTART ? hypercall_continue1(cmd) : ret;
}

static long op_up(struct vcpu *v)
{
	struct domain *d = v->domain;
	long ret = 0;

	spin_lock(&d->lock);
	if (!__atomic_load_n(&v->initialised, __ATOMIC_ACQUIRE))
		ret = -EINVAL;
	else
		vcpu_wake_flags(v, VPF_DOWN);
	spin_unlock(&d->lock);
	return ret;
}

/* Current itself stops on its way out and returns from the call when it is up again. */
static long op_down(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct vcpu *other;
	bool any_up = false;

	spin_lock(&d->lock);
	__atomic_fetch_or(&v->pause_flags, VPF_DOWN, __ATOMIC_SEQ_CST);
	for_each_vcpu(d, other)
		any_up |= !(READ_ONCE(other->pause_flags) & VPF_DOWN);
	spin_unlock(&d->lock);
	vcpu_recheck(v);
	if (!any_up) /* nobody is left who could bring one up */
		domain_shutdown(d, SHUTDOWN_poweroff);
	return 0;
}

/* --- areas in guest memory --- */

/* Where a vCPU without a registered page has its vcpu_info. */
static struct vcpu_info *default_info(struct vcpu *v)
{
	return v->id < XEN_LEGACY_MAX_VCPUS ? &v->domain->shared_info->vcpu_info[v->id]
					    : &v->no_info;
}

static long op_register_vcpu_info(struct vcpu *v, unsigned long arg)
{
	struct vcpu_register_vcpu_info op;
	struct domain *d = v->domain;
	struct vcpu_info *to;
	int ret;

	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
	    op.offset % _Alignof(struct vcpu_info))
		return -ENXIO;
	/* It must not be running elsewhere while its page changes under it. */
	if (v != current && !(READ_ONCE(v->pause_flags) & VPF_DOWN))
		return -EINVAL;
	if (frame_get_and_type(MFN(op.mfn), d, FRAME_TYPE_WRITABLE))
		return -EINVAL;
	to = (struct vcpu_info *)((char *)mfn_to_virt(MFN(op.mfn)) + op.offset);

	spin_lock(&d->lock);
	ret = mfn_eq(v->info_mfn, INVALID_MFN) ? 0 : -EINVAL;
	if (!ret) {
		memcpy(to, v->info, sizeof(*to));
		v->info_mfn = MFN(op.mfn);
		__atomic_store_n(&v->info, to, __ATOMIC_SEQ_CST);
	}
	spin_unlock(&d->lock);
	if (ret) {
		frame_put_and_type(MFN(op.mfn));
		return ret;
	}
	clock_update_vcpu(v);
	/*
	 * A sender may have set its selector bit in the old place after it was copied.  Its
	 * pending bit was set before: have the guest look at all of them.
	 */
	__atomic_store_n(&to->evtchn_pending_sel, ~0UL, __ATOMIC_SEQ_CST);
	vcpu_mark_events_pending(v);
	return 0;
}

void vcpu_info_unregister(struct vcpu *v)
{
	mfn_t mfn = v->info_mfn;

	if (mfn_eq(mfn, INVALID_MFN))
		return;
	/* v does not run and its domain's ports are closed, or it will rescan when it runs. */
	v->info_mfn = INVALID_MFN;
	__atomic_store_n(&v->info, default_info(v), __ATOMIC_SEQ_CST);
	frame_put_and_type(mfn);
}

void vcpu_write_runstate_area(void)
{
	struct vcpu *v = current;
	unsigned long area = v->runstate_area;
	u64 stamp;
	/* As it was when v began to run, which nobody changes while it does: readers add the rest. */
	struct vcpu_runstate_info rs = v->runstate;

	if (!(v->domain->vm_assist & BIT(VMASST_TYPE_runstate_update_flag))) {
		if (guest_store(area, &rs, sizeof(rs)))
			return;
		return;
	}
	/* Readers who see bit 63 wait: set it, write everything, clear it. */
	stamp = rs.state_entry_time | XEN_RUNSTATE_UPDATE;
	area += offsetof(struct vcpu_runstate_info, state_entry_time);
	if (guest_store(area, &stamp, sizeof(stamp)))
		return;
	smp_wmb();
	stamp = rs.state_entry_time;
	rs.state_entry_time |= XEN_RUNSTATE_UPDATE;
	if (guest_store(v->runstate_area, &rs, sizeof(rs)))
		return;
	smp_wmb();
	if (guest_store(area, &stamp, sizeof(stamp)))
		return;
}

static long op_get_runstate(struct vcpu *v, unsigned long arg)
{
	struct vcpu_runstate_info rs;

	vcpu_runstate_get(v, &rs);
	return guest_store(arg, &rs, sizeof(rs)) ? -EFAULT : 0;
}

static long op_register_runstate(struct vcpu *v, unsigned long arg)
{
	struct vcpu_register_runstate_memory_area op;
	struct vcpu_runstate_info rs;

	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!op.addr.p) {
		WRITE_ONCE(v->runstate_area, 0);
		return 0;
	}
	if (!guest_range_ok(op.addr.p, sizeof(rs)))
		return -EFAULT;
	WRITE_ONCE(v->runstate_area, op.addr.p);
	vcpu_runstate_get(v, &rs);
	if (guest_store(op.addr.p, &rs, sizeof(rs)))
		return 0; /* not mapped yet: it is written again whenever v is scheduled */
	return 0;
}

static long op_register_time(struct vcpu *v, unsigned long arg)
{
	struct vcpu_register_time_memory_area op;

	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.addr.p && !guest_range_ok(op.addr.p, sizeof(struct vcpu_time_info)))
		return -EFAULT;
	clock_set_user_area(v, op.addr.p);
	if (op.addr.p && v == current)
		clock_write_user_area();
	return 0;
}

/* --- timers and the rest --- */

static long op_set_singleshot(struct vcpu *v, unsigned long arg)
{
	struct vcpu_set_singleshot_timer op;

	if (v != current)
		return -EINVAL;
	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	vtime_set_singleshot(v, (stime_t)min(op.timeout_abs_ns, (u64)INT64_MAX));
	return 0;
}

static long op_set_periodic(struct vcpu *v, unsigned long arg)
{
	struct vcpu_set_periodic_timer op;

	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	return op.period_ns ? vtime_set_periodic(v, op.period_ns) : -EINVAL;
}

static long op_send_nmi(struct vcpu *v)
{
	WRITE_ONCE(v->arch.nmi_pending, true);
	vcpu_kick(v);
	return 0;
}

/* Only for one that cannot move, and only to who may know the machine. */
static long op_get_physid(struct vcpu *v, unsigned long arg)
{
	struct vcpu_get_physid op;
	struct cpumask hard;
	unsigned int cpu;

	sched_get_affinity(v, &hard, NULL);
	cpu = cpumask_next(&hard, 0);
	if (cpumask_weight(&hard) != 1 || !privileged(v->domain, PRIV_HARDWARE, NULL))
		return -EINVAL;
	op.phys_id = cpu_apic_id(cpu) | (u64)cpu_acpi_id(cpu) << 32;
	return guest_store(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static __attribute__((noinline)) long other_op(struct vcpu *v, unsigned long cmd, unsigned long arg)
{
	switch ((unsigned int)cmd) {
	case VCPUOP_initialise:
		return op_initialise(v, cmd, arg);
	case VCPUOP_up:
		return op_up(v);
	case VCPUOP_down:
		return op_down(v);
	case VCPUOP_is_up:
		return !(READ_ONCE(v->pause_flags) & VPF_DOWN);
	case VCPUOP_get_runstate_info:
		return op_get_runstate(v, arg);
	case VCPUOP_register_runstate_memory_area:
		return op_register_runstate(v, arg);
	case VCPUOP_set_periodic_timer:
		return op_set_periodic(v, arg);
	case VCPUOP_stop_periodic_timer:
		return vtime_set_periodic(v, 0);
	case VCPUOP_stop_singleshot_timer:
		if (v != current)
			return -EINVAL;
		vtime_stop_singleshot(v);
		return 0;
	case VCPUOP_register_vcpu_info:
		return op_register_vcpu_info(v, arg);
	case VCPUOP_send_nmi:
		return op_send_nmi(v);
	case VCPUOP_get_physid:
		return op_get_physid(v, arg);
	case VCPUOP_register_vcpu_time_memory_area:
		return op_register_time(v, arg);
	default:
		return -ENOSYS;
	}
}

long hc_vcpu_op(unsigned long cmd, unsigned long vcpuid, unsigned long arg)
{
	struct vcpu *v = current;

	vcpuid = (u32)vcpuid; /* the ABI's are ints: upper halves are not looked at */
	if (vcpuid != v->id) {
		if (vcpuid >= MAX_VCPUS)
			return -ENOENT;
		v = domain_vcpu(v->domain, (unsigned int)vcpuid);
		if (!v)
			return -ENOENT;
	}
	/* Kernels without a tick set their next timer on each way to sleep. */
	return likely((unsigned int)cmd == VCPUOP_set_singleshot_timer) ? op_set_singleshot(v, arg)
									: other_op(v, cmd, arg);
}
