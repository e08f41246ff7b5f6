// SPDX-License-Identifier: MIT
/*
 * Pages and page tables.  The builder maps little more than the image: pages_init() extends that
 * linear mapping to PVRT_MAPPED_PAGES, so that every page and every table has one address.
 * Tables are read directly there and changed by mmu_update only.
 */
#include "pvrt.h"

#define MAP_BASE 0xffff900000000000UL /* L4 slot 288: free in every guest */

extern char image_end[];

static uint64_t next_page; /* first pseudo-physical page never handed out */
static uint64_t mapped_end; /* end of the linear mapping */
static void *free_list;
static uintptr_t next_map = MAP_BASE;

void *kernel_root(void)
{
	return (void *)start_info->pt_base;
}

uint64_t *table_at(void *root, uintptr_t va, int level)
{
	uint64_t *table = root;

	for (int l = 4;; l--) {
		uint64_t *entry = &table[va >> (12 + 9 * (l - 1)) & 511];

		if (l == level)
			return entry;
		if (!(*entry & PTE_PRESENT) || *entry & PTE_PSE)
			return NULL;
		table = mfn_to_virt(PTE_MFN(*entry));
		if (!table)
			panic("table 0x%lx of 0x%lx is not mapped", PTE_MFN(*entry), va);
	}
}

uint64_t *pte_in(void *root, uintptr_t va)
{
	return table_at(root, va, 1);
}

uint64_t *pte_of(uintptr_t va)
{
	return pte_in(kernel_root(), va);
}

long set_entry(const uint64_t *entry, uint64_t value)
{
	struct mmu_update u = {.ptr = virt_to_maddr(entry) | MMU_NORMAL_PT_UPDATE, .val = value};

	return mmu_update(&u, 1);
}

long page_protect(void *page, bool writable)
{
	return update_va_mapping(page,
				 virt_to_mfn(page) << 12 | (writable ? PTE_KERNEL : PTE_KERNEL_RO),
				 UVMF_INVLPG | UVMF_ALL);
}

static void *table_alloc(void)
{
	void *table = page_alloc();

	if (page_protect(table, false))
		panic("a page table cannot be made read-only");
	return table;
}

static void make_tables(void *root, uintptr_t va)
{
	for (int level = 4; level > 1; level--) {
		uint64_t *entry = table_at(root, va, level);
		long rc;

		if (*entry & PTE_PRESENT)
			continue;
		rc = set_entry(entry, virt_to_mfn(table_alloc()) << 12 | PTE_USER_RW);
		if (rc)
			panic("no table of level %d for 0x%lx: %ld", level - 1, va, rc);
	}
}

void map_at(void *root, uintptr_t va, uint64_t pte)
{
	long rc;

	make_tables(root, va);
	rc = set_entry(pte_in(root, va), pte);
	if (rc)
		panic("mapping 0x%lx at 0x%lx: %ld", pte, va, rc);
}

uintptr_t map_reserve(size_t pages)
{
	uintptr_t va = next_map;

	for (size_t i = 0; i < pages; i++)
		make_tables(kernel_root(), va + i * PAGE_SIZE);
	next_map += pages * PAGE_SIZE;
	return va;
}

void *map_frame(uint64_t mfn, uint64_t flags)
{
	uintptr_t va = map_reserve(1);

	map_at(kernel_root(), va, mfn << 12 | flags);
	return (void *)va;
}

/* One more L1 for the linear mapping.  Its own page lies below mapped_end. */
static void extend(void)
{
	uintptr_t va = PVRT_BASE + mapped_end * PAGE_SIZE;
	uint64_t *entry = table_at(kernel_root(), va, 2);
	uint64_t *table = page_alloc();

	if (!entry)
		panic("the linear mapping leaves its L2");
	for (unsigned int i = 0; i < 512; i++)
		table[i] = p2m[mapped_end + i] << 12 | PTE_KERNEL;
	if (page_protect(table, false) || set_entry(entry, virt_to_mfn(table) << 12 | PTE_USER_RW))
		panic("cannot extend the linear mapping at 0x%lx", va);
	mapped_end += 512;
}

void pages_init(void)
{
	uint64_t end = (start_info->pt_base - PVRT_BASE) / PAGE_SIZE + start_info->nr_pt_frames;
	uint64_t want = start_info->nr_pages & ~511UL;

	p2m = (uint64_t *)start_info->mfn_list;
	want = want < PVRT_MAPPED_PAGES ? want : PVRT_MAPPED_PAGES;
	next_page = end + 1; /* the boot stack is the last thing in the region */
	mapped_end = next_page;
	while (1) {
		uint64_t *entry = table_at(kernel_root(), PVRT_BASE + mapped_end * PAGE_SIZE, 1);

		if (!entry || !(*entry & PTE_PRESENT))
			break;
		mapped_end++;
	}
	if (mapped_end & 511)
		panic("the builder's mapping ends at page 0x%lx", mapped_end);
	while (mapped_end < want)
		extend();
}

void *pages_alloc(size_t n)
{
	void *pages = (void *)(PVRT_BASE + next_page * PAGE_SIZE);

	if (next_page + n > mapped_end)
		panic("out of pages");
	next_page += n;
	memset(pages, 0, n * PAGE_SIZE);
	return pages;
}

void *page_alloc(void)
{
	void *page = free_list;

	if (!page)
		return pages_alloc(1);
	free_list = *(void **)page;
	memset(page, 0, PAGE_SIZE);
	return page;
}

void page_free(void *page)
{
	*(void **)page = free_list;
	free_list = page;
}

long pin(unsigned int cmd, const void *table)
{
	struct mmuext_op op = {.cmd = cmd, .arg1.mfn = virt_to_mfn(table)};

	return mmuext_op(&op, 1);
}
