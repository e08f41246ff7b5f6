// SPDX-License-Identifier: MIT
/*
 * Debug builds: proves on every run that locks are taken in the one written
 * order (lib/lockrank.h).  Each CPU keeps the ranks that it holds as a small
 * stack; a lock must rank above all of them.  A try-lock may take an equal
 * rank: it cannot wait, so it cannot be half of a deadlock.
 */
#include "lib/lock.h"

#ifdef DAIS_DEBUG

#include "lib/assert.h"
#include "machine/percpu.h"
#include "sched/vcpu.h"

#define HELD_MAX 12

static DEFINE_PER_CPU(
	struct held_locks { u8 rank[HELD_MAX]; }, held);

void lockrank_acquire(const struct spinlock *l, bool trylock)
{
	unsigned long flags = local_irq_save();
	struct held_locks *h = this_cpu_ptr(held);
	u32 depth = cpu_info()->lock_depth;

	/* A guest's call has interrupts on: who waits here can be called by the lock's holder. */
	if (!trylock && l->rank < LOCK_IRQ && !(flags & X86_EFLAGS_IF) && !current->is_idle)
		panic("lock of rank %u taken with interrupts off", l->rank);
	/* A panic prints while anything may be held. */
	if (l->rank != LOCK_LOG) {
		for (u32 i = 0; i < depth; i++)
			if (h->rank[i] > l->rank ||
			    (h->rank[i] == l->rank && !trylock && l->rank != LOCK_RUNQUEUE &&
			     l->rank != LOCK_EVTCHN))
				panic("lock of rank %u taken while rank %u is held", l->rank,
				      h->rank[i]);
		if (depth == HELD_MAX)
			panic("more than %u locks held", HELD_MAX);
		h->rank[depth] = (u8)l->rank;
		cpu_info()->lock_depth = depth + 1;
	}
	local_irq_restore(flags);
}

/* Locks need not be released in the order in which they were taken. */
void lockrank_release(const struct spinlock *l)
{
	unsigned long flags = local_irq_save();
	struct held_locks *h = this_cpu_ptr(held);
	u32 depth = cpu_info()->lock_depth, i = depth;

	if (l->rank != LOCK_LOG) {
		while (i && h->rank[i - 1] != l->rank)
			i--;
		if (!i)
			panic("lock of rank %u released that is not held", l->rank);
		for (; i < depth; i++)
			h->rank[i - 1] = h->rank[i];
		cpu_info()->lock_depth = depth - 1;
	}
	local_irq_restore(flags);
}

void lockrank_may_call(void)
{
	unsigned long flags = local_irq_save();
	const struct held_locks *h = this_cpu_ptr(held);

	for (u32 i = 0; i < cpu_info()->lock_depth; i++)
		if (h->rank[i] >= LOCK_IRQ)
			panic("other CPUs called while a lock of rank %u is held", h->rank[i]);
	local_irq_restore(flags);
}

#endif
