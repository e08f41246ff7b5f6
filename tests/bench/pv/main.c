// SPDX-License-Identifier: MIT
/*
 * What the hypervisor's paths cost a guest, in instructions: run under -icount shift=0, where the
 * time stamp counter counts them.  The guest's own part is kept to the least that a kernel could
 * do (doors.S).  This file: hypercalls, events, time and vCPU switches.
 */
#include "bench.h"

#include <xen/callback.h>

#define RUNS 5
#define NO_HYPERCALL 63 /* pvprofile.py finds what is to be counted between two of these */

struct vcpu_info *bench_vcpu_info;
unsigned long *bench_pending;
unsigned long bench_upcalls;

extern char door_event[];

void measure(const char *name, unsigned int rounds, unsigned int per_round, void (*fn)(void))
{
	const char *only = option("profile");
	uint64_t best = ~0UL;

	if (only) {
		/* pvprofile.py: one benchmark alone, and time to switch the log on and off. */
		if (strncmp(only, name, strlen(only)))
			return;
		fn();
		printk("profile ready, %u\n", per_round);
		clock_delay(50000000);
		HC0(NO_HYPERCALL);
		for (unsigned int i = 0; i < 8; i++)
			fn();
		HC0(NO_HYPERCALL);
		clock_delay(50000000);
		printk("profile done\n");
		guest_exit(0);
	}
	fn();
	for (unsigned int run = 0; run < RUNS; run++) {
		uint64_t start = rdtsc(), cost;

		for (unsigned int i = 0; i < rounds; i++)
			fn();
		cost = rdtsc() - start;
		best = cost < best ? cost : best;
	}
	printk("bench %s: %lu\n", name, best / rounds / per_round);
}

void must(const char *what, long rc)
{
	if (rc)
		panic("%s: %ld", what, rc);
}

void set_handler(unsigned int vector, const void *handler)
{
	struct trap_info t[2] = {{.vector = (uint8_t)vector,
				  .flags = vector == 3 ? 7 : 4,
				  .cs = FLAT_KERNEL_CS,
				  .address = (unsigned long)handler}};

	must("set_trap_table", HC1(__HYPERVISOR_set_trap_table, t));
}

static void null_call(void)
{
	version_op(XENVER_version, NULL);
}

static struct multicall_entry calls[8];

static void multicall(void)
{
	HC2(__HYPERVISOR_multicall, calls, 8);
}

static struct evtchn_send send_self;

static void event_self(void)
{
	evtchn_op(EVTCHNOP_send, &send_self);
}

static void set_timer(void)
{
	static struct vcpu_set_singleshot_timer t;

	t.timeout_abs_ns = 1000000000000UL;
	vcpu_op(VCPUOP_set_singleshot_timer, 0, &t);
}

static void set_segment(void)
{
	HC2(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0x1000);
}

static char other_stack[64] __attribute__((aligned(16)));

static void stack_switch(void)
{
	HC2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, other_stack + sizeof(other_stack));
}

static void callbacks(const char *event)
{
	struct callback_register cb = {.type = CALLBACKTYPE_event, .address = (unsigned long)event};

	must("callback", HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &cb));
}

static void bench_events(void)
{
	struct evtchn_bind_ipi ipi = {.vcpu = 0};
	struct evtchn_close close;

	must("bind_ipi", evtchn_op(EVTCHNOP_bind_ipi, &ipi));
	send_self.port = close.port = ipi.port;
	measure("event to self, masked", 200, 1, event_self);
	bench_vcpu_info = vcpu_info(0);
	bench_pending = &shared_info->evtchn_pending[ipi.port / 64];
	callbacks(door_event);
	event_clear(ipi.port);
	event_unmask(ipi.port);
	WRITE_ONCE(bench_vcpu_info->evtchn_upcall_mask, 0);
	bench_upcalls = 0;
	measure("event to self, upcall and return", 200, 1, event_self);
	if (bench_upcalls < 1001 && !option("profile"))
		panic("%lu upcalls", bench_upcalls);
	WRITE_ONCE(bench_vcpu_info->evtchn_upcall_mask, 1);
	callbacks(entry_event);
	must("close", evtchn_op(EVTCHNOP_close, &close));
}

/* Two vCPUs on one processor that wake each other: each round is two switches. */
static evtchn_port_t ports[2];
static volatile bool partner_stop;

static void wait_for(evtchn_port_t port)
{
	struct sched_poll p = {.nr_ports = 1};

	set_xen_guest_handle(p.ports, &port);
	while (!event_pending(port))
		sched_op(SCHEDOP_poll, &p);
	event_clear(port);
}

static void partner(void *unused)
{
	(void)unused;
	while (!partner_stop) {
		wait_for(ports[1]);
		event_send(ports[0]);
	}
}

static void ping(void)
{
	event_send(ports[1]);
	wait_for(ports[0]);
}

static void bench_switch(void)
{
	if (smp_count() < 2) {
		printk("bench vCPU switch: needs a second vCPU\n");
		return;
	}
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		struct evtchn_bind_ipi ipi = {.vcpu = cpu};

		must("bind_ipi", evtchn_op(EVTCHNOP_bind_ipi, &ipi));
		ports[cpu] = ipi.port;
	}
	must("second vCPU", smp_start(1, partner, NULL));
	measure("vCPU switch, with event and poll", 50, 2, ping);
	partner_stop = true;
	ping();
}

int guest_main(void)
{
	const char *other = option("other");

	if (other) {
		bench_other((unsigned int)parse_number(other));
		return 0;
	}
	for (unsigned int i = 0; i < 8; i++)
		calls[i] = (struct multicall_entry){.op = __HYPERVISOR_xen_version};
	measure("null hypercall", 200, 1, null_call);
	measure("multicall of 8", 100, 1, multicall);
	measure("set_segment_base", 200, 1, set_segment);
	measure("stack_switch", 200, 1, stack_switch);
	measure("timer set", 200, 1, set_timer);
	vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);
	bench_events();
	bench_traps();
	bench_memory();
	bench_switch();
	return 0;
}
