// SPDX-License-Identifier: MIT
/*
 * Timers armed, stopped, moved and killed from three CPUs at the fuzzer's will, also by their own
 * functions: each three bytes are a step.  The model of t_timer.c is asked after every one.
 */
#include "../unit/timer_host.h"

static void step(const u8 *p)
{
	struct shot *s = &shots[p[1] % TIMERS];

	host_cpu = p[0] % CPUS;
	switch (p[0] / CPUS % 8) {
	case 0:
	case 1:
	case 2:
		set(s, time_now + p[2] * 12 - 100);
		break;
	case 3:
		timer_stop(&s->timer);
		s->due = 0;
		break;
	case 4:
		s->cpu = p[2] % CPUS;
		timer_migrate(&s->timer, s->cpu);
		break;
	case 5:
		s->again = p[2];
		break;
	case 6:
		/* Killed, and a new one in its place. */
		timer_kill(&s->timer);
		if (timer_is_armed(&s->timer))
			abort();
		s->due = s->again = 0;
		s->cpu = p[2] % CPUS;
		timer_init(&s->timer, fire, s, s->cpu);
		break;
	default:
		advance(1 + p[2]);
		break;
	}
	if (timer_is_armed(&s->timer) != (s->due != 0) || host_irqs_off || check_failures)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool begun;

	if (!begun)
		timers_create();
	begun = true;
	for (size_t i = 0; i + 3 <= size && i < 600; i += 3)
		step(data + i);
	/* The next input begins with none armed, on CPU 0. */
	host_cpu = 0;
	for (unsigned int i = 0; i < TIMERS; i++) {
		struct shot *s = &shots[i];

		timer_kill(&s->timer);
		s->due = s->again = 0;
		s->cpu = 0;
		timer_init(&s->timer, fire, s, 0);
	}
	advance(5000);
	for (unsigned int c = 0; c < CPUS; c++)
		if (machine_timer[c])
			abort();
	if (check_failures)
		abort();
	return 0;
}
