// SPDX-License-Identifier: MIT
/*
 * What debug keys print about more than one room, and the two that act.  Each dump is
 * bounded: a serial line takes a millisecond for ten characters.  They run as deferred work
 * (console/keys.c) and take no lock for longer than a copy; what changes meanwhile may be
 * printed as it was or as it is.
 */
#include "ctl/debugkeys.h"

#include "boot/options.h"
#include "console/keys.h"
#include "console/log.h"
#include "console/panic.h"
#include "console/symbol.h"
#include "domain/domain.h"
#include "evtchn/evtchn.h"
#include "lib/init.h"
#include "machine/machine.h"
#include "mm/buddy.h"
#include "mm/failing.h"
#include "mm/slab.h"
#include "sched/runqueue.h"
#include "time/timer.h"

#define DOMAINS_MAX 64u
#define TIMERS_MAX 8u /* of a CPU */

static void each_domain(void (*fn)(struct domain *d))
{
	struct domain *d;
	domid_t next = 0;

	for (unsigned int n = 0; n < DOMAINS_MAX && (d = domain_get_from(next)); n++) {
		next = (domid_t)(d->id + 1);
		fn(d);
		domain_put(d);
	}
}

static void dom0_registers(char key __unused)
{
	if (dom0)
		domain_dump_state(dom0);
}

static void all_registers(char key __unused)
{
	each_domain(domain_dump_state);
}

static void show_domain(struct domain *d)
{
	struct vcpu *v;

	log_line("d%u: %lu pages of %lu, %u references, paused %u%s%s%s", d->id, d->mem.tot_pages,
		 d->mem.max_pages, d->refs, d->pause_count, domain_is_dying(d) ? ", dying" : "",
		 d->is_shut_down ? ", shut down" : "", d->is_privileged ? ", privileged" : "");
	for_each_vcpu(d, v) {
		log_line("  v%u on CPU%u, flags %x, upcall pending %u mask %u", v->id, v->sched.cpu,
			 v->pause_flags, v->info->evtchn_upcall_pending,
			 v->info->evtchn_upcall_mask);
		virq_send_vcpu(v, VIRQ_DEBUG);
	}
}

static void domains(char key __unused)
{
	each_domain(show_domain);
}

static void memory(char key __unused)
{
	log_line("%lu MiB for guests and us, %lu MiB (%lu pages) free", buddy_total_frames() >> 8,
		 buddy_free_frames() >> 8, buddy_free_frames());
	buddy_dump();
}

static void events(char key __unused)
{
	each_domain(evtchn_dump);
}

static void run_queues(char key __unused)
{
	sched_dump();
}

static void timers(char key __unused)
{
	struct timer_line line[TIMERS_MAX];
	char name[SYMBOL_MAX];
	unsigned int cpu;
	stime_t t = now();

	log_line("now %ld us", t / 1000);
	for_each_cpu(cpu, &cpu_online_map) {
		unsigned int n = timer_list(cpu, line, TIMERS_MAX);

		for (unsigned int i = 0; i < min(n, TIMERS_MAX); i++) {
			symbol_print((unsigned long)line[i].fn, name, sizeof(name));
			log_line("CPU%u: in %ld us %s", cpu, (line[i].expires - t) / 1000, name);
		}
		if (n > TIMERS_MAX)
			log_line("CPU%u: %u more", cpu, n - TIMERS_MAX);
	}
}

#ifdef DAIS_FAIL_ALWAYS

/* Of each run of F, f, F, f the first allocation that fails is one later, until none did. */
static unsigned long failing_nth;

static void failing_next(char key __unused)
{
	failing_arm(++failing_nth);
}

static void failing_show(bool failed)
{
	log_line("failing: %s; %lu objects in use, %lu frames free, %lu failures in all",
		 failed ? "one" : "none", slab_objects(), buddy_free_frames(), failing_count());
}

static void failing_so_far(char key __unused)
{
	failing_show(failing_failed());
}

static void failing_end(char key __unused)
{
	bool failed = failing_disarm();

	failing_show(failed);
	if (!failed)
		failing_nth = 0;
}

static void failing_keys(void)
{
	keys_register('F', failing_next, "the next allocation to fail");
	keys_register('f', failing_end, "no allocation fails; whether one did");
	keys_register('p', failing_so_far, "whether an allocation failed so far");
}

#else

static void failing_keys(void)
{
}

#endif

static void reboot(char key __unused)
{
	machine_reboot();
}

static void crash(char key __unused)
{
	panic("asked for by a debug key");
}

void __init debugkeys_init(void)
{
	keys_register('0', dom0_registers, "dom0's registers");
	keys_register('d', all_registers, "all domains' registers");
	keys_register('q', domains, "domains; raises VIRQ_DEBUG in each");
	keys_register('m', memory, "memory");
	keys_register('e', events, "event channels");
	keys_register('r', run_queues, "run queues");
	keys_register('a', timers, "timers");
	failing_keys();
	keys_register('R', reboot, "reboot the machine");
	keys_register('C', crash, "panic");
}
