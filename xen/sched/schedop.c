// SPDX-License-Identifier: MIT
/*
 * sched_op: giving up the processor, waiting for events, shutting down.  What
 * blocks or yields only says so here; the switch happens on the way out of the
 * hypervisor, when the result is already in the guest's registers.
 */
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/dispatch.h"
#include "entry/guestaccess.h"
#include "evtchn/evtchn.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/deferred.h"
#include "sched/runqueue.h"
#include <xen/sched.h>

#define POLL_PORTS_MAX 128u
#define WATCHDOG_SECONDS_MAX 1000000000LL

/* Looks whether one of the ports has its pending bit set: 1, 0 or a negative error. */
static int any_pending(struct domain *d, const u32 *ports, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		int pending = evtchn_port_poll_pending(d, ports[i]);

		if (pending)
			return pending;
	}
	return 0;
}

static long op_poll(unsigned long arg)
{
	struct vcpu *v = current;
	u32 ports[POLL_PORTS_MAX];
	struct sched_poll op;
	int pending;

	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.nr_ports > POLL_PORTS_MAX)
		return -EINVAL;
	if (op.nr_ports &&
	    guest_fetch(ports, guest_handle_addr(op.ports, 0), op.nr_ports * sizeof(ports[0])))
		return -EFAULT;
	if (any_pending(v->domain, ports, op.nr_ports) < 0)
		return -EINVAL;

	/* Flags, then the bit that senders look for, then the second look: no event is lost. */
	WRITE_ONCE(v->poll_port, op.nr_ports == 1 ? ports[0] : 0);
	v->sched.polling = true;
	__atomic_fetch_or(&v->pause_flags, VPF_BLOCKED | VPF_POLLING, __ATOMIC_SEQ_CST);
	evtchn_poll_begin(v);
	pending = any_pending(v->domain, ports, op.nr_ports);
	/* The way out clears what is left of the poll when v goes on. */
	deferred_raise(DEFERRED_SCHEDULE);
	if (pending || vcpu_upcall_due(v)) {
		vcpu_wake_flags(v, VPF_BLOCKED | VPF_POLLING);
		return pending < 0 ? pending : 0;
	}
	if (op.timeout)
		timer_set(&v->sched.poll_timer, (stime_t)min(op.timeout, (u64)INT64_MAX));
	return 0;
}

static long op_shutdown(unsigned long arg)
{
	struct sched_shutdown op;

	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	domain_shutdown(current->domain, op.reason);
	return 0;
}

static long op_remote_shutdown(unsigned long arg)
{
	struct sched_remote_shutdown op;
	struct domain *d;
	long ret = -EPERM;

	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	if (!current->domain->is_privileged)
		return -EPERM;
	d = domain_get(op.domain_id);
	if (!d)
		return -ESRCH;
	if (d != current->domain && privileged(current->domain, PRIV_CONTROL, d)) {
		domain_shutdown(d, op.reason);
		ret = 0;
	}
	domain_put(d);
	return ret;
}

/* What a later crash is to be reported as. */
static long op_shutdown_code(unsigned long arg)
{
	struct sched_shutdown op;

	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	return domain_latch_shutdown_code(current->domain, op.reason) ? 0 : -EEXIST;
}

/* id 0: a new one, returns its id; timeout 0: ends it; else: sets it again. */
static long op_watchdog(unsigned long arg)
{
	struct domain *d = current->domain;
	struct sched_domain *sd = current->sched.domain;
	const unsigned int slots = ARRAY_SIZE(sd->watchdog);
	struct sched_watchdog op;
	unsigned int i;
	long ret = 0;

	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.id > slots || (!op.id && !op.timeout))
		return -EINVAL;
	spin_lock(&d->lock);
	if (!op.id) {
		for (i = 0; i < slots && sd->watchdog[i].used; i++)
			;
		ret = i < slots ? (long)i + 1 : -ENOSPC;
	} else {
		i = (unsigned int)index_nospec(op.id - 1, slots);
		ret = sd->watchdog[i].used ? 0 : -EINVAL;
	}
	if (ret >= 0) {
		sd->watchdog[i].used = op.timeout != 0;
		if (op.timeout)
			timer_set(&sd->watchdog[i].timer,
				  now() + min((s64)op.timeout, WATCHDOG_SECONDS_MAX) * 1000000000);
		else
			timer_stop(&sd->watchdog[i].timer);
	}
	spin_unlock(&d->lock);
	return ret;
}

static long op_pin_override(unsigned long arg)
{
	struct sched_pin_override op;

	if (!privileged(current->domain, PRIV_HARDWARE, NULL))
		return -EPERM;
	if (guest_fetch(&op, arg, sizeof(op)))
		return -EFAULT;
	return sched_pin_override(current, op.pcpu);
}

long hc_sched_op(unsigned long cmd, unsigned long arg)
{
	switch ((unsigned int)cmd) {
	case SCHEDOP_yield:
		vcpu_yield_current();
		return 0;
	case SCHEDOP_block:
		/* With the mask clear an event that came before this moment keeps us awake. */
		WRITE_ONCE(current->info->evtchn_upcall_mask, 0);
		vcpu_block_current();
		return 0;
	case SCHEDOP_shutdown:
		return op_shutdown(arg);
	case SCHEDOP_poll:
		return op_poll(arg);
	case SCHEDOP_remote_shutdown:
		return op_remote_shutdown(arg);
	case SCHEDOP_shutdown_code:
		return op_shutdown_code(arg);
	case SCHEDOP_watchdog:
		return op_watchdog(arg);
	case SCHEDOP_pin_override:
		return op_pin_override(arg);
	default:
		return -ENOSYS;
	}
}
