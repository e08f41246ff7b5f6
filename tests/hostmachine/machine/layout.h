/* SPDX-License-Identifier: MIT */
/*
 * Memory for host tests: arrays play the machine's frames, the frame table and the
 * machine-to-physical table.  All are zero at first and cost nothing until they are touched;
 * the linker merges what each file has of them into one.
 * The guests' side of the address space keeps its limits.
 */
#ifndef DAIS_MACHINE_LAYOUT_H
#define DAIS_MACHINE_LAYOUT_H

#include "lib/types.h"

#define HYPERVISOR_SLOT_FIRST 256
#define HYPERVISOR_SLOT_LAST 271
#define HYPERVISOR_START 0xffff800000000000UL
#define HYPERVISOR_END 0xffff880000000000UL
#define M2P_START HYPERVISOR_START
#define M2P_END_MAX 0xffff804000000000UL

#ifndef HOST_FRAMES /* tests/proof has fewer */
#define HOST_FRAMES 65536UL
#endif
#define MFN_LIMIT HOST_FRAMES

struct frame;

/* A struct frame has 16 bytes (mm/frame.h asserts it). */
__attribute__((common, aligned(4096))) unsigned char host_ram[HOST_FRAMES << PAGE_SHIFT];
__attribute__((common, aligned(16))) unsigned char host_frame_table[HOST_FRAMES * 16];
__attribute__((common)) unsigned long host_m2p[HOST_FRAMES];

#define frame_table ((struct frame *)host_frame_table)
#define m2p_table host_m2p

/* A test may take memory of its own for a frame: it lies at some distance from the array. */
static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)((unsigned long)host_ram + pa);
}

static inline paddr_t virt_to_phys(const void *va)
{
	return (unsigned long)va - (unsigned long)host_ram;
}

static inline void *mfn_to_virt(mfn_t mfn)
{
	return phys_to_virt((paddr_t)mfn.m << PAGE_SHIFT);
}

static inline mfn_t virt_to_mfn(const void *va)
{
	return MFN(virt_to_phys(va) >> PAGE_SHIFT);
}

#endif
