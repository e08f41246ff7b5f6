// SPDX-License-Identifier: MIT
/*
 * What dom0's first vCPU finds: registers, start_info, the initial mapping and shared_info.
 * Rows A30 to A66 and A88.
 */
#include "test.h"

extern uint64_t boot_rsp, boot_rflags, boot_regs[14];
extern uint16_t boot_selectors[6];
extern char image_end[];

static uint8_t first_masks[XEN_LEGACY_MAX_VCPUS];

static void registers(void)
{
	uint64_t others = 0;

	for (unsigned int i = 0; i < 14; i++)
		others |= boot_regs[i];
	is("A50 registers but RSI and RSP are 0", others, 0);
	is("A51 CS", boot_selectors[0], 0xe033);
	is("A51 SS", boot_selectors[1], 0xe02b);
	is("A51 DS ES FS GS are 0",
	   boot_selectors[2] | boot_selectors[3] | boot_selectors[4] | boot_selectors[5], 0);
	is("A52 flags: IF shown, IOPL not", boot_rflags & 0x3200, 0x200);
	is("A50 RSP is the end of the boot stack", boot_rsp,
	   start_info->pt_base + (start_info->nr_pt_frames + 1) * PAGE_SIZE);
}

static uint64_t cr(int n)
{
	uint64_t v;

	if (n == 0)
		__asm__ volatile("mov %%cr0, %0" : "=r"(v));
	else if (n == 2)
		__asm__ volatile("mov %%cr2, %0" : "=r"(v));
	else if (n == 3)
		__asm__ volatile("mov %%cr3, %0" : "=r"(v));
	else
		__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

static void control_registers(void)
{
	uint32_t low, high;

	is("A53 CR0", cr(0), 0x80050033);
	is("A53 CR3 is the L4's machine address", cr(3), virt_to_maddr(kernel_root()));
	is("A53 CR4", cr(4), 0x660);
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000080));
	is("A53 EFER", low, 0xd01);
	is("A57 DR6", HC1(__HYPERVISOR_get_debugreg, 6), 0xffff0ff0);
	is("A57 DR7", HC1(__HYPERVISOR_get_debugreg, 7), 0x400);
}

static void info(void)
{
	const struct start_info *si = start_info;

	ok(!strncmp(si->magic, "xen-3.0-x86_64", 14), "A40 magic begins with the guest type");
	ok(si->nr_pages > 20000, "A41 nr_pages is what dom0 has");
	is("A43 privileged, init domain", si->flags & 0x3, 3);
	is("A43 no module, so no PFN of one", si->flags & 0xc, 0);
	is("A44 no store page for dom0", si->store_mfn, 0);
	is("A44 no store port for dom0", si->store_evtchn, 0);
	is("A36 console info behind start_info", si->console.dom0.info_off, 0x490);
	is("A36 console info size", si->console.dom0.info_size, 0x28);
	is("A30 no ramdisk", si->mod_len, 0);
	ok(((uintptr_t)si & 0xfff) == 0, "A36 start_info is page aligned");
	ok((uintptr_t)si < si->pt_base, "A30 start_info before the page tables");
	ok(si->mfn_list < (uintptr_t)si && si->mfn_list >= (uintptr_t)image_end,
	   "A30 p2m between kernel and start_info");
	is("A33 no p2m frames apart", si->nr_p2m_frames, 0);
	ok(!strncmp((const char *)si->cmd_line, "case=boot  two", 14),
	   "A3 command line without its first word, spacing kept");
	ok(si->nr_pt_frames >= 4, "A34 at least one table of each level");
}

static void mapping(void)
{
	const struct start_info *si = start_info;
	bool contiguous = true, read_only = true;
	uint64_t *pte = pte_of((uintptr_t)si);

	for (unsigned long i = 1; i < si->nr_pt_frames; i++) {
		uintptr_t va = si->pt_base + i * PAGE_SIZE;

		contiguous &= p2m[virt_to_pfn((void *)va)] ==
			      p2m[virt_to_pfn((void *)(va - PAGE_SIZE))] + 1;
		read_only &= !(*pte_of(va) & PTE_RW);
	}
	ok(contiguous, "A34 page-table frames adjoin");
	ok(read_only, "A34 page tables are mapped read-only");
	is("C20 a kernel entry: user bit, accessed, writable", *pte & 0x27, 0x27);
	is("A61 M2P is the inverse of the p2m", m2p(p2m[5]), 5);
	is("A61 M2P at the list's end", m2p(p2m[si->nr_pages - 1]), si->nr_pages - 1);
}

static void hole(void)
{
	uint64_t value;

	is("A61 writing the M2P faults",
	   PROBE("movq $0, (%0)", ::"r"(HYPERVISOR_VIRT_START)
		 : "memory"),
	   14);
	is("A61 ... with present and write, no user bit", caught.error, 3);
	is("A61 ... at its address", caught.cr2, HYPERVISOR_VIRT_START);
	is("A63 reading our hole faults",
	   PROBE("mov (%1), %0",
		 : "=r"(value)
		 : "r"(0xffff870000000000UL)
		 : "memory"),
	   14);
	is("A63 ... as if nothing were there", caught.error, 0);
	is("A63 writing our hole faults",
	   PROBE("movq $0, (%0)", ::"r"(0xffff870000000000UL)
		 : "memory"),
	   14);
	is("A63 ... as if nothing were there, on a write", caught.error, 2);
	is("A64 slot 272 is the guest's", table_at(kernel_root(), 0xffff880000000000UL, 4)[0], 0);
}

static void shared(void)
{
	uint64_t pending = 0;

	is("A58 time version is even", vcpu_info(0)->time.version & 1, 0);
	ok(vcpu_info(0)->time.version >= 2, "A82 time info was written");
	is("A58 a vCPU that is not up has no time", vcpu_info(2)->time.version, 0);
	for (unsigned int i = 0; i < 64; i++)
		pending |= shared_info->evtchn_pending[i];
	is("A88 nothing pending", pending, 0);
	for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		first_masks[i] = vcpu_info(i)->evtchn_upcall_mask;
	is("A54 upcalls masked", first_masks[0], 1);
	is("A54 upcalls of a far slot masked", first_masks[31], 1);
	ok(shared_info->wc_sec > 1000000000, "A85 wall clock is set");
	is("A42 shared_info is not in the p2m", mfn_to_virt(start_info->shared_info >> 12) == NULL,
	   true);
}

int guest_main(void)
{
	part(registers);
	part(control_registers);
	part(info);
	part(mapping);
	part(hole);
	part(shared);
	return test_end();
}
