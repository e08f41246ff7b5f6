// SPDX-License-Identifier: MIT
/*
 * Further vCPUs: initialise, up, down and up again, interrupts between them, and what each has of
 * its own.  Rows h24.0 to h24.3, D8, B3, and TLB flushes that reach the others.
 */
#include "test.h"

static volatile unsigned int runs, stop, seen_cpu, ipis;
static volatile uint64_t shared_word;
static uintptr_t spot;

static void count(evtchn_port_t port, void *data)
{
	(void)port;
	(void)data;
	seen_cpu = this_cpu();
	ipis++;
}

static void first_run(void *arg)
{
	seen_cpu = this_cpu();
	shared_word = (uint64_t)arg;
	runs++;
}

static void spin(void *arg)
{
	(void)arg;
	runs++;
	events_enable();
	while (!stop)
		__asm__ volatile("pause");
	events_disable();
	runs++;
}

static volatile unsigned int reads;

/* Reads the spot again and again, through whatever its TLB holds. */
static void reader(void *arg)
{
	(void)arg;
	runs++;
	while (!stop) {
		shared_word = *(volatile uint64_t *)spot;
		reads++;
	}
	runs++;
}

static bool until(volatile unsigned int *what, unsigned int value)
{
	uint64_t end = clock_ns() + 20000000000UL;

	while (*what != value && clock_ns() < end)
		sched_op(SCHEDOP_yield, NULL);
	return *what == value;
}

static bool down(unsigned int cpu)
{
	uint64_t end = clock_ns() + 20000000000UL;

	while (vcpu_op(VCPUOP_is_up, cpu, NULL) == 1 && clock_ns() < end)
		sched_op(SCHEDOP_yield, NULL);
	return vcpu_op(VCPUOP_is_up, cpu, NULL) == 0;
}

/* Ends what a part has left running that gave up, and begins anew. */
static void fresh_start(unsigned int cpu)
{
	stop = 1;
	down(cpu);
	runs = stop = 0;
}

static void life(void)
{
	static struct vcpu_guest_context c;
	uint64_t *root = page_alloc();
	long err;

	is("h24.3 the second is down", vcpu_op(VCPUOP_is_up, 1, NULL), 0);
	is("h24.1 up before initialise", vcpu_op(VCPUOP_up, 1, NULL), -22);
	is("h24.0 NULL", vcpu_op(VCPUOP_initialise, 1, NULL), -14);
	is("h24.0 an empty context", vcpu_op(VCPUOP_initialise, 1, &c) < 0, true);
	for (unsigned int i = 0; i < 512; i++)
		if (i < 256 || i >= 272)
			root[i] = ((uint64_t *)kernel_root())[i];
	page_protect(root, false);
	c.flags = VGCF_IN_KERNEL;
	c.user_regs.rip = (unsigned long)life;
	c.ctrlreg[3] = xen_pfn_to_cr3(virt_to_mfn(root));
	c.ctrlreg[1] = xen_pfn_to_cr3(virt_to_mfn(page_alloc()));
	is("h24.0 a user root that cannot be one", vcpu_op(VCPUOP_initialise, 1, &c), -22);
	err = smp_start(1, first_run, (void *)4711);
	is("h24.0 initialise with another root, and up", err, 0);
	if (err)
		return;
	/* Xen was seen to keep it. */
	err = page_protect(root, true);
	ok(!err || !on_dais(), "h24.0 the first one is free again");
	ok(until(&runs, 1), "h24.1 it runs");
	is("B3 it is the second", seen_cpu, 1);
	is("h24.0 with its argument", shared_word, 4711);
	ok(down(1), "h24.2 and goes down");
	is("h24.0 a second time", vcpu_op(VCPUOP_initialise, 1, &c), -17);
	is("h24.2 down of one that is", vcpu_op(VCPUOP_down, 1, NULL), 0);
}

static void signals(void)
{
	evtchn_port_t port;
	long err;

	fresh_start(2);
	err = smp_start(2, spin, NULL);
	is("h24.0 the third", err, 0);
	if (err)
		return;
	ok(until(&runs, 1), "h24.1 it runs");
	port = event_bind_ipi(2, count, NULL);
	ipis = 0;
	event_send(port);
	ok(until(&ipis, 1), "h32.7 an IPI arrives");
	is("h32.7 at the third", seen_cpu, 2);
	for (unsigned int i = 2; i < 50; i++) {
		event_send(port);
		if (!until(&ipis, i))
			break;
	}
	is("h32.7 49 times over", ipis, 49);
	stop = 1;
	ok(until(&runs, 2), "h24.2 it ends");
	ok(down(2), "h24.3 is down");
	event_unbind(port);
}

static void flushes(void)
{
	uint64_t *a = page_alloc(), *b = page_alloc();
	bool fresh = true;
	long err;

	a[0] = 1;
	b[0] = 2;
	spot = map_reserve(1);
	update_va_mapping(spot, virt_to_mfn(a) << 12 | PTE_KERNEL, UVMF_INVLPG | UVMF_ALL);
	fresh_start(3);
	err = smp_start(3, reader, NULL);
	is("h24.0 the fourth", err, 0);
	if (err)
		return;
	until(&runs, 1);
	for (unsigned int i = 0; i < 40; i++) {
		uint64_t want = i & 1 ? 1 : 2, end;
		unsigned int before;

		update_va_mapping(spot, virt_to_mfn(i & 1 ? a : b) << 12 | PTE_KERNEL,
				  UVMF_INVLPG | UVMF_ALL);
		/* What it reads from here on is the new page; one read may be under way. */
		before = reads;
		end = clock_ns() + 20000000000UL;
		while (reads - before < 2 && clock_ns() < end)
			sched_op(SCHEDOP_yield, NULL);
		fresh &= shared_word == want;
	}
	ok(fresh, "h14 a flush of all reaches the others");
	stop = 1;
	until(&runs, 2);
	ok(down(3), "h24.3 the fourth is down");
}

static void both(void *arg)
{
	volatile unsigned int *n = arg;

	for (unsigned int i = 0; i < 20000; i++)
		__atomic_add_fetch(n, 1, __ATOMIC_SEQ_CST);
	runs++;
}

static void together(void)
{
	static volatile unsigned int n;
	uint64_t last = 0;
	bool monotonic = true;

	runs = n = 0;
	smp_start(3, both, (void *)&n);
	smp_start(2, both, (void *)&n);
	while (runs < 2) {
		uint64_t now = clock_ns();

		monotonic &= now >= last;
		last = now;
		sched_op(SCHEDOP_yield, NULL);
		if (now > 60000000000UL)
			break;
	}
	is("h24.1 up again, both at once", n, 40000);
	/* Xen's steps back at times while QEMU's processors are busy. */
	ok(monotonic || !on_dais(), "D44 time goes on meanwhile");
}

int guest_main(void)
{
	is("h24 four vCPUs", smp_count(), 4);
	part_once(life);
	part(signals);
	part(flushes);
	part(together);
	return test_end();
}
