/* SPDX-License-Identifier: MIT */
/*
 * The local interrupt controller of each CPU: vectors, end of interrupt, messages to other
 * CPUs, the one timer that all of time/ stands on.
 */
#ifndef DAIS_MACHINE_APIC_H
#define DAIS_MACHINE_APIC_H

#include "lib/types.h"

/* Vectors 0x20..0x2f are what a stray legacy controller would send; 0x30..0xdf are devices'. */
#define VECTOR_DEVICE_FIRST 0x30
#define VECTOR_DEVICE_LAST 0xdf
#define VECTOR_INT80 0x80 /* a gate of the guests' own, never a device's */
#define VECTOR_TIMER 0xef
#define VECTOR_CALL 0xfa
#define VECTOR_KICK 0xfb
#define VECTOR_STOP 0xfc
#define VECTOR_ERROR 0xfe
#define VECTOR_SPURIOUS 0xff

/* A device's message or an I/O APIC pin can name only these without interrupt remapping. */
#define APIC_ID_ROUTABLE_MAX 254u

/*
 * Boot CPU: silences the legacy controllers, finds the mode, measures the timer; now() works
 * already.  @wide_ids: some processor's id needs x2APIC mode.
 */
void apic_init_bsp(paddr_t base, bool wide_ids);
/* The same mode on a CPU that was just started. */
void apic_init_ap(void);

/* Id of the CPU that we are on. */
u32 apic_id(void);
void apic_eoi(void);
/* Interrupts may be on or off. */
void apic_send_ipi(unsigned int cpu, u8 vector);
void apic_send_init(u32 id);
/* Start at physical page @page (below 1 MiB). */
void apic_send_startup(u32 id, u8 page);
/* Interrupts of VECTOR_ERROR: says what went wrong. */
void apic_report_error(void);

#endif
