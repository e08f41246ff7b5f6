// SPDX-License-Identifier: MIT
/*
 * One page per vCPU holds its extended state, in the standard XSAVE format (or
 * FXSAVE's).  Saving and loading always cover every state that any guest may
 * use, whatever the guest has in its own XCR0.
 */
#include "machine/fpu.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/init.h"
#include "lib/string.h"
#include "machine/cpu.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/mitigate.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "sched/vcpu.h"

#define FCW_DEFAULT 0x037f
#define MXCSR_DEFAULT 0x1f80

int xrstor_asm(const void *area, u64 mask);
int fxrstor_asm(const void *area);

static DEFINE_PER_CPU(u64, xcr0); /* what this CPU's XCR0 is */

static void set_xcr0(u64 value)
{
	if (this_cpu(xcr0) == value)
		return;
	this_cpu(xcr0) = value;
	asm volatile("xsetbv" ::"c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
}

void fpu_init_cpu(void)
{
	/* NE, MP, no EM, no TS: ours is never to fault. */
	write_cr0((read_cr0() | 0x22) & ~0xcUL);
	if (cpu_features.xsave) {
		this_cpu(xcr0) = 0;
		set_xcr0(cpu_features.xcr0_mask);
	}
}

unsigned long __init fpu_program_begin(void)
{
	static const u64 thread_block[6] __initconst = {[5] = 0x0a0d00ff6b6e6400};
	unsigned long flags = local_irq_save();

	PANIC_ON((u64)__builtin_frame_address(0) % 16); /* as the ABI has it: see head.S */
	wrmsr(MSR_FS_BASE, (u64)thread_block);
	return flags;
}

void __init fpu_program_end(unsigned long flags)
{
	wrmsr(MSR_FS_BASE, 0);
	local_irq_restore(flags);
}

void fpu_vcpu_reset(struct vcpu *v)
{
	u16 fcw = FCW_DEFAULT;
	u32 mxcsr = MXCSR_DEFAULT;

	memset(v->arch.xsave, 0, PAGE_SIZE);
	memcpy(v->arch.xsave, &fcw, sizeof(fcw));
	memcpy((u8 *)v->arch.xsave + 24, &mxcsr, sizeof(mxcsr));
	v->arch.xcr0 = 1;
}

int fpu_vcpu_init(struct vcpu *v)
{
	PANIC_ON(cpu_features.xsave_size > PAGE_SIZE);
	v->arch.xsave = page_alloc();
	if (!v->arch.xsave)
		return -ENOMEM;
	fpu_vcpu_reset(v);
	return 0;
}

void fpu_vcpu_destroy(struct vcpu *v)
{
	if (v->arch.xsave)
		page_free(v->arch.xsave);
	v->arch.xsave = NULL;
	mitigate_forget(v);
}

void fpu_save(struct vcpu *v)
{
	u8 *area = v->arch.xsave;

	asm volatile("clts");
	if (!cpu_features.xsave) {
		asm volatile("fxsave64 (%0)" ::"r"(area) : "memory");
	} else {
		set_xcr0(cpu_features.xcr0_mask);
		asm volatile("xsave64 (%0)" ::"r"(area), "a"(~0u), "d"(~0u) : "memory");
	}
	/*
	 * AMD's FXSAVE and XSAVE leave the error pointers alone unless an exception is
	 * pending: nothing of ours may stay behind there, see fpu_restore().
	 */
}

void fpu_restore(struct vcpu *v)
{
	/* Some processors do not load the error pointers: overwrite the last owner's. */
	if (cpu_features.amd)
		asm volatile("fnclex; emms; fildl %0" ::"m"(*(const int *)v->arch.xsave));
	if (!cpu_features.xsave) {
		fxrstor_asm(v->arch.xsave);
		return;
	}
	set_xcr0(cpu_features.xcr0_mask);
	if (xrstor_asm(v->arch.xsave, cpu_features.xcr0_mask)) {
		/* An image that a toolstack gave and the processor refuses: start from scratch. */
		u64 keep = v->arch.xcr0;

		fpu_vcpu_reset(v);
		v->arch.xcr0 = keep;
		PANIC_ON(xrstor_asm(v->arch.xsave, cpu_features.xcr0_mask));
	}
	set_xcr0(v->arch.xcr0);
}

int fpu_set_xcr0(struct vcpu *v, u64 value)
{
	ASSERT(v == current);
	if (!cpu_features.xsave || !(value & 1) || (value & ~cpu_features.xcr0_mask))
		return -EINVAL;
	/* AVX needs SSE; AVX-512's three states come together and need AVX. */
	if ((value & 4) && !(value & 2))
		return -EINVAL;
	if ((value & 0xe0) && ((value & 0xe0) != 0xe0 || !(value & 4)))
		return -EINVAL;
	v->arch.xcr0 = value;
	set_xcr0(value);
	return 0;
}
