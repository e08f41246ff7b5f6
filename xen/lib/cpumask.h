/* SPDX-License-Identifier: MIT */
/* A set of physical CPUs; bits beyond NR_CPUS do not exist. */
#ifndef DAIS_LIB_CPUMASK_H
#define DAIS_LIB_CPUMASK_H

#include "lib/types.h"

#define NR_CPUS 256u
#define CPUMASK_WORDS (NR_CPUS / 64)

struct cpumask {
	unsigned long bits[CPUMASK_WORDS];
};

static inline bool cpumask_test(const struct cpumask *m, unsigned int cpu)
{
	return (__atomic_load_n(&m->bits[cpu / 64], __ATOMIC_RELAXED) >> (cpu % 64)) & 1;
}

/* Atomic: other CPUs may change other bits at the same time. */
static inline void cpumask_set(struct cpumask *m, unsigned int cpu)
{
	__atomic_fetch_or(&m->bits[cpu / 64], BIT(cpu % 64), __ATOMIC_SEQ_CST);
}

static inline void cpumask_clear(struct cpumask *m, unsigned int cpu)
{
	__atomic_fetch_and(&m->bits[cpu / 64], ~BIT(cpu % 64), __ATOMIC_SEQ_CST);
}

static inline void cpumask_zero(struct cpumask *m)
{
	for (unsigned int i = 0; i < CPUMASK_WORDS; i++)
		m->bits[i] = 0;
}

static inline void cpumask_fill(struct cpumask *m)
{
	for (unsigned int i = 0; i < CPUMASK_WORDS; i++)
		m->bits[i] = ~0UL;
}

static inline bool cpumask_empty(const struct cpumask *m)
{
	for (unsigned int i = 0; i < CPUMASK_WORDS; i++)
		if (m->bits[i])
			return false;
	return true;
}

static inline void cpumask_and(struct cpumask *to, const struct cpumask *a, const struct cpumask *b)
{
	for (unsigned int i = 0; i < CPUMASK_WORDS; i++)
		to->bits[i] = a->bits[i] & b->bits[i];
}

static inline unsigned int cpumask_weight(const struct cpumask *m)
{
	unsigned int n = 0;

	/* Without POPCNT in the base instruction set the builtin would call a library. */
	for (unsigned int i = 0; i < CPUMASK_WORDS; i++)
		for (unsigned long w = m->bits[i]; w; w &= w - 1)
			n++;
	return n;
}

/* The first CPU in the set at or after `from`, or NR_CPUS. */
static inline unsigned int cpumask_next(const struct cpumask *m, unsigned int from)
{
	for (unsigned int i = from / 64; i < CPUMASK_WORDS; i++) {
		unsigned long w = __atomic_load_n(&m->bits[i], __ATOMIC_RELAXED);

		if (i == from / 64)
			w &= ~0UL << (from % 64);
		if (w)
			return i * 64 + (unsigned int)__builtin_ctzl(w);
	}
	return NR_CPUS;
}

#define for_each_cpu(cpu, mask)                                \
	for ((cpu) = cpumask_next((mask), 0); (cpu) < NR_CPUS; \
	     (cpu) = cpumask_next((mask), (cpu) + 1))

extern struct cpumask cpu_online_map; /* machine/smp.c */

#endif
