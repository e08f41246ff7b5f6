/* SPDX-License-Identifier: MIT */
/*
 * Work put off from interrupts and hypercalls to the way out of the hypervisor
 * (or to the idle loop), where interrupts are on and no lock is held.
 */
#ifndef DAIS_SCHED_DEFERRED_H
#define DAIS_SCHED_DEFERRED_H

#include "lib/types.h"
#include "machine/percpu.h"

/* In the order in which they are served. */
enum deferred {
	DEFERRED_TIMER, /* timer_run_due() */
	DEFERRED_SCHEDULE, /* schedule(): may switch to another vCPU */
	DEFERRED_AREAS, /* current's run state and time pages in guest memory */
	DEFERRED_COUNT
};

/* Atomic: an interrupt may raise another bit meanwhile.  This CPU only; others: smp_kick(). */
static inline void deferred_raise(enum deferred what)
{
	__atomic_fetch_or(&cpu_info()->deferred, BIT(what), __ATOMIC_SEQ_CST);
}

/* Raises on another CPU and makes it look. */
void deferred_raise_on(unsigned int cpu, enum deferred what);

static inline bool deferred_pending(void)
{
	return READ_ONCE(cpu_info()->deferred) != 0;
}

/* True when a long hypercall ought to pause and be executed again. */
static inline bool hypercall_should_preempt(void)
{
#ifdef DAIS_PREEMPT_ALWAYS
	return true; /* --enable-preempt-always: callers have done a step before they ask */
#endif
	return unlikely(deferred_pending());
}

/* Called by entry.S and the idle loop with interrupts on, at the bottom of the stack. */
void deferred_run(void);

#endif
