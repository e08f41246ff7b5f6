// SPDX-License-Identifier: MIT
/*
 * Serves what was put off, lowest bit first.  A bit is cleared before its work is
 * done, so that what is raised meanwhile is served again; schedule() may not
 * return at all, and whatever is still set is then served by whoever runs next.
 */
#include "sched/deferred.h"

#include "machine/machine.h"
#include "sched/runqueue.h"
#include "time/clock.h"
#include "time/timer.h"

void deferred_raise_on(unsigned int cpu, enum deferred what)
{
	if (cpu == this_cpu_id()) {
		deferred_raise(what);
		return;
	}
	/* Who finds the bit set already has been told by whoever set it. */
	if (!(__atomic_fetch_or(&cpu_info_of(cpu)->deferred, BIT(what), __ATOMIC_SEQ_CST) &
	      BIT(what)))
		smp_kick(cpu);
}

/* Guest memory can be written only here: its address space is loaded and no lock is held. */
static void write_guest_areas(void)
{
	const struct vcpu *v = current;

	if (v->is_idle)
		return;
	if (v->runstate_area)
		vcpu_write_runstate_area();
	if (clock_user_area_due(v))
		clock_write_user_area();
}

void deferred_run(void)
{
	unsigned long work;

	while ((work = READ_ONCE(cpu_info()->deferred)) != 0) {
		enum deferred what = (enum deferred)__builtin_ctzl(work);

		__atomic_fetch_and(&cpu_info()->deferred, ~BIT(what), __ATOMIC_SEQ_CST);
		switch (what) {
		case DEFERRED_TIMER:
			timer_run_due();
			break;
		case DEFERRED_SCHEDULE:
			schedule();
			break;
		case DEFERRED_AREAS:
			write_guest_areas();
			break;
		case DEFERRED_COUNT:
			break;
		}
	}
}
