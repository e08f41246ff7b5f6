// SPDX-License-Identifier: MIT
/*
 * Beginnings and ends of what the scheduler keeps per CPU, per vCPU and per domain,
 * and the parameters (weight, cap) that the control domain sets.  The running
 * system is runqueue.c's.
 */
#include "console/log.h"
#include "domain/domain.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/slab.h"
#include "sched/deferred.h"
#include "sched/runqueue.h"
#include <xen/sched.h>

static void watchdog_fn(void *arg)
{
	struct sched_domain *sd = arg;

	domain_shutdown(sd->domain, SHUTDOWN_watchdog);
}

/* The part that the vCPUs of a domain share: made by the first, found by the others. */
static int join_domain(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct sched_domain *sd = NULL;
	struct vcpu *other;

	for_each_vcpu(d, other)
		if (other != v && other->sched.domain)
			sd = other->sched.domain;
	if (!sd) {
		sd = kmalloc(sizeof(*sd));
		if (!sd)
			return -ENOMEM;
		sd->domain = d;
		for (unsigned int i = 0; i < ARRAY_SIZE(sd->watchdog); i++)
			timer_init(&sd->watchdog[i].timer, watchdog_fn, sd, this_cpu_id());
	}
	sd->users++;
	v->sched.domain = sd;
	return 0;
}

static void cap_timer_fn(void *arg)
{
	vcpu_wake_flags(arg, VPF_CAPPED);
}

static void poll_timer_fn(void *arg)
{
	struct vcpu *v = arg;

	/* Only a poll ends by it: a block that came since is somebody else's to end. */
	if (READ_ONCE(v->pause_flags) & VPF_POLLING)
		vcpu_wake_flags(v, VPF_BLOCKED | VPF_POLLING);
}

int sched_vcpu_init(struct vcpu *v)
{
	struct vcpu_sched *s = &v->sched;
	unsigned int cpu = this_cpu_id();

	fair_entity_init(&s->fair, v->domain->sched_weight);
	cpumask_fill(&s->hard_affinity);
	cpumask_fill(&s->soft_affinity);
	v->runstate.state = v->is_idle ? RUNSTATE_running : RUNSTATE_offline;
	v->runstate.state_entry_time = (u64)now();
	timer_init(&s->poll_timer, poll_timer_fn, v, cpu);
	timer_init(&s->cap_timer, cap_timer_fn, v, cpu);
	s->cpu = cpu;
	if (v->is_idle) {
		s->cpu = v->id;
		return 0;
	}
	v->pause_flags = VPF_DOWN;
	/* Spread them over the CPUs from the start. */
	for (unsigned int n = v->domain->id + v->id; n; n--) {
		cpu = cpumask_next(&cpu_online_map, cpu + 1);
		if (cpu == NR_CPUS)
			cpu = cpumask_next(&cpu_online_map, 0);
	}
	if (cpu < NR_CPUS)
		s->cpu = cpu;
	return join_domain(v);
}

void sched_vcpu_destroy(struct vcpu *v)
{
	struct sched_domain *sd = v->sched.domain;

	timer_kill(&v->sched.poll_timer);
	timer_kill(&v->sched.cap_timer);
	if (!sd || --sd->users)
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(sd->watchdog); i++)
		timer_kill(&sd->watchdog[i].timer);
	v->sched.domain = NULL;
	kfree(sd);
}

void sched_cpu_init(unsigned int cpu, struct vcpu *idle)
{
	struct runqueue *rq = per_cpu_ptr(runqueues, cpu);

	spin_lock_init(&rq->lock, LOCK_RUNQUEUE);
	rq->cpu = cpu;
	rq->idle = idle;
	rq->curr = idle;
	timer_init(&rq->tick, runqueue_tick, rq, cpu);
	idle->sched.cpu = cpu;
	idle->sched.running = true;
	cpumask_set(&sched_idle_cpus, cpu);
}

int sched_domain_set(struct domain *d, u16 weight, u16 cap)
{
	struct vcpu *v;

	if (!weight)
		return -EINVAL;
	d->sched_weight = weight;
	WRITE_ONCE(d->sched_cap, cap);
	for_each_vcpu(d, v) {
		unsigned long flags;
		struct runqueue *rq = runqueue_lock_vcpu(v, &flags);
		bool queued = v->sched.queued, curr = rq->fair.curr == &v->sched.fair;

		/* Weights are part of the queue's sums: change them outside of it. */
		runqueue_charge(rq, now());
		if (queued || curr)
			fair_dequeue(&rq->fair, &v->sched.fair);
		fair_set_weight(&v->sched.fair, weight);
		if (queued || curr)
			fair_enqueue(&rq->fair, &v->sched.fair);
		if (curr)
			fair_set_curr(&rq->fair, &v->sched.fair);
		if (curr) /* a cap that is new is not watched yet */
			deferred_raise_on(rq->cpu, DEFERRED_SCHEDULE);
		runqueue_unlock(rq, flags);
		vcpu_wake_flags(v, VPF_CAPPED);
	}
	return 0;
}

void sched_domain_get(const struct domain *d, u16 *weight, u16 *cap)
{
	*weight = d->sched_weight ? d->sched_weight : (u16)FAIR_WEIGHT_DEFAULT;
	*cap = d->sched_cap;
}

void sched_dump(void)
{
	unsigned int cpu;

	for_each_cpu(cpu, &cpu_online_map) {
		const struct runqueue *rq = per_cpu_ptr(runqueues, cpu);
		const struct vcpu *v = READ_ONCE(rq->curr);

		log_line("CPU%u: d%uv%u, %u waiting, load %llu, %llu switches", cpu,
			 v->domain ? v->domain->id : DOMID_IDLE, v->id, rq->fair.waiting,
			 (unsigned long long)rq->fair.load, (unsigned long long)rq->switches);
	}
}
