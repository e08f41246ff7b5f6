// SPDX-License-Identifier: MIT
/*
 * Messages between CPUs: a nudge, a function call that is waited for, and "stop".
 *
 * One call is in flight at a time.  A CPU that waits, for its turn or for the answers,
 * serves the call in flight itself, so two CPUs that call each other with interrupts off
 * do not wait for ever.
 *
 * Lock rule: the caller holds no lock that another CPU may be waiting for with interrupts
 * off, since that CPU would never answer.  So: never under IRQ, EVTCHN, RUNQUEUE, TIMER,
 * TIME, HEAP, SLAB or LOG locks; PAGETABLE, PHYSMAP and GRANT locks are taken with
 * interrupts on and do no harm.  Not from interrupt handlers either.
 */
#include "machine/ipi.h"

#include "lib/assert.h"
#include "lib/lock.h"
#include "machine/apic.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "machine/smp.h"

static struct {
	struct spinlock lock; /* whose call it is */
	void (*fn)(void *arg);
	void *arg;
	struct cpumask waiting; /* CPUs that have not answered; atomic */
} call = {.lock = SPINLOCK_INIT(TLB)};

static struct cpumask stopped;
static u32 stopper; /* number + 1 of the CPU that stops the others */

void smp_kick(unsigned int cpu)
{
	if (cpu != this_cpu_id())
		apic_send_ipi(cpu, VECTOR_KICK);
}

void ipi_serve_call(void)
{
	unsigned int cpu = this_cpu_id();

	if (!cpumask_test(&call.waiting, cpu))
		return;
	smp_rmb(); /* fn and arg were written before our bit */
	call.fn(call.arg);
	cpumask_clear(&call.waiting, cpu);
}

void smp_serve(void)
{
	unsigned long flags = local_irq_save();

	ipi_serve_call();
	local_irq_restore(flags);
	cpu_relax();
}

/* spin_lock() of lib/lock.h, serving others while it waits. */
static void call_lock(void)
{
	u16 ticket;

	lockrank_acquire(&call.lock, false);
	for (unsigned int i = spin_patience(); i; i--) {
		if (spin_take_free(&call.lock))
			return;
		ipi_serve_call();
		cpu_relax();
	}
	ticket = __atomic_fetch_add(&call.lock.tail, 1, __ATOMIC_ACQUIRE);
	while (__atomic_load_n(&call.lock.head, __ATOMIC_ACQUIRE) != ticket) {
		ipi_serve_call();
		cpu_relax();
	}
}

void smp_call(const struct cpumask *cpus, void (*fn)(void *arg), void *arg)
{
	/*
	 * Interrupts stay off: deferred work must not switch away between ticket and
	 * release, and an interrupted wait would serve its call twice.
	 */
	unsigned long flags = local_irq_save();
	unsigned int cpu, me = this_cpu_id();
	struct cpumask targets;
	u64 others = 0;
	bool here;

	lockrank_may_call();
	for (unsigned int i = 0; i < CPUMASK_WORDS; i++) {
		u64 word = cpus->bits[i] & cpu_online_map.bits[i];

		targets.bits[i] = i == me / 64 ? word & ~BIT(me % 64) : word;
		others |= targets.bits[i];
	}
	here = cpumask_test(cpus, me);

	if (unlikely(others)) {
		call_lock();
		call.fn = fn;
		call.arg = arg;
		for (unsigned int i = 0; i < CPUMASK_WORDS; i++)
			__atomic_store_n(&call.waiting.bits[i], targets.bits[i], __ATOMIC_RELEASE);
		smp_mb();
		for_each_cpu(cpu, &targets)
			apic_send_ipi(cpu, VECTOR_CALL);
		if (here)
			fn(arg); /* while the others are at it */
		while (!cpumask_empty(&call.waiting))
			cpu_relax();
		spin_unlock(&call.lock);
	} else if (here) {
		fn(arg);
	}
	local_irq_restore(flags);
}

void ipi_serve_stop(void)
{
	local_irq_disable();
	cpumask_set(&stopped, this_cpu_id());
	for (;;)
		asm volatile("hlt");
}

#define STOP_WAIT_LOOPS 20000000u

bool smp_stopping(void)
{
	return READ_ONCE(stopper) != 0;
}

void smp_stop_others(void)
{
	unsigned int cpu, me = this_cpu_id();
	u32 nobody = 0;

	/* Of two CPUs that panic at once the second stops itself; a panic within one goes on. */
	if (!__atomic_compare_exchange_n(&stopper, &nobody, me + 1, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		if (nobody == me + 1)
			return;
		ipi_serve_stop();
	}
	cpumask_set(&stopped, me);
	for_each_cpu(cpu, &cpu_online_map)
		if (cpu != me)
			apic_send_ipi(cpu, VECTOR_STOP);

	/* now() may be what is broken: count loops instead. */
	for (unsigned int i = 0; i < STOP_WAIT_LOOPS; i++) {
		bool all = true;

		for_each_cpu(cpu, &cpu_online_map)
			all = all && cpumask_test(&stopped, cpu);
		if (all)
			return;
		cpu_relax();
	}
	/*
	 * Whoever is stuck with interrupts off is sent to wait for a startup message; not
	 * the boot CPU, which such a message would send through the firmware's reset.
	 */
	for_each_cpu(cpu, &cpu_online_map)
		if (cpu && !cpumask_test(&stopped, cpu))
			apic_send_init(cpu_apic_id(cpu));
}
