/* SPDX-License-Identifier: MIT */
/* Single privileged instructions, for machine/ and entry/ alone. */
#ifndef DAIS_MACHINE_INSN_H
#define DAIS_MACHINE_INSN_H

#include "lib/types.h"

#define DEFINE_CR(n)                                                    \
	static inline unsigned long read_cr##n(void)                    \
	{                                                               \
		unsigned long v;                                        \
		asm volatile("mov %%cr" #n ", %0" : "=r"(v)::"memory"); \
		return v;                                               \
	}                                                               \
	static inline void write_cr##n(unsigned long v)                 \
	{                                                               \
		asm volatile("mov %0, %%cr" #n ::"r"(v) : "memory");    \
	}
DEFINE_CR(0)
DEFINE_CR(2)
DEFINE_CR(3)
DEFINE_CR(4)
#undef DEFINE_CR

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" ::"c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

static inline void invlpg(unsigned long va)
{
	asm volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static inline void swapgs(void)
{
	asm volatile("swapgs" ::: "memory");
}

static inline void stac(void)
{
	asm volatile("stac" ::: "memory");
}

static inline void clac(void)
{
	asm volatile("clac" ::: "memory");
}

#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u
#define MSR_SFMASK 0xc0000084u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX 0xc0000103u
#define MSR_PAT 0x277u
#define MSR_SYSENTER_CS 0x174u
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u

#define CR0_TS BIT(3)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_FSGSBASE BIT(16)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)

#endif
