/* SPDX-License-Identifier: MIT */
/*
 * time/timer.c on three simulated CPUs, beside a model that knows what is armed and for when:
 * what fires is due, fires once and where it should; the machine's timer is set to the earliest.
 */
#ifndef TESTS_UNIT_TIMER_HOST_H
#define TESTS_UNIT_TIMER_HOST_H

#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/deferred.h"
#include "time/timer.h"

#include <stdlib.h>

#include "check.h"

#define CPUS 3u
#define TIMERS 40u

struct cpumask cpu_online_map = {{(1u << CPUS) - 1}};

static stime_t time_now = 1000;
static stime_t machine_timer[CPUS];
static unsigned int kicks;

stime_t now(void)
{
	return time_now;
}

void machine_set_timer(stime_t deadline, stime_t t)
{
	CHECK(!t || t == time_now);
	machine_timer[host_cpu] = deadline;
}

void smp_kick(unsigned int cpu)
{
	(void)cpu;
	kicks++;
}

void deferred_raise_on(unsigned int cpu, enum deferred what)
{
	host_cpu_info[cpu].deferred |= BIT(what);
	if (cpu != host_cpu)
		smp_kick(cpu);
}

static struct shot {
	struct timer timer;
	stime_t due; /* 0: not armed, as the model knows it */
	u32 cpu;
	unsigned int fired;
	stime_t again; /* its function arms it anew after so long */
} shots[TIMERS];

static void fire(void *arg)
{
	struct shot *s = arg;

	CHECK(s->due && s->due <= time_now);
	CHECK_EQ(host_cpu, s->cpu);
	CHECK(!host_irqs_off);
	CHECK(!timer_is_armed(&s->timer));
	s->fired++;
	s->due = 0;
	if (s->again) {
		s->due = time_now + s->again;
		timer_set(&s->timer, s->due);
	}
}

static void set(struct shot *s, stime_t due)
{
	s->due = due;
	timer_set(&s->timer, due);
}

/* What the hardware and the idle loop do on one CPU. */
static void serve(unsigned int cpu)
{
	unsigned int home = host_cpu;

	host_cpu = cpu;
	if (machine_timer[cpu] && machine_timer[cpu] <= time_now)
		deferred_raise(DEFERRED_TIMER);
	if (cpu_info()->deferred & BIT(DEFERRED_TIMER)) {
		cpu_info()->deferred = 0;
		timer_run_due();
		CHECK(!machine_timer[cpu] || machine_timer[cpu] > time_now);
	}
	host_cpu = home;
}

static void advance(stime_t ns)
{
	stime_t end = time_now + ns;

	while (time_now < end) {
		stime_t next = end;

		for (unsigned int c = 0; c < CPUS; c++)
			if (machine_timer[c] && machine_timer[c] < next)
				next = machine_timer[c];
		time_now = max(next, time_now);
		for (unsigned int c = 0; c < CPUS; c++)
			serve(c);
		if (time_now == next && next == end)
			break;
	}
	for (unsigned int i = 0; i < TIMERS; i++)
		CHECK(!shots[i].due || shots[i].due > time_now);
}

static void timers_create(void)
{
	for (unsigned int c = 0; c < CPUS; c++) {
		host_cpu_info[c].cpu = c;
		CHECK_EQ(timer_cpu_init(c), 0);
	}
	for (unsigned int i = 0; i < TIMERS; i++)
		timer_init(&shots[i].timer, fire, &shots[i], 0);
}

#endif
