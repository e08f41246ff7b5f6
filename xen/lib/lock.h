/* SPDX-License-Identifier: MIT */
/*
 * Fair (ticket) spin locks.  Fair because guests reach most of them: an unfair
 * lock lets one CPU starve another (security.md, row 114).  Under another
 * hypervisor "the next in line" may be a processor that its host does not run
 * just now, and a queue of them moves on once per time slice of the host's; so
 * there a waiter first tries for a while to get the lock out of turn, and only
 * then takes its ticket, after which nobody can overtake it.  A lock that any
 * interrupt handler takes is always taken with the _irqsave form.
 */
#ifndef DAIS_LIB_LOCK_H
#define DAIS_LIB_LOCK_H

#include "lib/lockrank.h"
#include "lib/types.h"
#include "machine/barrier.h"

struct spinlock {
	union {
		u32 both;
		struct {
			u16 head; /* ticket being served */
			u16 tail; /* next ticket to hand out */
		};
	};
	u32 rank; /* enum lock_rank */
};

#define SPINLOCK_INIT(r)                    \
	{                                   \
		.both = 0, .rank = LOCK_##r \
	}

static inline void spin_lock_init(struct spinlock *l, enum lock_rank rank)
{
	l->both = 0;
	l->rank = rank;
}

#ifdef DAIS_DEBUG
void lockrank_acquire(const struct spinlock *l, bool trylock);
void lockrank_release(const struct spinlock *l);
/* Panics if a lock is held with which no other CPU may be called. */
void lockrank_may_call(void);
/*
 * The same before waiting until another CPU has left a vCPU or a timer's function, which take
 * locks of their own.
 */
void lockrank_may_wait(void);
#else
static inline void lockrank_acquire(const struct spinlock *l __unused, bool trylock __unused)
{
}
static inline void lockrank_release(const struct spinlock *l __unused)
{
}
static inline void lockrank_may_call(void)
{
}
static inline void lockrank_may_wait(void)
{
}
#endif

/* Takes a lock that nobody holds or waits for: the tail is the upper half, and wraps by itself. */
static inline bool spin_take_free(struct spinlock *l)
{
	u32 old = __atomic_load_n(&l->both, __ATOMIC_RELAXED);

	return likely(old == (old << 16 | old >> 16)) &&
	       likely(__atomic_compare_exchange_n(&l->both, &old, old + 0x10000, false,
						  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
}

/* Out of line, so that taking a free lock is all that callers carry. */
static __attribute__((noinline, cold, unused)) void spin_wait(struct spinlock *l)
{
	u16 ticket;

	for (unsigned int i = spin_patience(); i; i--) {
		cpu_relax();
		if (spin_take_free(l))
			return;
	}
	ticket = __atomic_fetch_add(&l->tail, 1, __ATOMIC_ACQUIRE);
	while (__atomic_load_n(&l->head, __ATOMIC_ACQUIRE) != ticket)
		cpu_relax();
}

static inline void spin_lock(struct spinlock *l)
{
	lockrank_acquire(l, false);
	if (unlikely(!spin_take_free(l)))
		spin_wait(l);
}

static inline void spin_unlock(struct spinlock *l)
{
	lockrank_release(l);
	bump_release(&l->head);
}

static inline bool spin_trylock(struct spinlock *l)
{
	if (!spin_take_free(l))
		return false;
	lockrank_acquire(l, true);
	return true;
}

static inline bool spin_is_locked(const struct spinlock *l)
{
	u32 both = __atomic_load_n(&l->both, __ATOMIC_RELAXED);

	return (u16)both != (u16)(both >> 16);
}

/* Of a lock that the caller holds: others are in line for it. */
static inline bool spin_has_waiters(const struct spinlock *l)
{
	u32 both = __atomic_load_n(&l->both, __ATOMIC_RELAXED);

	return (u16)((both >> 16) - both) > 1;
}

/* Returns the interrupt state to hand to spin_unlock_irqrestore(). */
static inline unsigned long spin_lock_irqsave(struct spinlock *l)
{
	unsigned long flags = local_irq_save();

	spin_lock(l);
	return flags;
}

static inline void spin_unlock_irqrestore(struct spinlock *l, unsigned long flags)
{
	spin_unlock(l);
	local_irq_restore(flags);
}

struct irq_guard {
	struct spinlock *lock;
	unsigned long flags;
};

static inline struct spinlock *guard_enter(struct spinlock *l)
{
	spin_lock(l);
	return l;
}

static inline void guard_leave(struct spinlock **l)
{
	spin_unlock(*l);
}

static inline void guard_leave_irq(struct irq_guard *g)
{
	spin_unlock_irqrestore(g->lock, g->flags);
}

/* Hold a lock to the end of the block, however it is left; the second with interrupts off. */
#define guard_lock(l) \
	struct spinlock *held __attribute__((cleanup(guard_leave), unused)) = guard_enter(l)
#define guard_lock_irq(l)         \
	struct irq_guard held_irq \
		__attribute__((cleanup(guard_leave_irq), unused)) = {(l), spin_lock_irqsave(l)}

#endif
