/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor itself needs from ACPI's static tables: processors, interrupt
 * controllers, PCI configuration space, HPET, and the registers for power and reset.
 * Everything else, all AML included, is dom0's business.
 */
#ifndef DAIS_BOOT_ACPI_H
#define DAIS_BOOT_ACPI_H

#include "lib/cpumask.h"
#include "lib/types.h"

#define ACPI_IOAPICS 32U
#define ACPI_OVERRIDES 32U
#define ACPI_MCFGS 16U

enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };

/* A register somewhere; address 0: there is none. */
struct acpi_reg {
	u64 address;
	u8 space; /* enum acpi_space */
	u8 bits;
};

struct acpi_cpu {
	u32 apic_id, acpi_id;
	bool enabled; /* else it may be plugged in later, at best */
};

struct acpi_ioapic {
	u64 address;
	u32 gsi_base;
	u8 id;
};

/* Flags are MADT's: bits 0-1 polarity, 2-3 trigger mode, 0 as the bus has it. */
struct acpi_override {
	u32 gsi;
	u16 flags;
	u8 isa_irq;
};

/* Memory-mapped configuration space of buses [bus_first, bus_last]; base is bus 0's. */
struct acpi_mcfg {
	u64 base;
	u16 segment;
	u8 bus_first, bus_last;
};

struct acpi_fadt {
	bool present;
	bool hw_reduced; /* no PM registers at all */
	bool pm_timer_32bit; /* else 24 bits wide */
	bool has_reset;
	u8 reset_value;
	u16 sci_irq;
	struct acpi_reg pm_timer, pm1a_control, pm1b_control, reset;
};

struct acpi_info {
	u64 rsdp; /* physical; 0 when only a copy was handed over */
	u64 root; /* RSDT or XSDT */

	unsigned int cpu_count; /* entries kept; the boot processor may be any of them */
	struct acpi_cpu cpus[NR_CPUS];
	u64 lapic_address;
	unsigned int ioapic_count, override_count, mcfg_count;
	struct acpi_ioapic ioapics[ACPI_IOAPICS];
	struct acpi_override overrides[ACPI_OVERRIDES];
	struct acpi_mcfg mcfgs[ACPI_MCFGS];
	u64 hpet_address; /* 0: none */
	struct acpi_fadt fadt;
};

/* Set by acpi_parse(), constant from then on. */
extern struct acpi_info acpi_info;

/* A pointer to @len bytes at physical @addr that stays valid until the next call, or NULL. */
typedef const void *acpi_map_fn(u64 addr, u64 len);

/*
 * Fills @info, from the loader's copy of the root pointer (@rsdp_size 0: none) or by
 * searching the BIOS area.  NULL, or why there is nothing to go by.  A table that is broken
 * is left out with a line in the log.
 */
const char *acpi_parse(struct acpi_info *info, const u8 *rsdp, unsigned int rsdp_size,
		       acpi_map_fn *map);

#endif
