/* SPDX-License-Identifier: MIT */
/*
 * Who should run next: earliest eligible virtual deadline first, as pure logic.
 *
 * Every entity has a virtual runtime that grows with its CPU time divided by its
 * weight.  The weighted mean V of all competing entities is where each of them
 * would stand under perfect sharing; `V - vruntime` is its lag, what it is owed.
 * Eligible is who is owed something (vruntime <= V).  Each has a deadline: the
 * virtual time at which it would have received one slice.  The eligible entity
 * with the earliest deadline runs.  Shares follow weights alone; the length of
 * the slice only decides how soon one gets its turn, so that those who run in
 * short bursts (I/O) are served at once without getting more than their share.
 *
 * What a sleeper is owed stays as it was; what it owes is paid off while the
 * others' time goes by, as if it had waited its debt out in the queue.
 *
 * Locking is the user's: one queue is one lock.  Times are nanoseconds.
 */
#ifndef DAIS_SCHED_FAIR_H
#define DAIS_SCHED_FAIR_H

#include "lib/rbtree.h"
#include "lib/types.h"

#define FAIR_WEIGHT_DEFAULT 256u
#define FAIR_WEIGHT_MAX 65535u
#define FAIR_SLICE_MIN 500000LL /* what those with short bursts ask for */
#define FAIR_SLICE_MAX 5000000LL /* what those that compute get */
#define FAIR_RUN_MIN 100000LL /* no planned switch earlier than this, unless told otherwise */
#define FAIR_RUN_FLOOR 50000LL /* nor than this, whatever we are told */
#define FAIR_RUN_MAX 500000000LL
#define FAIR_CAP_PERIOD 10000000LL

struct fair_entity {
	struct rb_node node; /* by rank: deadline, short slices first; while it waits */
	s64 vruntime;
	s64 deadline;
	s64 lag; /* V - vruntime when it left; used when it joins */
	s64 left_at; /* V without it then */
	const struct fair_queue *left_queue; /* and where */
	s64 slice; /* CPU time asked for at a time, FAIR_SLICE_* */
	u32 weight;
};

/*
 * Invariants, tested by fair_check(): load is the sum of the weights of all that
 * wait in the tree and of curr; sum is the sum of weight * (vruntime - base) over
 * the same.
 */
struct fair_queue {
	struct rb_tree tree;
	struct fair_entity *curr; /* runs, is not in the tree; NULL: none */
	bool in_slice; /* curr has not reached a deadline since it became curr */
	u64 load;
	s64 sum, base;
	unsigned int waiting; /* in the tree */
};

void fair_entity_init(struct fair_entity *e, u32 weight);
/* Joins the queue and waits; e keeps the lag that it left its last queue with. */
void fair_enqueue(struct fair_queue *q, struct fair_entity *e);
/* Leaves, waiting or running; keeps its lag, bounded. */
void fair_dequeue(struct fair_queue *q, struct fair_entity *e);
/* A waiting one becomes curr (there is none), and back. */
void fair_set_curr(struct fair_queue *q, struct fair_entity *e);
void fair_put_curr(struct fair_queue *q);
/* curr has run for ns more: its deadline moves on when it is reached. */
void fair_charge(struct fair_queue *q, s64 ns);
/* curr lets the others go first: its deadline moves on by a slice. */
void fair_yield(struct fair_queue *q);
/* Who should run: one of those that wait, or curr; NULL when there is nobody. */
struct fair_entity *fair_pick(const struct fair_queue *q);
/* The best of those that wait alone. */
struct fair_entity *fair_pick_waiting(const struct fair_queue *q);
/* True when e, waiting, ought to take the CPU from curr at once. */
bool fair_preempts(const struct fair_queue *q, const struct fair_entity *e);
/* CPU time that curr may have until the choice is to be made again. */
s64 fair_time_left(const struct fair_queue *q);
/*
 * No planned switch earlier than after ns, 0 to FAIR_RUN_MAX; and what it is set to.  Who wakes up
 * with a better claim need not wait for it, nor does the end of a cap's budget.
 */
void fair_set_run_min(s64 ns);
s64 fair_run_min(void);
/* An entity went to sleep after a burst of CPU time: adapts the slice that it asks for. */
void fair_note_burst(struct fair_entity *e, s64 ns);
/* e is in no queue. */
void fair_set_weight(struct fair_entity *e, u32 weight);
/* Panics when an invariant is broken. */
void fair_check(const struct fair_queue *q);

/*
 * A cap: a bucket of CPU time that fills at `percent` of one CPU, shared by the
 * vCPUs of a domain.  Safe from several CPUs at once without a lock.
 */
struct fair_cap {
	s64 budget; /* ns; atomic */
	s64 refilled; /* system time up to which the bucket was filled; atomic */
};

/* Fills up to now; the bucket holds one period's worth. */
void fair_cap_refill(struct fair_cap *cap, u32 percent, s64 now_ns);
static inline void fair_cap_charge(struct fair_cap *cap, s64 ns)
{
	__atomic_fetch_sub(&cap->budget, ns, __ATOMIC_RELAXED);
}
/* What the bucket still holds, at least a stretch worth running for. */
s64 fair_cap_left(const struct fair_cap *cap);
/* ns until the bucket holds something again; 0 when it does. */
s64 fair_cap_wait(const struct fair_cap *cap, u32 percent);

#endif
