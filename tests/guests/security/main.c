// SPDX-License-Identifier: MIT
/*
 * Holes of the past, tried again: each case is named by the number of its advisory (docs/security.md)
 * and tries from a guest what led to it.  Passing means an error or a fault for the guest, and a
 * hypervisor that goes on with its books in order (the audit at the end).
 */
#include "test.h"

#include <xen/physdev.h>

#define HOLE 0xffff830000000000UL

static char *page;
static uint64_t mfn;
static uintptr_t spot;
static bool stepped;

static bool hook(struct regs *r)
{
	if (r->vector == 1) {
		stepped = true;
		r->rflags &= ~0x100UL;
		return true;
	}
	if (r->vector == 3)
		return true;
	if (r->vector == VECTOR_FAILSAFE || r->vector == 13 || r->vector == 14) {
		extern const uint64_t ex_table_start[][2], ex_table_end[][2];

		for (unsigned int i = 0; &ex_table_start[i] < ex_table_end; i++)
			if (ex_table_start[i][0] == r->rip)
				return false;
		/* From a return that was refused: back to where RBX says. */
		caught.vector = r->vector;
		r->rip = r->rbx;
		r->rsp = r->rbp;
		r->cs = 0xe030;
		r->ss = 0xe02b;
		r->rflags = 2;
		return true;
	}
	return false;
}

/* Leaves by iret to an address; what came of it. */
static unsigned long return_to(uint64_t rip, uint64_t rflags)
{
	caught.vector = VECTOR_NONE;
	__asm__ volatile("push %%rbp; mov %%rsp, %%rbp; lea 1f(%%rip), %%rbx\n\t"
			 "pushq $0xe02b; push %%rbp; push %%rsi; pushq $0xe030; push %%rdi\n\t"
			 "pushq $0; pushq $0; pushq $0; pushq $0; mov $23, %%eax; syscall\n"
			 "1:	pop %%rbp"
			 : "+D"(rip), "+S"(rflags)
			 :
			 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",
			   "r14", "r15", "memory", "cc");
	return caught.vector;
}

static void processor(void)
{
	uint64_t flags;

	ok(return_to(0x0000800000000000, 2) != VECTOR_NONE,
	   "XSA-7 a return to no canonical address");
	ok(return_to(0xffff7fffffffffff, 2) != VECTOR_NONE, "XSA-7 another");
	ok(return_to(HOLE, 2) != VECTOR_NONE, "XSA-7 into the hypervisor's range");
	/* Xen refuses, Dais leaves the bit out. */
	HC2(__HYPERVISOR_set_debugreg, 7, 0x2400);
	is("XSA-12 general detect is not set", HC1(__HYPERVISOR_get_debugreg, 7) & 0x2000, 0);
	is("XSA-12 DR6's reserved bits",
	   (HC2(__HYPERVISOR_set_debugreg, 6, 0x1000), HC1(__HYPERVISOR_get_debugreg, 6)),
	   0xffff0ff0);
	/* A hypercall with NT, AC, DF and TF set. */
	__asm__ volatile(
		"pushfq; orq $0x44400, (%%rsp); popfq; xor %%edi, %%edi; xor %%esi, %%esi\n\t"
		"mov $17, %%eax; syscall; pushfq; pop %0; cld\n\t"
		"pushfq; andq $~0x44400, (%%rsp); popfq"
		: "=r"(flags)::"rax", "rcx", "r11", "rdi", "rsi", "memory", "cc");
	ok(true, "XSA-44 a hypercall with NT, AC and DF");
	__asm__ volatile("mov %0, %%cr4" ::"r"(0x40660UL));
	is("XSA-54 XSETBV of nothing",
	   PROBE("xsetbv",
		 :
		 : "a"(0), "c"(0), "d"(0)) == VECTOR_NONE,
	   0);
	is("XSA-54 XSETBV of everything",
	   PROBE("xsetbv",
		 :
		 : "a"(~0), "c"(0), "d"(~0)) == VECTOR_NONE,
	   0);
	is("XSA-54 XSETBV of another register",
	   PROBE("xsetbv",
		 :
		 : "a"(1), "c"(1), "d"(0)) == VECTOR_NONE,
	   0);
	__asm__ volatile("mov %0, %%cr4" ::"r"(0x660UL));
	is("XSA-193 FS base by hypercall", HC2(__HYPERVISOR_set_segment_base, 0, 1UL << 47), -22);
	is("XSA-193 FS base by WRMSR",
	   PROBE("wrmsr",
		 :
		 : "c"(0xc0000100), "a"(0), "d"(0x8000)),
	   13);
	is("XSA-193 GS base by WRMSR",
	   PROBE("wrmsr",
		 :
		 : "c"(0xc0000102), "a"(0), "d"(0x8000)),
	   13);
	/* A breakpoint on what MOV SS reads, then a trap before it is taken. */
	{
		static volatile uint64_t ss = 0xe02b;

		HC2(__HYPERVISOR_set_debugreg, 0, &ss);
		HC2(__HYPERVISOR_set_debugreg, 7, 0xf0401);
		stepped = false;
		__asm__ volatile("mov %0, %%ss; int3; nop" ::"m"(ss) : "memory");
		HC2(__HYPERVISOR_set_debugreg, 7, 0);
		ok(true, "XSA-260 #DB held back by MOV SS");
	}
}

static void interrupts(void)
{
	struct physdev_irq_status_query q = {.irq = 0xffffffff};
	struct physdev_eoi e = {.irq = 0x7fffffff};
	struct physdev_map_pirq m = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = -5, .pirq = 0x7ffffff0};
	struct physdev_unmap_pirq u = {.domid = DOMID_SELF, .pirq = -7};
	struct evtchn_bind_pirq b = {.pirq = 0xfffffff0};

	ok(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_irq_status_query, &q) < 0,
	   "XSA-16 irq out of range");
	ok(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_eoi, &e) < 0, "XSA-21 eoi out of range");
	ok(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &m) < 0, "XSA-16 map out of range");
	ok(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq, &u) < 0, "XSA-21 unmap out of range");
	ok(evtchn_op(EVTCHNOP_bind_pirq, &b) < 0, "XSA-13 bind of a pirq out of range");
}

static void timers(void)
{
	struct vcpu_set_periodic_timer p = {.period_ns = 1UL << 63};

	HC1(__HYPERVISOR_set_timer_op, ~0UL);
	HC1(__HYPERVISOR_set_timer_op, 1UL << 63);
	HC1(__HYPERVISOR_set_timer_op, 0);
	ok(true, "XSA-20 deadlines at the end of time");
	vcpu_op(VCPUOP_set_periodic_timer, 0, &p);
	vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	ok(true, "XSA-20 periods without end");
}

static void memory(void)
{
	xen_pfn_t in = virt_to_mfn(page_alloc()), out = 5;
	struct xen_memory_exchange x = {.in = {.nr_extents = 1, .domid = DOMID_SELF},
					.out = {.nr_extents = 1, .domid = DOMID_SELF}};
	struct xen_memory_reservation r = {
		.nr_extents = 1, .extent_order = 63, .domid = DOMID_SELF};
	static char text[2048];

	set_xen_guest_handle(x.in.extent_start, &in);
	set_xen_guest_handle(x.out.extent_start, (xen_pfn_t *)HOLE);
	ok(memory_op(XENMEM_exchange, &x) < 0, "XSA-29 exchange with results into the hole");
	set_xen_guest_handle(x.out.extent_start, &out);
	x.nr_exchanged = ~0UL >> 1;
	ok(memory_op(XENMEM_exchange, &x) < 0, "XSA-212 exchange that starts out of range");
	x.nr_exchanged = 1UL << 61;
	set_xen_guest_handle(x.out.extent_start, (xen_pfn_t *)(HOLE - (8UL << 61)));
	ok(memory_op(XENMEM_exchange, &x) < 0, "XSA-212 exchange whose index wraps");
	set_xen_guest_handle(r.extent_start, &out);
	is("XSA-31 an order of 63", memory_op(XENMEM_populate_physmap, &r), 0);
	r.extent_order = 0;
	r.nr_extents = ~0UL;
	ok(memory_op(XENMEM_populate_physmap, &r) <= 0, "XSA-31 more extents than there can be");
	out = ~0UL;
	r.nr_extents = 1;
	is("XSA-32 a frame number of all ones", memory_op(XENMEM_decrease_reservation, &r), 0);
	r.mem_flags = 0xff00;
	out = 0;
	r.nr_extents = 0;
	memory_op(XENMEM_populate_physmap, &r);
	ok(true, "XSA-231 a NUMA node that is not there");
	memset(text, 0x5a, sizeof(text));
	version_op(XENVER_extraversion, text);
	is("XSA-122 the reply is filled to its end", text[15], 0);
	memset(text, 0x5a, sizeof(text));
	version_op(XENVER_capabilities, text);
	is("XSA-122 another", text[1023], 0);
	is("XSA-122 and no further", text[1024], 0x5a);
}

static void tables(void)
{
	uint64_t *l4 = page_alloc(), *l3 = page_alloc(), *l2 = page_alloc(), *l1 = page_alloc();
	uint64_t user = PTE_PRESENT | PTE_RW | PTE_USER;

	page_protect(l1, false);
	l2[0] = virt_to_mfn(l1) << 12 | user;
	page_protect(l2, false);
	l3[0] = virt_to_mfn(l2) << 12 | user;
	page_protect(l3, false);
	l4[0] = virt_to_mfn(l3) << 12 | user;
	page_protect(l4, false);
	is("XSA-45 pin of a tree", pin(MMUEXT_PIN_L4_TABLE, l4), 0);
	is("XSA-148 the large-page bit over a valid entry", set_entry(l2, l2[0] | PTE_PSE), -22);
	is("XSA-148 without a change", l2[0] & PTE_PSE, 0);
	is("XSA-148 at level 3", set_entry(l3, l3[0] | PTE_PSE), -22);
	is("XSA-182 a read-only map of the L4 in itself",
	   set_entry(&l4[300], virt_to_mfn(l4) << 12 | 0x65), 0);
	is("XSA-182 made writable", set_entry(&l4[300], virt_to_mfn(l4) << 12 | 0x67), -22);
	is("XSA-182 an L1 entry for a table, then RW",
	   (set_entry(l1, virt_to_mfn(l2) << 12 | 0x65),
	    set_entry(l1, virt_to_mfn(l2) << 12 | 0x67)),
	   -16);
	is("XSA-182 by preserve A/D", ({
		   struct mmu_update u = {.ptr = virt_to_maddr(l1) | 2,
					  .val = virt_to_mfn(l2) << 12 | 0x67};
		   mmu_update(&u, 1);
	   }),
	   -16);
	set_entry(l1, 0);
	is("XSA-240 an L3 in itself", set_entry(&l3[5], virt_to_mfn(l3) << 12 | user), -22);
	is("XSA-240 an L2 in itself", set_entry(&l2[5], virt_to_mfn(l2) << 12 | user), -22);
	is("XSA-109 an entry of a table that is data", set_entry((uint64_t *)page, 7), 0);
	is("XSA-64 a slot of the hypervisor's", set_entry(&l4[256], 0), -22);
	is("XSA-58 unpin", pin(MMUEXT_UNPIN_TABLE, l4), 0);
	is("XSA-58 unpin again", pin(MMUEXT_UNPIN_TABLE, l4), -22);
	is("XSA-58 all of them are data again",
	   page_protect(l4, true) | page_protect(l3, true) | page_protect(l2, true) |
		   page_protect(l1, true),
	   0);
	is("XSA-286 a table mapped, unmapped, and its frame given back", ({
		   xen_pfn_t frame = virt_to_mfn(l1);
		   struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

		   update_va_mapping(l1, 0, UVMF_INVLPG);
		   set_xen_guest_handle(r.extent_start, &frame);
		   memory_op(XENMEM_decrease_reservation, &r);
	   }),
	   1);
}

static void batches(void)
{
	static struct multicall_entry m[3];

	m[0].op = __HYPERVISOR_iret;
	m[1].op = __HYPERVISOR_xen_version;
	if (on_dais()) {
		HC2(__HYPERVISOR_multicall, m, 2);
		ok((long)m[0].result < 0, "XSA-213 iret in a batch is refused");
		is("XSA-213 the rest is done in kernel mode", m[1].result, 0x40011);
	}
	m[0].op = m[1].op = __HYPERVISOR_multicall;
	m[2].op = __HYPERVISOR_xen_version;
	m[0].args[0] = (unsigned long)m;
	m[0].args[1] = 3;
	HC2(__HYPERVISOR_multicall, m, 3);
	ok((long)m[0].result < 0, "XSA-213 a batch that contains itself");
	m[0] = (struct multicall_entry){.op = ~0UL};
	HC2(__HYPERVISOR_multicall, m, 1);
	is("XSA-213 an operation of all ones", m[0].result, -38);
	ok(HC2(__HYPERVISOR_multicall, 0x7fffffffff00, ~0UL) < 0, "XSA-111 a batch of 2^32");
}

static void events(void)
{
	evtchn_port_t far[2] = {3000, 4000000};
	struct sched_poll p = {.nr_ports = 2, .timeout = 1};

	set_xen_guest_handle(p.ports, far);
	ok(sched_op(SCHEDOP_poll, &p) < 0, "XSA-221 poll of ports that are not bound");
	far[0] = 0;
	p.nr_ports = 1;
	ok(sched_op(SCHEDOP_poll, &p) <= 0, "XSA-221 poll of port 0");
}

static void grants(void)
{
	struct gnttab_map_grant_ref m;
	struct gnttab_swap_grant_ref s = {.ref_a = 0x10000000, .ref_b = 9};
	struct gnttab_unmap_grant_ref both;
	grant_ref_t ref;

	grants_init();
	ref = grant_access(0, mfn, false);
	gnttab_op(GNTTABOP_swap_grant_ref, &s, 1);
	ok(s.status < 0, "XSA-18 swap with a reference out of range");
	is("XSA-227 a map by an entry that is not aligned",
	   grant_map(0, ref, virt_to_maddr(pte_of(spot)) + 4, GNTMAP_host_map | GNTMAP_contains_pte,
		     &m) < 0,
	   true);
	is("XSA-227 a map by an entry in plain memory",
	   grant_map(0, ref, mfn << 12, GNTMAP_host_map | GNTMAP_contains_pte, &m) < 0, true);
	if (!on_dais())
		return; /* Xen does not map one grant for both at once */
	grant_map(0, ref, spot, GNTMAP_host_map | GNTMAP_device_map, &m);
	is("XSA-224 host and device at once", m.status, GNTST_okay);
	both = (struct gnttab_unmap_grant_ref){
		.host_addr = spot + PAGE_SIZE, .dev_bus_addr = m.dev_bus_addr, .handle = m.handle};
	gnttab_op(GNTTABOP_unmap_grant_ref, &both, 1);
	ok(both.status < 0, "XSA-224 an unmap of both with a wrong address");
	is("XSA-230 the grant is in use still", grant_table[ref].flags & 0x18, 0x18);
	is("XSA-234 host alone", grant_unmap(m.handle, spot), GNTST_okay);
	is("XSA-230 in use by the device", grant_table[ref].flags & 0x18, 0x18);
	both = (struct gnttab_unmap_grant_ref){.dev_bus_addr = m.dev_bus_addr, .handle = m.handle};
	gnttab_op(GNTTABOP_unmap_grant_ref, &both, 1);
	is("XSA-224 the device", both.status, GNTST_okay);
	is("XSA-218 twice", (gnttab_op(GNTTABOP_unmap_grant_ref, &both, 1), both.status),
	   GNTST_bad_handle);
	is("XSA-230 free", grant_table[ref].flags & 0x18, 0);
	grant_map(0, ref, spot, GNTMAP_host_map, &m);
	update_va_mapping(spot, 0, UVMF_INVLPG);
	ok(grant_unmap(m.handle, spot) < 0, "XSA-222 the entry was taken away by hand");
	is("XSA-222 put back by a map of its own: the handle ends",
	   (update_va_mapping(spot, mfn << 12 | PTE_KERNEL, UVMF_INVLPG),
	    grant_unmap(m.handle, spot)),
	   0);
}

int guest_main(void)
{
	page = page_alloc();
	mfn = virt_to_mfn(page);
	spot = map_reserve(2);
	trap_hook = hook;
	part(interrupts);
	part(timers);
	part(memory);
	part(tables);
	part(batches);
	part(events);
	part(grants);
	part(processor);
	return test_end();
}
