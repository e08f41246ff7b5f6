// SPDX-License-Identifier: MIT
/*
 * The scheduler's policy and life of vCPUs at the fuzzer's will: pauses, wake-ups, yields,
 * affinities, weights and caps on one to four CPUs, between stretches of time.  What t_runqueue.c
 * checks in each quantum must hold; in the end all are released, and all get on.
 */
#include "../unit/sched_host.h"

static const u8 *input;
static size_t left;
static unsigned int paused[VCPUS_MAX];

static unsigned int take(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

static void step(void)
{
	unsigned int what = take(), k = take() % guest_count, n = take();
	struct cpumask m = {{1 + n % (BIT(cpus) - 1)}};
	struct guest *g = &guests[k];

	host_cpu = what / 8 % cpus;
	switch (what % 8) {
	case 0:
		vcpu_pause_nosync(&g->v);
		paused[k]++;
		break;
	case 1:
		if (paused[k]) {
			paused[k]--;
			vcpu_unpause(&g->v);
		}
		break;
	case 2:
		sched_set_affinity(&g->v, &m, n & 128 ? &m : NULL);
		break;
	case 3:
		event(g);
		break;
	case 4:
		sched_domain_set(g->v.domain, (u16)(n * 37 + 1), (u16)(n & 1 ? 0 : n));
		break;
	case 5:
		if (!current->is_idle)
			vcpu_yield_current();
		break;
	case 6:
		if (sched_pin_override(&g->v, n & 1 ? -1 : (int)(n % cpus)) > 0)
			abort();
		break;
	default:
		break;
	}
	host_cpu = 0;
	run(QUANTUM * (n % 24));
	if (check_failures)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	unsigned int vcpus;

	input = data;
	left = size;
	memset(paused, 0, sizeof(paused));
	boot(1 + take() % CPUS_MAX);
	vcpus = 1 + take() % 10;
	for (unsigned int i = 0; i < vcpus; i++) {
		unsigned int kind = take();

		create(kind % DOMS_MAX, (1 + kind / DOMS_MAX) * QUANTUM,
		       kind & 1 ? (1 + take() % 100) * QUANTUM : 0);
	}
	for (unsigned int i = 0; left && i < 60; i++)
		step();
	for (unsigned int k = 0; k < guest_count; k++) {
		struct cpumask all = {{BIT(cpus) - 1}};

		for (; paused[k]; paused[k]--)
			vcpu_unpause(&guests[k].v);
		(void)sched_pin_override(&guests[k].v, -1);
		sched_set_affinity(&guests[k].v, &all, &all);
		sched_domain_set(guests[k].v.domain, 256, 0);
		guests[k].ran = 0;
	}
	run(400 * MS);
	for (unsigned int k = 0; k < guest_count; k++)
		if (!guests[k].ran)
			abort();
	if (check_failures || host_irqs_off)
		abort();
	return 0;
}
