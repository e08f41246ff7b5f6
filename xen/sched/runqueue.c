// SPDX-License-Identifier: MIT
/*
 * Run queues (see runqueue.h): waking, sleeping, switching, stealing.
 *
 * A CPU with nothing to do marks itself idle first and looks at the other queues
 * after; whoever queues a vCPU looks for idle CPUs after it is queued.  So no
 * vCPU waits while a CPU that it may use sleeps.  Of two queue locks the second
 * is only ever tried.
 *
 * The switch itself is context_switch_to()'s.  It leaves this file with `next`
 * marked running and comes back through sched_switched() when prev is saved.
 */
#include "sched/runqueue.h"

#include "domain/domain.h"
#include "evtchn/evtchn.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/deferred.h"
#include "time/clock.h"

#define BALANCE_INTERVAL 10000000LL

DEFINE_PER_CPU(struct runqueue, runqueues);

static struct vcpu *vcpu_of(struct fair_entity *e)
{
	return e ? container_of(e, struct vcpu, sched.fair) : NULL;
}

struct runqueue *runqueue_lock_vcpu(struct vcpu *v, unsigned long *flags)
{
	*flags = local_irq_save();
	for (;;) {
		unsigned int cpu = READ_ONCE(v->sched.cpu);
		struct runqueue *rq = per_cpu_ptr(runqueues, cpu);

		spin_lock(&rq->lock);
		if (likely(v->sched.cpu == cpu))
			return rq;
		spin_unlock(&rq->lock);
	}
}

void runqueue_unlock(struct runqueue *rq, unsigned long flags)
{
	spin_unlock_irqrestore(&rq->lock, flags);
}

u64 runqueue_load(unsigned int cpu)
{
	return READ_ONCE(per_cpu(runqueues, cpu).fair.load);
}

/* --- accounting, under the queue's lock --- */

void runqueue_charge(struct runqueue *rq, stime_t t)
{
	struct vcpu *v = vcpu_of(rq->fair.curr);
	stime_t ran;

	if (!v)
		return;
	ran = t - v->sched.charged;
	if (ran <= 0)
		return;
	v->sched.charged = t;
	v->sched.burst += ran;
	fair_charge(&rq->fair, ran);
	if (v->domain->sched_cap) {
		fair_cap_refill(&v->sched.domain->cap, v->domain->sched_cap, t);
		fair_cap_charge(&v->sched.domain->cap, ran);
	}
}

/* Parks v when its domain has used up its cap.  True when it may not run now. */
static bool over_cap(struct vcpu *v, stime_t t)
{
	u32 cap = READ_ONCE(v->domain->sched_cap);
	stime_t wait;

	if (!cap)
		return false;
	fair_cap_refill(&v->sched.domain->cap, cap, t);
	wait = fair_cap_wait(&v->sched.domain->cap, cap);
	if (!wait)
		return false;
	__atomic_fetch_or(&v->pause_flags, VPF_CAPPED, __ATOMIC_SEQ_CST);
	timer_set(&v->sched.cap_timer, t + wait);
	return true;
}

/* What a vCPU that is not running is to the guest. */
static int resting_state(const struct vcpu *v)
{
	u32 flags = READ_ONCE(v->pause_flags);

	if (flags & VPF_BLOCKED)
		return RUNSTATE_blocked;
	if (flags == VPF_CAPPED && !READ_ONCE(v->pause_count) && !v->domain->pause_count)
		return RUNSTATE_runnable; /* it would run, and counts that as stolen */
	return vcpu_is_runnable(v) ? RUNSTATE_runnable : RUNSTATE_offline;
}

static void enqueue(struct runqueue *rq, struct vcpu *v)
{
	fair_enqueue(&rq->fair, &v->sched.fair);
	v->sched.queued = true;
}

static void dequeue(struct runqueue *rq, struct vcpu *v)
{
	fair_dequeue(&rq->fair, &v->sched.fair);
	v->sched.queued = false;
}

/*
 * Sets the timer that ends curr's turn: its slice while somebody waits, what is
 * left of its domain's cap if it has one.  Alone and uncapped it needs none.
 */
static void arm_tick(struct runqueue *rq, stime_t t)
{
	const struct vcpu *v = rq->curr;
	s64 left = INT64_MAX;

	if (v->is_idle)
		return;
	if (rq->fair.waiting)
		left = fair_time_left(&rq->fair);
	if (READ_ONCE(v->domain->sched_cap))
		left = min(left, fair_cap_left(&v->sched.domain->cap));
	if (left != INT64_MAX && (!timer_is_armed(&rq->tick) || rq->tick.expires > t + left))
		timer_set(&rq->tick, t + left);
}

static void unmark_idle(const struct runqueue *rq)
{
	if (cpumask_test(&sched_idle_cpus, rq->cpu)) /* not a locked access each time */
		cpumask_clear(&sched_idle_cpus, rq->cpu);
}

/* v waits: an idle CPU that it may use comes and takes it. */
static void offer_idle(const struct vcpu *v)
{
	unsigned int cpu;

	for_each_cpu(cpu, &sched_idle_cpus)
		if (cpumask_test(&cpu_online_map, cpu) && sched_cpu_allowed(v, cpu)) {
			deferred_raise_on(cpu, DEFERRED_SCHEDULE);
			return;
		}
}

/* v, runnable, begins to wait on rq: has its CPU run it, or another one, or see to it later. */
static void admit(struct runqueue *rq, struct vcpu *v)
{
	stime_t t = now();

	runqueue_charge(rq, t);
	runstate_set(v, RUNSTATE_runnable, t);
	enqueue(rq, v);
	if (rq->curr == rq->idle) {
		unmark_idle(rq); /* it is spoken for: the next one to wake takes another */
		deferred_raise_on(rq->cpu, DEFERRED_SCHEDULE);
		return;
	}
	if (fair_preempts(&rq->fair, &v->sched.fair)) {
		deferred_raise_on(rq->cpu, DEFERRED_SCHEDULE);
		return;
	}
	arm_tick(rq, t);
	offer_idle(v);
}

/* --- waking and sleeping --- */

void runqueue_wake(struct vcpu *v)
{
	unsigned long flags;
	struct runqueue *rq = runqueue_lock_vcpu(v, &flags);
	unsigned int cpu;

	/* One that still runs, or is being switched out, is sched_switched()'s to queue. */
	if (v->is_idle || v->sched.queued || v->sched.running || !vcpu_is_runnable(v)) {
		runqueue_unlock(rq, flags);
		return;
	}
	cpu = sched_choose_cpu(v);
	if (cpu != rq->cpu) {
		/* Asleep vCPUs belong to whoever holds the lock of their cpu: hand it over. */
		WRITE_ONCE(v->sched.cpu, cpu);
		runqueue_unlock(rq, flags);
		rq = runqueue_lock_vcpu(v, &flags);
		if (v->sched.queued || v->sched.running || !vcpu_is_runnable(v)) {
			runqueue_unlock(rq, flags);
			return;
		}
	}
	admit(rq, v);
	runqueue_unlock(rq, flags);
}

void runqueue_sleep(struct vcpu *v)
{
	unsigned long flags;
	struct runqueue *rq = runqueue_lock_vcpu(v, &flags);

	if (!vcpu_is_runnable(v)) {
		if (v->sched.queued) {
			dequeue(rq, v);
			runstate_set(v, resting_state(v), now());
		} else if (rq->curr == v) {
			deferred_raise_on(rq->cpu, DEFERRED_SCHEDULE);
		} else if (!v->sched.running) {
			runstate_set(v, resting_state(v), now());
		}
	}
	runqueue_unlock(rq, flags);
}

void runqueue_rehome(struct vcpu *v)
{
	unsigned long flags;
	struct runqueue *rq = runqueue_lock_vcpu(v, &flags);
	bool move = false;

	if (sched_cpu_allowed(v, rq->cpu)) {
		if (v->sched.queued) /* an idle CPU may have come within its reach */
			offer_idle(v);
	} else if (v->sched.queued) {
		dequeue(rq, v);
		move = true;
	} else if (rq->curr == v) {
		deferred_raise_on(rq->cpu, DEFERRED_SCHEDULE);
	}
	runqueue_unlock(rq, flags);
	if (move)
		runqueue_wake(v);
}

/* --- work from other CPUs --- */

/* Takes a vCPU that waits on `from` and may run on rq; both locks held. */
static bool take_one(struct runqueue *rq, struct runqueue *from, u64 max_weight)
{
	struct rb_node *node;
	unsigned int seen = 0;

	rb_for_each(node, &from->fair.tree)
	{
		struct vcpu *v = vcpu_of(rb_entry(node, struct fair_entity, node));

		if (!v->sched.running && sched_cpu_allowed(v, rq->cpu) &&
		    v->sched.fair.weight < max_weight) {
			dequeue(from, v);
			WRITE_ONCE(v->sched.cpu, rq->cpu);
			enqueue(rq, v);
			return true;
		}
		if (++seen == 16)
			break;
	}
	return false;
}

/*
 * Tries the queue of `cpu`.  A queue whose lock cannot be had is in the hands of
 * somebody who may just be queueing a vCPU: look again soon.
 */
static bool try_take(struct runqueue *rq, unsigned int cpu, u64 max_weight)
{
	struct runqueue *from = per_cpu_ptr(runqueues, cpu);
	bool taken;

	if (!spin_trylock(&from->lock)) {
		deferred_raise(DEFERRED_SCHEDULE);
		return false;
	}
	taken = take_one(rq, from, max_weight);
	spin_unlock(&from->lock);
	return taken;
}

/* This CPU has nothing to do: takes from whoever has somebody waiting. */
static void steal(struct runqueue *rq)
{
	unsigned int cpu;

	for_each_cpu(cpu, &cpu_online_map)
		if (cpu != rq->cpu && READ_ONCE(per_cpu(runqueues, cpu).fair.waiting) &&
		    try_take(rq, cpu, FAIR_WEIGHT_MAX + 1))
			return;
}

/* A busy CPU takes from the busiest what makes the two more even. */
static void balance(struct runqueue *rq, stime_t t)
{
	unsigned int cpu, busiest = NR_CPUS;
	u64 load = rq->fair.load;

	if (t - rq->balanced < BALANCE_INTERVAL)
		return;
	rq->balanced = t;
	for_each_cpu(cpu, &cpu_online_map)
		if (cpu != rq->cpu && READ_ONCE(per_cpu(runqueues, cpu).fair.waiting) &&
		    runqueue_load(cpu) > load) {
			load = runqueue_load(cpu);
			busiest = cpu;
		}
	if (busiest < NR_CPUS)
		try_take(rq, busiest, load - rq->fair.load);
}

/* The slice is over while others wait: run the choice again, and offer what waits around. */
void runqueue_tick(void *arg)
{
	struct runqueue *rq = arg;
	unsigned int cpu, best = NR_CPUS;
	u64 load = READ_ONCE(rq->fair.load);

	deferred_raise(DEFERRED_SCHEDULE);
	for_each_cpu(cpu, &cpu_online_map)
		if (runqueue_load(cpu) + 2 * FAIR_WEIGHT_DEFAULT <= load) {
			load = runqueue_load(cpu) + 2 * FAIR_WEIGHT_DEFAULT;
			best = cpu;
		}
	if (best < NR_CPUS && best != rq->cpu)
		deferred_raise_on(best, DEFERRED_SCHEDULE);
}

/* --- the switch --- */

/* The vCPU to run next on rq, out of those that wait; the idle one when there is none. */
static struct vcpu *find_next(struct runqueue *rq, stime_t t)
{
	struct vcpu *v;
	bool parked = false;

	while ((v = vcpu_of(fair_pick_waiting(&rq->fair))) != NULL && over_cap(v, t)) {
		dequeue(rq, v); /* cap_timer brings it back */
		parked = true;
	}
	if (v)
		return v;
	if (parked) /* it may be what steal() found; there may be others */
		deferred_raise(DEFERRED_SCHEDULE);
	return rq->idle;
}

/*
 * prev, which is curr, goes back among those that wait, or to sleep.  Nobody takes it
 * before sched_switched() clears `running`: its registers are not saved yet.
 */
static void retire_curr(struct runqueue *rq, struct vcpu *prev, stime_t t)
{
	struct vcpu_sched *s = &prev->sched;

	runstate_set(prev, resting_state(prev), t);
	if (prev->is_idle)
		return;
	s->yielding = false;
	if (vcpu_is_runnable(prev) && sched_cpu_allowed(prev, rq->cpu)) {
		fair_put_curr(&rq->fair);
		s->queued = true;
		return;
	}
	fair_note_burst(&s->fair, s->burst);
	s->burst = 0;
	fair_dequeue(&rq->fair, &s->fair);
}

/* True when curr, which can go on, should. */
static bool keeps_cpu(struct runqueue *rq, struct vcpu *prev, stime_t t)
{
	if (prev->is_idle)
		return !rq->fair.waiting;
	if (!vcpu_is_runnable(prev) || !sched_cpu_allowed(prev, rq->cpu) || over_cap(prev, t))
		return false;
	if (prev->sched.yielding) {
		prev->sched.yielding = false;
		fair_yield(&rq->fair);
		return !rq->fair.waiting;
	}
	return fair_pick(&rq->fair) == &prev->sched.fair;
}

static void finish_poll(struct vcpu *v)
{
	if (v->sched.polling) {
		v->sched.polling = false;
		timer_stop(&v->sched.poll_timer);
		evtchn_poll_end(v);
	}
}

static void set_next(struct runqueue *rq, struct vcpu *next, stime_t t)
{
	rq->curr = next;
	rq->switches++;
	next->sched.running = true;
	next->sched.charged = t;
	runstate_set(next, RUNSTATE_running, t);
	if (next->is_idle) {
		/* Not marked before the look round: somebody may have missed us, look again. */
		if (!cpumask_test(&sched_idle_cpus, rq->cpu)) {
			cpumask_set(&sched_idle_cpus, rq->cpu);
			deferred_raise(DEFERRED_SCHEDULE);
		}
	} else {
		fair_set_curr(&rq->fair, &next->sched.fair);
		next->sched.queued = false;
		unmark_idle(rq);
	}
	timer_stop(&rq->tick);
	arm_tick(rq, t);
	if (rq->fair.waiting && !next->is_idle)
		offer_idle(vcpu_of(fair_pick_waiting(&rq->fair)));
}

void schedule(void)
{
	struct vcpu *prev = current, *next;
	unsigned long flags = local_irq_save();
	struct runqueue *rq = this_cpu_ptr(runqueues);
	stime_t t;

	spin_lock(&rq->lock);
	t = now();
	runqueue_charge(rq, t);
	/* Idle before looking elsewhere: see the head of the file. */
	if (!rq->fair.waiting && (prev->is_idle || !vcpu_is_runnable(prev))) {
		cpumask_set(&sched_idle_cpus, rq->cpu);
		steal(rq);
	} else if (!prev->is_idle) {
		balance(rq, t);
	}
	if (keeps_cpu(rq, prev, t)) {
		if (!prev->is_idle)
			unmark_idle(rq);
		arm_tick(rq, t);
		runqueue_unlock(rq, flags);
		finish_poll(prev);
		return;
	}
	next = find_next(rq, t);
	if (next == prev) { /* idle still: all that waited were over their caps */
		runqueue_unlock(rq, flags);
		return;
	}
	retire_curr(rq, prev, t);
	set_next(rq, next, t);
	spin_unlock(&rq->lock);
	context_switch_to(next);
}

void sched_switched(struct vcpu *prev, struct vcpu *next)
{
	struct runqueue *rq = this_cpu_ptr(runqueues);
	bool elsewhere = false;

	spin_lock(&rq->lock);
	__atomic_store_n(&prev->sched.running, false, __ATOMIC_RELEASE);
	if (prev->sched.queued) {
		offer_idle(prev);
	} else if (!prev->is_idle && vcpu_is_runnable(prev)) {
		/* Woken meanwhile, or not allowed here any more. */
		if (sched_cpu_allowed(prev, rq->cpu))
			admit(rq, prev);
		else
			elsewhere = true;
	}
	spin_unlock(&rq->lock);
	if (elsewhere)
		runqueue_wake(prev);
	if (next->is_idle)
		return;
	finish_poll(next);
	vtime_vcpu_moved(next);
	clock_refresh_vcpu(next);
	if (next->runstate_area || clock_user_area_due(next))
		deferred_raise(DEFERRED_AREAS);
}
