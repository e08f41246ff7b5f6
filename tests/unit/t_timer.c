// SPDX-License-Identifier: MIT
/*
 * time/timer.c on three simulated CPUs: nothing fires early or twice or where it
 * should not, the machine's timer is always set to the earliest deadline, a past
 * deadline is served at once, and timers can be stopped, moved and killed at any
 * moment, also by their own function.
 */
#include "timer_host.h"

static void test_simple(void)
{
	struct shot *s = &shots[0];

	set(s, time_now + 500);
	CHECK(timer_is_armed(&s->timer));
	CHECK_EQ(machine_timer[0], time_now + 500);
	advance(499);
	CHECK_EQ(s->fired, 0);
	advance(1);
	CHECK_EQ(s->fired, 1);
	advance(1000);
	CHECK_EQ(s->fired, 1);
	CHECK_EQ(machine_timer[0], 0);

	/* Past, zero and negative deadlines: at once, and once. */
	for (stime_t due = time_now; due > -3000; due -= 1000) {
		unsigned int before = s->fired;

		s->due = 1;
		timer_set(&s->timer, due);
		CHECK(deferred_pending());
		serve(0);
		CHECK_EQ(s->fired, before + 1);
	}

	/* An earlier one takes the machine's timer over, stopping it gives it back in time. */
	set(&shots[1], time_now + 1000);
	set(&shots[2], time_now + 400);
	CHECK_EQ(machine_timer[0], time_now + 400);
	timer_stop(&shots[2].timer);
	shots[2].due = 0;
	advance(2000);
	CHECK_EQ(shots[1].fired, 1);
	CHECK_EQ(shots[2].fired, 0);
}

static void test_remote(void)
{
	struct shot *s = &shots[3];
	unsigned int before = kicks;

	/* Armed from CPU 0 on CPU 1: that CPU is told. */
	timer_migrate(&s->timer, 1);
	s->cpu = 1;
	set(s, time_now + 100);
	CHECK_EQ(kicks, before + 1);
	serve(1);
	CHECK_EQ(machine_timer[1], time_now + 100);
	/* It moves while armed. */
	timer_migrate(&s->timer, 2);
	s->cpu = 2;
	serve(2);
	advance(200);
	CHECK_EQ(s->fired, 1);
	timer_migrate(&s->timer, 0);
	s->cpu = 0;
	CHECK(!timer_is_armed(&s->timer));
}

static void kill_self(void *arg)
{
	struct shot *s = arg;

	s->fired++;
	timer_kill(&s->timer);
	timer_set(&s->timer, time_now + 1); /* no effect any more */
}

static void test_kill(void)
{
	static struct shot s;

	timer_init(&s.timer, kill_self, &s, 0);
	timer_set(&s.timer, time_now + 10);
	advance(1000);
	CHECK_EQ(s.fired, 1);
	CHECK(!timer_is_armed(&s.timer));

	timer_init(&s.timer, kill_self, &s, 0);
	timer_set(&s.timer, time_now + 10);
	timer_kill(&s.timer);
	advance(100);
	CHECK_EQ(s.fired, 1);
}

static void test_random(void)
{
	srand(7);
	for (unsigned int i = 0; i < 100000; i++) {
		struct shot *s = &shots[(unsigned int)rand() % TIMERS];

		host_cpu = (unsigned int)rand() % CPUS;
		switch (rand() % 8) {
		case 0:
		case 1:
		case 2:
			set(s, time_now + rand() % 3000 - 100);
			break;
		case 3:
			timer_stop(&s->timer);
			s->due = 0;
			break;
		case 4:
			s->cpu = (unsigned int)rand() % CPUS;
			timer_migrate(&s->timer, s->cpu);
			break;
		case 5:
			s->again = rand() % 4 ? 0 : 1 + rand() % 500;
			break;
		default:
			advance(1 + rand() % 300);
			break;
		}
		CHECK(timer_is_armed(&s->timer) == (s->due != 0));
		CHECK(!host_irqs_off);
	}
	host_cpu = 0;
}

int main(void)
{
	timers_create();
	test_simple();
	test_remote();
	test_kill();
	test_random();
	return check_done("timer");
}
