// SPDX-License-Identifier: MIT
/*
 * Holes of the past in memory and page tables, tried again, by the number of their advisory
 * (docs/security.md), many with two vCPUs at once: one does something to a frame while the other
 * still uses it by a translation that is stale, or changes the same tables.
 */
#include "test.h"

#define HOLE 0xffff830000000000UL
#define USER_TABLE (PTE_PRESENT | PTE_RW | PTE_USER)
#define ROUNDS 400u

static uintptr_t spot;
static char *fresh; /* pages that nothing else uses; their addresses are mapped and unmapped */

/* --- the other vCPU --- */

static volatile unsigned int stop, running;
static volatile bool faulted;
static volatile uint64_t pattern = 0x5a5a5a5a5a5a5a5aUL;

static bool run_other(void (*fn)(void *), void *arg)
{
	stop = running = 0;
	faulted = false;
	if (smp_start(1, fn, arg))
		return false;
	while (!running)
		__asm__ volatile("pause");
	return true;
}

static void end_other(void)
{
	stop = 1;
	while (running)
		sched_op(SCHEDOP_yield, NULL);
	while (vcpu_op(VCPUOP_is_up, 1, NULL) > 0)
		sched_op(SCHEDOP_yield, NULL);
}

/* Writes to the spot through whatever its TLB holds, until that faults. */
static void writer(void *arg)
{
	volatile uint64_t *at = arg;

	*at = pattern;
	running = 1;
	while (!stop && PROBE("movq %1, %0", : "=m"(*at) : "r"(pattern) : "memory") == VECTOR_NONE)
		;
	faulted = caught.vector == 14;
	running = 0;
}

static long drop_frame(uint64_t mfn)
{
	xen_pfn_t frame = mfn;
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

	set_xen_guest_handle(r.extent_start, &frame);
	return memory_op(XENMEM_decrease_reservation, &r);
}

static uint64_t take_frame(uint64_t pfn)
{
	xen_pfn_t frame = pfn;
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

	set_xen_guest_handle(r.extent_start, &frame);
	return memory_op(XENMEM_populate_physmap, &r) == 1 ? frame : 0;
}

static long pages_now(void)
{
	struct xen_memory_domain who = {.domid = DOMID_SELF};

	return memory_op(XENMEM_current_reservation, &who);
}

/* A page without its own mapping: how it may become anything. */
static uint64_t bare_page(void)
{
	char *page = page_alloc();
	uint64_t mfn = virt_to_mfn(page);

	update_va_mapping(page, 0, UVMF_INVLPG | UVMF_ALL);
	return mfn;
}

static bool all_are(const volatile uint64_t *page, uint64_t value)
{
	for (unsigned int i = 0; i < 512; i++)
		if (page[i] != value)
			return false;
	return true;
}

/* The entry goes without a flush: what changes the frame's use has to make up for it. */
static void stale_translations(void)
{
	uint64_t mfn = bare_page(), taken;
	const uint64_t *seen;
	struct mmuext_op op = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = mfn};
	bool clean = true, wiped = true;

	update_va_mapping(spot, mfn << 12 | PTE_KERNEL, UVMF_INVLPG | UVMF_ALL);
	pattern = 0; /* it has to be a table that holds nothing */
	if (!run_other(writer, (void *)spot)) {
		ok(false, "XSA-241 the other vCPU starts");
		return;
	}
	set_entry(pte_of(spot), 0);
	is("XSA-241 XSA-401 XSA-408 a frame becomes a table while another vCPU could write",
	   mmuext_op(&op, 1), 0);
	pattern = 0x4141414141414067UL;
	seen = map_frame(mfn, PTE_KERNEL_RO);
	clock_delay(20000000);
	ok(all_are(seen, 0), "XSA-217 nobody writes to it any more");
	end_other();
	ok(faulted, "XSA-217 the other one faulted");
	op.cmd = MMUEXT_UNPIN_TABLE;
	is("XSA-241 unpin", mmuext_op(&op, 1), 0);

	/* The same with a frame that goes: neither its scrubbing nor its next life is disturbed. */
	pattern = 0x6b6b6b6b6b6b6b6bUL;
	update_va_mapping((uintptr_t)seen, 0, UVMF_INVLPG | UVMF_ALL);
	update_va_mapping(spot, mfn << 12 | PTE_KERNEL, UVMF_INVLPG | UVMF_ALL);
	run_other(writer, (void *)spot);
	set_entry(pte_of(spot), 0);
	is("XSA-511 the frame is given back", drop_frame(mfn), 1);
	for (unsigned int i = 0; i < repeats(64); i++) {
		taken = take_frame(0x4000 + i);
		seen = map_frame(taken, PTE_KERNEL_RO);
		wiped = wiped && taken && all_are(seen, 0);
		op.cmd = MMUEXT_CLEAR_PAGE;
		op.arg1.mfn = taken;
		mmuext_op(&op, 1);
		clock_delay(100000);
		clean = clean && all_are(seen, 0);
	}
	ok(clean, "XSA-511 nobody writes to what comes next");
	ours(wiped, "XSA-100 XSA-511 which was wiped, after the flush");
	end_other();
	ok(faulted, "XSA-511 the other one faulted");
}

/* A frame that was nearly given away, and stayed: what its last use left in TLBs counts as before. */
static void put_back(void)
{
	uint64_t mfn = bare_page();
	xen_pfn_t in[2] = {mfn, HOLE}, out[1] = {0x4100};
	struct xen_memory_exchange x = {
		.in = {.nr_extents = 2, .domid = DOMID_SELF},
		.out = {.nr_extents = 1, .extent_order = 1, .domid = DOMID_SELF}};
	struct mmuext_op op = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = mfn};
	const uint64_t *seen;

	set_xen_guest_handle(x.in.extent_start, in);
	set_xen_guest_handle(x.out.extent_start, out);
	update_va_mapping(spot, mfn << 12 | PTE_KERNEL, UVMF_INVLPG | UVMF_ALL);
	pattern = 0;
	if (!run_other(writer, (void *)spot)) {
		ok(false, "XSA-401 the other vCPU starts");
		return;
	}
	set_entry(pte_of(spot), 0);
	ok(memory_op(XENMEM_exchange, &x) < 0, "XSA-401 an exchange with a frame that is none");
	is("XSA-401 the other frame becomes a table while another vCPU could write",
	   mmuext_op(&op, 1), 0);
	pattern = 0x4141414141414067UL;
	seen = map_frame(mfn, PTE_KERNEL_RO);
	clock_delay(20000000);
	ok(all_are(seen, 0), "XSA-401 nobody writes to it any more");
	end_other();
	ok(faulted, "XSA-401 the other one faulted");
	op.cmd = MMUEXT_UNPIN_TABLE;
	is("XSA-401 unpin", mmuext_op(&op, 1), 0);
	update_va_mapping((uintptr_t)seen, 0, UVMF_INVLPG | UVMF_ALL);
}

/* --- two at the same tables --- */

static uint64_t *l1, *l2;

static void pinner(void *arg)
{
	(void)arg;
	running = 1;
	while (!stop) {
		pin(MMUEXT_PIN_L2_TABLE, l2);
		set_entry(&l2[7], 0);
		pin(MMUEXT_UNPIN_TABLE, l2);
		pin(MMUEXT_PIN_L1_TABLE, l1);
		pin(MMUEXT_UNPIN_TABLE, l1);
	}
	running = 0;
}

static void same_tables(void)
{
	unsigned int good = 0, rounds = repeats(ROUNDS);

	l1 = page_alloc();
	l2 = page_alloc();
	page_protect(l1, false);
	l2[7] = virt_to_mfn(l1) << 12 | USER_TABLE;
	page_protect(l2, false);
	run_other(pinner, NULL);
	for (unsigned int i = 0; i < rounds; i++) {
		good += !set_entry(&l2[7], virt_to_mfn(l1) << 12 | USER_TABLE);
		good += !set_entry(&l1[i % 512], virt_to_mfn(fresh) << 12 | PTE_KERNEL_RO);
		pin(MMUEXT_PIN_L2_TABLE, l2);
		good += !set_entry(&l1[i % 512], 0);
		pin(MMUEXT_UNPIN_TABLE, l2);
		page_protect(l1, i % 2); /* refused while it is a table */
	}
	end_other();
	ok(good > rounds / 2, "XSA-37 XSA-299 XSA-310 two vCPUs pin, link and take apart one tree");
	while (!pin(MMUEXT_UNPIN_TABLE, l2) || !pin(MMUEXT_UNPIN_TABLE, l1))
		;
	set_entry(&l2[7], 0);
	is("XSA-242 XSA-58 both are data again", page_protect(l2, true) | page_protect(l1, true),
	   0);
	memset(l1, 0, PAGE_SIZE);
	memset(l2, 0, PAGE_SIZE);
}

/* --- numbers --- */

static void frame_numbers(void)
{
	static const uint64_t frames[] = {~0UL >> 12,  1UL << 39, 1UL << 40, (1UL << 28) - 1,
					  0xfffffffff, 1UL << 51, 1UL << 31, 0xfffffUL};
	unsigned int refused = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++) {
		struct mmu_update u = {.ptr = frames[i] << 12, .val = 0};
		struct mmuext_op op = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = frames[i]};

		refused += mmu_update(&u, 1) < 0;
		refused += mmuext_op(&op, 1) < 0;
		op.cmd = MMUEXT_UNPIN_TABLE;
		refused += mmuext_op(&op, 1) < 0;
		u.ptr |= MMU_MACHPHYS_UPDATE;
		refused += mmu_update(&u, 1) < 0;
	}
	is("XSA-32 XSA-167 frames beyond all, as table, pin and M2P", refused,
	   4 * ARRAY_SIZE(frames));
	for (unsigned int bit = 40, i = refused = 0; bit < 52; bit++, i++)
		refused += update_va_mapping(spot, (1UL << bit) | PTE_KERNEL, UVMF_INVLPG) < 0;
	is("XSA-280 address bits of a larger machine in an entry", refused, 12);
	is("XSA-280 an address in our range", update_va_mapping(HOLE, 0, UVMF_INVLPG), -22);
	is("XSA-280 one that is not canonical", update_va_mapping(1UL << 47, 0, UVMF_INVLPG), -22);
}

static void flushes(void)
{
	static const uint64_t where[] = {
		HOLE, 0xffff82d000000000UL, 1UL << 47, 0xffff7fffffffffffUL, ~0UL, 0};
	unsigned long mask = ~0UL;

	for (unsigned int i = 0; i < ARRAY_SIZE(where); i++) {
		struct mmuext_op op[3] = {
			{.cmd = MMUEXT_INVLPG_LOCAL, .arg1.linear_addr = where[i]},
			{.cmd = MMUEXT_INVLPG_ALL, .arg1.linear_addr = where[i]},
			{.cmd = MMUEXT_INVLPG_MULTI, .arg1.linear_addr = where[i]},
		};

		set_xen_guest_handle(op[2].arg2.vcpumask, &mask);
		mmuext_op(op, 3);
	}
	ok(true, "XSA-279 flushes of addresses that are not the guest's");
	{
		struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_MULTI};

		set_xen_guest_handle(op.arg2.vcpumask, (unsigned long *)HOLE);
		ok(mmuext_op(&op, 1) < 0, "XSA-279 a list of vCPUs in the hole");
	}
}

/* --- counts --- */

static void counting(void)
{
	uint64_t mfn = bare_page();
	struct mmu_update u = {.ptr = mfn << 12 | MMU_MACHPHYS_UPDATE, .val = 0x7777};
	struct mmu_update both[2] = {u, {.ptr = ~0UL << 12 | MMU_MACHPHYS_UPDATE}};
	struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE};
	long before = pages_now();

	for (unsigned int i = 0; i < 1000; i++)
		mmu_update(both, 2);
	update_va_mapping(spot, mfn << 12 | PTE_KERNEL, UVMF_INVLPG);
	is("XSA-385 a frame that is mapped is given back", drop_frame(mfn), 1);
	is("XSA-385 and counts as long as it is", pages_now(), before);
	update_va_mapping(spot, 0, UVMF_INVLPG);
	is("XSA-113 then it goes: M2P updates left nothing behind", pages_now(), before - 1);
	is("XSA-385 giving it back again", drop_frame(mfn), 0);
	is("XSA-113 a failed pin", (op.arg1.mfn = start_info->shared_info >> 12, mmuext_op(&op, 1)),
	   -22);
	is("XSA-214 another takes its place", take_frame(0x5000) != 0, true);
	is("XSA-385 as many as before", pages_now(), before);
}

/* A table that is given back while it is linked: later lives of its frame know nothing of it. */
static void owners(void)
{
	uint64_t *upper = page_alloc(), mfn = bare_page();
	xen_pfn_t shared = start_info->shared_info >> 12;
	struct mmuext_op op = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = shared};
	bool fine = true;

	page_protect(upper, false);
	pin(MMUEXT_PIN_L2_TABLE, upper);
	is("XSA-214 an empty page becomes a table", set_entry(upper, mfn << 12 | USER_TABLE), 0);
	is("XSA-214 and is given back", drop_frame(mfn), 1);
	set_entry(upper, 0);
	for (unsigned int i = 0; i < repeats(32); i++) {
		uint64_t next = take_frame(0x5100 + i);

		fine = fine && next &&
		       !update_va_mapping(spot, next << 12 | PTE_KERNEL, UVMF_INVLPG);
		*(volatile uint64_t *)spot = ~0UL;
	}
	ok(fine, "XSA-214 its frame comes back as plain memory");
	update_va_mapping(spot, 0, UVMF_INVLPG);
	pin(MMUEXT_UNPIN_TABLE, upper);
	page_protect(upper, true);
	is("XSA-248 a page that we share cannot be a table", mmuext_op(&op, 1), -22);
	differs("XSA-248 nor be given away", drop_frame(shared), 0, 1, "Xen only forgets it");
	is("XSA-109 tables of a domain that is not there",
	   HC4(__HYPERVISOR_mmu_update, &(struct mmu_update){.ptr = mfn << 12}, 1, NULL,
	       78u << 16 | DOMID_SELF),
	   -3);
	is("XSA-109 frames of the hypervisor's", ({
		   struct mmu_update u = {.ptr = virt_to_maddr(pte_of(spot)),
					  .val = shared << 12 | PTE_KERNEL};
		   HC4(__HYPERVISOR_mmu_update, &u, 1, NULL, DOMID_XEN) < 0;
	   }),
	   true);
}

static void entries(void)
{
	uint64_t *a = page_alloc(), *b = page_alloc(), *kernel = kernel_root();

	page_protect(a, false);
	page_protect(b, false);
	pin(MMUEXT_PIN_L4_TABLE, a);
	pin(MMUEXT_PIN_L4_TABLE, b);
	differs("XSA-240 an L4 in another L4", set_entry(&a[300], virt_to_mfn(b) << 12 | 0x25), -22,
		0, "Xen allows one level");
	set_entry(&a[300], 0);
	is("XSA-240 an L4 at level 3", set_entry(&a[301], virt_to_mfn(kernel) << 12 | 0x67), -22);
	is("XSA-176 the size bit at level 4", set_entry(&a[302], 1UL << 21 | 0xe7), -22);
	is("XSA-176 at level 3 over nothing", set_entry(table_at(kernel, 5UL << 39, 4), 0xe7), -22);
	is("XSA-185 our slots, by the last one", set_entry(&a[271], PTE_PRESENT), -22);
	is("XSA-185 the one before ours", set_entry(&a[255], 0), 0);
	differs("XSA-252 a pinned table given back", drop_frame(virt_to_mfn(b)), 0, 1,
		"Xen unpins it on the way, without bound");
	if (on_dais())
		pin(MMUEXT_UNPIN_TABLE, b);
	pin(MMUEXT_UNPIN_TABLE, a);
}

/* --- exchange and its way back --- */

static void rollback(void)
{
	uint64_t good = bare_page();
	xen_pfn_t in[2] = {good, virt_to_mfn(kernel_root())}, out[2] = {0x6000, 0x6001};
	struct xen_memory_exchange x = {
		.in = {.nr_extents = 2, .domid = DOMID_SELF},
		.out = {.nr_extents = 1, .extent_order = 1, .domid = DOMID_SELF}};
	long before = pages_now();

	set_xen_guest_handle(x.in.extent_start, in);
	set_xen_guest_handle(x.out.extent_start, out);
	ok(memory_op(XENMEM_exchange, &x) < 0, "XSA-159 exchange of a page and a root");
	is("XSA-159 nothing was exchanged", x.nr_exchanged, 0);
	is("XSA-159 as many pages as before", pages_now(), before);
	is("XSA-159 the page is still ours",
	   update_va_mapping(spot, good << 12 | PTE_KERNEL, UVMF_INVLPG), 0);
	update_va_mapping(spot, 0, UVMF_INVLPG);
	x.in.nr_extents = ~0UL;
	ok(memory_op(XENMEM_exchange, &x) < 0, "XSA-159 lists of which one has no end");
	x.in.nr_extents = 1;
	x.in.extent_order = 40;
	ok(memory_op(XENMEM_exchange, &x) < 0, "XSA-158 an order of 40");
	/* Uncached, then given back: whoever has it next reads memory, not caches. */
	is("XSA-402 RAM without caches",
	   update_va_mapping(spot, good << 12 | PTE_KERNEL | PTE_PCD, UVMF_INVLPG), 0);
	*(volatile uint64_t *)spot = 1;
	update_va_mapping(spot, 0, UVMF_INVLPG);
	is("XSA-402 goes back", drop_frame(good), 1);
	take_frame(0x6002);
}

/* --- tables that are written directly --- */

/* Bit operations whose offset leads far away, as an instruction that is emulated. */
static void direct_writes(void)
{
	uint64_t *table = page_alloc();
	uint64_t far = 1UL << 40, before;

	page_protect(table, false);
	pin(MMUEXT_PIN_L1_TABLE, table);
	before = table[0];
	is("XSA-195 BTS far behind a table",
	   PROBE("lock btsq %1, %0",
		 : "+m"(table[0])
		 : "r"(far)
		 : "memory"),
	   14);
	is("XSA-195 BTS far before it",
	   PROBE("lock btsq %1, %0",
		 : "+m"(table[0])
		 : "r"(-far)
		 : "memory"),
	   14);
	is("XSA-195 the table is as it was", table[0], before);
	ok(PROBE("movups %%xmm0, %0",
		 : "=m"(table[0])::"memory") != VECTOR_NONE ||
		   !table[0],
	   "XSA-195 a store of 16 bytes");
	ok(PROBE("movq %1, %0",
		 : "=m"(*(uint64_t *)((char *)table + 4093))
		 : "r"(far)
		 : "memory") != VECTOR_NONE,
	   "XSA-195 a store over the end of the page");
	pin(MMUEXT_UNPIN_TABLE, table);
	page_protect(table, true);
}

static volatile uint8_t changing[16] __attribute__((aligned(16)));

static void changer(void *arg)
{
	(void)arg;
	running = 1;
	while (!stop) {
		changing[1] = 0x06; /* CLTS */
		changing[1] = 0xa2; /* CPUID */
		changing[1] = 0x30; /* WRMSR */
		changing[1] = 0x09; /* WBINVD */
	}
	running = 0;
}

/* The instruction is another by the time that it is looked at. */
static void changing_code(void)
{
	static const uint8_t code[] = {0x0f, 0x06, 0xc3};
	unsigned int faults = 0;

	for (unsigned int i = 0; i < sizeof(code); i++)
		changing[i] = code[i];
	run_other(changer, NULL);
	for (unsigned int i = 0; i < 3000; i++) {
		unsigned long vector = VECTOR_NONE;

		caught.vector = VECTOR_NONE;
		__asm__ volatile("call *%[at]"
				 :
				 : [at] "r"(changing), "a"(0), "c"(0xc0000100), "d"(0)
				 : "rbx", "memory");
		vector = READ_ONCE(caught.vector);
		faults += vector != VECTOR_NONE;
	}
	end_other();
	ok(true, "XSA-202 3000 instructions that change while they are emulated");
	printk("secmm: %u of them faulted\n", faults);
}

/* Steps over two bytes of `changing` that were refused. */
static bool hook(struct regs *r)
{
	if (r->rip - (uint64_t)changing < sizeof(changing) && r->vector < 32) {
		caught.vector = r->vector;
		r->rip = (uint64_t)changing + 2;
		return true;
	}
	return false;
}

int guest_main(void)
{
	spot = map_reserve(1);
	fresh = page_alloc();
	trap_hook = hook;
	page_protect(fresh, false);
	part(frame_numbers);
	part(flushes);
	part(counting);
	part(owners);
	part(entries);
	part(rollback);
	part(direct_writes);
	part(stale_translations);
	part(put_back);
	part(same_tables);
	part(changing_code);
	return test_end();
}
