// SPDX-License-Identifier: MIT
/* Clocks, timers and run states.  Rows A82 to A85, D20, D40 to D44, h15, h24.4 to h24.13. */
#include "test.h"

static unsigned int ticks;

static void tick(evtchn_port_t port, void *data)
{
	(void)port;
	(void)data;
	ticks++;
}

/* The system time at which the TSC says *tsc: read anew while the host does something else between. */
static uint64_t both_clocks(uint64_t *tsc)
{
	uint64_t before, after;
	unsigned int tries = 0;

	do {
		before = clock_ns();
		*tsc = rdtsc();
		after = clock_ns();
	} while (after - before > 100000 && tries++ < 1000);
	return before;
}

static void clocks(void)
{
	const struct vcpu_time_info *t = &vcpu_info(0)->time;
	uint64_t tsc, start = both_clocks(&tsc), last = start, wall = clock_wall_ns(), end;
	bool monotonic = true;
	uint64_t khz;

	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t now = clock_ns();

		monotonic &= now >= last;
		last = now;
	}
	ok(monotonic, "D44 system time never goes back");
	ok(last > start, "D44 and goes on");
	ok(t->tsc_to_system_mul & 0x80000000, "A83 the multiplier has its top bit");
	khz = (1000000UL << 32) / t->tsc_to_system_mul;
	khz = t->tsc_shift < 0 ? khz << -t->tsc_shift : khz >> t->tsc_shift;
	ok(khz > 100000 && khz < 10000000, "A83 it gives a plausible frequency");
	clock_delay(20000000);
	last = both_clocks(&end) - start;
	tsc = end - tsc;
	ok(tsc * 1000000 / khz > last * 9 / 10 && tsc * 1000000 / khz < last * 11 / 10,
	   "A83 TSC and system time agree");
	ok(clock_wall_ns() > wall, "A85 wall time goes on");
	ok(wall / 1000000000 > 1600000000, "A85 and is after 2020");
}

#define LONG 20000000000UL /* for what is to come: the host may do something else meanwhile */

static void wait_ticks(unsigned int n, uint64_t most)
{
	uint64_t end = clock_ns() + most;

	while (ticks < n && clock_ns() < end)
		version_op(XENVER_version, NULL);
}

static void timers(void)
{
	evtchn_port_t port = event_bind_virq(VIRQ_TIMER, tick, NULL);
	struct vcpu_set_singleshot_timer s = {0};
	struct vcpu_set_periodic_timer p = {.period_ns = 999999};
	uint64_t took = 0, start;

	/* Xen starts with one of 10 ms; nobody wants it. */
	vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	events_enable();
	/* Late by half a second three times in a row is no busy host. */
	for (unsigned int turn = 0; turn < 3; turn++) {
		ticks = 0;
		start = clock_ns();
		s.timeout_abs_ns = start + 3000000;
		if (vcpu_op(VCPUOP_set_singleshot_timer, 0, &s))
			break;
		wait_ticks(1, LONG);
		took = clock_ns() - start;
		if (took < 500000000)
			break;
	}
	is("h24.8 single-shot came once", ticks, 1);
	ok(took >= 2900000, "D41 not early");
	ok(took < 500000000, "D41 nor very late");
	wait_ticks(2, 10000000);
	is("h24.8 not again", ticks, 1);
	s.timeout_abs_ns = 1;
	is("h24.8 in the past", vcpu_op(VCPUOP_set_singleshot_timer, 0, &s), 0);
	wait_ticks(2, LONG);
	is("h24.8 fires at once", ticks, 2);
	s.flags = VCPU_SSHOTTMR_future;
	is("h24.8 in the past, with the flag", vcpu_op(VCPUOP_set_singleshot_timer, 0, &s), 0);
	wait_ticks(3, 1000000000);
	s.flags = 0;
	s.timeout_abs_ns = clock_ns() + 20000000;
	ticks = 0;
	vcpu_op(VCPUOP_set_singleshot_timer, 0, &s);
	is("h24.9 stop", vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
	wait_ticks(1, 60000000);
	is("h24.9 it does not come", ticks, 0);
	is("h15 set_timer_op", HC1(__HYPERVISOR_set_timer_op, clock_ns() + 2000000), 0);
	wait_ticks(1, LONG);
	is("h15 came", ticks, 1);
	is("h15 in the past", HC1(__HYPERVISOR_set_timer_op, 1), 0);
	wait_ticks(2, LONG);
	is("h15 fires at once", ticks, 2);
	is("h24.6 under 1 ms", vcpu_op(VCPUOP_set_periodic_timer, 0, &p), -22);
	p.period_ns = 2000000;
	ticks = 0;
	is("h24.6 2 ms", vcpu_op(VCPUOP_set_periodic_timer, 0, &p), 0);
	wait_ticks(5, LONG);
	ok(ticks >= 5, "h24.6 comes again and again");
	is("h24.7 stop", vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	wait_ticks(1000, 5000000);
	ticks = 0;
	wait_ticks(1, 20000000);
	is("h24.7 stopped", ticks, 0);
	is("h24.8 for another vCPU", vcpu_op(VCPUOP_set_singleshot_timer, 1, &s), -22);
	events_disable();
	event_unbind(port);
}

static void runstates(void)
{
	static struct vcpu_runstate_info area;
	struct vcpu_register_runstate_memory_area r = {.addr.v = &area};
	struct vcpu_runstate_info now;
	uint64_t sum = 0;
	struct sched_poll p = {.timeout = 0};

	is("h24.5 register", vcpu_op(VCPUOP_register_runstate_memory_area, 0, &r), 0);
	version_op(XENVER_version, NULL);
	is("h24.5 running", area.state, RUNSTATE_running);
	is("h24.4 get", vcpu_op(VCPUOP_get_runstate_info, 0, &now), 0);
	is("h24.4 running", now.state, RUNSTATE_running);
	for (unsigned int i = 0; i < 4; i++)
		sum += now.time[i];
	ok(sum <= clock_ns(), "D42 the times add up to no more than there was");
	set_xen_guest_handle(p.ports, (evtchn_port_t *)NULL);
	/* On a busy host the five milliseconds may be over before the call. */
	for (unsigned int i = 0; i < 20; i++) {
		vcpu_op(VCPUOP_get_runstate_info, 0, &now);
		p.timeout = clock_ns() + 5000000;
		sched_op(SCHEDOP_poll, &p);
		if (area.time[RUNSTATE_blocked] >= now.time[RUNSTATE_blocked] + 4000000)
			break;
	}
	ok(area.time[RUNSTATE_blocked] >= now.time[RUNSTATE_blocked] + 4000000,
	   "D42 time spent blocked is counted as such");
	is("h21.5 update flag", HC2(__HYPERVISOR_vm_assist, 0, 5), 0);
	p.timeout = clock_ns() + 2000000;
	sched_op(SCHEDOP_poll, &p);
	is("D42 the flag is not left set", area.state_entry_time >> 63, 0);
	r.addr.v = (void *)0xffff830000000000UL;
	is("h24.5 an address of the hypervisor's",
	   vcpu_op(VCPUOP_register_runstate_memory_area, 0, &r), -14);
	r.addr.v = &area;
	vcpu_op(VCPUOP_register_runstate_memory_area, 0, &r);
}

static void moved_info(void)
{
	char *page = page_alloc();
	struct vcpu_register_vcpu_info r = {.mfn = virt_to_mfn(page), .offset = 4096 - 32};
	struct vcpu_info *v;

	is("h24.10 across the page's end", vcpu_op(VCPUOP_register_vcpu_info, 1, &r), -6);
	r.offset = 64;
	r.mfn = 0xfffffff;
	is("h24.10 no frame of ours", vcpu_op(VCPUOP_register_vcpu_info, 1, &r) < 0, true);
	r.mfn = virt_to_mfn(page);
	vcpu_info(1)->evtchn_upcall_mask = 1;
	vcpu_info(1)->evtchn_pending_sel = 8;
	is("h24.10 move", vcpu_op(VCPUOP_register_vcpu_info, 1, &r), 0);
	v = (struct vcpu_info *)(page + 64);
	is("A81 the mask came along", v->evtchn_upcall_mask, 1);
	is("A81 looked at again: told as pending", v->evtchn_upcall_pending, 1);
	is("A81 every word selected", v->evtchn_pending_sel, ~0UL);
	is("h24.10 a second time", vcpu_op(VCPUOP_register_vcpu_info, 1, &r), -22);
	is("h24.10 the page keeps its type", page_protect(page, false), 0);
}

int guest_main(void)
{
	part(clocks);
	part(timers);
	part(runstates);
	part_once(moved_info);
	return test_end();
}
