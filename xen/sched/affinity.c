// SPDX-License-Identifier: MIT
/*
 * Where a vCPU may run (hard affinity, which nothing overrides as long as one of
 * its CPUs is online) and where it likes to (soft affinity), and the choice of a
 * CPU for one that wakes.
 */
#include "domain/domain.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/runqueue.h"

struct cpumask sched_idle_cpus;

static bool any_online(const struct cpumask *m)
{
	struct cpumask both;

	cpumask_and(&both, m, &cpu_online_map);
	return !cpumask_empty(&both);
}

bool sched_cpu_allowed(const struct vcpu *v, unsigned int cpu)
{
	if (v->is_idle)
		return v->sched.cpu == cpu;
	/* All CPUs of the set are offline: better elsewhere than nowhere. */
	return cpumask_test(&v->sched.hard_affinity, cpu) || !any_online(&v->sched.hard_affinity);
}

/* The CPU of the set that is nearest in number at or after `near`, or NR_CPUS. */
static unsigned int next_around(const struct cpumask *set, unsigned int near)
{
	unsigned int cpu = cpumask_next(set, near);

	return cpu < NR_CPUS ? cpu : cpumask_next(set, 0);
}

unsigned int sched_choose_cpu(const struct vcpu *v)
{
	const struct vcpu_sched *s = &v->sched;
	struct cpumask allowed, idle, liked;
	unsigned int cpu, best;

	if (v->is_idle)
		return s->cpu;
	/* As what follows, for where it nearly always ends. */
	if (cpumask_test(&sched_idle_cpus, s->cpu) && cpumask_test(&cpu_online_map, s->cpu) &&
	    cpumask_test(&s->hard_affinity, s->cpu) && cpumask_test(&s->soft_affinity, s->cpu))
		return s->cpu;
	cpumask_and(&allowed, &s->hard_affinity, &cpu_online_map);
	if (cpumask_empty(&allowed))
		allowed = cpu_online_map;
	cpumask_and(&idle, &allowed, &sched_idle_cpus);
	cpumask_and(&liked, &idle, &s->soft_affinity);
	if (cpumask_test(&liked, s->cpu))
		return s->cpu; /* its caches are warm */
	best = next_around(&liked, s->cpu);
	if (best == NR_CPUS && cpumask_test(&idle, s->cpu))
		return s->cpu;
	if (best == NR_CPUS)
		best = next_around(&idle, s->cpu);
	if (best < NR_CPUS)
		return best;

	/* None is idle: stay, unless another CPU is clearly less loaded. */
	cpumask_and(&liked, &allowed, &s->soft_affinity);
	if (cpumask_empty(&liked))
		liked = allowed;
	best = cpumask_test(&liked, s->cpu) ? s->cpu : cpumask_next(&liked, 0);
	for_each_cpu(cpu, &liked)
		if (runqueue_load(cpu) + s->fair.weight < runqueue_load(best))
			best = cpu;
	return best;
}

int sched_set_affinity(struct vcpu *v, const struct cpumask *hard, const struct cpumask *soft)
{
	unsigned long flags;
	struct runqueue *rq;

	if ((hard && !any_online(hard)) || (soft && !any_online(soft)))
		return -EINVAL;
	rq = runqueue_lock_vcpu(v, &flags);
	if (hard) {
		if (v->sched.pinned)
			v->sched.saved_affinity = *hard;
		else
			v->sched.hard_affinity = *hard;
	}
	if (soft)
		v->sched.soft_affinity = *soft;
	runqueue_unlock(rq, flags);
	runqueue_rehome(v);
	return 0;
}

void sched_get_affinity(struct vcpu *v, struct cpumask *hard, struct cpumask *soft)
{
	unsigned long flags;
	struct runqueue *rq = runqueue_lock_vcpu(v, &flags);

	if (hard)
		*hard = v->sched.pinned ? v->sched.saved_affinity : v->sched.hard_affinity;
	if (soft)
		*soft = v->sched.soft_affinity;
	runqueue_unlock(rq, flags);
}

int sched_pin_override(struct vcpu *v, int cpu)
{
	struct vcpu_sched *s = &v->sched;
	unsigned long flags;
	struct runqueue *rq;
	int ret = 0;

	if (cpu >= 0 &&
	    ((unsigned int)cpu >= NR_CPUS || !cpumask_test(&cpu_online_map, (unsigned int)cpu)))
		return -EINVAL;
	rq = runqueue_lock_vcpu(v, &flags);
	if (cpu < 0) {
		if (s->pinned) {
			s->hard_affinity = s->saved_affinity;
			s->pinned = false;
		} else {
			ret = -EINVAL;
		}
	} else if (s->pinned) {
		ret = -EBUSY;
	} else {
		s->saved_affinity = s->hard_affinity;
		cpumask_zero(&s->hard_affinity);
		cpumask_set(&s->hard_affinity, (unsigned int)cpu);
		s->pinned = true;
	}
	runqueue_unlock(rq, flags);
	if (!ret)
		runqueue_rehome(v);
	return ret;
}
