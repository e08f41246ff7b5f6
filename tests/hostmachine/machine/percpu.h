/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU data for host tests: an array entry per CPU; host_cpu says which of them the test
 * plays at the moment.  Weak definitions, so that no test has to provide them.
 */
#ifndef DAIS_MACHINE_PERCPU_H
#define DAIS_MACHINE_PERCPU_H

#include "lib/cpumask.h"
#include "lib/types.h"
#include "machine/layout.h"
#include "machine/regs.h"

struct vcpu;

struct cpu_info {
	struct cpu_regs guest_regs;
	u32 cpu;
	u32 lock_depth;
	struct vcpu *running;
	unsigned long deferred;
};

__attribute__((weak)) struct cpu_info host_cpu_info[NR_CPUS];
__attribute__((weak)) unsigned int host_cpu;

static inline struct cpu_info *cpu_info_of(unsigned int cpu)
{
	return &host_cpu_info[cpu];
}

static inline struct cpu_info *cpu_info(void)
{
	return cpu_info_of(host_cpu);
}

static inline unsigned int this_cpu_id(void)
{
	return host_cpu;
}

#define DEFINE_PER_CPU(type, name) __typeof__(type) percpu_##name[NR_CPUS]
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) percpu_##name[NR_CPUS]

#define per_cpu_ptr(name, cpu) (&percpu_##name[cpu])
#define this_cpu_ptr(name) per_cpu_ptr(name, host_cpu)
#define this_cpu(name) (*this_cpu_ptr(name))
#define per_cpu(name, cpu) (*per_cpu_ptr(name, cpu))

#define current (cpu_info()->running)

#endif
