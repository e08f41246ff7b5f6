// SPDX-License-Identifier: MIT
/*
 * The rules of page tables: what an entry may say and how it is stored, pins, roots, batches that
 * fail, and flushes.  Rows C1 to C10, C20 to C30, h1, h14, h26.
 */
#include "test.h"

static char *page; /* a plain page of ours, mapped writable */
static uintptr_t spot; /* an address with tables and nothing mapped */
static uint64_t mfn;
#define PTE(m, flags) ((uint64_t)(m) << 12 | (flags))

static long at_spot(uint64_t pte)
{
	return update_va_mapping(spot, pte, UVMF_INVLPG);
}

static uint64_t stored(uint64_t pte)
{
	long rc = at_spot(pte);
	uint64_t now = *pte_of(spot);

	at_spot(0);
	return rc ? (uint64_t)rc : now;
}

static void *read_only_page(void)
{
	void *p = page_alloc();

	page_protect(p, false);
	return p;
}

static long one(uint64_t ptr, uint64_t val)
{
	struct mmu_update u = {.ptr = ptr, .val = val};

	return mmu_update(&u, 1);
}

static void entries(void)
{
	const uint64_t kernel = 1UL << 52; /* the mark of a kernel page */

	is("C20 a kernel entry is stored with user bit and mark", stored(PTE(mfn, 0x63)),
	   PTE(mfn, 0x67) | kernel);
	is("C21 a user entry is stored global", stored(PTE(mfn, 0x67)), PTE(mfn, 0x167));
	is("C22 global asked for", stored(PTE(mfn, 0x163)), PTE(mfn, 0x167) | kernel);
	is("C24 not present: verbatim", stored(0xdeadbeef00fffffe), 0xdeadbeef00fffffe);
	is("C24 zero", stored(0), 0);
	is("C25 available bits 9 to 11", stored(PTE(mfn, 0xe67)) & 0xe00, 0xe00);
	is("C25 bits 59 to 62", stored(PTE(mfn, 0x67) | 0xfUL << 59) >> 59 & 15, 15);
	is("C25 NX", stored(PTE(mfn, 0x67) | PTE_NX) >> 63, 1);
	is("C26 dom0: write-combining on RAM", stored(PTE(mfn, 0x67 | PTE_PSE)) & PTE_PSE, PTE_PSE);
	is("C26 dom0: uncached on RAM", stored(PTE(mfn, 0x67 | PTE_PCD)) & PTE_PCD, PTE_PCD);
	is("C27 the I/O APIC loses RW, gets uncached", stored(PTE(0xfec00, 0x63)) & 0xfff, 0x7d);
	is("C28 the local APIC is not to be had", at_spot(PTE(0xfee00, 0x63)), -1);
	is("C28 a hole of the machine, dom0", at_spot(PTE(0xe0000, 0x63)), 0);
	is("C29 low 1 MiB, dom0", at_spot(PTE(0xa0, 0x63)), 0);
	at_spot(0);
	is("C30 a frame number beyond all", at_spot(PTE(0xffffffffffUL, 0x63)), -22);
	is("C8 a frame of nobody's, dom0", at_spot(PTE(start_info->shared_info >> 12, 0x63)), 0);
	at_spot(0);
	is("C8 a frame of the hypervisor's", at_spot(PTE(0x200, 0x63)) < 0, true);
}

static void other_types(void)
{
	uint64_t l4 = virt_to_mfn(kernel_root());

	is("C2 the L4 mapped writable", at_spot(PTE(l4, 0x63)), -16);
	is("C2 the L4 mapped read-only", at_spot(PTE(l4, 0x61)), 0);
	at_spot(0);
	is("C1 the same frame writable and read-only", at_spot(PTE(mfn, 0x61)), 0);
	at_spot(0);
	is("C3 pin of the running L4, pinned at boot", pin(MMUEXT_PIN_L4_TABLE, kernel_root()),
	   -22);
	is("C4 pin of a writable frame", pin(MMUEXT_PIN_L1_TABLE, page) < 0, true);
	is("C3 unpin of what is not pinned", pin(MMUEXT_UNPIN_TABLE, page), -22);
}

static void pins(void)
{
	uint64_t *l1 = read_only_page(), *l2 = read_only_page();
	long rc;

	is("h26.0 pin an empty L1", pin(MMUEXT_PIN_L1_TABLE, l1), 0);
	is("C3 pin it again", pin(MMUEXT_PIN_L1_TABLE, l1), -22);
	is("C1 a pinned table cannot become writable", page_protect(l1, true), -16);
	is("C1 an L1 is no L2", pin(MMUEXT_PIN_L2_TABLE, l1) < 0, true);
	is("h26.1 pin an empty L2", pin(MMUEXT_PIN_L2_TABLE, l2), 0);
	is("h1.0 link the L1", set_entry(l2, PTE(virt_to_mfn(l1), 0x67)), 0);
	is("C23 as stored", l2[0] & 0xfff, 0x67);
	is("C7 a large page", set_entry(l2 + 1, PTE(mfn, 0xe7)), -22);
	is("C7 global in an upper level", set_entry(l2 + 1, PTE(virt_to_mfn(l1), 0x167)), -22);
	is("C7 data instead of a table", set_entry(l2 + 1, PTE(mfn, 0x67)), -22);
	is("C7 a table of a wrong level", set_entry(l2 + 1, PTE(virt_to_mfn(l2), 0x67)), -22);
	is("C3 the linked L1 may lose its pin", pin(MMUEXT_UNPIN_TABLE, l1), 0);
	is("C1 it is still a table", page_protect(l1, true), -16);
	is("C3 pin it as it is used", pin(MMUEXT_PIN_L1_TABLE, l1), 0);
	pin(MMUEXT_UNPIN_TABLE, l1);
	is("h1.0 entry of the linked L1", set_entry(l1 + 3, PTE(mfn, 0x67)), 0);
	is("h26.4 unpin the L2", pin(MMUEXT_UNPIN_TABLE, l2), 0);
	rc = page_protect(l1, true);
	is("C1 now it may become data", rc, 0);
	is("C1 with what it held", PTE_MFN(l1[3]), mfn);
	page_protect(l1, false);
	l1 = NULL;
	page_protect(l2, true);
	l2[7] = PTE(virt_to_mfn(kernel_root()), 0x67);
	page_protect(l2, false);
	is("C7 an L2 that holds a wrong entry does not pin", pin(MMUEXT_PIN_L2_TABLE, l2), -22);
	is("C9 and is data again", page_protect(l2, true), 0);
}

static void roots(void)
{
	uint64_t *root = page_alloc(), *old = kernel_root();
	struct mmuext_op op = {.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = mfn};
	uint64_t cr3;

	is("h26.5 what cannot be an L4", mmuext_op(&op, 1), -22);
	for (unsigned int i = 0; i < 512; i++)
		if (i < 256 || i >= 272)
			root[i] = old[i];
	page_protect(root, false);
	is("h26.3 pin a second root", pin(MMUEXT_PIN_L4_TABLE, root), 0);
	is("C6 a slot of the hypervisor's", set_entry(&root[256], 0), -22);
	is("C6 the last one", set_entry(&root[271], PTE(mfn, 0x67)), -22);
	is("C6 the one behind", set_entry(&root[272], 0), 0);
	is("C5 an entry that points to its table",
	   set_entry(&root[300], PTE(virt_to_mfn(root), 0x61)), 0);
	is("C5 as stored", root[300] & 0xfff, 0x65);
	is("C5 writable", set_entry(&root[301], PTE(virt_to_mfn(root), 0x63)), -22);
	op.arg1.mfn = virt_to_mfn(root);
	is("h26.5 switch to it", mmuext_op(&op, 1), 0);
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	is("B40 CR3 reads as it", cr3, virt_to_maddr(root));
	is("C3 unpin of the running root", pin(MMUEXT_UNPIN_TABLE, root), 0);
	is("C3 it is an L4 still", page_protect(root, true), -16);
	__asm__ volatile("mov %0, %%cr3" ::"r"(virt_to_maddr(old)) : "memory");
	is("B42 MOV to CR3 switches back", page_protect(root, true), 0);
	ours(root[256] == 0, "C6 our slots are gone from what was an L4");
	page_protect(root, false);
	is("B42 MOV to CR3 of one that was never pinned",
	   PROBE("mov %0, %%cr3",
		 :
		 : "r"(virt_to_maddr(root))
		 : "memory"),
	   VECTOR_NONE);
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	is("B42 it is loaded", cr3, virt_to_maddr(root));
	is("B42 and back",
	   PROBE("mov %0, %%cr3",
		 :
		 : "r"(virt_to_maddr(old))
		 : "memory"),
	   VECTOR_NONE);
	is("B42 it is data again", page_protect(root, true), 0);
	op.cmd = MMUEXT_NEW_USER_BASEPTR;
	op.arg1.mfn = 0;
	is("h26.15 no user root", mmuext_op(&op, 1), 0);
	op.arg1.mfn = mfn;
	is("h26.15 what cannot be one", mmuext_op(&op, 1), -22);
}

static void updates(void)
{
	static struct mmu_update u[4];
	uint64_t *pte = pte_of(spot);
	unsigned int done = 99;
	uint64_t plain = virt_to_maddr(page) + 16;

	for (unsigned int i = 0; i < 4; i++)
		u[i] = (struct mmu_update){.ptr = virt_to_maddr(pte), .val = PTE(mfn, 0x63)};
	u[2].val = PTE(virt_to_mfn(kernel_root()), 0x63);
	is("h1 stops at the first that is refused",
	   HC4(__HYPERVISOR_mmu_update, u, 4, &done, DOMID_SELF), -16);
	is("h1 and says how many went well", done, 2);
	is("h1 count 0", HC4(__HYPERVISOR_mmu_update, u, 0, &done, DOMID_SELF), 0);
	is("h1 and 0 done", done, 0);
	is("h1.0 a plain page: stored", one(plain, 0x1234567), 0);
	is("h1.0 there", *(uint64_t *)(page + 16), 0x1234567);
	is("h1.0 not aligned", one(plain | 4, 0), -38);
	is("h1.3 command 3", one(virt_to_maddr(pte) | 3, PTE(mfn, 0x63)), 0);
	is("h1.0 a frame of nobody's", one(0xfffffff000, 0), -22);
	is("h1.1 M2P", one((mfn << 12) | MMU_MACHPHYS_UPDATE, 0x123456), 0);
	is("h1.1 any value", m2p(mfn), 0x123456);
	one((mfn << 12) | MMU_MACHPHYS_UPDATE, virt_to_pfn(page));
	is("h1.1 of a frame that is not ours", one(0xfee00000UL | 1, 5), -22);
	at_spot(PTE(mfn, 0x03));
	(void)*(volatile char *)spot;
	*(volatile char *)spot = 1;
	is("C57 the processor marks A and D", *pte & 0x60, 0x60);
	is("h1.2 preserve them", one(virt_to_maddr(pte) | 2, PTE(mfn, 0x03)), 0);
	is("h1.2 they are there", *pte & 0x60, 0x60);
	is("h1.0 a normal update takes them away", one(virt_to_maddr(pte), PTE(mfn, 0x03)), 0);
	is("h1.0 gone", *pte & 0x60, 0);
	at_spot(0);
	is("h1 DOMID_IO needs devices", HC4(__HYPERVISOR_mmu_update, u, 1, NULL, DOMID_IO) <= 0,
	   true);
	at_spot(0);
}

static void flushes(void)
{
	static uint64_t mask = 1;
	struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};

	is("h14 flags 0", update_va_mapping(spot, 0, 0), 0);
	is("h14 TLB flush", update_va_mapping(spot, 0, UVMF_TLB_FLUSH), 0);
	is("h14 INVLPG on all", update_va_mapping(spot, 0, UVMF_INVLPG | UVMF_ALL), 0);
	is("h14 flags 7", update_va_mapping(spot, 0, 7), 0);
	is("h14 INVLPG by mask", update_va_mapping(spot, 0, UVMF_INVLPG | (uintptr_t)&mask), 0);
	is("h26.6", mmuext_op(&op, 1), 0);
	op.cmd = MMUEXT_INVLPG_LOCAL;
	op.arg1.linear_addr = spot;
	is("h26.7", mmuext_op(&op, 1), 0);
	op.cmd = MMUEXT_TLB_FLUSH_ALL;
	is("h26.10", mmuext_op(&op, 1), 0);
	op.cmd = MMUEXT_INVLPG_ALL;
	is("h26.11", mmuext_op(&op, 1), 0);
	op.cmd = MMUEXT_TLB_FLUSH_MULTI;
	set_xen_guest_handle(op.arg2.vcpumask, &mask);
	is("h26.8", mmuext_op(&op, 1), 0);
	op.cmd = MMUEXT_INVLPG_MULTI;
	is("h26.9", mmuext_op(&op, 1), 0);
	op = (struct mmuext_op){.cmd = MMUEXT_FLUSH_CACHE};
	is("h26.12 dom0", mmuext_op(&op, 1), 0);
	op.cmd = 14;
	is("h26 unknown command", mmuext_op(&op, 1), -38);
	op.cmd = 21;
	is("h26 unknown command 21", mmuext_op(&op, 1), -38);
	op.cmd = MMUEXT_MARK_SUPER;
	is("h26.19", mmuext_op(&op, 1), -95);
	op = (struct mmuext_op){
		.cmd = MMUEXT_SET_LDT, .arg1.linear_addr = 0x1001, .arg2.nr_ents = 1};
	is("h26.13 LDT not aligned", mmuext_op(&op, 1), -22);
	op.arg1.linear_addr = (uintptr_t)page;
	op.arg2.nr_ents = 8193;
	is("h26.13 too large", mmuext_op(&op, 1), -22);
	op.arg2.nr_ents = 0;
	is("h26.13 none", mmuext_op(&op, 1), 0);
	op = (struct mmuext_op){.cmd = MMUEXT_CLEAR_PAGE, .arg1.mfn = mfn};
	page[5] = 1;
	is("h26.16 clear page", mmuext_op(&op, 1), 0);
	is("h26.16 cleared", page[5], 0);
	op.cmd = MMUEXT_COPY_PAGE;
	op.arg2.src_mfn = virt_to_mfn(kernel_root());
	is("h26.17 copy page", mmuext_op(&op, 1), 0);
	is("h26.17 copied", memcmp(page, kernel_root(), 4096), 0);
	op.cmd = MMUEXT_CLEAR_PAGE;
	op.arg1.mfn = virt_to_mfn(kernel_root());
	is("h26.16 not a page table", mmuext_op(&op, 1) < 0, true);
}

static void descriptors(void)
{
	uint64_t *gdt = page_alloc();
	xen_pfn_t frame = virt_to_mfn(gdt);

	gdt[1] = 0x00cff2000000ffff;
	is("h2 a frame that is mapped writable", HC2(__HYPERVISOR_set_gdt, &frame, 512), -22);
	page_protect(gdt, false);
	is("h2 set_gdt", HC2(__HYPERVISOR_set_gdt, &frame, 512), 0);
	is("B32 now it cannot be writable", page_protect(gdt, true), -16);
	is("h10 a code segment of ring 0",
	   HC2(__HYPERVISOR_update_descriptor, virt_to_maddr(&gdt[4]), 0x00af9b000000ffff), 0);
	is("h10 becomes one of ring 3", gdt[4], 0x00affb000000ffff);
	is("h10 flat data of ring 3",
	   HC2(__HYPERVISOR_update_descriptor, virt_to_maddr(&gdt[5]), 0x00cff3000000ffff), 0);
	is("h10 unchanged", gdt[5], 0x00cff3000000ffff);
	is("h10 a TSS",
	   HC2(__HYPERVISOR_update_descriptor, virt_to_maddr(&gdt[6]), 0x0000890000000067), -22);
	is("h10 empty", HC2(__HYPERVISOR_update_descriptor, virt_to_maddr(&gdt[5]), 0), 0);
	is("B32 selector of it loads",
	   PROBE("mov %%ax, %%es",
		 :
		 : "a"(8 | 3)
		 : "memory"),
	   VECTOR_NONE);
	__asm__ volatile("mov %%ax, %%es" ::"a"(0));
	is("h2 none", HC2(__HYPERVISOR_set_gdt, NULL, 0), 0);
	is("B32 the page is free again", page_protect(gdt, true), 0);
}

int guest_main(void)
{
	page = page_alloc();
	mfn = virt_to_mfn(page);
	spot = map_reserve(1);
	part(entries);
	part(other_types);
	part(pins);
	part(roots);
	part(updates);
	part(flushes);
	part(descriptors);
	return test_end();
}
