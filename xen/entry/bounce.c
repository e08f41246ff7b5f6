// SPDX-License-Identifier: MIT
/*
 * Builds what the guest's handlers find on their stack, and undoes it in iret.
 *
 * Frame, lowest address first (abi B10-B15): RCX, R11, [error code, or for the
 * failsafe callback DS ES FS GS], RIP, CS with the upcall mask in bits 32-39,
 * RFLAGS, RSP, SS.
 */
#include "entry/bounce.h"

#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestaccess.h"
#include "lib/abi.h"
#include "lib/string.h"
#include "machine/context.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "machine/regs.h"
#include "sched/vcpu.h"

#define ERROR_CODE_VECTORS                                                                         \
	(BIT(TRAP_DF) | BIT(TRAP_TS) | BIT(TRAP_NP) | BIT(TRAP_SS) | BIT(TRAP_GP) | BIT(TRAP_PF) | \
	 BIT(TRAP_AC) | BIT(TRAP_CP))

#define FLAGS_CLEARED_ON_ENTRY (EFLAGS_TF | EFLAGS_RF | EFLAGS_NT | EFLAGS_VM | EFLAGS_AC)
/* IOPL is virtual and never in the register; VM and the virtual-interrupt bits mean nothing here. */
#define FLAGS_FORBIDDEN (EFLAGS_IOPL | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP | EFLAGS_NT)

#define FRAME_WORDS 7 /* without extra ones */
#define IOPL_SHIFT 12

/* The I/O level shows in frames and follows them (rows B31, B112). */
static bool architectural_iopl(const struct vcpu *v)
{
	return v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl);
}

static __attribute__((noinline, cold)) void no_stack(struct cpu_regs *regs, unsigned long sp)
{
	domain_crash(current->domain,
		     "kernel stack at 0x%lx cannot take an exception frame (rip 0x%lx)", sp,
		     (unsigned long)regs->rip);
}

/*
 * Pushes the frame (extra words go between R11 and RIP) and points the vCPU at
 * `handler` in kernel mode.
 */
static __force_inline void enter_guest(struct cpu_regs *regs, unsigned long handler,
				       const u64 *extra, unsigned int nr_extra, bool mask_events)
{
	struct vcpu *v = current;
	u8 old_mask = READ_ONCE(v->info->evtchn_upcall_mask);
	u64 cs = regs->cs, rflags, sp, *frame;

	if (v->arch.kernel_mode) {
		sp = regs->rsp & ~15UL;
		cs &= ~3UL;
	} else {
		vcpu_toggle_mode(v);
		sp = v->arch.kernel_sp & ~15UL;
		cs |= 3;
	}
	sp -= (FRAME_WORDS + nr_extra) * sizeof(u64);
	frame = (u64 *)sp;
	rflags = (regs->rflags & ~(EFLAGS_IF | EFLAGS_IOPL)) | (old_mask ? 0 : EFLAGS_IF);
	if (unlikely(architectural_iopl(v)))
		rflags |= (u64)v->arch.iopl << IOPL_SHIFT;
	if (unlikely(!guest_address_not_ours(sp))) {
		no_stack(regs, sp);
		return;
	}
	smap_open();
	GUEST_PUSH(frame, 0, regs->rcx, fault);
	GUEST_PUSH(frame, 8, regs->r11, fault);
	frame += 2;
	for (unsigned int i = 0; i < nr_extra; i++)
		GUEST_PUSH(frame++, 0, extra[i], fault);
	GUEST_PUSH(frame, 0, regs->rip, fault);
	GUEST_PUSH(frame, 8, cs | (u64)old_mask << 32, fault);
	GUEST_PUSH(frame, 16, rflags, fault);
	GUEST_PUSH(frame, 24, regs->rsp, fault);
	GUEST_PUSH(frame, 32, regs->ss, fault);
	smap_close();
	if (mask_events)
		WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
	regs->rip = handler;
	regs->cs = SEL_GUEST_CS64;
	regs->rsp = sp;
	regs->ss = SEL_GUEST_DS;
	regs->rflags &= ~FLAGS_CLEARED_ON_ENTRY;
	regs->entry_vector = 0; /* not to be left by SYSRET */
	return;
fault:
	smap_close();
	no_stack(regs, sp);
}

void inject_trap(struct cpu_regs *regs, unsigned int vector, u32 error_code)
{
	struct vcpu *v = current;
	const struct trap_info *t = &v->arch.traps[vector & 0xff];
	u64 error = error_code;
	bool has_error = vector < 32 && (ERROR_CODE_VECTORS >> vector & 1);

	if (!t->address) {
		domain_crash(v->domain, "no handler for exception %u (error code 0x%x, rip 0x%lx)",
			     vector, error_code, (unsigned long)regs->rip);
		return;
	}
	/* Twice, so that each is straight code. */
	if (has_error)
		enter_guest(regs, t->address, &error, 1, t->flags & 4);
	else
		enter_guest(regs, t->address, NULL, 0, t->flags & 4);
}

void inject_page_fault(struct cpu_regs *regs, unsigned long cr2, u32 error_code)
{
	struct vcpu *v = current;

	v->info->arch.cr2 = cr2;
	/* Ring 3 is the guest kernel's ring too: what it did is no user access to it. */
	if (v->arch.kernel_mode)
		error_code &= ~PFEC_USER;
	inject_trap(regs, TRAP_PF, error_code);
}

void inject_event_upcall(struct cpu_regs *regs)
{
	struct vcpu *v = current;

	if (!v->arch.event_callback.address) {
		domain_crash(v->domain,
			     "event pending and unmasked, but no event callback registered");
		return;
	}
	enter_guest(regs, v->arch.event_callback.address, NULL, 0, true);
}

void inject_nmi(struct cpu_regs *regs)
{
	struct vcpu *v = current;

	v->arch.nmi_pending = false;
	if (v->arch.traps[TRAP_NMI].address)
		enter_guest(regs, v->arch.traps[TRAP_NMI].address, NULL, 0, true);
}

void inject_failsafe(struct cpu_regs *regs)
{
	struct vcpu *v = current;
	u64 segments[4] = {v->arch.ds, v->arch.es, v->arch.fs, v->arch.gs};

	if (!v->arch.failsafe_callback.address) {
		domain_crash(v->domain, "bad segment or return frame, and no failsafe callback");
		return;
	}
	enter_guest(regs, v->arch.failsafe_callback.address, segments, 4,
		    v->arch.failsafe_callback.mask_events);
}

void guest_syscall(struct cpu_regs *regs)
{
	struct vcpu *v = current;
	const struct guest_callback *cb = regs->entry_vector == VECTOR_SYSCALL
						  ? &v->arch.syscall_callback
					  : regs->entry_vector == VECTOR_SYSCALL32
						  ? &v->arch.syscall32_callback
						  : &v->arch.sysenter_callback;

	regs->rflags |= EFLAGS_IF;
	if (regs->entry_vector != VECTOR_SYSCALL && (v->arch.kernel_mode || !cb->address)) {
		/* As a processor without the instruction would. */
		bool syscall32 = regs->entry_vector == VECTOR_SYSCALL32;

		if (syscall32)
			regs->rip -= 2;
		inject_trap(regs, syscall32 ? TRAP_UD : TRAP_GP, 0);
		return;
	}
	if (!cb->address) {
		domain_crash(v->domain, "system call, but no system-call callback registered");
		return;
	}
	if (regs->entry_vector == VECTOR_SYSENTER)
		regs->rflags &= ~EFLAGS_TF;
	else {
		regs->rcx = regs->rip;
		regs->r11 = regs->rflags;
	}
	enter_guest(regs, cb->address, NULL, 0, cb->mask_events);
}

/*
 * iret(): leaves a frame that the guest kernel built (xen/arch-x86/xen-x86_64.h,
 * struct iret_context).  The upcall mask becomes the opposite of the frame's IF.
 */
long hc_iret(void)
{
	struct vcpu *v = current;
	struct cpu_regs *regs = &cpu_info()->guest_regs;
	struct iret_context f;

	if (guest_fetch(&f, regs->rsp, sizeof(f))) {
		domain_crash(v->domain, "iret with an unreadable frame at 0x%lx",
			     (unsigned long)regs->rsp);
		return 0;
	}
	if ((f.cs & 3) == 3) {
		if (mfn_eq(v->arch.user_root, INVALID_MFN)) {
			domain_crash(v->domain, "iret to user mode without a user page table");
			return 0;
		}
		vcpu_toggle_mode(v);
	}
	regs->rip = f.rip;
	regs->cs = (u16)(f.cs | 3);
	regs->rflags = (f.rflags & ~FLAGS_FORBIDDEN) | EFLAGS_IF | 2;
	if (architectural_iopl(v))
		v->arch.iopl = (u8)((f.rflags & EFLAGS_IOPL) >> IOPL_SHIFT);
	regs->rsp = f.rsp;
	regs->ss = (u16)(f.ss | 3);
	if (f.flags & VGCF_in_syscall) {
		regs->cs = SEL_GUEST_CS64;
		regs->ss = SEL_GUEST_DS;
	} else {
		regs->r11 = f.r11;
		regs->rcx = f.rcx;
	}
	regs->entry_vector = 0;
	WRITE_ONCE(v->info->evtchn_upcall_mask, !(f.rflags & EFLAGS_IF));
	return (long)f.rax;
}
