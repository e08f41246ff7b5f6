/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU timers in a tree ordered by expiry.  The function runs on the CPU
 * that the timer is armed on, from deferred work with interrupts enabled and no
 * lock held; it may arm its timer again.  Nothing here allocates.  All functions
 * may be called on any CPU, with interrupts on or off.
 */
#ifndef DAIS_TIME_TIMER_H
#define DAIS_TIME_TIMER_H

#include "lib/rbtree.h"
#include "lib/types.h"

/* All but fn and arg under the lock of the tree of `cpu`. */
struct timer {
	struct rb_node node;
	stime_t expires; /* system time */
	void (*fn)(void *arg);
	void *arg;
	u32 cpu; /* CPU whose tree it is, or is to be, in */
	bool armed;
	bool killed; /* for good: timer_set() does nothing any more */
};

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, unsigned int cpu);
/* Arms or re-arms; a past time fires as soon as interrupts allow. */
void timer_set(struct timer *t, stime_t expires);
void timer_stop(struct timer *t);
/* Moves an armed timer to another CPU's tree. */
void timer_migrate(struct timer *t, unsigned int cpu);
static inline bool timer_is_armed(const struct timer *t)
{
	return READ_ONCE(t->armed);
}

/* Stops for good: after return the function does not run and will not. */
void timer_kill(struct timer *t);

struct timer_line {
	stime_t expires;
	void (*fn)(void *arg);
};
/* The first @max timers of a CPU to expire (debug key); returns how many there are. */
unsigned int timer_list(unsigned int cpu, struct timer_line *line, unsigned int max);

/* Deferred work of this CPU: runs what is due, then machine_set_timer()s the next. */
void timer_run_due(void);
/* Boot and CPU bring-up, before any timer is armed on that CPU; its per-CPU area exists. */
int timer_cpu_init(unsigned int cpu);

#endif
