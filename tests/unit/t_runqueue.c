// SPDX-License-Identifier: MIT
/*
 * The scheduler on simulated CPUs in lock-step: no vCPU runs twice or is forgotten,
 * no CPU idles while somebody who may use it waits, shares follow weights across
 * CPUs, caps and affinities hold, no wake-up is lost, polls end in time, and the
 * run states of a vCPU add up to the time that has passed.
 */
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

#define CPUS_MAX 4u
#define VCPUS_MAX 24u
#define DOMS_MAX 4u
#define QUANTUM 50000LL
#define MS 1000000LL

/* --- the machine --- */

struct cpumask cpu_online_map;
struct domain *dom0, *idle_domain;
struct vcpu_info unregistered_vcpu_info;

static stime_t time_now = MS;
static stime_t machine_timer[CPUS_MAX];
static jmp_buf switched;
static unsigned int cpus;

stime_t now(void)
{
	return time_now;
}

void machine_set_timer(stime_t deadline)
{
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

_Noreturn void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	abort();
}

/* --- the other rooms --- */

static unsigned int shut_down;
static bool port_pending;
static struct vcpu *polling;

void log_line(const char *fmt, ...)
{
	(void)fmt;
}

void *kmalloc(size_t size)
{
	return calloc(1, size);
}

void kfree(void *p)
{
	free(p);
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

void clock_update_vcpu(struct vcpu *v)
{
	(void)v;
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
	stime_t wake_at;	   /* 0: does not sleep */
	stime_t since;		   /* created */
	stime_t waiting_since;	   /* runnable but not running; 0: not so */
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
		v->info = &unregistered_vcpu_info;
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

static bool near(stime_t a, stime_t b, int percent)
{
	return llabs(a - b) * 100 <= b * percent;
}

static void test_weights(void)
{
	boot(1);
	CHECK_EQ(sched_domain_set(&doms[1], 512, 0), 0);
	CHECK_EQ(sched_domain_set(&doms[1], 0, 0), -EINVAL);
	create(0, 0, 0);
	create(1, 0, 0);
	run(2000 * MS);
	CHECK(near(guests[1].ran, 2 * guests[0].ran, 5));
	/* Changed while both run and wait. */
	CHECK_EQ(sched_domain_set(&doms[0], 512, 0), 0);
	guests[0].ran = guests[1].ran = 0;
	run(2000 * MS);
	CHECK(near(guests[1].ran, guests[0].ran, 5));
}

static void test_spread(void)
{
	boot(2);
	for (unsigned int i = 0; i < 4; i++)
		create(i % 2, 0, 0);
	run(1000 * MS);
	for (unsigned int i = 0; i < 4; i++)
		CHECK(near(guests[i].ran, 500 * MS, 10));

	/* One CPU has three by affinity; freed, they even out. */
	boot(2);
	for (unsigned int i = 0; i < 4; i++) {
		struct cpumask only0 = {{1}};

		create(0, 0, 0);
		CHECK_EQ(sched_set_affinity(&guests[i].v, &only0, NULL), 0);
	}
	run(100 * MS);
	for (unsigned int i = 0; i < 4; i++) {
		CHECK_EQ(guests[i].v.sched.cpu, 0);
		CHECK(near(guests[i].ran, 25 * MS, 30));
	}
	for (unsigned int i = 0; i < 4; i++) {
		struct cpumask all = {{3}};

		CHECK_EQ(sched_set_affinity(&guests[i].v, &all, NULL), 0);
		guests[i].ran = 0;
	}
	run(1000 * MS);
	for (unsigned int i = 0; i < 4; i++)
		CHECK(near(guests[i].ran, 500 * MS, 15));
}

static void test_affinity(void)
{
	struct cpumask only1 = {{2}}, none = {{0}}, beyond = {{16}}, m;

	boot(2);
	create(0, 0, 0);
	create(0, 0, 0);
	run(10 * MS);
	CHECK_EQ(sched_set_affinity(&guests[0].v, &none, NULL), -EINVAL);
	CHECK_EQ(sched_set_affinity(&guests[0].v, &beyond, NULL), -EINVAL);
	CHECK_EQ(sched_set_affinity(&guests[0].v, &only1, NULL), 0);
	CHECK_EQ(sched_set_affinity(&guests[1].v, &only1, NULL), 0);
	run(200 * MS);
	CHECK(cpu_info_of(0)->running->is_idle);
	/* pin_override goes above it and back. */
	CHECK_EQ(sched_pin_override(&guests[0].v, 0), 0);
	CHECK_EQ(sched_pin_override(&guests[0].v, 0), -EBUSY);
	CHECK_EQ(sched_pin_override(&guests[0].v, 9), -EINVAL);
	run(10 * MS);
	CHECK(cpu_info_of(0)->running == &guests[0].v);
	sched_get_affinity(&guests[0].v, &m, NULL);
	CHECK_EQ(m.bits[0], 2);
	CHECK_EQ(sched_pin_override(&guests[0].v, -1), 0);
	CHECK_EQ(sched_pin_override(&guests[0].v, -1), -EINVAL);
	run(10 * MS);
	CHECK(cpu_info_of(0)->running->is_idle);
}

static void test_latency(void)
{
	boot(2);
	for (unsigned int i = 0; i < 6; i++)
		create(0, 0, 0);
	create(1, 200000, 10 * MS);
	run(200 * MS);
	guests[6].worst_wait = 0;
	run(2000 * MS);
	CHECK(guests[6].worst_wait <= MS);
	CHECK(near(guests[6].ran, 2200 * 200000 / 10, 10));
}

static void test_pause(void)
{
	stime_t ran;

	boot(2);
	create(0, 0, 0);
	create(1, 0, 0);
	create(1, MS, MS);
	run(20 * MS);
	vcpu_pause_nosync(&guests[0].v);
	doms[1].pause_count++;
	vcpu_recheck(&guests[1].v);
	vcpu_recheck(&guests[2].v);
	run(MS);
	ran = guests[0].ran + guests[1].ran + guests[2].ran;
	run(20 * MS);
	vcpu_wait_off_cpu(&guests[0].v);
	CHECK_EQ(guests[0].ran + guests[1].ran + guests[2].ran, ran);
	vcpu_pause_nosync(&guests[0].v);
	vcpu_unpause(&guests[0].v);
	doms[1].pause_count--;
	vcpu_recheck(&guests[1].v);
	vcpu_recheck(&guests[2].v);
	run(20 * MS);
	CHECK(guests[1].ran + guests[2].ran > 25 * MS);
	ran = guests[0].ran;
	vcpu_unpause(&guests[0].v);
	run(20 * MS);
	CHECK(guests[0].ran >= ran + 9 * MS);
}

static void test_caps(void)
{
	boot(2);
	CHECK_EQ(sched_domain_set(&doms[1], 256, 50), 0);
	create(1, 0, 0);
	create(1, 0, 0);
	run(2000 * MS);
	CHECK(near(guests[0].ran + guests[1].ran, 1000 * MS, 5));
	CHECK(guests[0].ran > 250 * MS && guests[1].ran > 250 * MS);
	/* Next to somebody without a cap, and lifted. */
	create(0, 0, 0);
	create(0, 0, 0);
	guests[0].ran = guests[1].ran = 0;
	run(2000 * MS);
	CHECK(near(guests[0].ran + guests[1].ran, 1000 * MS, 5));
	CHECK_EQ(sched_domain_set(&doms[1], 256, 0), 0);
	guests[0].ran = guests[1].ran = 0;
	run(2000 * MS);
	CHECK(near(guests[0].ran + guests[1].ran, 2000 * MS, 10));
}

static void test_block(void)
{
	struct vcpu *v;

	boot(1);
	create(0, 0, 0);
	run(MS);
	v = &guests[0].v;
	CHECK(current == v);
	/* Something is pending already: does not sleep. */
	guests[0].info.evtchn_upcall_mask = 1;
	guests[0].info.evtchn_upcall_pending = 1;
	CHECK_EQ(hc_sched_op(SCHEDOP_block, 0), 0);
	CHECK_EQ(guests[0].info.evtchn_upcall_mask, 0);
	serve_cpu();
	CHECK(current == v && !v->pause_flags);
	/* An event between blocking and leaving: stays. */
	guests[0].info.evtchn_upcall_pending = 0;
	CHECK_EQ(hc_sched_op(SCHEDOP_block, 0), 0);
	event(&guests[0]);
	serve_cpu();
	CHECK(current == v);
	/* Sleeps, and wakes. */
	guests[0].info.evtchn_upcall_pending = 0;
	CHECK_EQ(hc_sched_op(SCHEDOP_block, 0), 0);
	serve_cpu();
	CHECK(current->is_idle);
	CHECK_EQ(v->runstate.state, RUNSTATE_blocked);
	event(&guests[0]);
	serve_cpu();
	CHECK(current == v);
}

static void test_poll(void)
{
	struct sched_poll op = {.nr_ports = 1};
	u32 port = 7;
	struct vcpu *v;
	stime_t start;

	boot(1);
	create(0, 0, 0);
	run(MS);
	v = &guests[0].v;
	guests[0].info.evtchn_upcall_mask = 1;
	guests[0].info.evtchn_upcall_pending = 0;
	op.ports.p = &port;
	CHECK_EQ(hc_sched_op(SCHEDOP_poll, 0), -EFAULT);
	op.nr_ports = 129;
	CHECK_EQ(hc_sched_op(SCHEDOP_poll, (unsigned long)&op), -EINVAL);
	op.nr_ports = 1;
	port = 8;
	CHECK_EQ(hc_sched_op(SCHEDOP_poll, (unsigned long)&op), -EINVAL);
	port = 7;
	/* Pending already. */
	port_pending = true;
	CHECK_EQ(hc_sched_op(SCHEDOP_poll, (unsigned long)&op), 0);
	serve_cpu();
	CHECK(current == v && !polling && !v->pause_flags);
	/* By time. */
	port_pending = false;
	start = time_now;
	op.timeout = (u64)(time_now + 3 * MS);
	CHECK_EQ(hc_sched_op(SCHEDOP_poll, (unsigned long)&op), 0);
	serve_cpu();
	CHECK(current->is_idle && polling == v);
	run(2 * MS);
	CHECK(current->is_idle);
	run(2 * MS);
	CHECK(current == v && !polling && time_now >= start + 3 * MS);
	/* By the event, and by an upcall that is masked: no, not masked: yes. */
	op.timeout = 0;
	CHECK_EQ(hc_sched_op(SCHEDOP_poll, (unsigned long)&op), 0);
	serve_cpu();
	CHECK(current->is_idle);
	vcpu_wake_flags(v, VPF_BLOCKED | VPF_POLLING);
	serve_cpu();
	CHECK(current == v && !polling);
	CHECK_EQ(hc_sched_op(SCHEDOP_poll, (unsigned long)&op), 0);
	serve_cpu();
	event(&guests[0]);
	serve_cpu();
	CHECK(current == v && !polling);
}

static void test_yield(void)
{
	boot(1);
	create(0, 0, 0);
	CHECK_EQ(hc_sched_op(SCHEDOP_yield + 100, 0), -ENOSYS);
	run(MS);
	CHECK_EQ(hc_sched_op(SCHEDOP_yield, 0), 0);
	serve_cpu();
	CHECK(current == &guests[0].v); /* nobody else */
	create(1, 0, 0);
	run(20 * MS);
	for (unsigned int i = 0; i < 50; i++) {
		struct vcpu *before = current;

		CHECK_EQ(hc_sched_op(SCHEDOP_yield, 0), 0);
		serve_cpu();
		CHECK(current != before);
		run(QUANTUM * (i % 7));
	}
}

static void test_watchdog(void)
{
	struct sched_watchdog op = {.timeout = 2};

	boot(1);
	create(1, 0, 0);
	run(MS);
	shut_down = 99;
	CHECK_EQ(hc_sched_op(SCHEDOP_watchdog, (unsigned long)&op), 1);
	CHECK_EQ(hc_sched_op(SCHEDOP_watchdog, (unsigned long)&op), 2);
	CHECK_EQ(hc_sched_op(SCHEDOP_watchdog, (unsigned long)&op), -ENOSPC);
	op.id = 3;
	CHECK_EQ(hc_sched_op(SCHEDOP_watchdog, (unsigned long)&op), -EINVAL);
	op = (struct sched_watchdog){.id = 2, .timeout = 0};
	CHECK_EQ(hc_sched_op(SCHEDOP_watchdog, (unsigned long)&op), 0);
	CHECK_EQ(hc_sched_op(SCHEDOP_watchdog, (unsigned long)&op), -EINVAL);
	op = (struct sched_watchdog){.id = 1, .timeout = 3};
	run(1500 * MS);
	CHECK_EQ(hc_sched_op(SCHEDOP_watchdog, (unsigned long)&op), 0);
	run(2900 * MS);
	CHECK_EQ(shut_down, 99);
	run(200 * MS);
	CHECK_EQ(shut_down, SHUTDOWN_watchdog);
}

static void test_random(unsigned int n, unsigned int seed)
{
	unsigned int paused[VCPUS_MAX] = {0};

	boot(n);
	srand(seed);
	for (unsigned int i = 0; i < 16; i++)
		create((unsigned int)rand() % DOMS_MAX, (1 + rand() % 100) * QUANTUM,
		       rand() % 3 ? (1 + rand() % 200) * QUANTUM : 0);
	for (unsigned int i = 0; i < 4000; i++) {
		unsigned int k = (unsigned int)rand() % guest_count;
		struct guest *g = &guests[k];
		struct cpumask m = {{1 + (unsigned long)rand() % (BIT(n) - 1)}};

		host_cpu = (unsigned int)rand() % n;
		switch (rand() % 8) {
		case 0:
			vcpu_pause_nosync(&g->v);
			paused[k]++;
			break;
		case 1:
		case 2:
			if (paused[k]) {
				paused[k]--;
				vcpu_unpause(&g->v);
			}
			break;
		case 3:
			CHECK_EQ(sched_set_affinity(&g->v, &m, rand() % 2 ? &m : NULL), 0);
			break;
		case 4:
			event(g);
			break;
		case 5:
			sched_domain_set(g->v.domain, (u16)(1 + rand() % 2000),
					 (u16)(rand() % 3 ? 0 : rand() % 300));
			break;
		case 6:
			if (!current->is_idle)
				vcpu_yield_current();
			break;
		default:
			break;
		}
		host_cpu = 0;
		run(QUANTUM * (rand() % 40));
	}
	/* In the end all is released, and all get on. */
	for (unsigned int k = 0; k < guest_count; k++) {
		struct cpumask all = {{BIT(n) - 1}};

		for (; paused[k]; paused[k]--)
			vcpu_unpause(&guests[k].v);
		sched_set_affinity(&guests[k].v, &all, &all);
		sched_domain_set(guests[k].v.domain, 256, 0);
		guests[k].ran = 0;
	}
	run(2000 * MS);
	for (unsigned int k = 0; k < guest_count; k++)
		CHECK(guests[k].ran > 0);
}

int main(void)
{
	test_weights();
	test_spread();
	test_affinity();
	test_latency();
	test_pause();
	test_caps();
	test_block();
	test_poll();
	test_yield();
	test_watchdog();
		test_random(1, 1);
		test_random(2, 2);
		test_random(4, 3);
	return check_done("runqueue");
}
