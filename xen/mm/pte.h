/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries as guests write and we store them (public behaviour:
 * arch-x86/xen-x86_64.h).  Bits of the processor come from machine/pagemap.h.
 *
 * Guests run in ring 3, their kernels too: each entry gets the user bit.  A
 * guest's kernel page is told from its user pages by bit 52; user pages are
 * global, so that they outlive the switch between a vCPU's two roots.
 */
#ifndef DAIS_MM_PTE_H
#define DAIS_MM_PTE_H

#include "lib/types.h"
#include "machine/pagemap.h"

#define PTE_ENTRIES 512u
#define PTE_KERNEL_PAGE BIT(52)
#define PTE_CACHE (PTE_PWT | PTE_PCD | PTE_PAT) /* of an L1 entry */
/* Bits that neither we nor the processor's protection look at. */
#define PTE_AVAILABLE (0xe00UL | (0x3ffUL << 53))
/* May change without a new look at what the entry maps; everything else is validated. */
#define PTE_HARMLESS (PTE_ACCESSED | PTE_DIRTY | PTE_AVAILABLE)
/* In entries that point to tables: no large pages, no attributes. */
#define PTE_TABLE_REFUSED (PTE_PWT | PTE_PCD | PTE_LARGE | PTE_GLOBAL)

static inline mfn_t pte_mfn(u64 e)
{
	return MFN((e & PTE_ADDR_MASK) >> PAGE_SHIFT);
}

/* The index of va's entry in a table of `level`, 1 to 4. */
static inline unsigned int pte_index(unsigned long va, unsigned int level)
{
	return (unsigned int)(va >> (PAGE_SHIFT + 9 * (level - 1))) & (PTE_ENTRIES - 1);
}

static inline bool pte_is_ours(unsigned int level, unsigned int index)
{
	return level == 4 && index >= HYPERVISOR_SLOT_FIRST && index <= HYPERVISOR_SLOT_LAST;
}

/* A present L1 entry as it is stored (rows C20 to C22). */
static inline u64 pte_stored(u64 e)
{
	if (!(e & PTE_USER))
		return e | PTE_USER | PTE_KERNEL_PAGE;
	return e & PTE_KERNEL_PAGE ? e : e | PTE_GLOBAL;
}

#endif
