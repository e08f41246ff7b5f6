/* SPDX-License-Identifier: MIT */
/*
 * One run queue per CPU: which vCPU runs there, which wait, and how vCPUs move
 * between CPUs.  The policy is fair.c's; what makes a vCPU runnable is vcpu.c's.
 *
 * A vCPU is at any time in exactly one of these states, under its queue's lock:
 *   asleep            neither queued nor running
 *   queued            in the tree of cpu's queue
 *   running           cpu's queue has it as curr
 *   being switched out  running, but no longer curr: queued already when it can
 *                     go on here, but nobody takes it before sched_switched()
 */
#ifndef DAIS_SCHED_RUNQUEUE_H
#define DAIS_SCHED_RUNQUEUE_H

#include "lib/cpumask.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "sched/fair.h"
#include "sched/vcpu.h"

struct domain;

struct runqueue {
	struct spinlock lock; /* LOCK_RUNQUEUE, taken with interrupts off */
	unsigned int cpu;
	struct fair_queue fair;
	struct vcpu *curr; /* what this CPU runs or is switching to */
	struct vcpu *idle;
	struct timer tick; /* end of curr's slice, only while somebody waits */
	stime_t balanced; /* last look for work on other CPUs */
	u64 switches;
};

/* Shared by the vCPUs of a domain; allocated with its first one. */
struct sched_domain {
	u32 users; /* vCPUs; d->lock or creation */
	struct fair_cap cap;
	struct domain *domain;
	struct sched_watchdog_slot {
		struct timer timer;
		bool used;
	} watchdog[2]; /* d->lock */
};

/* --- life.c --- */

/* Gives a CPU its queue; its per-CPU area and idle vCPU (sched_vcpu_init() done) exist. */
void sched_cpu_init(unsigned int cpu, struct vcpu *idle);
/* Lines about all queues (debug key). */
void sched_dump(void);
/* Parameters as the credit2 domctl speaks of them; cap in percent of one CPU, 0 none. */
int sched_domain_set(struct domain *d, u16 weight, u16 cap);
void sched_domain_get(const struct domain *d, u16 *weight, u16 *cap);

/* --- runqueue.c --- */

DECLARE_PER_CPU(struct runqueue, runqueues);

/*
 * Deferred work: picks who runs here now and switches to it.  Interrupts on, no
 * lock held, at the bottom of the stack; does not return when it switches.
 */
void schedule(void);
/*
 * Called back by context_switch_to(), interrupts off, once prev's registers are
 * saved and this CPU no longer uses its state: others may run prev from here on.
 */
void sched_switched(struct vcpu *prev, struct vcpu *next);
/* Locks the queue of the CPU that v belongs to. */
struct runqueue *runqueue_lock_vcpu(struct vcpu *v, unsigned long *flags);
void runqueue_unlock(struct runqueue *rq, unsigned long flags);
/* v may have become runnable: queues it, on the CPU where it is served soonest. */
void runqueue_wake(struct vcpu *v);
/* v may have ceased to be runnable: takes it from its queue, or has its CPU drop it. */
void runqueue_sleep(struct vcpu *v);
/* State change of v at time t; run queue lock (vcpu.c). */
void runstate_set(struct vcpu *v, int state, stime_t t);
/* Weight of a CPU's queue, unlocked: a hint. */
u64 runqueue_load(unsigned int cpu);
/* Makes a vCPU that may not stay where it is move (affinity changed). */
void runqueue_rehome(struct vcpu *v);
/* Charges the CPU time of curr up to t to its virtual time and to its domain's cap; lock held. */
void runqueue_charge(struct runqueue *rq, stime_t t);
/* Timer function: curr's slice is over while others wait. */
void runqueue_tick(void *rq);

/* --- affinity.c --- */

extern struct cpumask sched_idle_cpus; /* CPUs that run their idle vCPU; atomic */

/* Replaces v's affinities, NULL leaves one.  -EINVAL when no CPU online would be left. */
int sched_set_affinity(struct vcpu *v, const struct cpumask *hard, const struct cpumask *soft);
void sched_get_affinity(struct vcpu *v, struct cpumask *hard, struct cpumask *soft);
/* sched_op pin_override on current: cpu < 0 ends it. */
int sched_pin_override(struct vcpu *v, int cpu);
bool sched_cpu_allowed(const struct vcpu *v, unsigned int cpu);
/* Where v ought to wait or run: idle, near, least loaded, in this order.  Run queue lock. */
unsigned int sched_choose_cpu(const struct vcpu *v);

#endif
