// SPDX-License-Identifier: MIT
/*
 * A kernel that means ill: hypercalls with arguments that are nearly right, from all its vCPUs
 * at once, over a few pages that are now data, now tables.  Whatever it is told or does to
 * itself is well; the hypervisor has to go on.  The command line gives seed=, steps= and, to
 * narrow a find down, only= (a bit per kind).
 *
 * It boots as dom0, so it leaves out what dom0 may do to the machine: other domains' control,
 * devices, power.  As a domU it takes its orders from the keeper (keeper.c), and tries the grants
 * and ports of another one as well as its own.
 */
#include "attack.h"

#include <xen/callback.h>
#include <xen/memory.h>
#include <xen/nmi.h>

#define POOL 48u
#define VA_TEST 0xffffa00000000000UL /* L4 slot 320: 16 pages with their tables */
#define VA_PAGES 16u

static void *pool[POOL];
static uint64_t pool_mfn[POOL];
static unsigned long steps = 4000;
static unsigned long only = ~0UL;
static unsigned long count[32], fine[32];
static domid_t self, peer; /* both 0 in dom0 */
static struct orders *orders;

struct state {
	uint64_t seed;
	unsigned int cpu;
	uint8_t buf[2 * PAGE_SIZE] __attribute__((aligned(4096)));
};

static struct state states[PVRT_CPUS];

static uint64_t r64(struct state *s)
{
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 7;
	s->seed ^= s->seed << 17;
	return s->seed;
}

static unsigned int r(struct state *s, unsigned int n)
{
	return (unsigned int)(r64(s) >> 20) % n;
}

/* A number: small, a boundary, or anything. */
static uint64_t number(struct state *s)
{
	static const uint64_t edges[] = {0,          1,         511,       512,        4095,
					 4096,       0x7fff,    0xffff,    0x7fffffff, 0x80000000,
					 0xffffffff, 1UL << 32, 1UL << 40, 1UL << 47,  1UL << 52,
					 1UL << 63,  ~0UL,      ~0UL - 1,  -4096UL};

	switch (r(s, 4)) {
	case 0:
		return r(s, 64);
	case 1:
		return edges[r(s, ARRAY_SIZE(edges))];
	case 2:
		return edges[r(s, ARRAY_SIZE(edges))] - r(s, 3);
	default:
		return r64(s) >> r(s, 64);
	}
}

/* Where we see a frame, if it is ours; the M2P table has no entries beyond the machine. */
static void *linear(uint64_t frame)
{
	unsigned long end = (unsigned long)memory_op(XENMEM_maximum_ram_page, NULL);

	return frame < end ? mfn_to_virt(frame) : NULL;
}

static uint64_t mfn(struct state *s)
{
	switch (r(s, 12)) {
	case 0:
		return number(s);
	case 1: /* a table of ours */
		return virt_to_mfn(kernel_root());
	case 2:
		return PTE_MFN(*table_at(kernel_root(), PVRT_BASE, 2 + (int)r(s, 3)));
	case 3:
		return start_info->shared_info >> 12;
	case 4: { /* somebody's, but not what we run on */
		uint64_t frame = r(s, 0x20000);

		return linear(frame) ? pool_mfn[0] : frame;
	}
	default:
		return pool_mfn[r(s, POOL)];
	}
}

static uint64_t pte(struct state *s)
{
	static const uint64_t flags[] = {PTE_KERNEL, PTE_KERNEL_RO, PTE_USER_RW,
					 PTE_PRESENT | PTE_USER};
	uint64_t e = mfn(s) << 12;

	if (!r(s, 8))
		return r(s, 2) ? 0 : r64(s);
	e |= flags[r(s, ARRAY_SIZE(flags))];
	if (!r(s, 6))
		e ^= 1UL << r(s, 64);
	return e;
}

/* Pointers that should not do, and some that do. */
static unsigned long pointer(struct state *s)
{
	switch (r(s, 12)) {
	case 0:
		return 0;
	case 1:
		return 0xffff800000000000UL + r(s, 4096);
	case 2:
		return 0xffff830000000000UL + (r64(s) & 0xffffff8);
	case 3:
		return 0xffff82d000000000UL + (r64(s) & 0x7fffff8);
	case 4:
		return 0x00007ffffffff000UL + r(s, 8192);
	case 5:
		return 0xffff7fffffffffffUL + r(s, 64);
	case 6:
		return number(s);
	case 7:
		return VA_TEST + r(s, VA_PAGES * 4096);
	default:
		return (unsigned long)s->buf + r(s, 8) * 8;
	}
}

static domid_t who(struct state *s)
{
	static const domid_t ids[] = {DOMID_SELF, DOMID_SELF,    DOMID_SELF, 0, 0, DOMID_IO,
				      DOMID_XEN,  DOMID_INVALID, DOMID_IDLE, 1, 77};
	unsigned int i = r(s, ARRAY_SIZE(ids) + 2);

	return i < ARRAY_SIZE(ids) ? ids[i] : peer;
}

/* Whose grants to try, and whom to let try ours. */
static domid_t partner(struct state *s)
{
	if (!r(s, 8))
		return who(s);
	return r(s, 3) ? peer : self;
}

static void fill(struct state *s)
{
	uint64_t *w = (uint64_t *)s->buf;

	for (unsigned int i = 0; i < 128; i++)
		switch (r(s, 5)) {
		case 0:
			w[i] = pte(s);
			break;
		case 1:
			w[i] = pointer(s);
			break;
		case 2:
			w[i] = mfn(s);
			break;
		case 3:
			w[i] = who(s) | (uint64_t)number(s) << 32;
			break;
		default:
			w[i] = number(s);
		}
}

/* --- one kind each --- */

static long do_mmu_update(struct state *s)
{
	struct mmu_update *u = (void *)s->buf;
	unsigned int n = 1 + r(s, 20);
	uint32_t done;

	for (unsigned int i = 0; i < n; i++) {
		u[i].ptr = mfn(s) << 12 | r(s, 512) << 3 | (r(s, 4) ? 0 : r(s, 8));
		u[i].val = pte(s);
		if ((u[i].ptr & 3) == MMU_MACHPHYS_UPDATE)
			u[i].ptr = pool_mfn[r(s, POOL)] << 12 | MMU_MACHPHYS_UPDATE;
		/* Entries of the tables that we run on stay, but for slots that nothing uses. */
		if (linear(u[i].ptr >> 12) && r(s, 16))
			for (int l = 1; l <= 4; l++)
				if (PTE_MFN(*table_at(kernel_root(), PVRT_BASE, l)) ==
					    u[i].ptr >> 12 ||
				    virt_to_mfn(kernel_root()) == u[i].ptr >> 12)
					u[i].ptr = pool_mfn[r(s, POOL)] << 12 | (u[i].ptr & 0xfff);
	}
	return HC4(__HYPERVISOR_mmu_update, r(s, 16) ? (unsigned long)u : pointer(s),
		   r(s, 16) ? n : r(s, 64), r(s, 3) ? (unsigned long)&done : pointer(s),
		   who(s) | (r(s, 8) ? 0 : number(s) << 16));
}

static long do_mmuext(struct state *s)
{
	struct mmuext_op *op = (void *)s->buf;
	unsigned int n = 1 + r(s, 6);

	for (unsigned int i = 0; i < n; i++) {
		op[i].cmd = r(s, 3) ? r(s, 5) : r(s, 24);
		/* Our root stays: another one would not map this code. */
		if (op[i].cmd == MMUEXT_NEW_BASEPTR)
			op[i].arg1.mfn = virt_to_mfn(kernel_root());
		else
			op[i].arg1.mfn = r(s, 10) ? mfn(s) : pointer(s);
		op[i].arg2.nr_ents = r(s, 2) ? r(s, 8300) : number(s);
		if (op[i].cmd == MMUEXT_CLEAR_PAGE || op[i].cmd == MMUEXT_COPY_PAGE)
			op[i].arg1.mfn = pool_mfn[r(s, POOL)];
		if (op[i].cmd == MMUEXT_COPY_PAGE)
			op[i].arg2.src_mfn = mfn(s);
	}
	return HC4(__HYPERVISOR_mmuext_op, op, r(s, 16) ? n : r(s, 64), r(s, 3) ? 0 : pointer(s),
		   who(s));
}

static long do_va(struct state *s)
{
	unsigned long va = r(s, 4)   ? VA_TEST + r(s, VA_PAGES) * 4096
			   : r(s, 2) ? (unsigned long)pool[r(s, POOL)]
				     : pointer(s);
	unsigned long flags = r(s, 4) ? r(s, 8) : pointer(s);

	/* The linear mapping of the pool keeps its frame, now writable, now not. */
	if (va >= PVRT_BASE) {
		for (unsigned int i = 0; i < POOL; i++)
			if (va == (unsigned long)pool[i])
				return update_va_mapping(
					va,
					pool_mfn[i] << 12 | (r(s, 3) ? PTE_KERNEL_RO : PTE_KERNEL),
					flags);
		return 0;
	}
	if (r(s, 8))
		return update_va_mapping(va, pte(s), flags);
	return HC4(__HYPERVISOR_update_va_mapping_otherdomain, va, pte(s), flags, who(s));
}

/* Stores to pages that may be tables by now, as data and as an emulated update. */
static long do_store(struct state *s)
{
	uint64_t *page = r(s, 3) ? pool[r(s, POOL)] : (uint64_t *)(VA_TEST + r(s, VA_PAGES) * 4096);
	uint64_t *at = page + r(s, 512), value = pte(s);

	switch (r(s, 4)) {
	case 0:
		return (long)PROBE("movq %1, %0", : "=m"(*at) : "r"(value) : "memory");
	case 1:
		return (long)PROBE("lock cmpxchgq %1, %0",
				   : "+m"(*at)
				   : "r"(value), "a"(value)
				   : "memory");
	case 2:
		return (long)PROBE("movl %k1, %0", : "=m"(*at) : "r"(value) : "memory");
	default:
		return (long)PROBE("xchgq %1, %0", : "+m"(*at), "+r"(value)::"memory");
	}
}

static long do_memory(struct state *s)
{
	static const unsigned int ops[] = {XENMEM_increase_reservation, XENMEM_decrease_reservation,
					   XENMEM_populate_physmap, XENMEM_exchange};
	uint64_t frames[8], out[8] = {0};
	struct xen_memory_exchange x;
	unsigned int op = r(s, 3) ? ops[r(s, 4)] : r(s, 30);
	/* Never more than the arrays hold, or far more than there is. */
	unsigned long nr = r(s, 8) ? 1 + r(s, 8) : number(s) | 1UL << 60;
	unsigned int order = r(s, 8) ? 0 : r(s, 40);

	memset(&x, 0, sizeof(x));
	for (unsigned int i = 0; i < 8; i++)
		frames[i] = r(s, 6) ? 0x5000 + r(s, 64)
				    : mfn(s); /* PFNs that nothing uses, or MFNs */
	if (op == XENMEM_decrease_reservation)
		for (unsigned int i = 0; i < 8; i++) /* never what we run on */
			frames[i] = r(s, 2) ? out[i] & 0x1ffff : number(s);
	set_xen_guest_handle(x.in.extent_start,
			     (xen_pfn_t *)(r(s, 8) ? (unsigned long)frames : pointer(s)));
	x.in.nr_extents = nr;
	x.in.extent_order = order;
	x.in.mem_flags = r(s, 4) ? 0 : (unsigned int)number(s);
	x.in.domid = who(s);
	x.out = x.in;
	set_xen_guest_handle(x.out.extent_start,
			     (xen_pfn_t *)(r(s, 8) ? (unsigned long)out : pointer(s)));
	if (r(s, 3))
		x.out.nr_extents = nr;
	x.nr_exchanged = r(s, 8) ? 0 : number(s);
	if (op == XENMEM_exchange && r(s, 2))
		for (unsigned int i = 0; i < 8; i++)
			frames[i] = 0x18000 + r(s, 0x1000);
	if (op == XENMEM_decrease_reservation || op == XENMEM_exchange)
		for (unsigned int i = 0; i < 8; i++)
			if (linear(frames[i]))
				frames[i] = ~frames[i];
	if (op > XENMEM_exchange || op == XENMEM_set_memory_map)
		fill(s);
	return memory_op(
		op | (r(s, 16) ? 0 : number(s) << 6),
		r(s, 16) ? (op <= XENMEM_exchange ? (unsigned long)&x : (unsigned long)s->buf)
			 : pointer(s));
}

static long do_events(struct state *s)
{
	uint32_t *w = (uint32_t *)s->buf;

	fill(s);
	for (unsigned int i = 0; i < 6; i++)
		switch (r(s, 3)) {
		case 0:
			w[i] = r(s, 70);
			break;
		case 1:
			w[i] = who(s) | (uint32_t)who(s) << 16;
			break;
		default:
			w[i] = (uint32_t)number(s);
		}
	return evtchn_op(r(s, 16), r(s, 16) ? (unsigned long)s->buf : pointer(s));
}

static long do_grants(struct state *s)
{
	static const unsigned int size[] = {sizeof(struct gnttab_map_grant_ref),
					    sizeof(struct gnttab_unmap_grant_ref)};
	unsigned int op = r(s, 4) ? r(s, 3) : r(s, 14), n = 1 + r(s, 20);

	for (unsigned int i = 0; i < 4; i++) {
		struct grant_entry_v1 *e = &grant_table[8 + r(s, 56)];

		e->frame = (uint32_t)mfn(s);
		e->domid = partner(s);
		e->flags = (uint16_t)(r(s, 8) ? GTF_permit_access | (r(s, 3) ? 0 : GTF_readonly)
					      : number(s));
	}
	fill(s);
	if (op == GNTTABOP_map_grant_ref)
		for (unsigned int i = 0; i < n; i++) {
			struct gnttab_map_grant_ref *m = (void *)(s->buf + i * size[0]);

			m->host_addr = r(s, 3) ? VA_TEST + r(s, VA_PAGES) * 4096
					       : mfn(s) << 12 | r(s, 512) << 3;
			m->flags = r(s, 8) ? r(s, 32) : (uint32_t)number(s);
			m->ref = r(s, 8) ? 8 + r(s, 56) : (uint32_t)number(s);
			m->dom = partner(s);
		}
	if (op == GNTTABOP_unmap_grant_ref)
		for (unsigned int i = 0; i < n; i++) {
			struct gnttab_unmap_grant_ref *m = (void *)(s->buf + i * size[1]);

			m->host_addr = r(s, 4) ? VA_TEST + r(s, VA_PAGES) * 4096
					       : mfn(s) << 12 | r(s, 512) << 3;
			m->dev_bus_addr = r(s, 3) ? 0 : mfn(s) << 12;
			m->handle = r(s, 8) ? r(s, 300) : (uint32_t)number(s);
		}
	if (op == GNTTABOP_copy)
		for (unsigned int i = 0; i < n; i++) {
			struct gnttab_copy *c = (void *)(s->buf + i * sizeof(*c));

			c->source.u.ref = c->dest.u.ref = 8 + r(s, 56);
			c->flags = (uint16_t)r(s, 4);
			c->source.domid = c->flags & 1 ? partner(s) : self;
			c->dest.domid = c->flags & 2 ? partner(s) : self;
			c->source.offset = (uint16_t)r(s, 4200);
			c->dest.offset = (uint16_t)r(s, 4200);
			c->len = (uint16_t)r(s, 5000);
			if (!(c->flags & 1))
				c->source.u.gmfn = mfn(s);
			if (!(c->flags & 2))
				c->dest.u.gmfn = pool_mfn[r(s, POOL)];
		}
	return gnttab_op(op, r(s, 16) ? (unsigned long)s->buf : pointer(s),
			 r(s, 16) ? n : number(s) | 1UL << 31);
}

static long do_vcpu(struct state *s)
{
	static struct vcpu_guest_context contexts[PVRT_CPUS];
	struct vcpu_guest_context *c = &contexts[s->cpu];
	unsigned int op = r(s, 15), id = r(s, 12);

	if (op == VCPUOP_down || op == VCPUOP_send_nmi ||
	    op == VCPUOP_register_runstate_memory_area || op == VCPUOP_register_vcpu_info ||
	    op == VCPUOP_up)
		id = 4 + r(s, 8); /* not one of ours */
	fill(s);
	if (op == VCPUOP_initialise) {
		memset(c, 0, sizeof(*c));
		for (unsigned int i = 0; i < sizeof(*c) / 8; i++)
			if (!r(s, 40))
				((uint64_t *)c)[i] = r(s, 2) ? number(s) : pointer(s);
		c->flags = r(s, 8);
		c->user_regs.rip = pointer(s);
		c->ctrlreg[3] = xen_pfn_to_cr3(r(s, 2) ? virt_to_mfn(kernel_root()) : mfn(s));
		c->ctrlreg[1] = r(s, 2) ? 0 : xen_pfn_to_cr3(mfn(s));
		if (r(s, 2))
			c->gdt_ents = c->ldt_ents = 0;
		return vcpu_op(op, 4 + r(s, 8), c);
	}
	return vcpu_op(op, id >= 4 || r(s, 16) ? id : number(s) | 1UL << 31,
		       r(s, 8) ? (unsigned long)s->buf : pointer(s));
}

static long do_segments(struct state *s)
{
	uint64_t frames[16];

	switch (r(s, 5)) {
	case 0:
		for (unsigned int i = 0; i < 16; i++)
			frames[i] = mfn(s);
		return HC2(__HYPERVISOR_set_gdt, r(s, 8) ? (unsigned long)frames : pointer(s),
			   r(s, 4) ? r(s, 7200) : number(s));
	case 1:
		return HC2(__HYPERVISOR_update_descriptor, mfn(s) << 12 | r(s, 512) << 3, r64(s));
	case 2: { /* selectors of all kinds, straight into the registers */
		uint16_t sel = (uint16_t)(r(s, 2) ? r64(s) : 0xe000 + r(s, 256));

		(void)PROBE("mov %w0, %%es", ::"r"(sel));
		return (long)PROBE("mov %w0, %%fs", ::"r"(sel));
	}
	case 3:
		return HC2(__HYPERVISOR_set_debugreg, r(s, 9),
			   r(s, 2) ? pointer(s) : number(s) & ~0xffUL);
	default:
		return HC2(__HYPERVISOR_set_segment_base,
			   r(s, 8) == SEGBASE_GS_KERNEL ? 0 : SEGBASE_FS, pointer(s));
	}
}

/* Calls that are asked for little: any number, any arguments. */
static long do_other(struct state *s)
{
	static const uint8_t calls[] = {__HYPERVISOR_get_debugreg,
					__HYPERVISOR_fpu_taskswitch,
					__HYPERVISOR_xen_version,
					__HYPERVISOR_vm_assist,
					6,
					11,
					16,
					19,
					__HYPERVISOR_xsm_op,
					__HYPERVISOR_nmi_op,
					__HYPERVISOR_xenoprof_op,
					__HYPERVISOR_hvm_op,
					__HYPERVISOR_tmem_op,
					37,
					39,
					42,
					48,
					63,
					64,
					200};
	unsigned long nr = calls[r(s, ARRAY_SIZE(calls))];

	fill(s);
	if (nr == __HYPERVISOR_fpu_taskswitch || nr == __HYPERVISOR_get_debugreg)
		return HC1(nr, r(s, 12));
	return hypercall(r(s, 16) ? nr : number(s) | 1UL << 32, r(s, 2) ? r(s, 16) : number(s),
			 r(s, 3) ? pointer(s) : number(s), number(s), number(s), number(s));
}

static long do_sched(struct state *s)
{
	evtchn_port_t ports[8];
	struct sched_poll poll = {.nr_ports = r(s, 8) ? r(s, 8) : (unsigned int)number(s),
				  .timeout = r(s, 8) ? clock_ns() + 1000 : 1};

	for (unsigned int i = 0; i < 8; i++)
		ports[i] = r(s, 2) ? r(s, 70) : (evtchn_port_t)number(s);
	set_xen_guest_handle(poll.ports, ports);
	switch (r(s, 4)) {
	case 0:
		return sched_op(SCHEDOP_yield, NULL);
	case 1:
		return sched_op(SCHEDOP_poll,
				r(s, 8) ? (unsigned long)&poll : 0xffff830000000000UL);
	case 2:
		return HC1(__HYPERVISOR_set_timer_op,
			   r(s, 2) ? number(s) : clock_ns() + r(s, 100000));
	default: {
		struct sched_pin_override pin = {.pcpu = (int)r(s, 6) - 2};

		return sched_op(SCHEDOP_pin_override, &pin);
	}
	}
}

static long do_multicall(struct state *s);

static long (*const kinds[])(struct state *s) = {
	do_mmu_update, do_mmu_update, do_mmuext,   do_va,    do_store, do_memory,    do_events,
	do_grants,     do_vcpu,       do_segments, do_other, do_sched, do_multicall,
};

/* Batches of what above is single, with arguments in memory that another vCPU may change. */
static long do_multicall(struct state *s)
{
	static struct multicall_entry shared[8] = {[0 ... 7] = {.op = __HYPERVISOR_xen_version}};
	static const uint8_t calls[] = {__HYPERVISOR_update_va_mapping,
					__HYPERVISOR_mmu_update,
					__HYPERVISOR_mmuext_op,
					__HYPERVISOR_multicall,
					__HYPERVISOR_iret,
					__HYPERVISOR_fpu_taskswitch,
					__HYPERVISOR_xen_version,
					__HYPERVISOR_set_debugreg};

	for (unsigned int i = 0; i < 8; i++) {
		shared[i].op = calls[r(s, ARRAY_SIZE(calls))];
		shared[i].args[0] = shared[i].op == __HYPERVISOR_update_va_mapping
					    ? VA_TEST + r(s, VA_PAGES) * 4096
					    : (unsigned long)s->buf;
		shared[i].args[1] = shared[i].op == __HYPERVISOR_update_va_mapping ? pte(s)
										   : r(s, 8);
		shared[i].args[2] = r(s, 2) ? 0 : pointer(s);
		shared[i].args[3] = who(s);
	}
	fill(s);
	/* What the buffer holds must not load another root, nor write to our own tables. */
	for (unsigned int i = 0; i < 128; i += 2)
		((uint64_t *)s->buf)[i] = pool_mfn[r(s, POOL)] << 12 | r(s, 512) << 3;
	return HC2(__HYPERVISOR_multicall, r(s, 16) ? (unsigned long)shared : 0xffff82d000000000UL,
		   r(s, 9));
}

static void attack(void *arg)
{
	struct state *s = arg;

	for (unsigned long i = 0; i < steps; i++) {
		unsigned int kind = r(s, ARRAY_SIZE(kinds));

		if (!(only >> kind & 1))
			continue;
		memset(s->buf, 0, sizeof(s->buf));
		count[kind]++;
		if (orders)
			__atomic_fetch_add(&orders->calls, 1, __ATOMIC_RELAXED);
		fine[kind] += kinds[kind](s) >= 0;
		/* How far it came before it broke what it stands on. */
		if (!orders && !s->cpu && i % 32 == 31)
			printk("attack: step %lu\n", i + 1);
	}
}

/* A frame whose RAX looks like a call to be executed again goes where it says, not before. */
static void restart_number(void)
{
	long rax = -85;

	__asm__ volatile("mov %%rsp, %%rbx\n\t"
			 "pushq $0xe02b\n\t"
			 "pushq %%rbx\n\t"
			 "pushfq\n\t"
			 "pushq $0xe030\n\t"
			 "leaq 1f(%%rip), %%rcx\n\t"
			 "pushq %%rcx\n\t"
			 "pushq $0\n\t"
			 "pushq $0\n\t"
			 "pushq $0\n\t"
			 "pushq %%rax\n\t"
			 "movl %1, %%eax\n\t"
			 "syscall\n\t"
			 "ud2\n"
			 "1:"
			 : "+a"(rax)
			 : "i"(__HYPERVISOR_iret)
			 : "rbx", "rcx", "r11", "memory");
	printk("attack: iret %s\n", rax == -85 ? "right" : "wrong");
}

/* What a breakpoint, an NMI or a bad selector that we set brings. */
static bool ignore(struct regs *regs)
{
	return regs->vector == 1 || regs->vector == 2 || regs->vector == VECTOR_EVENT ||
	       regs->vector == VECTOR_FAILSAFE;
}

static volatile unsigned int ended;

static void secondary(void *arg)
{
	attack(arg);
	__atomic_fetch_add(&ended, 1, __ATOMIC_SEQ_CST);
}

/* Waits for its seed. */
static uint64_t take_orders(void)
{
	orders = (struct orders *)((char *)mfn_to_virt(start_info->store_mfn) + ORDERS_OFFSET);
	while (!READ_ONCE(orders->seed))
		sched_op(SCHEDOP_yield, NULL);
	steps = orders->steps;
	self = orders->self;
	peer = orders->peer;
	return orders->seed;
}

int guest_main(void)
{
	unsigned int cpus = smp_count() < 4 ? smp_count() : 4;
	uint64_t seed;

	if (option("keeper"))
		return keeper();
	if (is_dom0())
		seed = option("seed") ? parse_number(option("seed")) : 1;
	else
		seed = take_orders();
	if (option("steps"))
		steps = parse_number(option("steps"));
	if (option("only"))
		only = parse_number(option("only"));
	if (is_dom0())
		restart_number();
	trap_hook = ignore;
	grants_init();
	for (unsigned int i = 0; i < POOL; i++) {
		pool[i] = page_alloc();
		pool_mfn[i] = virt_to_mfn(pool[i]);
	}
	for (unsigned int i = 0; i < VA_PAGES; i++)
		map_at(kernel_root(), VA_TEST + i * 4096, pool_mfn[i] << 12 | PTE_KERNEL);
	for (unsigned int i = 0; i < cpus; i++)
		states[i] = (struct state){.seed = (seed + i) * 0x9e3779b97f4a7c15UL | 1, .cpu = i};
	if (is_dom0())
		printk("attack: seed %lu, %u vCPUs\n", seed, cpus);
	for (unsigned int i = 1; i < cpus; i++)
		smp_start(i, secondary, &states[i]);
	attack(&states[0]);
	for (unsigned int i = 0; i < 2000 && ended + 1 < cpus; i++)
		clock_delay(1000000);
	/* Nobody reads a domU's console: it waits to be destroyed with all that it still holds. */
	if (orders) {
		WRITE_ONCE(orders->done, 1);
		for (;;)
			sched_op(SCHEDOP_yield, NULL);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		printk("attack: kind %u: %lu calls, %lu without an error\n", i, count[i], fine[i]);
	printk("attack: done\n");
	return 0;
}
