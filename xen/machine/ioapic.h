/* SPDX-License-Identifier: MIT */
/*
 * The I/O APICs: pins with global numbers (GSI), each routed to one vector of one CPU.
 */
#ifndef DAIS_MACHINE_IOAPIC_H
#define DAIS_MACHINE_IOAPIC_H

#include "lib/types.h"

struct acpi_info;

/* Boot: finds and masks all pins. */
void ioapic_init(const struct acpi_info *acpi);
/* Number behind the highest GSI of any I/O APIC. */
unsigned int ioapic_line_count(void);
/* GSI that a legacy interrupt (0..15) arrives at. */
unsigned int ioapic_isa_to_gsi(unsigned int irq);
/* Trigger and polarity by the firmware's tables, or as the bus has it. */
void ioapic_default_mode(unsigned int gsi, bool *level, bool *active_low);

/* Routes a pin; whether it is masked stays as it is.  GSIs without a pin are ignored. */
void ioapic_route(unsigned int gsi, u8 vector, unsigned int cpu, bool level, bool active_low);
void ioapic_set_mask(unsigned int gsi, bool mask);

/* What dom0 may look at: a register of the I/O APIC at this address.  0 or -EINVAL. */
int ioapic_guest_read(paddr_t address, u32 reg, u32 *value);

#endif
