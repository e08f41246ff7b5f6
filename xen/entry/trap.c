// SPDX-License-Identifier: MIT
/*
 * Exceptions: from a guest they are emulated, served or handed to its own
 * handler; from ourselves they are repaired by the fixup table or end in a panic.
 */
#define LOG_ROOM "trap"
#include "entry/trap.h"

#include "console/log.h"
#include "console/panic.h"
#include "domain/domain.h"
#include "entry/bounce.h"
#include "entry/privop.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine/context.h"
#include "machine/cpu.h"
#include "machine/descriptor.h"
#include "machine/insn.h"
#include "machine/ipi.h"
#include "machine/isolate.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/ptwrite.h"
#include "mm/segdesc.h"
#include "sched/vcpu.h"

#define DR6_ONES 0xffff0ff0UL
#define DR6_CAUSES 0xe00fUL

struct ex_entry {
	s32 insn, fixup; /* relative to their own place */
};
extern const struct ex_entry __ex_table_start[], __ex_table_end[];
extern const char guest_iret[];
_Noreturn void resume_guest(void);

static unsigned long find_fixup(unsigned long rip)
{
	for (const struct ex_entry *e = __ex_table_start; e < __ex_table_end; e++)
		if ((unsigned long)&e->insn + (long)e->insn == rip)
			return (unsigned long)&e->fixup + (long)e->fixup;
	return 0;
}

/* --- page faults --- */

/* Our hole looks absent to guests, except that the M2P table can be read. */
static u32 hide_our_mappings(unsigned long cr2, u32 error)
{
	if (cr2 >= M2P_START && cr2 < M2P_END_MAX && cr2 - M2P_START < max_mfn * sizeof(long))
		return error;
	return error & ~(PFEC_PRESENT | PFEC_USER | PFEC_RSVD);
}

/* Page of the LDT window touched: by the guest's segment load, or by ours for it. */
static bool ldt_fault(struct vcpu *v, unsigned long cr2)
{
	unsigned long window = ldt_window(this_cpu_id());

	if (cr2 < window || cr2 >= window + 16 * PAGE_SIZE)
		return false;
	return segdesc_ldt_fault(v, cr2 - window) == 0;
}

/* In our part of the address space. */
static __attribute__((noinline)) void page_fault_in_ours(struct cpu_regs *regs, unsigned long cr2)
{
	struct vcpu *v = current;
	u32 error = regs->error_code;

	if (ldt_fault(v, cr2))
		return;
	/* Inside a guest's LDT the address is the guest's own, not the window's. */
	if (cr2 - ldt_window(this_cpu_id()) < 16 * PAGE_SIZE) {
		cr2 = v->arch.ldt_base + (cr2 - ldt_window(this_cpu_id()));
		error &= ~PFEC_PRESENT;
	} else {
		error = hide_our_mappings(cr2, error);
	}
	inject_page_fault(regs, cr2, error);
}

/* The guest's kernel wrote to what it may only read: to one of its page tables? */
static __attribute__((noinline)) void write_fault(struct cpu_regs *regs, unsigned long cr2)
{
	if (!ptwrite_emulate(regs, cr2))
		inject_page_fault(regs, cr2, regs->error_code);
}

static void page_fault_from_guest(struct cpu_regs *regs, const struct vcpu *v)
{
	unsigned long cr2 = read_cr2();
	u32 error = regs->error_code;

	/* On another CPU an entry of level 4 was added since this one copied its root. */
	if (unlikely(isolate_stale(v)))
		return;
	local_irq_enable();
	if (unlikely(cr2 >= HYPERVISOR_START && cr2 < HYPERVISOR_END))
		page_fault_in_ours(regs, cr2);
	else if ((error & (PFEC_PRESENT | PFEC_WRITE | PFEC_RSVD)) == (PFEC_PRESENT | PFEC_WRITE) &&
		 v->arch.kernel_mode)
		write_fault(regs, cr2);
	else
		inject_page_fault(regs, cr2, error);
}

/* --- debug exceptions --- */

static __attribute__((noinline)) void debug_from_guest(struct cpu_regs *regs)
{
	struct vcpu *v = current;
	unsigned long dr6;

	asm volatile("mov %%dr6, %0" : "=r"(dr6));
	asm volatile("mov %0, %%dr6" ::"r"(DR6_ONES));
	local_irq_enable();
	v->arch.debugreg[6] |= dr6 & DR6_CAUSES;
	inject_trap(regs, TRAP_DB, 0);
}

/* --- from a guest --- */

static __attribute__((noinline)) void no_fpu(struct cpu_regs *regs)
{
	struct vcpu *v = current;

	local_irq_enable();
	/* TS is clear again by the time the guest's handler looks (abi h5). */
	if (v->arch.ts)
		vcpu_set_ts(v, false);
	inject_trap(regs, TRAP_NM, 0);
}

/* Straight to one function each: what they need of the stack, only they set up. */
void trap_from_guest(struct cpu_regs *regs)
{
	unsigned int vector = regs->entry_vector;

	if (vector == TRAP_PF) {
		page_fault_from_guest(regs, current);
	} else if (vector == TRAP_DB) {
		debug_from_guest(regs);
	} else if (vector == TRAP_NM) {
		no_fpu(regs);
	} else {
		local_irq_enable();
		if (vector == TRAP_GP)
			guest_general_protection(regs);
		else if (vector == TRAP_UD)
			guest_invalid_opcode(regs);
		else
			inject_trap(regs, vector, regs->error_code);
	}
}

/* --- from ourselves --- */

/*
 * The processor refused the frame that the guest is to be left by.  Its fault
 * frame lies over guest_regs' general registers; the five words above them (the
 * refused frame) are whole.  Put the registers back and tell the guest.
 */
static _Noreturn void refused_iret(struct cpu_regs *fault)
{
	struct cpu_regs *regs = &cpu_info()->guest_regs;

	memmove(regs, fault, offsetof(struct cpu_regs, error_code));
	regs->entry_vector = 0;
	asm volatile("mov %%ds, %0" : "=r"(current->arch.ds));
	asm volatile("mov %%es, %0" : "=r"(current->arch.es));
	asm volatile("mov %%fs, %0" : "=r"(current->arch.fs));
	asm volatile("mov %%gs, %0" : "=r"(current->arch.gs));
	local_irq_enable();
	inject_failsafe(regs);
	resume_guest();
}

static const char *const trap_names[] = {
	"divide error",
	"debug",
	"NMI",
	"breakpoint",
	"overflow",
	"bound",
	"invalid opcode",
	"no FPU",
	"double fault",
	"coprocessor",
	"invalid TSS",
	"segment not present",
	"stack fault",
	"protection fault",
	"page fault",
	"reserved",
	"x87 error",
	"alignment check",
	"machine check",
	"SIMD error",
};

void trap_from_hypervisor(struct cpu_regs *regs)
{
	unsigned int vector = regs->entry_vector;
	unsigned long cr2 = vector == TRAP_PF ? read_cr2() : 0;
	unsigned long fixup;

	if (vector == TRAP_DB) {
		/* A guest's breakpoint or single step that reached into us: it has no claim here. */
		asm volatile("mov %0, %%dr6" ::"r"(DR6_ONES));
		regs->rflags &= ~EFLAGS_TF;
		return;
	}
	/* A segment load of ours through a guest's LDT page that is not in the window yet. */
	if (vector == TRAP_PF && !current->is_idle && ldt_fault(current, cr2))
		return;
	if (regs->rip == (unsigned long)guest_iret)
		refused_iret(regs);
	fixup = find_fixup(regs->rip);
	if (fixup) {
		regs->rip = fixup;
		return;
	}
	panic_with_regs(
		regs, "unexpected %s (vector %u, error code 0x%x, address 0x%lx) in the hypervisor",
		vector < ARRAY_SIZE(trap_names) ? trap_names[vector] : "exception", vector,
		regs->error_code, cr2);
}

void trap_ist(struct cpu_regs *regs)
{
	switch (regs->entry_vector) {
	case TRAP_NMI:
		if (smp_stopping())
			ipi_serve_stop();
		if (dom0 && dom0->vcpu[0]) {
			dom0->vcpu[0]->arch.nmi_pending = true;
			/* Our own code may have been between the two halves of such a message. */
			if ((regs->cs & 3) && dom0->vcpu[0] != current)
				smp_kick(dom0->vcpu[0]->sched.cpu);
		}
		return;
	case TRAP_MC:
		panic_with_regs(regs, "machine check: the processor reports a hardware fault");
	default:
		panic_with_regs(regs, "double fault in the hypervisor");
	}
}
