/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU data.  Each CPU has a 64 KiB block of virtual space (CPU_AREA_START +
 * cpu * CPU_AREA_SIZE) with its exception stacks, guard pages between them and
 * the main stack; the CPU's own facts sit at the very end, so that they are found
 * from the stack pointer alone, on whichever of the stacks we are.  The host tests
 * replace this header.
 *
 *   page 0 guard, 1 NMI, 2 guard, 3 #DF, 4 guard, 5 #MC, 6 guard, 7 #DB,
 *   8 SYSCALL landing code, 9..10 guard, 11..14 main stack, 15 struct cpu_info at its end.
 *
 * While a guest runs, its tables may show it page 15 (machine/isolate.c).  Nothing but
 * cpu_info is ever on it.
 *
 * Rooms define variables of their own with DEFINE_PER_CPU(type, name): the
 * section .percpu is a template, copied for each CPU as it is brought up.
 */
#ifndef DAIS_MACHINE_PERCPU_H
#define DAIS_MACHINE_PERCPU_H

#include "lib/cpumask.h"
#include "lib/types.h"
#include "machine/layout.h"
#include "machine/regs.h"

#define CPU_AREA_SIZE 65536UL
#define CPU_AREA_MAIN_STACK_PAGE 11
#define CPU_AREA_INFO_PAGE 15 /* the main stack ends where it begins */

struct vcpu;

struct cpu_info {
	/* Registers of the guest (or idle vCPU) that this CPU runs; TSS.rsp0 is its end. */
	struct cpu_regs guest_regs;
	/* Constant after bring-up. */
	unsigned long percpu_offset; /* of this CPU's copy of .percpu from the template */
	u32 cpu; /* logical number, < NR_CPUS */
	u32 lock_depth; /* debug builds: ranks held, see machine/lockcheck.c */
	/* This CPU only. */
	struct vcpu *running; /* see current */
	unsigned long deferred; /* bits of enum deferred, set atomically (sched/deferred.h) */
	/* Page-table isolation (machine/isolate.c): CR3 of here, and of there. */
	paddr_t root, shadow;
	u8 shadow_stale[2]; /* of user, of kernel: copy before the next return; others set it */
	/* Protection against speculation (machine/mitigate.c), constant. */
	u32 spec_hyp, spec_guest; /* MSR SPEC_CTRL */
	u32 verw_selector;
};

static inline struct cpu_info *cpu_info(void)
{
	unsigned long sp;

	asm("mov %%rsp, %0" : "=r"(sp));
	return (struct cpu_info *)((sp & ~(CPU_AREA_SIZE - 1)) + CPU_AREA_SIZE -
				   sizeof(struct cpu_info));
}

static inline unsigned int this_cpu_id(void)
{
	return cpu_info()->cpu;
}

/* Another CPU's cpu_info; cpu must have been brought up. */
static inline struct cpu_info *cpu_info_of(unsigned int cpu)
{
	return (struct cpu_info *)(CPU_AREA_START + (cpu + 1) * CPU_AREA_SIZE -
				   sizeof(struct cpu_info));
}

#define DEFINE_PER_CPU(type, name) \
	__attribute__((section(".percpu"))) __typeof__(type) percpu_##name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) percpu_##name

#define this_cpu_ptr(name) \
	((__typeof__(percpu_##name) *)((char *)&percpu_##name + cpu_info()->percpu_offset))
#define per_cpu_ptr(name, cpu) \
	((__typeof__(percpu_##name) *)((char *)&percpu_##name + cpu_info_of(cpu)->percpu_offset))
#define this_cpu(name) (*this_cpu_ptr(name))
#define per_cpu(name, cpu) (*per_cpu_ptr(name, cpu))

/* The vCPU that this CPU runs; the idle vCPU of the CPU when nothing else. */
#define current (cpu_info()->running)

#endif
