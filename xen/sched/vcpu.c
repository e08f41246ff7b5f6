// SPDX-License-Identifier: MIT
/*
 * What makes a vCPU runnable, and who is told when that changes.
 *
 * No wake-up is lost: whoever blocks sets VPF_BLOCKED first and looks for pending
 * events after; whoever raises an event sets its bits first and looks at
 * VPF_BLOCKED after.  All four are full barriers, so at least one side sees the
 * other.  A vCPU that was woken before it had left its CPU simply stays there.
 */
#include "sched/vcpu.h"

#include "domain/domain.h"
#include "lib/assert.h"
#include "machine/machine.h"
#include "sched/deferred.h"
#include "sched/runqueue.h"

bool vcpu_is_runnable(const struct vcpu *v)
{
	if (v->is_idle)
		return true;
	return !READ_ONCE(v->pause_flags) && !READ_ONCE(v->pause_count) &&
	       !READ_ONCE(v->domain->pause_count);
}

void vcpu_recheck(struct vcpu *v)
{
	if (vcpu_is_runnable(v))
		runqueue_wake(v);
	else
		runqueue_sleep(v);
}

void vcpu_wake_flags(struct vcpu *v, u32 flags)
{
	if (__atomic_fetch_and(&v->pause_flags, ~flags, __ATOMIC_SEQ_CST) & flags)
		runqueue_wake(v);
}

void vcpu_kick(struct vcpu *v)
{
	if (READ_ONCE(v->pause_flags) & VPF_BLOCKED) {
		vcpu_wake_flags(v, VPF_BLOCKED | VPF_POLLING);
		return;
	}
	/*
	 * A running vCPU looks at its pending byte on its way to the guest; if it is in
	 * the guest already only an interrupt makes it look.  One that is not running
	 * looks before it does.
	 */
	if (v != current && READ_ONCE(v->sched.running))
		smp_kick(READ_ONCE(v->sched.cpu));
}

void vcpu_mark_events_pending(struct vcpu *v)
{
	struct vcpu_info *info = READ_ONCE(v->info);

	if (!__atomic_exchange_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
		vcpu_kick(v);
}

void vcpu_block_current(void)
{
	struct vcpu *v = current;

	__atomic_fetch_or(&v->pause_flags, VPF_BLOCKED, __ATOMIC_SEQ_CST);
	if (vcpu_upcall_due(v)) {
		__atomic_fetch_and(&v->pause_flags, ~VPF_BLOCKED, __ATOMIC_SEQ_CST);
		return;
	}
	deferred_raise(DEFERRED_SCHEDULE);
}

void vcpu_yield_current(void)
{
	current->sched.yielding = true;
	deferred_raise(DEFERRED_SCHEDULE);
}

void vcpu_wait_off_cpu(const struct vcpu *v)
{
	ASSERT(v != current);
	lockrank_may_wait();
	while (__atomic_load_n(&v->sched.running, __ATOMIC_ACQUIRE))
		cpu_relax();
}

void vcpu_pause_nosync(struct vcpu *v)
{
	__atomic_fetch_add(&v->pause_count, 1, __ATOMIC_SEQ_CST);
	runqueue_sleep(v);
}

void vcpu_pause(struct vcpu *v)
{
	vcpu_pause_nosync(v);
	vcpu_wait_off_cpu(v);
}

void vcpu_unpause(struct vcpu *v)
{
	if (!__atomic_sub_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST))
		runqueue_wake(v);
}

/* --- run state accounting --- */

void runstate_set(struct vcpu *v, int state, stime_t t)
{
	struct vcpu_runstate_info *rs = &v->runstate;

	/* CPUs may disagree by a few ns: no counter ever goes back. */
	if (t > (stime_t)rs->state_entry_time) {
		rs->time[rs->state] += (u64)t - rs->state_entry_time;
		rs->state_entry_time = (u64)t;
	}
	rs->state = state;
}

void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
	unsigned long flags;
	struct runqueue *rq = runqueue_lock_vcpu(v, &flags);
	stime_t t = now();

	*out = v->runstate;
	runqueue_unlock(rq, flags);
	if (t > (stime_t)out->state_entry_time)
		out->time[out->state] += (u64)t - out->state_entry_time;
}
