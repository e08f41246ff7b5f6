// SPDX-License-Identifier: MIT
/*
 * A minute by the guest's clock is one by the machine's, to 100 parts in a million.  run.py starts
 * the machine with -icount: there the time stamp counter is QEMU's own clock, in nanoseconds.
 */
#include "test.h"

#define MINUTE 60000000000UL

/* As Linux waits: asleep, until a time. */
static void sleep_until(uint64_t t)
{
	struct sched_poll p = {.timeout = t};

	set_xen_guest_handle(p.ports, (evtchn_port_t *)NULL);
	while (clock_ns() < t)
		sched_op(SCHEDOP_poll, &p);
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void minute(void)
{
	uint64_t start = clock_ns(), tsc = rdtsc(), wall = clock_wall_ns(), took, real;

	/* Looked at now and then: the hypervisor may correct its clock, but never turn it back. */
	for (uint64_t t = start; t < start + MINUTE; t += MINUTE / 60)
		sleep_until(t + MINUTE / 60);
	took = clock_ns() - start;
	real = rdtsc() - tsc;
	ok(took >= MINUTE && took < MINUTE * 2, "D44 a minute went by");
	ok(apart(took, real) <= MINUTE / 10000, "A83 the clock is right to 100 ppm");
	ok(apart(clock_wall_ns() - wall, real) <= MINUTE / 10000, "A85 and the wall clock");
	printk("minute: %lu ns by the clock, %lu by the machine's\n", took, real);
}

int guest_main(void)
{
	part(minute);
	return test_end();
}
