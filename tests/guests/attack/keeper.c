// SPDX-License-Identifier: MIT
/*
 * dom0 while two domUs attack: makes them from its own image, tells each whose grants and ports to
 * try, measures how late its own timer is meanwhile, destroys them, done or in the middle of it,
 * and looks whether all memory has come back, to the frame.  Then again, with another seed.
 *
 *	keeper=ROUNDS seed=N steps=N (per vCPU) patience=MILLISECONDS (per round)
 */
#include "attack.h"
#include "control.h"

#define TICK 1000000UL /* ns between two looks at the clock */
#define LATE 10000000UL

static unsigned long ticks, late, worst, total_late;

static unsigned long number_of(const char *name, unsigned long otherwise)
{
	const char *text = option(name);

	return text ? parse_number(text) : otherwise;
}

/* Sleeps for a tick; counts by how much it was longer. */
static void tick(void)
{
	struct sched_poll poll = {.timeout = clock_ns() + TICK};
	uint64_t over;

	sched_op(SCHEDOP_poll, &poll);
	over = clock_ns() > poll.timeout ? clock_ns() - poll.timeout : 0;
	ticks++;
	total_late += over;
	late += over > LATE;
	if (over > worst)
		worst = over;
}

static struct orders *orders_of(const struct child *c)
{
	return (struct orders *)((char *)c->box + ORDERS_OFFSET);
}

/* It shut itself down, or the hypervisor ended it for what it did to itself. */
static bool has_ended(const struct child *c)
{
	struct xen_domctl op = {0};

	return READ_ONCE(orders_of(c)->done) || domctl(&op, XEN_DOMCTL_getdomaininfo, c->id) ||
	       (op.u.getdomaininfo.flags & XEN_DOMINF_shutdown);
}

static unsigned long round_of(uint64_t seed, unsigned long steps, uint64_t patience)
{
	static struct child children[2];
	unsigned long calls = 0;
	uint64_t end;

	for (unsigned int i = 0; i < 2; i++)
		child_start(&children[i]);
	for (unsigned int i = 0; i < 2; i++) {
		struct orders *o = orders_of(&children[i]);

		o->steps = steps;
		o->self = children[i].id;
		o->peer = children[1 - i].id;
		barrier();
		WRITE_ONCE(o->seed, seed * 2 + i);
	}
	end = clock_ns() + patience * 1000000;
	while (clock_ns() < end && !(has_ended(&children[0]) && has_ended(&children[1])))
		tick();
	for (unsigned int i = 0; i < 2; i++)
		calls += orders_of(&children[i])->calls;
	for (unsigned int i = 0; i < 2; i++)
		child_end(&children[i]);
	return calls;
}

int keeper(void)
{
	unsigned long rounds = number_of("keeper", 2), seed = number_of("seed", 1);
	unsigned long steps = number_of("steps", 2000), patience = number_of("patience", 20000);
	unsigned long before = 0, calls = 0;
	int bad = 0;

	/* The first one only fills what the hypervisor keeps for the next. */
	for (unsigned long i = 0; i <= rounds; i++) {
		unsigned long now, made = round_of(i ? seed + i - 1 : 99, i ? steps : 10, patience);

		for (unsigned int wait = 0; wait < (i ? 20000 : 2000); wait++) {
			if (free_frames() == before)
				break;
			tick();
		}
		now = free_frames();
		debug_keys("A");
		calls += made;
		printk("keeper: round %lu, seed %lu: %lu calls, %lu frames free, %s\n", i,
		       i ? seed + i - 1 : 99, made, now,
		       !i              ? "to begin with"
		       : now == before ? "all back"
				       : "not all back");
		if (i && now != before)
			bad++;
		before = now;
	}
	printk("keeper: %lu calls; dom0's timer %lu times, late by %lu us on average, %lu at most, "
	       "%lu times by more than 10 ms\n",
	       calls, ticks, total_late / ticks / 1000, worst / 1000, late);
	printk("attack: done\n");
	return bad;
}
