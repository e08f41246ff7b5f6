// SPDX-License-Identifier: MIT
/*
 * The scheduling policy over a simulated CPU: shares follow weights, whoever runs
 * in short bursts is served soon, nobody starves, caps hold, and the sums of the
 * queue stay right over a long random walk.
 */
#include "sched/fair.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

_Noreturn void panic(const char *fmt, ...);
_Noreturn void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	abort();
}

#define MS 1000000LL
#define MAX_TASKS 32

struct task {
	struct fair_entity e;
	s64 ran; /* in all */
	s64 burst, rest; /* runs so long, then sleeps so long; rest 0: always runs */
	s64 left; /* of the burst */
	s64 wake_at; /* when it sleeps; -1: it does not */
	s64 woken_at;
	s64 worst_wait; /* between waking and the end of the burst, less the burst */
};

static struct task tasks[MAX_TASKS];
static struct fair_queue queue;
static s64 clock_ns;

static struct task *add(unsigned int i, u32 weight, s64 burst, s64 rest)
{
	struct task *t = &tasks[i];

	memset(t, 0, sizeof(*t));
	fair_entity_init(&t->e, weight);
	t->burst = burst;
	t->rest = rest;
	t->left = burst;
	t->wake_at = -1;
	t->woken_at = clock_ns;
	fair_enqueue(&queue, &t->e);
	return t;
}

static void reset(void)
{
	memset(&queue, 0, sizeof(queue));
	clock_ns = 1000;
}

static void choose(void)
{
	struct fair_entity *next = fair_pick(&queue);

	if (next == queue.curr)
		return;
	if (queue.curr)
		fair_put_curr(&queue);
	fair_set_curr(&queue, next);
}

/* One step of 50 us on one CPU, with the choices that runqueue.c would make. */
static void step(unsigned int n)
{
	const s64 quantum = 50000;

	clock_ns += quantum;
	if (queue.curr) {
		struct task *t = (struct task *)queue.curr;

		t->ran += quantum;
		t->left -= quantum;
		fair_charge(&queue, quantum);
		if (t->rest && t->left <= 0) {
			s64 waited = clock_ns - t->woken_at - t->burst;

			if (waited > t->worst_wait)
				t->worst_wait = waited;
			fair_note_burst(&t->e, t->burst);
			fair_dequeue(&queue, &t->e);
			t->wake_at = clock_ns + t->rest;
		}
	}
	for (unsigned int i = 0; i < n; i++) {
		struct task *t = &tasks[i];

		if (t->wake_at >= 0 && t->wake_at <= clock_ns) {
			t->wake_at = -1;
			t->woken_at = clock_ns;
			t->left = t->burst;
			fair_enqueue(&queue, &t->e);
		}
	}
	if (queue.waiting || queue.curr)
		choose();
	fair_check(&queue);
}

static void run(unsigned int n, s64 ns)
{
	for (s64 end = clock_ns + ns; clock_ns < end;)
		step(n);
}

/* a : b as wa : wb, within percent. */
static bool ratio(s64 a, s64 b, s64 wa, s64 wb, s64 percent)
{
	s64 left = a * wb, right = b * wa;

	return llabs(left - right) * 100 <= right * percent;
}

static void test_weights(void)
{
	reset();
	add(0, 256, 0, 0);
	add(1, 512, 0, 0);
	add(2, 1024, 0, 0);
	run(3, 3000 * MS);
	CHECK(ratio(tasks[1].ran, tasks[0].ran, 2, 1, 3));
	CHECK(ratio(tasks[2].ran, tasks[0].ran, 4, 1, 3));

	reset();
	add(0, 1, 0, 0);
	add(1, FAIR_WEIGHT_MAX, 0, 0);
	run(2, 10000 * MS);
	CHECK(tasks[0].ran > 0);
	CHECK(tasks[0].ran < 10 * MS);
}

static void test_latency(void)
{
	/* Ten that compute, one that wakes every 10 ms for 200 us. */
	reset();
	for (unsigned int i = 0; i < 10; i++)
		add(i, 256, 0, 0);
	add(10, 256, 200000, 10 * MS);
	run(11, 200 * MS); /* its bursts become known */
	tasks[10].worst_wait = 0;
	run(11, 3000 * MS);
	CHECK(tasks[10].worst_wait <= MS);
	for (unsigned int i = 1; i < 10; i++)
		CHECK(ratio(tasks[i].ran, tasks[0].ran, 1, 1, 3));

	/* Short bursts give no more than a fair share: this one hardly ever sleeps. */
	reset();
	add(0, 256, 0, 0);
	add(1, 256, MS / 2, 50000);
	run(2, 3000 * MS);
	CHECK(tasks[1].ran <= tasks[0].ran + tasks[0].ran / 50);
	CHECK(tasks[1].ran * 10 >= tasks[0].ran * 7);
}

static void test_sleeper_owes_nothing(void)
{
	/* Ten seconds of sleep are not saved up. */
	reset();
	add(0, 256, 0, 0);
	add(1, 256, 50000, 10000 * MS);
	run(2, 9000 * MS);
	CHECK(tasks[1].wake_at >= 0);
	tasks[1].burst = 1000 * MS;
	run(2, tasks[1].wake_at - clock_ns);
	CHECK(tasks[1].wake_at < 0);
	tasks[0].ran = 0;
	tasks[1].ran = 0;
	run(2, 100 * MS);
	CHECK(tasks[1].ran - tasks[0].ran <= 2 * FAIR_SLICE_MAX);
}

static void test_yield(void)
{
	reset();
	add(0, 256, 0, 0);
	add(1, 256, 0, 0);
	run(2, 10 * MS);
	for (unsigned int i = 0; i < 100; i++) {
		struct fair_entity *before = queue.curr;

		fair_yield(&queue);
		CHECK(fair_pick_waiting(&queue) != before);
		step(2);
	}
	run(2, 1000 * MS);
	CHECK(ratio(tasks[1].ran, tasks[0].ran, 1, 1, 3));
}

static void test_random_walk(void)
{
	unsigned int on = 0;

	reset();
	srand(1);
	for (unsigned int i = 0; i < MAX_TASKS; i++)
		fair_entity_init(&tasks[i].e, 1u << (i % 16));
	for (unsigned int i = 0; i < 200000; i++) {
		unsigned int n = (unsigned int)rand() % MAX_TASKS;
		struct fair_entity *e = &tasks[n].e;

		if (on & BIT(n)) {
			if (rand() % 3 == 0) {
				fair_dequeue(&queue, e);
				on &= ~(unsigned int)BIT(n);
			}
		} else {
			fair_enqueue(&queue, e);
			on |= (unsigned int)BIT(n);
		}
		fair_charge(&queue, rand() % (6 * MS));
		if (on)
			choose();
		fair_check(&queue);
		CHECK(!on == !fair_pick(&queue));
	}
}

/* Planned switches are as far apart as they are told to be, whatever slices are asked for. */
static void test_run_min(void)
{
	static const struct {
		s64 set, kept, left;
	} limits[] = {
		{0, 0, FAIR_RUN_FLOOR},
		{FAIR_RUN_MIN, FAIR_RUN_MIN, FAIR_RUN_MIN},
		{2000000, 2000000, 2000000},
		{FAIR_RUN_MAX, FAIR_RUN_MAX, FAIR_RUN_MAX},
		{FAIR_RUN_MAX + 1, FAIR_RUN_MAX, FAIR_RUN_MAX},
		{-1, 0, FAIR_RUN_FLOOR},
	};

	CHECK_EQ(fair_run_min(), FAIR_RUN_MIN);
	reset();
	CHECK_EQ(fair_time_left(&queue), FAIR_RUN_MIN);
	add(0, 256, 0, 0);
	add(1, 256, 0, 0);
	choose();
	for (unsigned int i = 0; i < ARRAY_SIZE(limits); i++) {
		fair_set_run_min(limits[i].set);
		CHECK_EQ(fair_run_min(), limits[i].kept);
		/* At the end of its slice, and at its start. */
		queue.curr->deadline = queue.curr->vruntime + 1;
		CHECK_EQ(fair_time_left(&queue), limits[i].left);
		queue.curr->deadline = queue.curr->vruntime + 10 * FAIR_SLICE_MAX;
		CHECK_EQ(fair_time_left(&queue), max(limits[i].left, FAIR_SLICE_MAX));
	}
	fair_set_run_min(FAIR_RUN_MIN);
}

static void test_cap(void)
{
	struct fair_cap cap = {0};
	s64 ran = 0, t = 0;

	/* A quarter of a CPU over ten seconds, whatever the moments it asks at. */
	for (unsigned int i = 0; i < 200000; i++) {
		t += 50000;
		fair_cap_refill(&cap, 25, t);
		if (!fair_cap_wait(&cap, 25)) {
			fair_cap_charge(&cap, 50000);
			ran += 50000;
		}
	}
	CHECK(ratio(ran, t, 25, 100, 2));

	/* After a long sleep there is one period's worth and no more. */
	t += 1000000 * MS;
	fair_cap_refill(&cap, 25, t);
	CHECK_EQ(cap.budget, FAIR_CAP_PERIOD / 4);
	fair_cap_charge(&cap, FAIR_CAP_PERIOD);
	t += fair_cap_wait(&cap, 25);
	fair_cap_refill(&cap, 25, t);
	CHECK_EQ(fair_cap_wait(&cap, 25), 0);
}

int main(void)
{
	test_weights();
	test_latency();
	test_sleeper_owes_nothing();
	test_yield();
	test_random_walk();
	test_run_min();
	test_cap();
	return check_done("fair");
}
