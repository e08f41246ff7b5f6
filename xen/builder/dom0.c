// SPDX-License-Identifier: MIT
/*
 * dom0 from the boot loader's modules: module 0 is the kernel (bzImage with any
 * payload, or plain ELF), module 1 the initial ramdisk, which is never unpacked
 * and, where its frames can be given away, never copied.
 *
 * Pseudo-physical layout (rows A30-A37):
 *
 *   notes INIT_P2M and MOD_START_PFN   without them
 *   kernel (at its own addresses)      kernel
 *   start_info                         ramdisk
 *   page tables                        p2m list
 *   stack                              start_info, page tables, stack
 *   ... up to a multiple of 4 MiB      ... up to a multiple of 4 MiB
 *   ramdisk, p2m list and its tables
 *   the rest of the memory             the rest of the memory
 */
#define LOG_ROOM "dom0"
#include "builder/dom0.h"

#include "boot/multiboot.h"
#include "boot/options.h"
#include "builder/bzimage.h"
#include "builder/dom0mem.h"
#include "builder/elf.h"
#include "builder/unpack.h"
#include "console/log.h"
#include "console/vga.h"
#include "domain/domain.h"
#include "domain/vcpustate.h"
#include "entry/hypercallpage.h"
#include "lib/abi.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/init.h"
#include "lib/string.h"
#include "machine/fpu.h"
#include "machine/machine.h"
#include "machine/smp.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/mmuext.h"
#include "mm/reserve.h"
#include "sched/runqueue.h"

#define FOUR_MIB (4UL << 20)
#define SPARE_AT_END (512UL << 10) /* free space the region must end with */
#define PM_FLAGS (3UL << 8) /* dom0 may tell us of C- and P-states */

struct dom0_builder {
	const struct boot_info *info;
	struct elf_image elf;
	void *unpacked; /* NULL: the kernel lies in its module */
	unsigned int unpacked_order;
	u64 initial, maximum; /* bytes */
	unsigned long total_pages;
	const struct boot_module *ramdisk; /* NULL: none */
	unsigned long ramdisk_size, ramdisk_pages;
	unsigned long ramdisk_pfn, ramdisk_virt;
	unsigned long start_info_pfn, stack_pfn, p2m_virt;
	struct dom0_space space;
	struct dom0_memory mem;
};

static struct dom0_builder builder __initbss;

static void *__init module_virt(const struct boot_module *m)
{
	return phys_to_virt(m->start);
}

/* --- the kernel image --- */

static void __init load_image(struct dom0_builder *b)
{
	const struct boot_module *m = &b->info->modules[0];
	size_t size = m->end - m->start, produced;
	const void *image = module_virt(m);
	struct payload payload;
	const char *why;

	if (bzimage_find(image, size, &payload))
		panic("dom0 kernel (module 0): %s; give GRUB a Linux kernel with Xen support",
		      payload.why);
	if (payload.format != UNPACK_NONE) {
		unsigned int order = 5;
		unsigned long state;
		mfn_t mfn, work;
		int rc;

		while ((PAGE_SIZE << b->unpacked_order) < payload.out_len)
			b->unpacked_order++;
		mfn = frame_alloc(b->unpacked_order, ALLOC_NO_SCRUB);
		work = frame_alloc(order, ALLOC_NO_SCRUB);
		if (mfn_eq(mfn, INVALID_MFN) || mfn_eq(work, INVALID_MFN))
			panic("too little memory to unpack dom0's kernel: %lu MiB in one piece are needed",
			      (PAGE_SIZE << b->unpacked_order) >> 20);
		b->unpacked = mfn_to_virt(mfn);
		state = fpu_program_begin();
		rc = unpack(payload.format, payload.data, payload.len, b->unpacked, payload.out_len,
			    mfn_to_virt(work), PAGE_SIZE << order, &produced, &why);
		fpu_program_end(state);
		if (rc)
			panic("dom0 kernel (module 0) does not unpack: %s; the file is damaged, install it again",
			      why);
		frame_free(work, order);
		image = b->unpacked;
		size = produced;
	} else {
		image = payload.data;
		size = payload.len;
	}
	if (elf_parse(image, size, &b->elf))
		panic("dom0 kernel (module 0): %s; give GRUB a Linux kernel with Xen support",
		      b->elf.why);
}

static void __init load_segments(const struct dom0_builder *b)
{
	struct elf_segment seg;

	for (unsigned int i = 0; elf_segment(&b->elf, i, &seg); i++) {
		dom0_fill(&b->mem, seg.paddr, seg.data, seg.filesz);
		dom0_fill(&b->mem, seg.paddr + seg.filesz, NULL, seg.memsz - seg.filesz);
	}
}

/* --- layout --- */

static unsigned long __init take_pages(unsigned long *next, unsigned long pages)
{
	unsigned long at = *next;

	*next += pages;
	return at;
}

static void __init plan_region(struct dom0_builder *b)
{
	struct dom0_space *s = &b->space;
	unsigned long virt = b->elf.virt_base;
	unsigned long next = DIV_ROUND_UP(b->elf.virt_end - virt, PAGE_SIZE);
	unsigned long fixed, end;

	s->virt_start = virt;
	s->p2m_pages = DIV_ROUND_UP(b->total_pages * sizeof(unsigned long), PAGE_SIZE);
	if (b->ramdisk && !b->elf.mod_start_pfn) {
		b->ramdisk_pfn = take_pages(&next, b->ramdisk_pages);
		b->ramdisk_virt = virt + (b->ramdisk_pfn << PAGE_SHIFT);
	}
	if (!b->elf.has_init_p2m) {
		s->p2m_pfn = take_pages(&next, s->p2m_pages);
		b->p2m_virt = virt + (s->p2m_pfn << PAGE_SHIFT);
	}
	b->start_info_pfn = take_pages(&next, 1);
	s->tables_pfn = next;
	/* The tables map themselves: their number depends on the end that depends on it. */
	for (s->tables = 1;; s->tables++) {
		fixed = virt + ((s->tables_pfn + s->tables + 1) << PAGE_SHIFT);
		end = ALIGN_UP(fixed + SPARE_AT_END, FOUR_MIB);
		if (dom0_tables_needed(virt, end) <= s->tables)
			break;
	}
	b->stack_pfn = s->tables_pfn + s->tables;
	s->virt_end = end;

	next = (end - virt) >> PAGE_SHIFT;
	if (b->ramdisk && b->elf.mod_start_pfn)
		b->ramdisk_pfn = take_pages(&next, b->ramdisk_pages);
	if (b->elf.has_init_p2m) {
		s->p2m_virt = b->p2m_virt = b->elf.init_p2m;
		s->p2m_pfn = take_pages(&next, s->p2m_pages);
		s->p2m_tables = dom0_p2m_tables_needed(s->p2m_virt, s->p2m_pages);
		s->p2m_tables_pfn = take_pages(&next, s->p2m_tables);
	}
	if (next > b->total_pages)
		panic("dom0_mem=%luM is too little: kernel, ramdisk and tables alone take %lu MiB; raise dom0_mem or give the machine more memory",
		      b->total_pages >> 8, (next >> 8) + 1);
}

/* --- memory --- */

static void __init allocate_kernel(struct dom0_builder *b)
{
	unsigned long pages = DIV_ROUND_UP(b->elf.virt_end - b->elf.virt_base, PAGE_SIZE);

	if (!dom0_memory_grow(&b->mem, pages))
		panic("too little memory for dom0's kernel: %lu MiB are needed", pages >> 8);
}

/* All that follows the kernel; its unpacked image has been freed by now. */
static void __init allocate_rest(struct dom0_builder *b)
{
	struct dom0_memory *m = &b->mem;
	const struct boot_module *r = b->ramdisk;
	bool adopt = r && !(r->start & (PAGE_SIZE - 1)) && b->elf.mod_start_pfn;
	bool ok = true;

	if (r) {
		ok = dom0_memory_grow(m, b->ramdisk_pfn - m->pages);
		if (ok && adopt) {
			/* The module's own frames; what follows its end in the last is wiped. */
			size_t tail = b->ramdisk_size & (PAGE_SIZE - 1);

			if (tail)
				memset((u8 *)module_virt(r) + b->ramdisk_size, 0, PAGE_SIZE - tail);
			ok = dom0_memory_adopt(m, MFN(r->start >> PAGE_SHIFT), b->ramdisk_pages);
		} else if (ok) {
			ok = dom0_memory_grow(m, b->ramdisk_pages);
		}
	}
	if (ok)
		ok = dom0_memory_grow(m, b->total_pages - m->pages);
	if (!ok)
		panic("dom0's %lu MiB cannot be allocated: %lu MiB are free; lower dom0_mem",
		      b->total_pages >> 8, buddy_free_frames() >> 8);
	if (r && !adopt)
		dom0_fill(m, (paddr_t)b->ramdisk_pfn << PAGE_SHIFT, module_virt(r),
			  b->ramdisk_size);
}

/* Machine-to-physical entries, and the guest's own list the other way. */
static void __init fill_p2m(const struct dom0_builder *b)
{
	const struct dom0_memory *m = &b->mem;
	paddr_t list = (paddr_t)b->space.p2m_pfn << PAGE_SHIFT, to = list;
	unsigned long buf[512];

	for (const struct dom0_run *r = m->run; r < m->run + m->runs; r++) {
		for (unsigned long done = 0, n; done < r->count; done += n) {
			n = min(ARRAY_SIZE(buf), r->count - done);
			for (unsigned long i = 0; i < n; i++) {
				buf[i] = r->mfn + done + i;
				m2p_set_range(MFN(buf[i]), r->pfn + done + i, 0);
			}
			dom0_fill(m, to, buf, n * sizeof(long));
			to += n * sizeof(long);
		}
	}
	dom0_fill(m, to, NULL, list + (b->space.p2m_pages << PAGE_SHIFT) - to);
}

/* --- what the guest finds at its start --- */

static void __init write_start_info(const struct dom0_builder *b)
{
	struct {
		struct start_info si;
		struct dom0_vga_console_info vga;
	} page = {0};
	struct start_info *si = &page.si;
	const struct dom0_space *s = &b->space;

	static_assert(sizeof(struct start_info) == 0x490, "row A36");
	strlcpy((char *)si->magic, "xen-3.0-x86_64", sizeof(si->magic));
	si->nr_pages = b->total_pages;
	si->shared_info = b->mem.d->shared_info_mfn.m << PAGE_SHIFT;
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN | PM_FLAGS;
	si->pt_base = s->virt_start + (s->tables_pfn << PAGE_SHIFT);
	si->nr_pt_frames = s->tables;
	si->mfn_list = b->p2m_virt;
	si->first_p2m_pfn = s->p2m_pfn;
	si->nr_p2m_frames = s->p2m_tables ? s->p2m_pages + s->p2m_tables : 0;
	if (b->ramdisk) {
		si->mod_len = b->ramdisk_size;
		si->mod_start = b->elf.mod_start_pfn ? b->ramdisk_pfn : b->ramdisk_virt;
		si->flags |= b->elf.mod_start_pfn ? SIF_MOD_START_PFN : 0;
	}
	strlcpy((char *)si->cmd_line, b->info->modules[0].cmdline, sizeof(si->cmd_line));
	si->console.dom0.info_off = sizeof(*si);
	si->console.dom0.info_size = sizeof(page.vga);
	page.vga = b->info->screen.vga;
	if (b->info->screen.kind == SCREEN_TEXT)
		vga_cursor(&page.vga.u.text_mode_3.cursor_x, &page.vga.u.text_mode_3.cursor_y);
	dom0_fill(&b->mem, (paddr_t)b->start_info_pfn << PAGE_SHIFT, NULL, PAGE_SIZE);
	dom0_fill(&b->mem, (paddr_t)b->start_info_pfn << PAGE_SHIFT, &page, sizeof(page));
}

/*
 * On UEFI machines nothing below 1 MiB leads to the ACPI tables, and a PV kernel
 * looks nowhere else: give it an extended BIOS data area, in its unused first
 * page, with a copy of the root pointer that the boot loader found.
 */
#define BDA_EBDA_SEGMENT 0x40e
#define EBDA 0x500

static void __init pass_acpi_root(const struct dom0_builder *b)
{
	u16 segment = EBDA >> 4;

	if (!b->info->efi_system_table || !b->info->rsdp_size ||
	    b->elf.virt_start == b->elf.virt_base)
		return;
	dom0_fill(&b->mem, 0, NULL, PAGE_SIZE);
	dom0_fill(&b->mem, BDA_EBDA_SEGMENT, &segment, sizeof(segment));
	dom0_fill(&b->mem, EBDA, b->info->rsdp, b->info->rsdp_size);
}

static void __init start_vcpu0(const struct dom0_builder *b, struct vcpu *v)
{
	static struct vcpu_guest_context c __initbss;
	unsigned long virt = b->space.virt_start;
	mfn_t l4 = dom0_mfn(&b->mem, b->space.tables_pfn);
	int rc;

	do {
		rc = mmuext_pin(b->mem.d, l4, FRAME_TYPE_L4);
	} while (rc == -ERESTART);
	if (rc)
		panic("dom0's first page tables do not validate (error %d)", rc);

	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel | VGCF_online;
	c.user_regs.rip = b->elf.entry;
	c.user_regs.rsp = virt + ((b->stack_pfn + 1) << PAGE_SHIFT);
	c.user_regs.rsi = virt + (b->start_info_pfn << PAGE_SHIFT);
	c.user_regs.rflags = X86_EFLAGS_IF;
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = FLAT_KERNEL_SS;
	c.kernel_ss = FLAT_KERNEL_SS;
	c.kernel_sp = c.user_regs.rsp;
	c.ctrlreg[3] = l4.m << PAGE_SHIFT;
	c.debugreg[6] = 0xffff0ff0;
	c.debugreg[7] = 0x400;
	do {
		rc = vcpu_set_context(v, &c);
	} while (rc == -ERESTART);
	if (rc)
		panic("dom0's first processor state is refused (error %d)", rc);
	vcpu_wake_flags(v, VPF_DOWN); /* up; the domain itself is still paused */
}

/* Frames of a module that nobody needs any more go to the heap. */
static void __init free_module(const struct boot_module *m)
{
	paddr_t start = ALIGN_UP(m->start, PAGE_SIZE), end = ALIGN_DOWN(m->end, PAGE_SIZE);

	if (start < end && start >= (1ULL << 20) && end >> PAGE_SHIFT <= max_mfn)
		buddy_add_range(MFN(start >> PAGE_SHIFT), MFN(end >> PAGE_SHIFT));
}

/* Room for what the domain itself costs us: structures, vCPU state, event and grant pages. */
#define OVERHEAD (8ULL << 20)

static void __init plan_memory(struct dom0_builder *b)
{
	u64 free = ((u64)buddy_free_frames() + b->ramdisk_pages) << PAGE_SHIFT;

	if (b->unpacked)
		free += PAGE_SIZE << b->unpacked_order;
	free -= min(free, OVERHEAD);
	options_dom0_mem(&options, free, &b->initial, &b->maximum);
	if (options.dom0_mem.given && !options.dom0_mem.all_but &&
	    options_amount(&options.dom0_mem, free) > free)
		log_warn(
			"dom0_mem asks for %lu MiB, but only %lu MiB are free: dom0 gets these; lower it\n",
			(unsigned long)(options_amount(&options.dom0_mem, free) >> 20),
			(unsigned long)(free >> 20));
	b->total_pages = b->initial >> PAGE_SHIFT;
}

void __init dom0_build(const struct boot_info *info)
{
	struct dom0_builder *b = &builder;
	struct domain_config config = {.is_privileged = true};
	int err;

	b->info = info;
	if (!info->module_count)
		panic("no dom0 kernel: the boot loader gave no module; add 'module2 /vmlinuz ...' to its menu entry");
	if (info->module_count > 1) {
		b->ramdisk = &info->modules[1];
		b->ramdisk_size = b->ramdisk->end - b->ramdisk->start;
		b->ramdisk_pages = DIV_ROUND_UP(b->ramdisk_size, PAGE_SIZE);
	}
	load_image(b);
	plan_memory(b);
	plan_region(b);

	config.max_vcpus = options_dom0_vcpus(&options, smp_cpu_count(), MAX_VCPUS);
	dom0 = domain_create(0, &config, &err);
	if (!dom0)
		panic("dom0 cannot be created (error %d): too little memory", err);
	b->mem.d = dom0;
	dom0->mem.max_pages = ~0UL;
	for (unsigned int i = 0; i < config.max_vcpus; i++) {
		struct cpumask here = {0};
		struct vcpu *v = vcpu_create(dom0, i);

		if (!v)
			panic("dom0's vCPU %u cannot be created: too little memory", i);
		cpumask_set(&here, i % NR_CPUS);
		if (options.dom0_vcpus_pin && sched_set_affinity(v, &here, NULL))
			log_warn("dom0_vcpus_pin: no CPU %u to pin vCPU %u to\n", i, i);
	}

	allocate_kernel(b);
	load_segments(b);
	if (b->unpacked)
		frame_free(virt_to_mfn(b->unpacked), b->unpacked_order);
	allocate_rest(b);
	fill_p2m(b);
	write_start_info(b);
	pass_acpi_root(b);
	dom0_fill(&b->mem, (paddr_t)b->stack_pfn << PAGE_SHIFT, NULL, PAGE_SIZE);
	if (b->elf.has_hypercall_page) {
		mfn_t page = dom0_mfn(&b->mem,
				      (b->elf.hypercall_page - b->elf.virt_base) >> PAGE_SHIFT);

		hypercall_page_fill(mfn_to_virt(page));
	}
	dom0_tables_build(&b->mem, &b->space);
	start_vcpu0(b, dom0->vcpu[0]);
	free_module(&b->info->modules[0]);
	dom0->mem.max_pages = b->maximum == ~0ULL ? 0xffffffffUL : b->maximum >> PAGE_SHIFT;
	log_info("%lu MiB, %u vCPUs, kernel %s entry 0x%lx, ramdisk %lu KiB, tables %lu\n",
		 b->total_pages >> 8, config.max_vcpus, b->elf.guest_os, b->elf.entry,
		 b->ramdisk_size >> 10, b->space.tables + b->space.p2m_tables);
}
