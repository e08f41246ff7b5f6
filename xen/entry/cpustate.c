// SPDX-License-Identifier: MIT
/*
 * Small pieces of processor state that a guest sets by hypercall: segment bases,
 * debug registers, the FPU's TS bit (docs/abi-rows.md, B.4).
 */
#include "entry/cpustate.h"

#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "lib/abi.h"
#include "machine/context.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/vcpu.h"

/* DR6 and DR7 bits that the processor fixes; reserved ones that must be 0. */
#define DR6_ONES 0xffff0ff0UL
#define DR6_WRITABLE 0x0000e00fUL
#define DR7_ONES 0x400UL
#define DR7_ZEROES 0xffffffff0000f800UL /* includes GD (bit 13): general detect is ours */

static bool base_ok(unsigned long va)
{
	return (long)(va << 16) >> 16 == (long)va;
}

int vcpu_set_segment_base(struct vcpu *v, unsigned int which, unsigned long value)
{
	bool active;

	if (which == SEGBASE_GS_USER_SEL) {
		if (value & 0xffff & ~3UL)
			value |= 3;
		vcpu_load_user_gs(v, (u16)value);
		return 0;
	}
	if (which > SEGBASE_GS_USER_SEL || !base_ok(value))
		return -EINVAL;
	if (which == SEGBASE_FS) {
		wrmsr(MSR_FS_BASE, value);
		return 0;
	}
	/* Of the two GS bases the one of the present mode is in force, the other one swapped out. */
	active = (which == SEGBASE_GS_KERNEL) == v->arch.kernel_mode;
	wrmsr(active ? MSR_GS_BASE : MSR_KERNEL_GS_BASE, value);
	return 0;
}

long hc_set_segment_base(unsigned long which, unsigned long value)
{
	return vcpu_set_segment_base(current, (unsigned int)which, value);
}

/* A breakpoint may watch the guest's own addresses only. */
static bool breakpoint_ok(unsigned long va)
{
	return guest_range_ok(va, 8);
}

int vcpu_set_debugreg(struct vcpu *v, unsigned int reg, unsigned long value)
{
	switch (reg) {
	case 0:
	case 1:
	case 2:
	case 3:
		/* Accepted, and never armed (abi h8). */
		if (!breakpoint_ok(value))
			value = 0;
		break;
	case 4:
	case 6:
		if (value >> 32)
			return -EINVAL;
		reg = 6;
		value = (value & DR6_WRITABLE) | DR6_ONES;
		break;
	case 5:
	case 7:
		if (value >> 32)
			return -EINVAL;
		reg = 7;
		value = (value & ~DR7_ZEROES) | DR7_ONES;
		/* I/O breakpoints (R/W field 2) would need CR4.DE: not for guests. */
		for (unsigned int i = 0; i < 4; i++)
			if (value & (3UL << (2 * i)) && (value >> (16 + 4 * i) & 3) == 2)
				return -EINVAL;
		break;
	default:
		return -ENODEV;
	}
	v->arch.debugreg[reg] = value;
	vcpu_load_debugreg(v);
	return 0;
}

long hc_set_debugreg(unsigned long reg, unsigned long value)
{
	reg = (u32)reg;
	return reg > 7 ? -ENODEV : vcpu_set_debugreg(current, (unsigned int)reg, value);
}

long hc_get_debugreg(unsigned long reg)
{
	const struct vcpu *v = current;

	reg = (u32)reg;
	if (reg > 7)
		return -ENODEV;
	if (reg == 4 || reg == 5)
		reg += 2;
	return (long)v->arch.debugreg[index_nospec(reg, 8)];
}

long hc_fpu_taskswitch(unsigned long set)
{
	vcpu_set_ts(current, set != 0);
	return 0;
}
