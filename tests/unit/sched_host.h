/* SPDX-License-Identifier: MIT */
/*
 * Simulated CPUs in lock-step under sched/ and time/timer.c, for t_runqueue.c: the
 * machine, the other rooms, and guests that compute, sleep and are woken.  run()
 * lets time pass in quanta and checks after each what must always hold.
 */
#ifndef TESTS_UNIT_SCHED_HOST_H
#define TESTS_UNIT_SCHED_HOST_H

#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "evtchn/evtchn.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/deferred.h"
#include "sched/runqueue.h"
#include "time/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <xen/sched.h>

#include "check.h"
#include "hostheap.h"
#include "hostpanic.h"

#define CPUS_MAX 4u
#define VCPUS_MAX 24u
#define DOMS_MAX 4u
#define QUANTUM 50000LL
#define MS 1000000LL

/* --- the machine --- */

struct cpumask cpu_online_map;
struct domain *dom0, *idle_domain;

static stime_t time_now = MS;
static stime_t machine_timer[CPUS_MAX];
static jmp_buf switched;
static unsigned int cpus;

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
	CHECK(cpu < cpus && cpu != host_cpu);
}

_Noreturn void context_switch_to(struct vcpu *next)
{
	struct vcpu *prev = current;

	CHECK(host_irqs_off);
	CHECK(next != prev);
	cpu_info()->running = next;
	sched_switched(prev, next);
	CHECK(host_irqs_off);
	local_irq_enable();
	longjmp(switched, 1);
}

/* --- the other rooms --- */

static unsigned int shut_down;
static bool port_pending;
static struct vcpu *polling;

void log_line(const char *fmt, ...)
{
	(void)fmt;
}

struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

struct domain *domain_get(domid_t id)
{
	(void)id;
	return NULL;
}

void domain_put(struct domain *d)
{
	(void)d;
}

bool privileged(const struct domain *subject, enum privilege what, const struct domain *object)
{
	(void)what;
	(void)object;
	return subject->is_privileged;
}

void domain_shutdown(struct domain *d, u32 reason)
{
	(void)d;
	shut_down = reason;
}

bool domain_latch_shutdown_code(struct domain *d, u32 code)
{
	bool first = d->shutdown_code == 0;

	if (first)
		d->shutdown_code = code;
	return first;
}

int guest_read(void *dst, unsigned long va, size_t size)
{
	if (!va)
		return -EFAULT;
	memcpy(dst, (const void *)va, size);
	return 0;
}

int evtchn_port_poll_pending(struct domain *d, u32 port)
{
	(void)d;
	return port == 7 ? port_pending : -EINVAL;
}

void evtchn_poll_begin(struct vcpu *v)
{
	polling = v;
}

void evtchn_poll_end(struct vcpu *v)
{
	CHECK_EQ(polling == v, true);
	polling = NULL;
}

void clock_refresh_vcpu(struct vcpu *v)
{
	(void)v;
}

bool clock_user_area_due(const struct vcpu *v)
{
	return v->time.user_area;
}

void clock_write_user_area(void)
{
}

void vcpu_write_runstate_area(void)
{
}

void vtime_vcpu_moved(struct vcpu *v)
{
	(void)v;
}

/* --- guests --- */

struct guest {
	struct vcpu v;
	struct vcpu_info info;
	stime_t ran;
	stime_t burst, rest, left; /* rest 0: never sleeps by itself */
	stime_t wake_at; /* 0: does not sleep */
	stime_t since; /* created */
	stime_t waiting_since; /* runnable but not running; 0: not so */
	stime_t worst_wait;
};

static struct guest guests[VCPUS_MAX];
static unsigned int guest_count;
static struct domain doms[DOMS_MAX];
static struct vcpu *dom_vcpus[DOMS_MAX][VCPUS_MAX];
static struct vcpu idle[CPUS_MAX];
static struct domain idle_dom;
static unsigned int idle_steps[CPUS_MAX];

static void boot(unsigned int n)
{
	for (unsigned int i = 0; i < guest_count; i++) {
		guests[i].v.pause_flags = VPF_DOWN;
		sched_vcpu_destroy(&guests[i].v);
	}
	memset(guests, 0, sizeof(guests));
	memset(doms, 0, sizeof(doms));
	memset(dom_vcpus, 0, sizeof(dom_vcpus));
	memset(idle, 0, sizeof(idle));
	memset(host_cpu_info, 0, sizeof(host_cpu_info));
	memset(machine_timer, 0, sizeof(machine_timer));
	memset(percpu_runqueues, 0, sizeof(percpu_runqueues));
	cpumask_zero(&cpu_online_map);
	cpumask_zero(&sched_idle_cpus);
	guest_count = 0;
	cpus = n;
	idle_dom.is_idle = true;
	for (unsigned int i = 0; i < DOMS_MAX; i++) {
		doms[i].id = (domid_t)i;
		doms[i].vcpu = dom_vcpus[i];
		doms[i].max_vcpus = VCPUS_MAX;
		spin_lock_init(&doms[i].lock, LOCK_DOMAIN);
	}
	doms[0].is_privileged = true;
	dom0 = &doms[0];
	for (host_cpu = 0; host_cpu < cpus; host_cpu++) {
		struct vcpu *v = &idle[host_cpu];

		host_cpu_info[host_cpu].cpu = host_cpu;
		host_cpu_info[host_cpu].running = v;
		timer_cpu_init(host_cpu);
		v->domain = &idle_dom;
		v->id = host_cpu;
		v->is_idle = true;
		v->info = &v->no_info;
		CHECK_EQ(sched_vcpu_init(v), 0);
		sched_cpu_init(host_cpu, v);
		cpumask_set(&cpu_online_map, host_cpu);
	}
	host_cpu = 0;
}

static struct guest *create(unsigned int dom, stime_t burst, stime_t rest)
{
	struct guest *g = &guests[guest_count];
	struct domain *d = &doms[dom];
	unsigned int id = 0;

	while (d->vcpu[id])
		id++;
	g->v.domain = d;
	g->v.id = id;
	g->v.info = &g->info;
	g->burst = burst;
	g->left = burst;
	g->rest = rest;
	g->since = time_now;
	CHECK_EQ(sched_vcpu_init(&g->v), 0);
	d->vcpu[id] = &g->v;
	guest_count++;
	vcpu_wake_flags(&g->v, VPF_DOWN);
	return g;
}

/* Return to the guest, or the idle loop: everything put off is done. */
static void serve_cpu(void)
{
	stime_t timer = machine_timer[host_cpu];

	if (timer && timer <= time_now)
		deferred_raise(DEFERRED_TIMER);
	while (deferred_pending()) {
		if (!setjmp(switched))
			deferred_run();
		CHECK(!host_irqs_off);
	}
}

/* What the guest that runs on this CPU does in a quantum. */
static void run_cpu(void)
{
	struct guest *g = (struct guest *)current;

	if (current->is_idle)
		return;
	CHECK(sched_cpu_allowed(&g->v, host_cpu));
	g->ran += QUANTUM;
	g->left -= QUANTUM;
	if (!g->rest || g->left > 0)
		return;
	g->wake_at = time_now + QUANTUM + g->rest;
	g->left = g->burst;
	hc_sched_op(SCHEDOP_block, 0);
}

static void event(struct guest *g)
{
	vcpu_mark_events_pending(&g->v);
}

static void check_all(void)
{
	bool waits_somewhere[CPUS_MAX] = {false};

	for (unsigned int i = 0; i < guest_count; i++) {
		struct guest *g = &guests[i];
		struct vcpu_runstate_info rs;
		unsigned int on = 0;
		bool runs;

		for (unsigned int c = 0; c < cpus; c++)
			on += cpu_info_of(c)->running == &g->v;
		CHECK(on <= 1);
		runs = on;
		CHECK_EQ(g->v.sched.running, runs);
		CHECK(!(runs && g->v.sched.queued));
		/* Not forgotten: who can run is somewhere. */
		CHECK(!vcpu_is_runnable(&g->v) || runs || g->v.sched.queued);
		CHECK(vcpu_is_runnable(&g->v) || !g->v.sched.queued);
		vcpu_runstate_get(&g->v, &rs);
		CHECK_EQ(rs.time[0] + rs.time[1] + rs.time[2] + rs.time[3], time_now - g->since);
		CHECK(rs.state != RUNSTATE_running || runs);
		if (g->v.sched.queued)
			for (unsigned int c = 0; c < cpus; c++)
				waits_somewhere[c] |= sched_cpu_allowed(&g->v, c);
		if (!g->v.sched.queued)
			g->waiting_since = 0;
		else if (!g->waiting_since)
			g->waiting_since = time_now;
		else
			g->worst_wait = max(g->worst_wait, time_now - g->waiting_since);
	}
	for (unsigned int c = 0; c < cpus; c++) {
		fair_check(&per_cpu(runqueues, c).fair);
		if (cpu_info_of(c)->running->is_idle && waits_somewhere[c])
			idle_steps[c]++;
		else
			idle_steps[c] = 0;
		CHECK(idle_steps[c] < 3);
	}
}

static void run(stime_t ns)
{
	for (stime_t end = time_now + ns; time_now < end; time_now += QUANTUM) {
		for (host_cpu = 0; host_cpu < cpus; host_cpu++)
			serve_cpu();
		/* A second round: the first may have raised work on CPUs before it. */
		for (host_cpu = 0; host_cpu < cpus; host_cpu++)
			serve_cpu();
		check_all();
		for (host_cpu = 0; host_cpu < cpus; host_cpu++)
			run_cpu();
		host_cpu = (unsigned int)(time_now / QUANTUM) % cpus; /* a device's interrupt */
		for (unsigned int i = 0; i < guest_count; i++) {
			struct guest *g = &guests[i];

			if (g->wake_at && g->wake_at <= time_now + QUANTUM) {
				g->wake_at = 0;
				event(g);
			}
			/* The guest takes its upcall as soon as it runs. */
			if (g->v.sched.running)
				g->info.evtchn_upcall_pending = 0;
		}
		host_cpu = 0;
	}
}

#endif
