/* SPDX-License-Identifier: MIT */
/*
 * What this processor can do and how its control registers stand.  Features
 * are read once on the boot CPU; a CPU that lacks one of them is refused.
 */
#ifndef DAIS_MACHINE_CPU_H
#define DAIS_MACHINE_CPU_H

#include "lib/types.h"

struct cpu_features {
	char vendor[13];
	bool amd, intel; /* AMD includes Hygon */
	u32 family, model, stepping;
	u32 max_leaf, max_ext_leaf;
	unsigned int phys_bits;
	bool smep, smap, fsgsbase, pcid, invpcid, xsave, rdtscp;
	bool tsc_deadline, x2apic, invariant_tsc, hypervisor;
	u64 xcr0_mask; /* states that guests may use */
	u32 xsave_size; /* for all of xcr0_mask */
};

extern struct cpu_features cpu_features;

/* Reads cpu_features; refuses (with the reason) a processor that we cannot run on.  BSP. */
void cpu_features_init(void);
/* Control registers, EFER, PAT, SYSCALL registers of this CPU.  Needs cpu_features. */
void cpu_init_this(void);
/* All that an application processor does before it serves: cpu_init_this() + descriptors. */
void cpu_init_ap(unsigned int cpu);

struct cpuid_result {
	u32 a, b, c, d;
};
/* The processor's own answer. */
struct cpuid_result cpuid_count(u32 leaf, u32 subleaf);

#endif
