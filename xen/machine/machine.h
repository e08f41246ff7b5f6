/* SPDX-License-Identifier: MIT */
/*
 * The seam: everything that rooms which decide may ask of the machine.  The
 * hypervisor implements it in machine/, the host tests in tests/hostmachine/
 * over an array that plays physical memory.  No register, MSR, control
 * register or assembly symbol appears on the other side of this header.
 */
#ifndef DAIS_MACHINE_MACHINE_H
#define DAIS_MACHINE_MACHINE_H

#include "lib/cpumask.h"
#include "lib/types.h"
#include "machine/barrier.h"
#include "machine/layout.h"

struct vcpu;
struct domain;

/* --- time (machine/clocksource.c) --- */

/* Nanoseconds since boot, monotonic on every CPU and agreed between CPUs. */
stime_t now(void);
/*
 * Arms this CPU's timer interrupt for `deadline`; a past deadline fires at once; 0 disarms.  `t`
 * is what now() has just said, or 0.
 */
void machine_set_timer(stime_t deadline, stime_t t);

/* --- TLB (machine/tlb.c) --- */

/*
 * A global clock that every full flush of a CPU reads and advances.  A frame
 * whose last use as a writable page ended at stamp s may still sit in the TLB
 * of any CPU that has not flushed since s.
 */
u32 tlb_clock(void);
/* Flushes those CPUs of the set that have not flushed since `stamp`. Waits. */
void tlb_flush_stale(const struct cpumask *cpus, u32 stamp);
/* Drops all non-global and global guest translations of this CPU. */
void tlb_flush_local(void);
/* Drops translations of one linear address on this CPU. */
void tlb_flush_page_local(unsigned long va);
/* The same on every CPU of the set (this one too, if in it).  Waits until done. */
void tlb_flush_cpus(const struct cpumask *cpus);
void tlb_flush_page_cpus(const struct cpumask *cpus, unsigned long va);
/* Writes back and drops all caches of this CPU, or of all CPUs. */
void cache_flush_local(void);
void cache_flush_all(void);

/* --- other processors (machine/ipi.c) --- */

/* Makes `cpu` look at its deferred work soon; returns at once. */
void smp_kick(unsigned int cpu);
/* Runs fn(arg) on each CPU of the set with interrupts off there; waits for all. */
void smp_call(const struct cpumask *cpus, void (*fn)(void *arg), void *arg);
/*
 * What a loop does that waits, perhaps with interrupts off, for a CPU which may itself wait for
 * our answer to smp_call(): answers.
 */
void smp_serve(void);
/* Stops all other CPUs for good (panic, reboot). */
void smp_stop_others(void);

/* --- vCPU state in the processor (machine/context.c) --- */

/*
 * Switches this CPU from the vCPU it runs to `next` and does not return to the
 * caller: it continues on a fresh stack in the guest's exit path, or in the
 * idle loop.  Interrupts are off.
 */
_Noreturn void context_switch_to(struct vcpu *next);
/* Loads v's current kernel or user root into CR3 again after v->arch changed it. */
void vcpu_load_root(struct vcpu *v);
/*
 * Entries of level 4 changed that CPUs of the set (NULL: this one) may have copied, see
 * machine/isolate.c.  Comes before the old entry's table is given up.
 */
void machine_root_changed(const struct cpumask *cpus);
/* Applies a changed GDT/LDT/debug register/FPU TS bit when v runs here. */
void vcpu_load_gdt(struct vcpu *v);
void vcpu_load_ldt(struct vcpu *v);
void vcpu_load_debugreg(struct vcpu *v);
void vcpu_set_ts(struct vcpu *v, bool set);

/* --- ports and MSRs for the instruction emulation --- */

u32 port_in(u16 port, unsigned int bytes);
void port_out(u16 port, unsigned int bytes, u32 value);
/* 0, or -EFAULT when the processor refuses the register. */
int msr_read_safe(u32 msr, u64 *value);
int msr_write_safe(u32 msr, u64 value);

/* --- the machine as a whole (machine/reset.c) --- */

_Noreturn void machine_reboot(void);
_Noreturn void machine_halt(void);
/* ACPI S5 through the PM1 control values that dom0 computed. */
_Noreturn void machine_power_off(u16 pm1a_value, u16 pm1b_value);

#endif
