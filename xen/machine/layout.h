/* SPDX-License-Identifier: MIT */
/*
 * Where everything lives in the hypervisor's part of each address space: top
 * level slots 256 to 271, reserved by the ABI (xen/arch-x86/xen-x86_64.h).
 * The host tests replace this header with addresses that a process can map.
 *
 *  slot 256  0xffff800000000000  machine-to-physical table; guests may read it
 *  slot 261  0xffff828000000000  frame table (struct frame per machine frame)
 *            0xffff82d000000000  hypervisor image
 *            0xffff82d040000000  per-CPU areas: stacks, stubs, descriptor windows
 *            0xffff82d080000000  device mappings (APIC, I/O APIC, HPET, MMCFG)
 *  slot 262  0xffff830000000000  direct map of all RAM, up to the end of slot 271
 */
#ifndef DAIS_MACHINE_LAYOUT_H
#define DAIS_MACHINE_LAYOUT_H

#ifdef __ASSEMBLER__
#define UL(x) x
#else
#include "lib/types.h"
#define UL(x) x##UL
#endif

#define HYPERVISOR_SLOT_FIRST 256
#define HYPERVISOR_SLOT_LAST 271 /* inclusive */
#define HYPERVISOR_START UL(0xffff800000000000)
#define HYPERVISOR_END UL(0xffff880000000000) /* first byte after */

#define M2P_START UL(0xffff800000000000)
#define M2P_END_MAX UL(0xffff804000000000)
#define FRAME_TABLE_START UL(0xffff828000000000)
#define IMAGE_START UL(0xffff82d000000000)
#define CPU_AREA_START UL(0xffff82d040000000)
#define DEVICE_MAP_START UL(0xffff82d080000000)
#define DEVICE_MAP_END UL(0xffff82d0c0000000)
#define DIRECT_MAP_START UL(0xffff830000000000)
#define DIRECT_MAP_END UL(0xffff880000000000)

#ifndef __ASSEMBLER__

#define m2p_table ((unsigned long *)M2P_START)
#define frame_table ((struct frame *)FRAME_TABLE_START)

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(DIRECT_MAP_START + pa);
}

/* Only for addresses inside the direct map. */
static inline paddr_t virt_to_phys(const void *va)
{
	return (paddr_t)va - DIRECT_MAP_START;
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
#endif
