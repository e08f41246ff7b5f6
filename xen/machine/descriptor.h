/* SPDX-License-Identifier: MIT */
/*
 * GDT, IDT, TSS and the windows through which the processor sees a guest's
 * descriptor tables: per CPU 16 pages of GDT (the guest's 14, then ours) and 16
 * pages of LDT, at a fixed linear address.
 */
#ifndef DAIS_MACHINE_DESCRIPTOR_H
#define DAIS_MACHINE_DESCRIPTOR_H

#include "lib/types.h"
#include "machine/layout.h"

#define DESC_WINDOW_START (CPU_AREA_START + 0x20000000UL)
#define LDT_WINDOW_PAGE 16 /* of the window */
#define DESC_WINDOW_SIZE (512 * PAGE_SIZE) /* a table of level 1 each, see machine/isolate.c */

struct vcpu;

static inline unsigned long gdt_window(unsigned int cpu)
{
	return DESC_WINDOW_START + cpu * DESC_WINDOW_SIZE;
}

static inline unsigned long ldt_window(unsigned int cpu)
{
	return gdt_window(cpu) + LDT_WINDOW_PAGE * PAGE_SIZE;
}

/* Maps the window's own GDT pages for a CPU; called by cpu_area_create(). */
int descriptor_area_create(unsigned int cpu);
/* Fills the IDT once; BSP. */
void idt_init(void);
/* Where it is, on one page. */
unsigned long descriptor_idt(void);
/* Loads GDT, IDT, TSS and the SYSCALL/SYSENTER registers of this CPU. */
void descriptor_init_cpu(void);

/*
 * The LDT window's page `index` (0..15) shows mfn read-only from now on; used
 * by the #PF path through mm/segdesc.c.  INVALID_MFN unmaps.
 */
void machine_map_ldt_page(struct vcpu *v, unsigned int index, mfn_t mfn);

#endif
