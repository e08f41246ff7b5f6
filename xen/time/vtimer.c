// SPDX-License-Identifier: MIT
/*
 * The timers that a guest can set: one shot (set_timer_op and vcpu_op share it)
 * and periodic.  Each ends in VIRQ_TIMER of its vCPU, never early, and late by no
 * more than it takes to get there.  Deadlines and periods are clamped so that no
 * value of a guest's makes the queue busy for ever (security.md, row 20).
 */
#include "entry/dispatch.h"
#include "evtchn/evtchn.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/vcpu.h"
#include "time/clock.h"

#define PERIOD_MIN 1000000ULL /* 1 ms, as the ABI has it */
#define PERIOD_MAX 900000000000000000ULL /* 28 years: sums stay far from the sign bit */

static void singleshot_fn(void *arg)
{
	virq_send_vcpu(arg, VIRQ_TIMER);
}

static void periodic_fn(void *arg)
{
	struct vcpu *v = arg;
	stime_t period = READ_ONCE(v->time.period), t = now(), late;

	if (!period)
		return;
	virq_send_vcpu(v, VIRQ_TIMER);
	/* Ticks missed are not made up for; the phase is kept. */
	late = t - v->time.periodic.expires;
	timer_set(&v->time.periodic, t + period - late % period);
}

int vtime_vcpu_init(struct vcpu *v)
{
	timer_init(&v->time.singleshot, singleshot_fn, v, this_cpu_id());
	timer_init(&v->time.periodic, periodic_fn, v, this_cpu_id());
	return 0;
}

void vtime_vcpu_moved(struct vcpu *v)
{
	timer_migrate(&v->time.singleshot, this_cpu_id());
	timer_migrate(&v->time.periodic, this_cpu_id());
}

void vtime_vcpu_destroy(struct vcpu *v)
{
	timer_kill(&v->time.singleshot);
	timer_kill(&v->time.periodic);
}

/* One that has passed is served on the way out, before the guest goes on. */
void vtime_set_singleshot(struct vcpu *v, stime_t expires)
{
	timer_set(&v->time.singleshot, expires);
}

void vtime_stop_singleshot(struct vcpu *v)
{
	timer_stop(&v->time.singleshot);
}

int vtime_set_periodic(struct vcpu *v, u64 period)
{
	if (period && (period < PERIOD_MIN || period > PERIOD_MAX))
		return -EINVAL;
	WRITE_ONCE(v->time.period, (stime_t)period);
	if (period)
		timer_set(&v->time.periodic, now() + (stime_t)period);
	else
		timer_stop(&v->time.periodic);
	return 0;
}

long hc_set_timer_op(unsigned long timeout)
{
	if (!timeout)
		vtime_stop_singleshot(current);
	else /* beyond 292 years is as good as never; as a signed number it would be past */
		vtime_set_singleshot(current, (stime_t)min(timeout, (unsigned long)INT64_MAX));
	return 0;
}
