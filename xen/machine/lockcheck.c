// SPDX-License-Identifier: MIT
/*
 * Debug builds: proves on every run that locks are taken in the one written
 * order (lib/lockrank.h).  Each CPU keeps the locks that it holds as a small
 * stack; a lock must rank above all of them.  A try-lock may take an equal
 * rank: it cannot wait, so it cannot be half of a deadlock.  Of two ports' locks
 * the second is at a higher address.
 */
#include "lib/lock.h"

#ifdef DAIS_DEBUG

#include "lib/assert.h"
#include "machine/percpu.h"
#include "sched/vcpu.h"

#define HELD_MAX 12

static DEFINE_PER_CPU(
	struct held_locks { const struct spinlock *lock[HELD_MAX]; }, held);

static bool in_order(const struct spinlock *held_lock, const struct spinlock *l, bool trylock)
{
	if (held_lock->rank != l->rank)
		return held_lock->rank < l->rank;
	return trylock || (l->rank == LOCK_EVTCHN && held_lock < l);
}

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
			if (!in_order(h->lock[i], l, trylock))
				panic("lock of rank %u taken while rank %u is held", l->rank,
				      h->lock[i]->rank);
		if (depth == HELD_MAX)
			panic("more than %u locks held", HELD_MAX);
		h->lock[depth] = l;
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
		while (i && h->lock[i - 1] != l)
			i--;
		if (!i)
			panic("lock of rank %u released that is not held", l->rank);
		for (; i < depth; i++)
			h->lock[i - 1] = h->lock[i];
		cpu_info()->lock_depth = depth - 1;
	}
	local_irq_restore(flags);
}

static void panic_if_held(enum lock_rank least, const char *what)
{
	unsigned long flags = local_irq_save();
	const struct held_locks *h = this_cpu_ptr(held);

	for (u32 i = 0; i < cpu_info()->lock_depth; i++)
		if (h->lock[i]->rank >= least)
			panic("%s while a lock of rank %u is held", what, h->lock[i]->rank);
	local_irq_restore(flags);
}

void lockrank_may_call(void)
{
	panic_if_held(LOCK_IRQ, "other CPUs called");
}

void lockrank_may_wait(void)
{
	if (!local_irq_is_enabled())
		panic("another CPU's work waited for with interrupts off");
	/* The control domain's own: what is waited for is never its. */
	panic_if_held(LOCK_DOMCTL + 1, "another CPU's work waited for");
}

#endif
