/* SPDX-License-Identifier: MIT */
/*
 * Interrupt state, pause and index masking for host tests.  host_irqs_off lets a test see
 * whether code left interrupts as it found them.
 */
#ifndef DAIS_MACHINE_BARRIER_H
#define DAIS_MACHINE_BARRIER_H

#include "lib/types.h"

#define X86_EFLAGS_IF 0x200UL

__attribute__((weak)) bool host_irqs_off;

/* What other CPUs do while this one waits; NULL: there are none. */
__attribute__((weak)) void (*host_others)(void);

static inline void cpu_relax(void)
{
	if (host_others)
		host_others();
}

static inline u32 spin_patience(void)
{
	return 0;
}

#define barrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define forget_origin(x) ((void)(x))
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() barrier()
#define smp_wmb() barrier()

static inline void local_irq_disable(void)
{
	host_irqs_off = true;
}

static inline void local_irq_enable(void)
{
	host_irqs_off = false;
}

static inline unsigned long local_irq_save(void)
{
	unsigned long flags = host_irqs_off ? 0 : X86_EFLAGS_IF;

	host_irqs_off = true;
	return flags;
}

static inline void local_irq_restore(unsigned long flags)
{
	if (flags & X86_EFLAGS_IF)
		local_irq_enable();
}

static inline bool local_irq_is_enabled(void)
{
	return !host_irqs_off;
}

static inline void bump_release(u16 *counter)
{
	__atomic_store_n(counter, (u16)(*counter + 1), __ATOMIC_RELEASE);
}

static inline unsigned long index_nospec(unsigned long index, unsigned long size)
{
	return index < size ? index : 0;
}

static inline bool index_below(unsigned long index, unsigned long size, unsigned long *safe)
{
	*safe = index_nospec(index, size);
	return index < size;
}

#endif
