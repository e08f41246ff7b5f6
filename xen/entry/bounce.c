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
#include "lib/assert.h"
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

/* The vCPU whose guest_regs these are. */
static __force_inline struct vcpu *vcpu_of(struct cpu_regs *regs)
{
	return container_of(regs, struct cpu_info, guest_regs)->running;
}

static __attribute__((noinline, cold)) void no_stack(struct cpu_regs *regs, unsigned long sp)
{
	domain_crash(current->domain,
		     "kernel stack at 0x%lx cannot take an exception frame (rip 0x%lx)", sp,
		     (unsigned long)regs->rip);
}

/* Flat 64-bit code and data; the words beside them go with the same stores. */
static __force_inline void set_flat(struct cpu_regs *regs)
{
	regs->cs = SEL_GUEST_CS64;
	regs->cs_pad[0] = 0;
	regs->ss = SEL_GUEST_DS;
	regs->ss_pad[0] = 0;
}

/*
 * Pushes the frame below `sp` (extra words go between R11 and RIP) and points the vCPU, which
 * is in kernel mode by now, at `handler`.
 */
static __force_inline void push_frame(struct cpu_regs *regs, unsigned long handler, u64 sp, u64 cs,
				      const u64 *extra, unsigned int nr_extra, bool mask_events)
{
	struct vcpu *v = vcpu_of(regs);
	u8 old_mask = READ_ONCE(v->info->evtchn_upcall_mask);
	u64 rflags;

	sp = (sp & ~15UL) - (FRAME_WORDS + nr_extra) * sizeof(u64);
	rflags = (regs->rflags & ~(EFLAGS_IF | EFLAGS_IOPL)) | (old_mask ? 0 : EFLAGS_IF);
	if (unlikely(architectural_iopl(v)))
		rflags |= (u64)v->arch.iopl << IOPL_SHIFT;
	if (unlikely(!guest_address_not_ours(sp))) {
		no_stack(regs, sp);
		return;
	}
	smap_open();
	GUEST_PUSH(sp, 0, regs->rcx, fault);
	GUEST_PUSH(sp, 8, regs->r11, fault);
	for (unsigned int i = 0; i < nr_extra; i++)
		GUEST_PUSH(sp + 16 + i * sizeof(u64), 0, extra[i], fault);
	GUEST_PUSH(sp, 16 + nr_extra * sizeof(u64), regs->rip, fault);
	GUEST_PUSH(sp, 24 + nr_extra * sizeof(u64), cs | (u64)old_mask << 32, fault);
	GUEST_PUSH(sp, 32 + nr_extra * sizeof(u64), rflags, fault);
	GUEST_PUSH(sp, 40 + nr_extra * sizeof(u64), regs->rsp, fault);
	GUEST_PUSH(sp, 48 + nr_extra * sizeof(u64), regs->ss, fault);
	smap_close();
	if (mask_events)
		WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
	regs->rip = handler;
	set_flat(regs);
	regs->rsp = sp;
	regs->rflags &= ~FLAGS_CLEARED_ON_ENTRY;
	regs->entry_vector = 0; /* not to be left by SYSRET */
	return;
fault:
	smap_close();
	no_stack(regs, sp);
}

/* Two of them as functions that need no register kept over a call. */
static __attribute__((noinline)) void push_plain(struct cpu_regs *regs, unsigned long handler,
						 u64 sp, u64 cs, bool mask_events)
{
	push_frame(regs, handler, sp, cs, NULL, 0, mask_events);
}

static __attribute__((noinline)) void push_with_error(struct cpu_regs *regs, unsigned long handler,
						      u64 sp, u64 cs, bool mask_events, u64 error)
{
	push_frame(regs, handler, sp, cs, &error, 1, mask_events);
}

static __force_inline u64 kernel_cs(const struct cpu_regs *regs)
{
	return regs->cs & ~3UL;
}

static __force_inline u64 user_cs(const struct cpu_regs *regs)
{
	return regs->cs | 3UL;
}

static __attribute__((noinline)) void enter_from_user(struct cpu_regs *regs, unsigned long handler,
						      bool mask_events)
{
	struct vcpu *v = vcpu_of(regs);

	vcpu_enter_kernel(v);
	push_plain(regs, handler, v->arch.kernel_sp, user_cs(regs), mask_events);
}

static void enter_guest(struct cpu_regs *regs, unsigned long handler, bool mask_events)
{
	if (vcpu_of(regs)->arch.kernel_mode)
		push_plain(regs, handler, regs->rsp, kernel_cs(regs), mask_events);
	else
		enter_from_user(regs, handler, mask_events);
}

static __attribute__((noinline)) void error_from_user(struct cpu_regs *regs, unsigned long handler,
						      bool mask_events, u64 error)
{
	struct vcpu *v = vcpu_of(regs);

	vcpu_enter_kernel(v);
	push_with_error(regs, handler, v->arch.kernel_sp, user_cs(regs), mask_events, error);
}

static __attribute__((noinline, cold)) void no_handler(struct cpu_regs *regs, unsigned int vector,
						       u32 error_code)
{
	domain_crash(current->domain, "no handler for exception %u (error code 0x%x, rip 0x%lx)",
		     vector, error_code, (unsigned long)regs->rip);
}

void inject_trap(struct cpu_regs *regs, unsigned int vector, u32 error_code)
{
	const struct vcpu *v = vcpu_of(regs);
	const struct trap_info *t = &v->arch.traps[vector & 0xff];
	unsigned long handler = t->address;
	bool mask_events = t->flags & 4;

	if (unlikely(!handler))
		no_handler(regs, vector, error_code);
	else if (vector >= 32 || !(ERROR_CODE_VECTORS >> vector & 1))
		enter_guest(regs, handler, mask_events);
	else if (v->arch.kernel_mode)
		push_with_error(regs, handler, regs->rsp, kernel_cs(regs), mask_events, error_code);
	else
		error_from_user(regs, handler, mask_events, error_code);
}

void inject_page_fault(struct cpu_regs *regs, unsigned long cr2, u32 error_code)
{
	struct vcpu *v = vcpu_of(regs);

	v->info->arch.cr2 = cr2;
	/* Ring 3 is the guest kernel's ring too: what it did is no user access to it. */
	if (v->arch.kernel_mode)
		error_code &= ~PFEC_USER;
	inject_trap(regs, TRAP_PF, error_code);
}

void inject_event_upcall(struct cpu_regs *regs)
{
	const struct vcpu *v = vcpu_of(regs);

	if (unlikely(!v->arch.event_callback.address)) {
		domain_crash(v->domain,
			     "event pending and unmasked, but no event callback registered");
		return;
	}
	enter_guest(regs, v->arch.event_callback.address, true);
}

void inject_nmi(struct cpu_regs *regs)
{
	struct vcpu *v = current;

	v->arch.nmi_pending = false;
	if (v->arch.traps[TRAP_NMI].address)
		enter_guest(regs, v->arch.traps[TRAP_NMI].address, true);
}

void inject_failsafe(struct cpu_regs *regs)
{
	struct vcpu *v = current;
	u64 segments[4] = {v->arch.ds, v->arch.es, v->arch.fs, v->arch.gs}, sp, cs;

	if (!v->arch.failsafe_callback.address) {
		domain_crash(v->domain, "bad segment or return frame, and no failsafe callback");
		return;
	}
	if (v->arch.kernel_mode) {
		sp = regs->rsp;
		cs = kernel_cs(regs);
	} else {
		vcpu_enter_kernel(v);
		sp = v->arch.kernel_sp;
		cs = user_cs(regs);
	}
	push_frame(regs, v->arch.failsafe_callback.address, sp, cs, segments, 4,
		   v->arch.failsafe_callback.mask_events);
}

/* SYSCALL of 32 bits and SYSENTER. */
static __attribute__((noinline)) void syscall_of_32_bits(struct cpu_regs *regs)
{
	struct vcpu *v = vcpu_of(regs);
	bool syscall32 = regs->entry_vector == VECTOR_SYSCALL32;
	const struct guest_callback *cb = syscall32 ? &v->arch.syscall32_callback
						    : &v->arch.sysenter_callback;

	if (v->arch.kernel_mode || !cb->address) {
		/* As a processor without the instruction would. */
		if (syscall32)
			regs->rip -= 2;
		inject_trap(regs, syscall32 ? TRAP_UD : TRAP_GP, 0);
		return;
	}
	if (syscall32) {
		regs->rcx = regs->rip;
		regs->r11 = regs->rflags;
	} else {
		regs->rflags &= ~EFLAGS_TF;
	}
	enter_guest(regs, cb->address, cb->mask_events);
}

void guest_syscall(struct cpu_regs *regs)
{
	const struct vcpu *v = vcpu_of(regs);
	const struct guest_callback *cb = &v->arch.syscall_callback;

	regs->rflags |= EFLAGS_IF;
	if (unlikely(regs->entry_vector != VECTOR_SYSCALL)) {
		syscall_of_32_bits(regs);
		return;
	}
	if (unlikely(!cb->address)) {
		domain_crash(v->domain, "system call, but no system-call callback registered");
		return;
	}
	regs->rcx = regs->rip;
	regs->r11 = regs->rflags;
	enter_from_user(regs, cb->address, cb->mask_events);
}

static __attribute__((noinline, cold)) long no_iret(const struct cpu_regs *regs)
{
	domain_crash(current->domain, "iret with an unreadable frame at 0x%lx",
		     (unsigned long)regs->rsp);
	return 0;
}

/* The last step where the frame asks for user mode. */
static __attribute__((noinline)) long iret_to_user(struct vcpu *v, long rax)
{
	if (unlikely(mfn_eq(v->arch.user_root, INVALID_MFN))) {
		domain_crash(v->domain, "iret to user mode without a user page table");
		return 0;
	}
	vcpu_enter_user(v);
	return rax;
}

#define PULL(value, field) GUEST_PULL(value, frame, offsetof(struct iret_context, field), fault)

/*
 * iret(): leaves a frame that the guest kernel built (xen/arch-x86/xen-x86_64.h,
 * struct iret_context).  The upcall mask becomes the opposite of the frame's IF.
 *
 * Each word goes to its place as it is read.  A frame that ends too early ends the domain, so that
 * nobody sees what has been loaded by then.
 */
long hc_iret(void)
{
	struct cpu_info *ci = cpu_info();
	struct vcpu *v = ci->running;
	struct cpu_regs *regs = &ci->guest_regs;
	unsigned long frame = regs->rsp;
	u64 word = 0, flags = 0, cs = 0, rflags = 0, rax = 0;

	ASSERT(v->arch.kernel_mode); /* no batch has an iret */
	if (unlikely(!guest_address_to_read(&frame)))
		return no_iret(regs);
	smap_open();
	PULL(flags, flags);
	PULL(cs, cs);
	if (flags & VGCF_in_syscall) {
		set_flat(regs);
	} else {
		PULL(word, r11);
		regs->r11 = word;
		PULL(word, rcx);
		regs->rcx = word;
		PULL(word, ss);
		regs->ss = (u16)(word | 3);
		regs->cs = (u16)(cs | 3);
	}
	PULL(word, rip);
	regs->rip = word;
	PULL(rflags, rflags);
	regs->rflags = (rflags & ~FLAGS_FORBIDDEN) | EFLAGS_IF | 2;
	PULL(rax, rax);
	PULL(word, rsp);
	smap_close();
	regs->rsp = word;
	regs->entry_vector = 0;
	if (unlikely(architectural_iopl(v)))
		v->arch.iopl = (u8)((rflags & EFLAGS_IOPL) >> IOPL_SHIFT);
	WRITE_ONCE(v->info->evtchn_upcall_mask, !(rflags & EFLAGS_IF));
	return (cs & 3) == 3 ? iret_to_user(v, (long)rax) : (long)rax;
fault:
	smap_close();
	return no_iret(regs);
}
