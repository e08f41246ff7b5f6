/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own page tables: direct map, frame table, M2P, image with
 * one permission per section, device mappings.  Guests' top-level tables hold
 * copies of the slots in hypervisor_l4[], which never change after boot.
 */
#ifndef DAIS_MACHINE_PAGEMAP_H
#define DAIS_MACHINE_PAGEMAP_H

#include "lib/types.h"
#include "machine/layout.h"

#define PTE_PRESENT BIT(0)
#define PTE_RW BIT(1)
#define PTE_USER BIT(2)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY BIT(6)
#define PTE_LARGE BIT(7) /* L2, L3; in an L1 entry: PAT */
#define PTE_PAT BIT(7)
#define PTE_GLOBAL BIT(8)
#define PTE_NX BIT(63)
#define PTE_ADDR_MASK 0x000ffffffffff000UL

/* Top-level entries 256..271, to be copied into every L4 (index 0 is slot 256). */
extern u64 hypervisor_l4[16];
extern u64 idle_l4[512]; /* the root that idle CPUs run on */

/*
 * The M2P table as we write it, an alias in the direct map: at M2P_START, where
 * guests see it, it is read-only for us too.  Set by pagemap_init().
 */
extern unsigned long *m2p_writable;

/* Boot, BSP, before pagemap_init(), for each range of RAM and firmware tables: direct map. */
void pagemap_map_ram(paddr_t start, paddr_t end);
/*
 * Boot, BSP: leaves the static tables of head.S for the final ones; allocates
 * and maps the frame table (zeroed) and the M2P table (all entries ~0), sets
 * max_mfn, and gives each part of the image its permission.
 */
void pagemap_init(void);
/* From now on page tables come from the heap. */
void pagemap_heap_ready(void);

/* True when every byte of the range can be reached by phys_to_virt(). */
bool direct_map_covers(paddr_t pa, size_t len);

/* Maps device registers uncached, for good.  NULL when the area is full. */
void *device_map(paddr_t pa, size_t len);

/* Maps one page of the hypervisor's virtual space; the table pages are allocated. */
int map_hypervisor_page(unsigned long va, paddr_t pa, u64 flags);
/* The L1 entry of such a mapped page's address; NULL when there is no table. */
u64 *hypervisor_l1e(unsigned long va);

/*
 * The entry of va at `level` (1 or 2) in the tables below a root of ours, which are made where
 * they are missing; NULL: no memory.
 */
u64 *pagemap_entry(u64 *root, unsigned long va, unsigned int level);

/* Physical address of this image's symbol. */
paddr_t image_virt_to_phys(const void *p);

/* Drops .init sections: unmaps them and returns their frames to the allocator. */
void pagemap_free_init(void);

#endif
