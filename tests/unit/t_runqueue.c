// SPDX-License-Identifier: MIT
/*
 * The scheduler on simulated CPUs in lock-step: no vCPU runs twice or is forgotten,
 * no CPU idles while somebody who may use it waits, shares follow weights across
 * CPUs, caps and affinities hold, no wake-up is lost, polls end in time, and the
 * run states of a vCPU add up to the time that has passed.
 */
#include "sched_host.h"

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

static void test_shutdown_code(void)
{
	struct sched_shutdown op = {.reason = SHUTDOWN_reboot};

	boot(1);
	create(1, 0, 0);
	run(MS);
	shut_down = 99;
	CHECK_EQ(hc_sched_op(SCHEDOP_shutdown_code, 0), -EFAULT);
	CHECK_EQ(hc_sched_op(SCHEDOP_shutdown_code, (unsigned long)&op), 0);
	CHECK_EQ(hc_sched_op(SCHEDOP_shutdown_code, (unsigned long)&op), -EEXIST);
	CHECK_EQ(current->domain->shutdown_code, SHUTDOWN_reboot);
	CHECK_EQ(shut_down, 99);
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
	test_shutdown_code();
	test_random(1, 1);
	test_random(2, 2);
	test_random(4, 3);
	return check_done("runqueue");
}
