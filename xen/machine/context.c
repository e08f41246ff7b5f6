// SPDX-License-Identifier: MIT
/*
 * Which vCPU this processor holds.  A switch saves everything that the guest can
 * see or change, loads everything of the next one, and leaves by a fresh stack:
 * the hypervisor keeps no stack per vCPU.
 *
 * Guest user pages are global in the TLB (abi C21), so that a system call does
 * not lose them; hence a change between modes only loads CR3, while a change of
 * roots or of vCPUs also drops global entries.
 */
#include "machine/context.h"

#include "domain/domain.h"
#include "entry/bounce.h"
#include "lib/assert.h"
#include "machine/cpu.h"
#include "machine/fpu.h"
#include "machine/insn.h"
#include "machine/isolate.h"
#include "machine/machine.h"
#include "machine/mitigate.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "sched/deferred.h"
#include "sched/runqueue.h"
#include "sched/vcpu.h"

enum { SEG_DS, SEG_ES, SEG_FS, SEG_GS };

int load_segment_asm(unsigned int which, unsigned int selector);
_Noreturn void resume_guest(void);
_Noreturn void stack_reset_and_call(void (*fn)(void));

static void write_debugregs(const unsigned long *dr)
{
	asm volatile("mov %0, %%dr0" ::"r"(dr[0]));
	asm volatile("mov %0, %%dr1" ::"r"(dr[1]));
	asm volatile("mov %0, %%dr2" ::"r"(dr[2]));
	asm volatile("mov %0, %%dr3" ::"r"(dr[3]));
	asm volatile("mov %0, %%dr6" ::"r"(dr[6]));
	asm volatile("mov %0, %%dr7" ::"r"(dr[7]));
}

void vcpu_load_debugreg(struct vcpu *v)
{
	if (v == current)
		write_debugregs(v->arch.debugreg);
}

void vcpu_set_ts(struct vcpu *v, bool set)
{
	v->arch.ts = set;
	if (v != current)
		return;
	if (set)
		write_cr0(read_cr0() | CR0_TS);
	else
		asm volatile("clts");
}

static mfn_t active_root(const struct vcpu *v)
{
	return v->arch.kernel_mode ? v->arch.kernel_root : v->arch.user_root;
}

void vcpu_load_root(struct vcpu *v)
{
	if (v != current)
		return;
	write_cr3(active_root(v).m << PAGE_SHIFT);
	isolate_use_root(active_root(v), !v->arch.kernel_mode, true);
	tlb_flush_local();
}

static __force_inline void change_mode(struct vcpu *v, mfn_t root, bool to_kernel)
{
	v->arch.kernel_mode = to_kernel;
	swapgs();
	write_cr3(root.m << PAGE_SHIFT);
	if (mitigated(MIT_ISOLATE))
		isolate_use_root(root, !to_kernel, false);
}

void vcpu_enter_kernel(struct vcpu *v)
{
	change_mode(v, v->arch.kernel_root, true);
}

void vcpu_enter_user(struct vcpu *v)
{
	change_mode(v, v->arch.user_root, false);
}

void vcpu_read_bases(struct vcpu *v)
{
	unsigned long gs = rdmsr(MSR_GS_BASE), other = rdmsr(MSR_KERNEL_GS_BASE);

	v->arch.fs_base = rdmsr(MSR_FS_BASE);
	v->arch.gs_base_kernel = v->arch.kernel_mode ? gs : other;
	v->arch.gs_base_user = v->arch.kernel_mode ? other : gs;
}

void vcpu_load_bases(struct vcpu *v)
{
	bool k = v->arch.kernel_mode;

	wrmsr(MSR_FS_BASE, v->arch.fs_base);
	wrmsr(MSR_GS_BASE, k ? v->arch.gs_base_kernel : v->arch.gs_base_user);
	wrmsr(MSR_KERNEL_GS_BASE, k ? v->arch.gs_base_user : v->arch.gs_base_kernel);
}

void vcpu_load_user_gs(struct vcpu *v, u16 selector)
{
	ASSERT(v == current && v->arch.kernel_mode);
	swapgs();
	load_segment_asm(SEG_GS, selector);
	swapgs();
}

static void save_state(struct vcpu *v)
{
	v->regs = cpu_info()->guest_regs;
	asm volatile("mov %%ds, %0" : "=r"(v->arch.ds));
	asm volatile("mov %%es, %0" : "=r"(v->arch.es));
	asm volatile("mov %%fs, %0" : "=r"(v->arch.fs));
	asm volatile("mov %%gs, %0" : "=r"(v->arch.gs));
	vcpu_read_bases(v);
	fpu_save(v);
	if (v->arch.debugreg[7] & 0xff)
		asm volatile("mov %0, %%dr7" ::"r"(0x400UL));
}

/* A selector that the guest's tables no longer back loads as NULL, and the guest is told. */
static void load_segments(struct vcpu *v)
{
	int bad = load_segment_asm(SEG_DS, v->arch.ds);

	bad |= load_segment_asm(SEG_ES, v->arch.es);
	bad |= load_segment_asm(SEG_FS, v->arch.fs);
	bad |= load_segment_asm(SEG_GS, v->arch.gs);
	v->arch.failsafe_pending = bad;
}

static void load_state(struct vcpu *v)
{
	cpu_info()->guest_regs = v->regs;
	vcpu_load_gdt(v);
	vcpu_load_ldt(v);
	vcpu_load_cr4(v);
	load_segments(v);
	vcpu_load_bases(v);
	fpu_restore(v);
	vcpu_set_ts(v, v->arch.ts);
	if (v->arch.debugreg[7] & 0xff)
		write_debugregs(v->arch.debugreg);
	if (cpu_features.rdtscp)
		wrmsr(MSR_TSC_AUX, v->arch.tsc_aux);
}

_Noreturn void context_switch_to(struct vcpu *next)
{
	struct vcpu *prev = current;
	unsigned int cpu = this_cpu_id();

	ASSERT(!local_irq_is_enabled());
	if (!prev->is_idle)
		save_state(prev);
	cpu_info()->running = next;
	mitigate_switch(next);
	if (next->is_idle) {
		write_cr3(image_virt_to_phys(idle_l4));
		asm volatile(
			"lldt %w0; mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" ::"r"(
				0));
		tlb_flush_local();
	} else {
		cpumask_set(&next->domain->dirty_cpus, cpu);
		vcpu_load_root(next);
		load_state(next);
	}
	if (!prev->is_idle && prev->domain != next->domain)
		cpumask_clear(&prev->domain->dirty_cpus, cpu);
	sched_switched(prev, next);
	if (next->is_idle)
		stack_reset_and_call(idle_loop);
	if (next->arch.failsafe_pending) {
		next->arch.failsafe_pending = false;
		inject_failsafe(&cpu_info()->guest_regs);
	}
	resume_guest();
}

_Noreturn void idle_loop(void)
{
	for (;;) {
		local_irq_disable();
		if (deferred_pending()) {
			local_irq_enable();
			deferred_run();
			continue;
		}
		if (buddy_wipe_due()) {
			local_irq_enable();
			buddy_wipe();
			continue;
		}
		/* STI holds interrupts off for one instruction: none is lost before HLT. */
		asm volatile("sti; hlt" ::: "memory");
	}
}
