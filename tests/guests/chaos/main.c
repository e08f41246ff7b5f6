// SPDX-License-Identifier: MIT
/*
 * Chaos: every vCPU makes random hypercalls with plausible and absurd arguments, writes page-table
 * entries, traps, and shares one pool of pages, ports and grants with the others.  What is tested:
 * the hypervisor goes on, and afterwards, when all is given back, its audit is clean.
 *
 *	seed=N calls=N	a failing run is repeated by its seed (with one vCPU exactly: cpus=1)
 *	failing=1	allocations fail meanwhile (needs a build with --enable-fail-always)
 *
 * The guest spares only what it stands on: its own tables, stacks, handlers, GS base and
 * shared_info (with a version of the time that stays odd, clock_ns() would not end).
 */
#include "control.h"
#include "failing.h"
#include "test.h"

#define POOL 48 /* pages that may become anything */
#define SPOTS 64 /* addresses that may map anything */
#define PORTS 48

static char *pool;
static uint64_t pool_mfn[POOL]; /* racy on purpose: populate changes it */
static uintptr_t spots;
static uint64_t *spots_l1;
static unsigned long calls_each;
static volatile unsigned int finished;
static bool failing;
static unsigned long answered[2]; /* refused, done */

struct dice {
	uint64_t s;
};

static uint64_t roll(struct dice *d)
{
	d->s ^= d->s << 13;
	d->s ^= d->s >> 7;
	d->s ^= d->s << 17;
	return d->s;
}

static unsigned int below(struct dice *d, unsigned int n)
{
	return (unsigned int)(roll(d) >> 20) % n;
}

static uint64_t some_mfn(struct dice *d)
{
	switch (below(d, 16)) {
	case 0:
		return 0;
	case 1:
		return ~0UL >> 12;
	case 2:
		return start_info->shared_info >> 12;
	case 3:
		return 0xfee00;
	case 4:
		return roll(d) & 0x3ffff ? 0x200 : 0x100;
	case 5:
		return virt_to_mfn(kernel_root());
	case 6:
		return 1UL << (20 + below(d, 32));
	default:
		return pool_mfn[below(d, POOL)];
	}
}

static uint64_t some_pte(struct dice *d)
{
	static const uint16_t flags[] = {0x67, 0x63, 0x61, 0x65,  0x27, 0x25,
					 0x07, 0x05, 0xe7, 0x167, 0};
	uint64_t f = flags[below(d, ARRAY_SIZE(flags))];

	if (!below(d, 6))
		f = roll(d) & 0xfff;
	if (!below(d, 8))
		f |= roll(d) & (0x7ffUL << 52 | PTE_NX);
	return some_mfn(d) << 12 | f;
}

/* A pointer that no handler may use for anything that matters to us. */
static uint64_t bad_pointer(struct dice *d)
{
	static const uint64_t pointers[] = {
		0,
		1,
		0x1000,
		0x7ffffffffff8,
		0x800000000000,
		0xffff7fffffffffff,
		0xffff800000000000,
		0xffff82d000200000,
		0xffff830000000000,
		0xffff87fffffffff9,
		0xfffffffffffffff1,
		1UL << 55,
	};

	return pointers[below(d, ARRAY_SIZE(pointers))];
}

static uint64_t some_number(struct dice *d)
{
	switch (below(d, 5)) {
	case 0:
		return below(d, 8);
	case 1:
		return 1UL << below(d, 64);
	case 2:
		return ~0UL << below(d, 64);
	case 3:
		return roll(d);
	default:
		return below(d, 70000);
	}
}

static long update_tables(struct dice *d)
{
	struct mmu_update u[40];
	unsigned int n = 1 + below(d, ARRAY_SIZE(u)), done;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t target = pool_mfn[below(d, POOL)];

		if (!below(d, 12))
			target = some_mfn(d);
		/* Not our own tables: what we stand on. */
		if (target == virt_to_mfn(kernel_root()) || target == start_info->shared_info >> 12)
			target = ~0UL >> 12;
		u[i].ptr = target << 12 | (below(d, 512) * 8) | (below(d, 10) ? 0 : below(d, 8));
		u[i].val = some_pte(d);
	}
	return HC4(__HYPERVISOR_mmu_update, u, n, below(d, 2) ? &done : NULL, DOMID_SELF);
}

static long extended(struct dice *d)
{
	static const uint8_t commands[] = {0, 1, 2,  3,  4,  4,  4,  6,  7,
					   8, 9, 10, 11, 13, 15, 16, 17, 22};
	struct mmuext_op op[4];
	unsigned int n = 1 + below(d, ARRAY_SIZE(op)), done;

	memset(op, 0, sizeof(op));
	for (unsigned int i = 0; i < n; i++) {
		op[i].cmd = commands[below(d, ARRAY_SIZE(commands))];
		op[i].arg1.mfn = some_mfn(d);
		/* Unpinning the running root, or pinning what is pinned, is fair. */
		if (op[i].cmd == MMUEXT_UNPIN_TABLE && op[i].arg1.mfn == virt_to_mfn(kernel_root()))
			op[i].arg1.mfn = 0;
		if ((op[i].cmd == MMUEXT_CLEAR_PAGE || op[i].cmd == MMUEXT_COPY_PAGE) &&
		    op[i].arg1.mfn == start_info->shared_info >> 12)
			op[i].arg1.mfn = 0;
		if (op[i].cmd == MMUEXT_SET_LDT || op[i].cmd == MMUEXT_INVLPG_LOCAL)
			op[i].arg1.linear_addr = spots + below(d, SPOTS) * PAGE_SIZE;
		op[i].arg2.src_mfn = below(d, 3) ? some_mfn(d) : bad_pointer(d);
	}
	return HC4(__HYPERVISOR_mmuext_op, op, n, below(d, 2) ? &done : NULL, DOMID_SELF);
}

static long map_spot(struct dice *d)
{
	uintptr_t va = spots + below(d, SPOTS) * PAGE_SIZE;
	unsigned int flags = below(d, 8);

	if (!below(d, 16))
		va = bad_pointer(d);
	return update_va_mapping(va, some_pte(d), flags);
}

static long write_entry(struct dice *d)
{
	uint64_t *entry = spots_l1 + below(d, SPOTS), value = some_pte(d);
	unsigned int vector;

	switch (below(d, 5)) {
	case 0:
		vector = PROBE("mov %1, (%0)", : : "r"(entry), "r"(value) : "memory");
		break;
	case 1:
		vector = PROBE("xchg %1, (%0)", : "+r"(entry), "+r"(value) : : "memory");
		break;
	case 2:
		vector = PROBE("lock btrq $1, (%0)", : : "r"(entry) : "memory");
		break;
	case 3:
		vector = PROBE("movb $0, (%0)", : : "r"(entry) : "memory");
		break;
	default:
		vector = PROBE("movl %k1, 4(%0)", : : "r"(entry), "r"(value) : "memory");
	}
	return vector == VECTOR_NONE ? 0 : -1;
}

static long touch_spot(struct dice *d)
{
	volatile char *p = (volatile char *)spots + below(d, SPOTS) * PAGE_SIZE;
	char c;

	return PROBE("movb (%1), %0", : "=q"(c) : "r"(p) : "memory") == VECTOR_NONE ? 0 : -1;
}

static long give_and_take(struct dice *d)
{
	unsigned int i = below(d, POOL);
	xen_pfn_t frame = pool_mfn[i];
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
	long rc;

	if (!below(d, 8))
		frame = some_mfn(d);
	if (frame == virt_to_mfn(kernel_root()) ||
	    (frame != pool_mfn[i] && (frame >> 18 || mfn_to_virt(frame))))
		return -1;
	set_xen_guest_handle(r.extent_start, &frame);
	rc = memory_op(XENMEM_decrease_reservation, &r);
	if (rc != 1)
		return -1;
	frame = virt_to_pfn(pool + i * PAGE_SIZE);
	rc = memory_op(XENMEM_populate_physmap, &r);
	if (rc == 1)
		pool_mfn[i] = frame;
	return rc == 1 ? 0 : -1;
}

static long grants(struct dice *d)
{
	struct gnttab_map_grant_ref m = {0};
	struct gnttab_copy c = {0};
	unsigned int ref = 8 + below(d, 40);

	switch (below(d, 5)) {
	case 0:
		grant_table[ref].domid = (domid_t)(below(d, 8) ? 0 : roll(d));
		grant_table[ref].frame = (uint32_t)some_mfn(d);
		grant_table[ref].flags = (uint16_t)(below(d, 4) ? GTF_permit_access
								: roll(d) & 0xff);
		return 0;
	case 1:
		return grant_map(0, below(d, 8) ? ref : (grant_ref_t)some_number(d),
				 spots + below(d, SPOTS) * PAGE_SIZE,
				 below(d, 4) ? GNTMAP_host_map : (uint32_t)roll(d) & 0x1f, &m);
	case 2:
		return grant_unmap(below(d, 64), spots + below(d, SPOTS) * PAGE_SIZE);
	case 3: {
		struct gnttab_unmap_grant_ref u = {.handle = below(d, 64),
						   .dev_bus_addr = some_mfn(d) << 12};

		gnttab_op(GNTTABOP_unmap_grant_ref, &u, 1);
		return u.status;
	}
	default:
		c.source.u.ref = ref;
		c.source.offset = (uint16_t)below(d, 4096);
		c.dest.u.gmfn = pool_mfn[below(d, POOL)];
		c.dest.domid = DOMID_SELF;
		c.len = (uint16_t)below(d, 5000);
		c.flags = GNTCOPY_source_gref;
		gnttab_op(GNTTABOP_copy, &c, 1);
		return c.status;
	}
}

static long ports(struct dice *d)
{
	union {
		struct evtchn_alloc_unbound alloc;
		struct evtchn_bind_interdomain inter;
		struct evtchn_bind_virq virq;
		struct evtchn_bind_ipi ipi;
		struct evtchn_close close;
		struct evtchn_send send;
		struct evtchn_unmask unmask;
		struct evtchn_status status;
		struct evtchn_bind_vcpu vcpu;
		uint32_t words[8];
	} op;
	unsigned int port = below(d, 10) ? below(d, PORTS) : (unsigned int)some_number(d);

	memset(&op, 0, sizeof(op));
	switch (below(d, 9)) {
	case 0:
		op.alloc.dom = DOMID_SELF;
		op.alloc.remote_dom = DOMID_SELF;
		return evtchn_op(EVTCHNOP_alloc_unbound, &op);
	case 1:
		op.inter.remote_dom = DOMID_SELF;
		op.inter.remote_port = port;
		return evtchn_op(EVTCHNOP_bind_interdomain, &op);
	case 2:
		op.virq.virq = below(d, 26);
		op.virq.vcpu = below(d, 5);
		return evtchn_op(EVTCHNOP_bind_virq, &op);
	case 3:
		op.ipi.vcpu = below(d, 5);
		return evtchn_op(EVTCHNOP_bind_ipi, &op);
	case 4:
		op.close.port = port;
		return evtchn_op(EVTCHNOP_close, &op);
	case 5:
		op.unmask.port = port;
		return evtchn_op(EVTCHNOP_unmask, &op);
	case 6:
		op.status.dom = DOMID_SELF;
		op.status.port = port;
		return evtchn_op(EVTCHNOP_status, &op);
	case 7:
		op.vcpu.port = port;
		op.vcpu.vcpu = below(d, 5);
		return evtchn_op(EVTCHNOP_bind_vcpu, &op);
	default:
		op.send.port = port;
		return evtchn_op(EVTCHNOP_send, &op);
	}
}

static long descriptors(struct dice *d)
{
	xen_pfn_t list[14];

	for (unsigned int i = 0; i < 14; i++)
		list[i] = some_mfn(d);
	switch (below(d, 5)) {
	case 0:
		return HC2(__HYPERVISOR_set_gdt, list, below(d, 3) ? below(d, 7200) : 0);
	case 1:
		return HC2(__HYPERVISOR_update_descriptor,
			   pool_mfn[below(d, POOL)] << 12 | below(d, 512) * 8, roll(d));
	case 2:
		return HC2(__HYPERVISOR_set_debugreg, below(d, 9), some_number(d));
	case 3:
		return HC2(__HYPERVISOR_set_segment_base,
			   below(d, 2) ? SEGBASE_FS : SEGBASE_GS_USER, some_number(d));
	default:
		return PROBE("mov %%ax, %%es", : : "a"(roll(d)) : "memory") == VECTOR_NONE ? 0 : -1;
	}
}

static long timers(struct dice *d)
{
	struct vcpu_set_singleshot_timer s = {.timeout_abs_ns = some_number(d)};
	struct vcpu_set_periodic_timer p = {.period_ns = some_number(d)};
	struct sched_poll poll = {.timeout = clock_ns() + below(d, 30000)};

	switch (below(d, 6)) {
	case 0:
		return vcpu_op(VCPUOP_set_singleshot_timer, this_cpu(), &s);
	case 1:
		return vcpu_op(VCPUOP_set_periodic_timer, below(d, 5), &p);
	case 2:
		return vcpu_op(VCPUOP_stop_periodic_timer, below(d, 5), NULL);
	case 3:
		return HC1(__HYPERVISOR_set_timer_op, some_number(d));
	case 4:
		return sched_op(SCHEDOP_poll, &poll);
	default:
		return sched_op(SCHEDOP_yield, NULL);
	}
}

/*
 * Any call at all, its pointers leading nowhere.  Not those that would end us (iret, shutdown,
 * vCPUs down, kexec), take our handlers or GS base, or write where they are told (descriptors).
 */
static long absurd(struct dice *d)
{
	unsigned int nr = below(d, 68), sub = below(d, 3) ? below(d, 40) : (unsigned int)roll(d);

	if (nr == 23 || nr == 29 || nr == 24 || nr == 0 || nr == 3 || nr == 4 || nr == 6 ||
	    nr == 30 || nr == 25 || nr == 8 || nr == 10 || nr == 37)
		return -1;
	return hypercall(nr, below(d, 2) ? sub : bad_pointer(d), bad_pointer(d), bad_pointer(d),
			 some_number(d), some_number(d));
}

static long trap(struct dice *d)
{
	switch (below(d, 5)) {
	case 0:
		return (long)PROBE("ud2", : : : "memory");
	case 1:
		return (long)PROBE("int3", : : : "memory");
	case 2:
		return (long)PROBE("rdmsr", : : "c"(roll(d)) : "rax", "rdx", "memory");
	case 3:
		return (long)PROBE("mov (%0), %%al", : : "r"(some_number(d)) : "rax", "memory");
	default:
		return (long)PROBE("ud2; .ascii \"xen\"; cpuid",
				   :
				   : "a"(roll(d)), "c"(0)
				   : "rbx", "rdx", "memory");
	}
}

static long (*const acts[])(struct dice *) = {
	update_tables, update_tables, extended,      extended, extended, map_spot, map_spot,
	write_entry,   touch_spot,    give_and_take, grants,   grants,   ports,    ports,
	descriptors,   timers,        absurd,        absurd,   trap,
};

static void chaos(void *arg)
{
	struct dice d = {(uint64_t)arg};
	unsigned long good = 0;

	for (unsigned long i = 0; i < calls_each; i++) {
		/* One of the next few; each time a later one, and from the first again. */
		if (failing && i % 16 == 0 && !this_cpu())
			debug_keys(i % 256 ? "F" : "f");
		good += acts[below(&d, ARRAY_SIZE(acts))](&d) >= 0;
	}
	HC2(__HYPERVISOR_set_gdt, NULL, 0);
	__asm__ volatile("mov %w0, %%es; mov %w0, %%ds" ::"r"(0));
	__atomic_add_fetch(&answered[1], good, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&answered[0], calls_each - good, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
}

static void give_back(void)
{
	struct mmuext_op none = {.cmd = MMUEXT_SET_LDT}, user = {.cmd = MMUEXT_NEW_USER_BASEPTR};

	mmuext_op(&none, 1);
	mmuext_op(&user, 1);
	for (unsigned int h = 0; h < 4096; h++)
		for (unsigned int s = 0; s < SPOTS; s++)
			if (grant_unmap(h, spots + s * PAGE_SIZE) == GNTST_bad_handle)
				break;
	for (unsigned int s = 0; s < SPOTS; s++)
		update_va_mapping(spots + s * PAGE_SIZE, 0, UVMF_TLB_FLUSH | UVMF_ALL);
	for (unsigned int port = 1; port < 4096; port++) {
		struct evtchn_close c = {.port = port};

		evtchn_op(EVTCHNOP_close, &c);
	}
	for (unsigned int i = 0; i < POOL; i++) {
		struct mmuext_op op = {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = pool_mfn[i]};

		mmuext_op(&op, 1);
	}
}

/* Breakpoints that chaos armed, the FPU that it switched off, segments that went with their table. */
static bool ignore(struct regs *r)
{
	if (r->vector == 1) {
		HC2(__HYPERVISOR_set_debugreg, 7, 0);
		r->rflags &= ~0x100UL;
	}
	return r->vector == 1 || r->vector == 2 || r->vector == 7 || r->vector == VECTOR_FAILSAFE;
}

int guest_main(void)
{
	const char *text = option("seed");
	unsigned long seed = text ? parse_number(text) : 1;
	unsigned int cpus = smp_count();

	text = option("calls");
	calls_each = text ? parse_number(text) : 20000;
	failing = option("failing") != NULL;
	text = option("cpus");
	if (text && parse_number(text) < cpus)
		cpus = (unsigned int)parse_number(text);
	printk("chaos: seed %lu, %lu calls on each of %u vCPUs\n", seed, calls_each, cpus);
	pool = pages_alloc(POOL);
	for (unsigned int i = 0; i < POOL; i++) {
		pool_mfn[i] = p2m[virt_to_pfn(pool) + i];
		/* Nothing of ours maps them: they may become tables, and go. */
		update_va_mapping(pool + i * PAGE_SIZE, 0, UVMF_INVLPG);
	}
	spots = (map_reserve(1024) + 0x1fffff) & ~0x1fffffUL;
	spots_l1 = pte_of(spots);
	grants_init();
	trap_hook = ignore;
	HC2(__HYPERVISOR_vm_assist, 0, 2);
	for (unsigned int cpu = 1; cpu < cpus; cpu++)
		if (smp_start(cpu, chaos, (void *)(seed * 7919 + cpu * 104729 + 1)))
			panic("vCPU %u", cpu);
	chaos((void *)(seed * 7919 + 1));
	while (finished < cpus)
		sched_op(SCHEDOP_yield, NULL);
	if (failing)
		ok(failing_end().count > 10, "allocations failed meanwhile");
	printk("chaos: %lu done, %lu refused\n", answered[1], answered[0]);
	ok(true, "the hypervisor goes on");
	give_back();
	return test_end();
}
