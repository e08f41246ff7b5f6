// SPDX-License-Identifier: MIT
/*
 * A second domain with this guest's own image in it, built as a toolstack builds one: frames,
 * their contents through foreign mappings, page tables, start_info, and the first vCPU's registers.
 *
 *	pfn 16 ..	the image, as linked
 *	behind it	the p2m list, start_info, the box, the console's page, four levels of
 *			tables, the boot stack; then what tests use
 */
#include "control.h"

#include <xen/arch-x86/xen-mca.h>

#define P2M_PAGES (CHILD_PAGES * sizeof(xen_pfn_t) / PAGE_SIZE)
#define L1_TABLES (CHILD_PAGES / 512)
#define TABLES (L1_TABLES + 3)

enum command { IDLE, CALL, PEEK, POKE };

struct box {
	uint32_t command; /* the controller sets it, the child puts back IDLE */
	uint64_t nr, arg[4];
	long result;
	char data[2048];
};

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

static uintptr_t window; /* where all of a child's pages are mapped while it is built */

uintptr_t child_va(uint64_t pfn)
{
	return PVRT_BASE + pfn * PAGE_SIZE;
}

static void *page_of(uint64_t pfn)
{
	return (void *)(window + pfn * PAGE_SIZE);
}

static void map_all(const struct child *c, uint64_t flags)
{
	static struct mmu_update u[CHILD_PAGES];
	struct mmuext_op flush = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};
	long rc;

	if (!window)
		window = map_reserve(CHILD_PAGES);
	for (unsigned long i = 0; i < CHILD_PAGES; i++)
		u[i] = (struct mmu_update){.ptr = virt_to_maddr(pte_of(window + i * PAGE_SIZE)),
					   .val = flags ? c->mfn[i] << 12 | flags : 0};
	rc = HC4(__HYPERVISOR_mmu_update, u, CHILD_PAGES, NULL, c->id);
	if (rc)
		panic("the child's pages cannot be mapped: %ld", rc);
	mmuext_op(&flush, 1);
}

/* The image's segments to where they are linked; the entry. */
static uint64_t load(struct child *c)
{
	const char *file = (const char *)start_info->mod_start;
	const struct elf_header *h = (const void *)file;
	const struct elf_segment *s = (const void *)(file + h->phoff);
	uint64_t end = 0;

	if (!start_info->mod_len || memcmp(h->ident, "\177ELF", 4))
		panic("no image for a second domain: is it the module?");
	for (unsigned int i = 0; i < h->phnum; i++) {
		if (s[i].type != 1)
			continue;
		memcpy(page_of(0) + s[i].paddr, file + s[i].offset, s[i].filesz);
		memset(page_of(0) + s[i].paddr + s[i].filesz, 0, s[i].memsz - s[i].filesz);
		if (s[i].paddr + s[i].memsz > end)
			end = s[i].paddr + s[i].memsz;
	}
	c->image_end = (end + PAGE_SIZE - 1) / PAGE_SIZE;
	return h->entry;
}

static void fill_tables(const struct child *c, uint64_t first)
{
	uint64_t l2 = first + L1_TABLES, l3 = l2 + 1, l4 = l2 + 2;

	memset(page_of(first), 0, TABLES * PAGE_SIZE);
	for (uint64_t pfn = 0; pfn < CHILD_PAGES; pfn++) {
		bool table = pfn >= first && pfn < first + TABLES;

		((uint64_t *)page_of(first))[pfn] = c->mfn[pfn] << 12 |
						    (table ? PTE_KERNEL_RO : PTE_KERNEL);
	}
	for (unsigned int i = 0; i < L1_TABLES; i++)
		((uint64_t *)page_of(l2))[i] = c->mfn[first + i] << 12 | PTE_USER_RW;
	((uint64_t *)page_of(l3))[510] = c->mfn[l2] << 12 | PTE_USER_RW;
	((uint64_t *)page_of(l4))[511] = c->mfn[l3] << 12 | PTE_USER_RW;
}

static evtchn_port_t port_for(domid_t child)
{
	struct evtchn_alloc_unbound a = {.dom = child, .remote_dom = DOMID_SELF};
	long rc = evtchn_op(EVTCHNOP_alloc_unbound, &a);

	if (rc)
		panic("a port in the child: %ld", rc);
	return a.port;
}

static void clear_shared_info(struct child *c)
{
	struct xen_domctl op = {0};
	uintptr_t va = map_reserve(1);
	struct shared_info *s = (void *)va;

	if (domctl(&op, XEN_DOMCTL_getdomaininfo, c->id))
		panic("getdomaininfo");
	c->shared_info = op.u.getdomaininfo.shared_info_frame;
	if (map_foreign(va, c->shared_info << 12 | PTE_KERNEL, c->id))
		panic("the child's shared_info cannot be mapped");
	memset(s, 0, sizeof(*s));
	for (unsigned int i = 0; i < ARRAY_SIZE(s->vcpu_info); i++)
		s->vcpu_info[i].evtchn_upcall_mask = 1;
	map_foreign(va, 0, DOMID_SELF);
}

void (*child_context)(struct child *c, struct vcpu_guest_context *ctx);

static void start_vcpu(struct child *c, uint64_t entry, uint64_t info, uint64_t stack, uint64_t l4)
{
	static struct vcpu_guest_context ctx;
	struct xen_domctl op = {0};
	long rc;

	memset(&ctx, 0, sizeof(ctx));
	ctx.flags = VGCF_in_kernel | VGCF_online;
	ctx.user_regs.rip = entry;
	ctx.user_regs.rsp = child_va(stack + 1);
	ctx.user_regs.rsi = child_va(info);
	ctx.user_regs.rflags = 0x202;
	ctx.user_regs.cs = FLAT_KERNEL_CS;
	ctx.user_regs.ss = FLAT_KERNEL_SS;
	ctx.kernel_ss = FLAT_KERNEL_SS;
	ctx.kernel_sp = child_va(stack + 1);
	ctx.ctrlreg[3] = xen_pfn_to_cr3(c->mfn[l4]);
	if (child_context)
		child_context(c, &ctx);
	set_xen_guest_handle(op.u.vcpucontext.ctxt, (vcpu_guest_context_t *)&ctx);
	rc = domctl(&op, XEN_DOMCTL_setvcpucontext, c->id);
	if (rc)
		panic("setvcpucontext: %ld", rc);
	op = (struct xen_domctl){0};
	rc = domctl(&op, XEN_DOMCTL_unpausedomain, c->id);
	if (rc)
		panic("unpausedomain: %ld", rc);
}

void child_start(struct child *c)
{
	static xen_pfn_t mfns[CHILD_PAGES];
	struct xen_domctl op = {.u.max_vcpus.max = 2};
	uint64_t entry, p2m_at, info_at, box_at, console_at, tables_at, stack_at;
	struct start_info *si;
	uintptr_t va = map_reserve(1);
	long rc = domain_make(&c->id, 2);

	if (rc || (rc = domctl(&op, XEN_DOMCTL_max_vcpus, c->id)))
		panic("the child cannot be made: %ld", rc);
	c->mfn = mfns;
	if (domain_populate(c->id, mfns, CHILD_PAGES) != CHILD_PAGES)
		panic("no memory for the child");
	map_all(c, PTE_KERNEL);
	entry = load(c);
	p2m_at = c->image_end;
	info_at = p2m_at + P2M_PAGES;
	box_at = info_at + 1;
	console_at = box_at + 1;
	tables_at = console_at + 1;
	stack_at = tables_at + TABLES;
	/* pvrt takes its own pages from behind the stack on: tests take theirs from the end. */
	c->spare = CHILD_PAGES - 64;
	c->console_port = port_for(c->id);
	c->box_port = port_for(c->id);
	clear_shared_info(c);
	memcpy(page_of(p2m_at), mfns, CHILD_PAGES * sizeof(*mfns));
	memset(page_of(info_at), 0, 3 * PAGE_SIZE);
	si = page_of(info_at);
	memcpy(si->magic, "xen-3.0-x86_64", 15);
	si->nr_pages = CHILD_PAGES;
	si->shared_info = c->shared_info << 12;
	si->store_mfn = mfns[box_at];
	si->store_evtchn = c->box_port;
	si->console.domU.mfn = mfns[console_at];
	si->console.domU.evtchn = c->console_port;
	si->pt_base = child_va(tables_at + TABLES - 1);
	si->nr_pt_frames = 1; /* pvrt: the stack is the page behind */
	si->mfn_list = child_va(p2m_at);
	for (uint64_t pfn = c->spare; pfn < CHILD_PAGES; pfn++)
		memset(page_of(pfn), 0, PAGE_SIZE);
	fill_tables(c, tables_at);
	c->l1_frame = mfns[tables_at + L1_TABLES - 1];
	map_all(c, 0);
	if (map_foreign(va, mfns[box_at] << 12 | PTE_KERNEL, c->id))
		panic("the box cannot be mapped");
	c->box = (struct box *)va;
	c->box_va = child_va(box_at);
	start_vcpu(c, entry, info_at, stack_at, tables_at + TABLES - 1);
}

void child_end(struct child *c)
{
	long rc;

	map_foreign((uintptr_t)c->box, 0, DOMID_SELF);
	rc = domain_destroy(c->id);
	if (rc)
		panic("destroydomain: %ld", rc);
}

/* --- both ends of the box --- */

static long tell(struct child *c, enum command command)
{
	uint64_t end = clock_ns() + 20000000000UL;

	barrier();
	WRITE_ONCE(c->box->command, command);
	while (READ_ONCE(c->box->command) != IDLE) {
		if (clock_ns() > end)
			panic("the child does not answer command %u", command);
		sched_op(SCHEDOP_yield, NULL);
	}
	return c->box->result;
}

long child_call(struct child *c, unsigned long nr, unsigned long a, unsigned long b,
		unsigned long d, unsigned long e)
{
	c->box->nr = nr;
	c->box->arg[0] = a;
	c->box->arg[1] = b;
	c->box->arg[2] = d;
	c->box->arg[3] = e;
	return tell(c, CALL);
}

long child_op(struct child *c, unsigned long nr, unsigned long cmd, void *arg, size_t size,
	      unsigned long third)
{
	unsigned long va = c->box_va + offsetof(struct box, data);
	bool alone = nr == __HYPERVISOR_domctl || nr == __HYPERVISOR_sysctl ||
		     nr == __HYPERVISOR_platform_op || nr == __HYPERVISOR_mca;
	long rc;

	memcpy(c->box->data, arg, size);
	rc = alone ? child_call(c, nr, va, 0, 0, 0) : child_call(c, nr, cmd, va, third, 0);
	memcpy(arg, c->box->data, size);
	return rc;
}

uint64_t child_peek(struct child *c, uintptr_t va)
{
	c->box->arg[0] = va;
	return (uint64_t)tell(c, PEEK);
}

void child_poke(struct child *c, uintptr_t va, uint64_t value)
{
	c->box->arg[0] = va;
	c->box->arg[1] = value;
	tell(c, POKE);
}

_Noreturn void puppet(void)
{
	struct box *box = mfn_to_virt(start_info->store_mfn);

	for (;;) {
		switch (READ_ONCE(box->command)) {
		case CALL:
			box->result = HC4(box->nr, box->arg[0], box->arg[1], box->arg[2],
					  box->arg[3]);
			break;
		case PEEK:
			box->result = (long)READ_ONCE(*(uint64_t *)box->arg[0]);
			break;
		case POKE:
			WRITE_ONCE(*(uint64_t *)box->arg[0], box->arg[1]);
			break;
		default:
			sched_op(SCHEDOP_yield, NULL);
			continue;
		}
		barrier();
		WRITE_ONCE(box->command, IDLE);
	}
}
