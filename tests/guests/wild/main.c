// SPDX-License-Identifier: MIT
/*
 * Makes hypercalls of all kinds with wild arguments: whatever comes of this guest, the machine
 * and the other guests must go on.  Numbers, sub-operations and structures are mostly plausible,
 * pointers lead to memory of the guest's own, across its end, to read-only tables, to the
 * hypervisor, or nowhere.
 *
 * Command line: seed=N count=N, all=1 to make also the calls that as a rule only end the guest
 * itself, and log=N to print the first N calls with their results, to be compared between
 * hypervisors.  What is being called is printed now and then; ends with "wild: done".
 */
#include "pvrt.h"

#define PAGES 16UL
#define BYTES (PAGES * PAGE_SIZE)

static uint64_t state;
static uint8_t *memory;

static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t below(uint64_t n)
{
	return any() % n;
}

/* Numbers that have been somebody's undoing. */
static uint64_t number(void)
{
	static const uint64_t edges[] = {
		0,         1,         ~0UL,       0x7ff0,    0x7ff1,    0x7ff2,
		0x7ff4,    0xffff,    0xffffffff, 1UL << 31, 1UL << 32, 1UL << 40,
		1UL << 52, 1UL << 63, 0x7fffffff, 4095,      4096,      0x7fffffffff,
	};

	switch (below(6)) {
	case 0:
		return edges[below(ARRAY_SIZE(edges))];
	case 1:
		return any() >> below(64);
	case 2:
		return 1UL << below(64);
	case 3: /* a frame of its own, as number or address */
		return virt_to_mfn(memory + below(PAGES) * PAGE_SIZE) << (below(2) ? 12 : 0);
	default:
		return below(70);
	}
}

static uint64_t pointer(void)
{
	switch (below(12)) {
	case 0:
		return number();
	case 1: /* across the end of a page, into one that may not be written */
		return (uint64_t)start_info->pt_base - below(256);
	case 2: /* the hypervisor's own addresses */
		return 0xffff800000000000UL + (any() >> 17);
	case 3: /* page tables */
		return (uint64_t)start_info->pt_base + below(start_info->nr_pt_frames * PAGE_SIZE);
	case 4: /* not mapped, not canonical */
		return below(2) ? 0x7ffff0000000UL + below(PAGE_SIZE) : 1UL << 47;
	default:
		return (uint64_t)memory + (below(BYTES - PAGE_SIZE) & ~7UL);
	}
}

static void scribble(void)
{
	uint64_t *word = (uint64_t *)memory;

	for (unsigned int n = 0; n < 64; n++) {
		uint64_t at = below(BYTES / 8);

		word[at] = below(3) ? number() : pointer();
		if (below(2)) /* two 16-bit numbers and one of 32 */
			word[at] = (number() & 0xffff) | (number() & 0xffff) << 16 | number() << 32;
	}
}

/* What, as a rule, ends or maims who calls it. */
static bool is_suicide(uint64_t nr, const uint64_t *arg)
{
	switch (nr) {
	case __HYPERVISOR_set_trap_table:
	case __HYPERVISOR_mmu_update:
	case __HYPERVISOR_set_gdt:
	case __HYPERVISOR_stack_switch:
	case __HYPERVISOR_set_callbacks:
	case __HYPERVISOR_callback_op:
	case __HYPERVISOR_update_descriptor:
	case __HYPERVISOR_update_va_mapping:
	case __HYPERVISOR_update_va_mapping_otherdomain:
	case __HYPERVISOR_mmuext_op:
	case __HYPERVISOR_iret:
	case __HYPERVISOR_multicall:
	case __HYPERVISOR_set_segment_base:
	case __HYPERVISOR_sched_op_compat:
		return true;
	case __HYPERVISOR_sched_op:
		return arg[0] >= SCHEDOP_block && arg[0] <= SCHEDOP_watchdog;
	case __HYPERVISOR_vcpu_op:
		return arg[0] == VCPUOP_down;
	case __HYPERVISOR_memory_op:
		return (arg[0] & 63) == XENMEM_decrease_reservation ||
		       (arg[0] & 63) == XENMEM_exchange;
	case __HYPERVISOR_event_channel_op: /* the console's port */
		return arg[0] == EVTCHNOP_close || arg[0] == EVTCHNOP_reset;
	}
	return false;
}

/* Calls whose first argument is a list or structure, and those with a sub-operation first. */
static bool has_subop(uint64_t nr)
{
	switch (nr) {
	case __HYPERVISOR_memory_op:
	case __HYPERVISOR_xen_version:
	case __HYPERVISOR_console_io:
	case __HYPERVISOR_grant_table_op:
	case __HYPERVISOR_vm_assist:
	case __HYPERVISOR_vcpu_op:
	case __HYPERVISOR_sched_op:
	case __HYPERVISOR_callback_op:
	case __HYPERVISOR_event_channel_op:
	case __HYPERVISOR_physdev_op:
	case __HYPERVISOR_hvm_op:
	case __HYPERVISOR_xenpmu_op:
		return true;
	}
	return false;
}

/* domctl and its like answer a wrong version first, and there it would end. */
static void give_version(uint64_t nr, uint64_t arg)
{
	uint32_t *op = (uint32_t *)arg;

	if (arg < (uint64_t)memory || arg >= (uint64_t)memory + BYTES - PAGE_SIZE)
		return;
	op[0] = (uint32_t)below(90);
	op[1] = nr == __HYPERVISOR_platform_op ? 0x03000001 : 0x15;
}

static bool one(bool all, bool log)
{
	long result;

	uint64_t nr = below(20) ? below(50) : number(), arg[5];

	for (unsigned int i = 0; i < ARRAY_SIZE(arg); i++)
		arg[i] = below(2) ? number() : pointer();
	if (has_subop(nr) && below(16)) {
		arg[0] = below(40);
		arg[nr == __HYPERVISOR_vcpu_op ? 2 : 1] = pointer();
		if (nr == __HYPERVISOR_grant_table_op && below(4))
			arg[2] = below(5);
		if (nr == __HYPERVISOR_vcpu_op && below(4))
			arg[1] = below(4);
	} else if (below(4)) {
		arg[0] = pointer();
		if (below(2))
			arg[1] = below(6);
	}
	if (nr == __HYPERVISOR_domctl || nr == __HYPERVISOR_sysctl ||
	    nr == __HYPERVISOR_platform_op)
		give_version(nr, arg[0]);
	if (!all && is_suicide(nr, arg))
		return false;
	if (all && nr == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_shutdown)
		return false; /* too soon an end */
	result = hypercall(nr, arg[0], arg[1], arg[2], arg[3], arg[4]);
	if (log)
		printk("wild: %lu(%lx, %lx, %lx) = %ld\n", nr, arg[0], arg[1], arg[2], result);
	return result >= 0;
}

static unsigned long traps[4];

/* Traps that it called for: a break on an address of its own, an NMI to itself. */
static bool expected_trap(struct regs *r)
{
	if (r->vector >= 1 && r->vector <= 3) {
		traps[r->vector]++;
		return true;
	}
	printk("wild: trap %lx error %lx at %lx\n", r->vector, r->error, r->rip);
	return false;
}

int guest_main(void)
{
	const char *seed = option("seed"), *wanted = option("count"), *log = option("log");
	unsigned long logged = log ? parse_number(log) : 0;
	unsigned long count = wanted ? parse_number(wanted) : 10000, accepted = 0;
	bool all = option("all") != NULL;

	state = (seed ? parse_number(seed) : 1) * 0x9e3779b97f4a7c15UL + 1;
	memory = pages_alloc(PAGES);
	trap_hook = expected_trap;
	for (unsigned long n = 0; n < count; n++) {
		if (n % 8 == 0)
			scribble();
		if (n % 4096 == 0)
			printk("wild: at %lu\n", n);
		accepted += one(all, n < logged);
	}
	printk("wild: done, %lu calls, %lu not refused, %lu #DB, %lu NMI\n", count, accepted,
	       traps[1], traps[2]);
	return 0;
}
