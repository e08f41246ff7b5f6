// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/build: guests of many shapes are planned, their page tables made in plain
 * memory, and every address walked as a processor would: it must lead to the page that the
 * plan says, tables must be read-only, and nothing may overlap.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "build/build.h"
#include "build/layout.h"
#include "build/pagetables.h"
#include "build/startinfo.h"

#define FRAME_OF(pfn) ((pfn)*7 + 0x1000) /* any injective rule will do */

static struct layout layout;
static struct dais_error err;
static xen_pfn_t *mfn;
static uint64_t *memory[2];
static struct table_window windows[2];

static struct dais_elf linux_like(void)
{
	return (struct dais_elf){
		.virt_base = 0xffffffff80000000ull,
		.virt_start = 0xffffffff81000000ull,
		.virt_end = 0xffffffff84a00000ull,
		.entry = 0xffffffff830771c0ull,
		.has_init_p2m = true,
		.init_p2m = 0x8000000000ull,
		.mod_start_pfn = true,
	};
}

static struct dais_elf grub_like(void)
{
	return (struct dais_elf){
		.virt_base = 0,
		.virt_start = 0,
		.virt_end = 0x200000,
		.entry = 0x1000,
	};
}

/* The table entry's frame back to a page of the guest. */
static uint64_t page_of(uint64_t entry)
{
	return ((entry >> PAGE_SHIFT) - 0x1000) / 7;
}

static uint64_t *table_at(uint64_t pfn)
{
	for (int i = 0; i < 2; i++) {
		if (pfn - windows[i].base < windows[i].pages)
			return windows[i].at + (pfn - windows[i].base) * 512;
	}
	return NULL;
}

/* The leaf entry of @va; 0 if a level is missing. */
static uint64_t walk(uint64_t va)
{
	uint64_t pfn = layout.tables;

	for (unsigned int level = LEVELS;; level--) {
		uint64_t *table = table_at(pfn);
		uint64_t entry;

		if (!table)
			return 0;
		entry = table[va >> table_shift(level - 1) & 511];
		if (level == 1 || !(entry & 1))
			return entry;
		CHECK_EQ(entry & 0xfff, 0x67);
		pfn = page_of(entry);
		CHECK(layout_is_table(&layout, pfn));
	}
}

static void check_range(const struct layout_range *range, uint64_t first)
{
	uint64_t pages = (range->end - range->start) >> PAGE_SHIFT;
	unsigned int wrong = 0;

	for (uint64_t i = 0; i < pages; i++) {
		uint64_t entry = walk(range->start + (i << PAGE_SHIFT));
		uint64_t flags = layout_is_table(&layout, first + i) ? 0x21 : 0x23;

		wrong += page_of(entry) != first + i || (entry & 0xfff) != flags;
	}
	CHECK_EQ(wrong, 0);
	/* Behind it is nothing, or the other range. */
	if (range->end != layout.list.start)
		CHECK_EQ(walk(range->end), 0);
}

/* No page has two uses, none lies outside the guest. */
static void check_apart(void)
{
	const struct layout *l = &layout;
	const struct {
		uint64_t first, count;
	} use[] = {
		{l->kernel, l->kernel_pages},
		{l->ramdisk, l->ramdisk_pages},
		{l->p2m, l->p2m_pages},
		{l->start_info, 1},
		{l->store, 1},
		{l->console, 1},
		{l->stack, 1},
		{l->tables, l->table_pages},
		{l->p2m + l->p2m_pages, l->p2m_apart ? l->end - l->p2m - l->p2m_pages : 0},
	};
	uint8_t *seen = calloc(l->pages, 1);

	for (size_t i = 0; i < sizeof(use) / sizeof(*use); i++) {
		for (uint64_t j = 0; j < use[i].count; j++) {
			CHECK(use[i].first + j < l->end && l->end <= l->pages);
			CHECK(!seen[use[i].first + j]++);
		}
	}
	free(seen);
}

static void build(const struct dais_elf *elf, uint64_t ramdisk, uint64_t pages)
{
	CHECK_EQ(layout_plan(&layout, elf, ramdisk, pages, &err), 0);
	check_apart();
	mfn = malloc(pages * sizeof(*mfn));
	for (uint64_t i = 0; i < pages; i++)
		mfn[i] = FRAME_OF(i);
	windows[0] = (struct table_window){NULL, layout.tables, layout.table_pages};
	windows[1] = (struct table_window){NULL, layout.p2m + layout.p2m_pages, 0};
	if (layout.p2m_apart)
		windows[1].pages = layout.end - windows[1].base;
	for (int i = 0; i < 2; i++)
		windows[i].at = memory[i] = calloc(windows[i].pages + 1, PAGE_SIZE);
	pagetables_fill(&layout, &layout.main, windows, 2, 0, mfn);
	if (layout.p2m_apart)
		pagetables_fill(&layout, &layout.list, windows, 2, layout.p2m, mfn);
	check_range(&layout.main, 0);
	if (layout.p2m_apart)
		check_range(&layout.list, layout.p2m);
}

static void drop(void)
{
	free(mfn);
	free(memory[0]);
	free(memory[1]);
}

static void test_linux(void)
{
	struct dais_elf elf = linux_like();

	/* 256 MiB; then so much that the list needs more than one table of a level. */
	build(&elf, 20 << 20, 65536);
	CHECK(layout.p2m_apart && !layout.ramdisk_mapped);
	CHECK_EQ(layout.main.end & 0x3fffff, 0);
	CHECK(layout.main.end - (layout.virt_base + ((layout.stack + 1) << PAGE_SHIFT)) >=
	      512 << 10);
	CHECK_EQ(layout.p2m_va, elf.init_p2m);
	CHECK_EQ(layout.end - layout.p2m - layout.p2m_pages, 3);
	drop();
	build(&elf, 0, 1 << 20);
	CHECK_EQ(layout.ramdisk_pages, 0);
	CHECK_EQ(layout.list.tables[0], 4);
	drop();
}

static void test_shared_tables(void)
{
	struct dais_elf elf = linux_like();

	/* A list in the same 512 GiB, the same GiB, the same 2 MiB as the kernel. */
	elf.init_p2m = 0xffffffffc0000000ull;
	build(&elf, 4096, 65536);
	CHECK_EQ(layout.list.tables[2], 0);
	drop();
	elf.init_p2m = 0xffffffff90000000ull;
	build(&elf, 4096, 65536);
	CHECK_EQ(layout.list.tables[1], 0);
	drop();
	elf.init_p2m = 0xffffffff85400000ull;
	CHECK_EQ(layout_plan(&layout, &elf, 4096, 65536, &err), 0);
	elf.init_p2m = layout.main.end;
	build(&elf, 4096, 65536);
	drop();
	elf.init_p2m = elf.virt_start;
	CHECK_EQ(layout_plan(&layout, &elf, 4096, 65536, &err), -1);
}

static void test_low(void)
{
	struct dais_elf elf = grub_like();

	build(&elf, 5000, 8192);
	CHECK(layout.ramdisk_mapped && !layout.p2m_apart);
	CHECK_EQ(layout.ramdisk, 0x200);
	CHECK_EQ(layout.ramdisk_pages, 2);
	CHECK_EQ(layout.p2m_va, layout.p2m << PAGE_SHIFT);
	drop();
}

static void test_refused(void)
{
	struct dais_elf elf = linux_like();

	CHECK_EQ(layout_plan(&layout, &elf, 0, 16384, &err), -1);
	CHECK_EQ(err.code, DAIS_CONFIG);
	CHECK(strstr(err.hint, "memory"));
	/* Kernel and ramdisk fit, the list does not. */
	CHECK_EQ(layout_plan(&layout, &elf, 52 << 20, 32768, &err), -1);
	elf.init_p2m = 0xffff800000000000ull;
	CHECK_EQ(layout_plan(&layout, &elf, 0, 65536, &err), -1);
	CHECK_EQ(err.code, DAIS_IMAGE);
	elf = linux_like();
	elf.virt_base = 0xffff870000000000ull;
	elf.virt_start = elf.virt_base;
	elf.virt_end = elf.virt_base + (1 << 20);
	CHECK_EQ(layout_plan(&layout, &elf, 0, 65536, &err), -1);
}

static void test_start_info(void)
{
	struct dais_elf elf = linux_like();
	struct dais_blob ramdisk = {.size = 5001};
	char cmdline[2000];
	struct build_guest guest = {
		.elf = &elf,
		.ramdisk = &ramdisk,
		.cmdline = cmdline,
		.store_port = 1,
		.console_port = 2,
	};
	static uint64_t page[512];
	struct start_info *info = (void *)page;
	struct vcpu_guest_context context;

	memset(cmdline, 'a', sizeof(cmdline));
	cmdline[sizeof(cmdline) - 1] = 0;
	build(&elf, ramdisk.size, 65536);
	startinfo_fill(page, &layout, &guest, mfn, 0x123000);
	CHECK(!strcmp(info->magic, "xen-3.0-x86_64"));
	CHECK_EQ(info->nr_pages, 65536);
	CHECK_EQ(info->flags, SIF_MOD_START_PFN);
	CHECK_EQ(info->mod_start, layout.ramdisk);
	CHECK_EQ(info->mod_len, 5001);
	CHECK_EQ(info->store_mfn, FRAME_OF(layout.store));
	CHECK_EQ(info->console.domU.mfn, FRAME_OF(layout.console));
	CHECK_EQ(info->nr_p2m_frames, layout.p2m_pages + 3);
	CHECK_EQ(strnlen((char *)info->cmd_line, MAX_GUEST_CMDLINE), MAX_GUEST_CMDLINE - 1);
	startinfo_context(&context, &layout, elf.entry, mfn[layout.tables]);
	CHECK_EQ(context.user_regs.rip, elf.entry);
	CHECK_EQ(context.ctrlreg[3], FRAME_OF(layout.tables) << PAGE_SHIFT);
	CHECK_EQ(walk(context.user_regs.rsp - 8) & 0xfff, 0x23);
	CHECK_EQ(page_of(walk(context.user_regs.rsi)), layout.start_info);
	drop();
}

int main(void)
{
	test_linux();
	test_shared_tables();
	test_low();
	test_refused();
	test_start_info();
	return check_done("guestlayout");
}
