// SPDX-License-Identifier: MIT
/*
 * Per-CPU timers (see timer.h): a red-black tree per CPU, whose first entry is
 * what the CPU's timer interrupt is armed for.  The timers are linked through
 * themselves: arming one never allocates and never fails.
 *
 * A timer belongs to the tree of the CPU in its `cpu` field, also while it is not
 * armed; that field changes under the lock of the tree that it names.
 */
#include "time/timer.h"

#include "lib/lock.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/deferred.h"

struct timer_cpu {
	struct spinlock lock; /* LOCK_TIMER, interrupts off */
	struct rb_tree tree;
	struct timer *running; /* its function is being called */
	stime_t programmed; /* deadline that the CPU's timer is set to; 0: none */
};

static DEFINE_PER_CPU(struct timer_cpu, timers);

static bool expires_before(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, const struct timer, node)->expires <
	       rb_entry(b, const struct timer, node)->expires;
}

static struct timer *first_timer(const struct timer_cpu *tc)
{
	struct rb_node *node = rb_first(&tc->tree);

	return node ? rb_entry(node, struct timer, node) : NULL;
}

/* Locks the tree that t belongs to; t->cpu does not change until it is unlocked. */
static inline struct timer_cpu *lock_timer(struct timer *t, unsigned long *flags)
{
	*flags = local_irq_save();
	for (;;) {
		u32 cpu = READ_ONCE(t->cpu);
		struct timer_cpu *tc = per_cpu_ptr(timers, cpu);

		spin_lock(&tc->lock);
		if (likely(t->cpu == cpu))
			return tc;
		spin_unlock(&tc->lock);
	}
}

static void remove_locked(struct timer_cpu *tc, struct timer *t)
{
	if (!t->armed)
		return;
	rb_erase(&tc->tree, &t->node);
	t->armed = false;
}

/* Makes t's CPU look when t is now the first to expire. */
static void program_locked(struct timer_cpu *tc, struct timer *t)
{
	stime_t time;

	if (tc->programmed && tc->programmed <= t->expires)
		return;
	if (t->cpu != this_cpu_id()) {
		deferred_raise_on(t->cpu, DEFERRED_TIMER);
		return;
	}
	time = now();
	if (t->expires <= time) {
		deferred_raise(DEFERRED_TIMER);
	} else {
		tc->programmed = t->expires;
		machine_set_timer(t->expires, time);
	}
}

static void insert_locked(struct timer_cpu *tc, struct timer *t)
{
	rb_insert(&tc->tree, &t->node, expires_before);
	t->armed = true;
	program_locked(tc, t);
}

/* t is armed, and another time would leave it between the same two neighbours. */
static bool stays_in_place(const struct timer *t, stime_t expires)
{
	const struct rb_node *before = rb_prev(&t->node), *after = rb_next(&t->node);

	return (!before || rb_entry(before, const struct timer, node)->expires <= expires) &&
	       (!after || expires <= rb_entry(after, const struct timer, node)->expires);
}

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, unsigned int cpu)
{
	t->fn = fn;
	t->arg = arg;
	t->cpu = cpu;
	t->expires = 0;
	t->armed = false;
	t->killed = false;
}

void timer_set(struct timer *t, stime_t expires)
{
	unsigned long flags;
	struct timer_cpu *tc = lock_timer(t, &flags);

	expires = max(expires, (stime_t)1); /* 0 would mean "none" to the machine */
	if (t->armed && stays_in_place(t, expires)) {
		t->expires = expires;
		program_locked(tc, t);
	} else {
		remove_locked(tc, t);
		if (!t->killed) {
			t->expires = expires;
			insert_locked(tc, t);
		}
	}
	spin_unlock_irqrestore(&tc->lock, flags);
}

void timer_stop(struct timer *t)
{
	unsigned long flags;
	struct timer_cpu *tc;

	/* The CPU's timer stays programmed: an interrupt too many costs less than two writes. */
	if (!timer_is_armed(t))
		return;
	tc = lock_timer(t, &flags);
	remove_locked(tc, t);
	spin_unlock_irqrestore(&tc->lock, flags);
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
	unsigned long flags;
	struct timer_cpu *tc;
	bool armed;

	if (READ_ONCE(t->cpu) == cpu)
		return;
	tc = lock_timer(t, &flags);
	armed = t->armed;
	remove_locked(tc, t);
	WRITE_ONCE(t->cpu, cpu);
	spin_unlock_irqrestore(&tc->lock, flags);
	/* Whoever armed it on the new CPU since then knows better. */
	if (!armed)
		return;
	tc = lock_timer(t, &flags);
	if (!t->armed && !t->killed)
		insert_locked(tc, t);
	spin_unlock_irqrestore(&tc->lock, flags);
}

void timer_kill(struct timer *t)
{
	unsigned long flags;
	struct timer_cpu *tc;
	bool elsewhere;

	lockrank_may_wait();
	do {
		tc = lock_timer(t, &flags);
		remove_locked(tc, t);
		t->killed = true;
		elsewhere = false;
		for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
			/* It may have been migrated while its function runs where it was. */
			if (cpumask_test(&cpu_online_map, cpu) && cpu != this_cpu_id() &&
			    READ_ONCE(per_cpu(timers, cpu).running) == t)
				elsewhere = true;
		}
		spin_unlock_irqrestore(&tc->lock, flags);
		if (elsewhere)
			cpu_relax();
	} while (elsewhere);
}

void timer_run_due(void)
{
	unsigned long flags = local_irq_save();
	struct timer_cpu *tc = this_cpu_ptr(timers);
	stime_t time = 0;
	struct timer *t;

	spin_lock(&tc->lock);
	while ((t = first_timer(tc)) != NULL && t->expires <= (time = now())) {
		remove_locked(tc, t);
		WRITE_ONCE(tc->running, t);
		spin_unlock_irqrestore(&tc->lock, flags);
		t->fn(t->arg);
		flags = spin_lock_irqsave(&tc->lock);
		WRITE_ONCE(tc->running, NULL);
	}
	tc->programmed = t ? t->expires : 0;
	machine_set_timer(tc->programmed, time);
	spin_unlock_irqrestore(&tc->lock, flags);
}

unsigned int timer_list(unsigned int cpu, struct timer_line *line, unsigned int max)
{
	struct timer_cpu *tc = per_cpu_ptr(timers, cpu);
	unsigned long flags = spin_lock_irqsave(&tc->lock);
	struct rb_node *node;
	unsigned int n = 0;

	rb_for_each(node, &tc->tree)
	{
		const struct timer *t = rb_entry(node, struct timer, node);

		if (n < max)
			line[n] = (struct timer_line){t->expires, t->fn};
		n++;
	}
	spin_unlock_irqrestore(&tc->lock, flags);
	return n;
}

int timer_cpu_init(unsigned int cpu)
{
	struct timer_cpu *tc = per_cpu_ptr(timers, cpu);

	spin_lock_init(&tc->lock, LOCK_TIMER);
	tc->tree = (struct rb_tree)RB_TREE_INIT;
	tc->programmed = 0;
	return 0;
}
