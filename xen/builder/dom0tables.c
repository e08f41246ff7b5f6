// SPDX-License-Identifier: MIT
/*
 * dom0's first page tables.  Written as a guest would write them (kernel pages
 * without the user bit); promoting the L4 afterwards validates, counts and
 * marks every entry like any other guest's.
 *
 * The tables' frames are contiguous and begin with the L4 (row A34).  The
 * region's own entries for these frames lack RW.
 */
#include "builder/dom0mem.h"

#include "lib/assert.h"
#include "lib/init.h"
#include "machine/layout.h"
#include "machine/pagemap.h"

#define LEAF_RO (PTE_PRESENT | PTE_ACCESSED)
#define LEAF (LEAF_RO | PTE_RW | PTE_DIRTY)
#define UPPER (PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

static unsigned long __init tables_at(unsigned long start, unsigned long end, unsigned int level)
{
	unsigned int shift = PAGE_SHIFT + 9 * level;

	return ((end - 1) >> shift) - (start >> shift) + 1;
}

unsigned long __init dom0_tables_needed(unsigned long start, unsigned long end)
{
	return 1 + tables_at(start, end, 1) + tables_at(start, end, 2) + tables_at(start, end, 3);
}

unsigned long __init dom0_p2m_tables_needed(unsigned long virt, unsigned long pages)
{
	return dom0_tables_needed(virt, virt + (pages << PAGE_SHIFT)) - 1;
}

static u64 *__init table(const struct dom0_memory *m, unsigned long pfn)
{
	return mfn_to_virt(dom0_mfn(m, pfn));
}

static unsigned int __init slot(unsigned long va, unsigned int level)
{
	return (va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

/* The L1 entry of va; tables that are missing above it are taken from *next on. */
static u64 *__init walk(const struct dom0_memory *m, unsigned long l4_pfn, unsigned long va,
			unsigned long *next)
{
	u64 *t = table(m, l4_pfn);

	for (unsigned int level = 4; level > 1; level--) {
		u64 *e = &t[slot(va, level)];

		if (!*e)
			*e = (u64)dom0_mfn(m, (*next)++).m << PAGE_SHIFT | UPPER;
		t = mfn_to_virt(MFN((*e & PTE_ADDR_MASK) >> PAGE_SHIFT));
	}
	return &t[slot(va, 1)];
}

void __init dom0_tables_build(const struct dom0_memory *m, const struct dom0_space *s)
{
	unsigned long next = s->tables_pfn + 1;
	unsigned long pages = (s->virt_end - s->virt_start) >> PAGE_SHIFT;

	dom0_fill(m, (paddr_t)s->tables_pfn << PAGE_SHIFT, NULL, s->tables << PAGE_SHIFT);
	for (unsigned long pfn = 0; pfn < pages; pfn++) {
		bool is_table = pfn - s->tables_pfn < s->tables ||
				(s->p2m_tables && pfn - s->p2m_tables_pfn < s->p2m_tables);
		u64 *e = walk(m, s->tables_pfn, s->virt_start + (pfn << PAGE_SHIFT), &next);

		*e = (u64)dom0_mfn(m, pfn).m << PAGE_SHIFT | (is_table ? LEAF_RO : LEAF);
	}
	PANIC_ON(next > s->tables_pfn + s->tables);
	if (!s->p2m_tables)
		return;

	dom0_fill(m, (paddr_t)s->p2m_tables_pfn << PAGE_SHIFT, NULL, s->p2m_tables << PAGE_SHIFT);
	next = s->p2m_tables_pfn;
	for (unsigned long i = 0; i < s->p2m_pages; i++) {
		u64 *e = walk(m, s->tables_pfn, s->p2m_virt + (i << PAGE_SHIFT), &next);

		*e = (u64)dom0_mfn(m, s->p2m_pfn + i).m << PAGE_SHIFT | LEAF;
	}
	PANIC_ON(next > s->p2m_tables_pfn + s->p2m_tables);
}
