// SPDX-License-Identifier: MIT
/*
 * The machine as a whole: off, over again, or standing still.  All three stop the other
 * CPUs first and do not come back.
 */
#define LOG_ROOM "reset"
#include "boot/acpi.h"
#include "console/log.h"
#include "irq/pci.h"
#include "machine/clocksource.h"
#include "machine/machine.h"
#include "machine/pagemap.h"

#define PM1_SLEEP_ENABLE 0x2000u
#define STEP_NS 50000000LL

static void write_register(const struct acpi_reg *reg, unsigned int size, u32 value)
{
	volatile u8 *p;

	if (!reg->address)
		return;
	switch (reg->space) {
	case ACPI_SPACE_IO:
		port_out((u16)reg->address, size, value);
		break;
	case ACPI_SPACE_PCI:
		/* Bus 0, device and function in words 2 and 1 of the address. */
		pci_cfg_write(0, 0, (u8)((reg->address >> 32) << 3 | ((reg->address >> 16) & 7)),
			      (unsigned int)reg->address & 0xffff, size, value);
		break;
	case ACPI_SPACE_MEMORY:
		p = device_map(reg->address & PAGE_MASK, PAGE_SIZE);
		if (!p)
			break;
		p += reg->address & ~PAGE_MASK;
		if (size == 1)
			*p = (u8)value;
		else
			*(volatile u16 *)p = (u16)value;
		break;
	}
}

_Noreturn void machine_halt(void)
{
	local_irq_disable();
	smp_stop_others();
	for (;;)
		asm volatile("hlt");
}

_Noreturn void machine_reboot(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __packed no_idt = {0, 0};

	local_irq_disable();
	smp_stop_others();
	/* From the way that the firmware prefers to those that always worked. */
	for (unsigned int attempt = 0; attempt < 2; attempt++) {
		if (acpi_info.fadt.has_reset) {
			write_register(&acpi_info.fadt.reset, 1, acpi_info.fadt.reset_value);
			clocksource_delay(STEP_NS);
		}
		port_out(0x64, 1, 0xfe); /* keyboard controller: pulse the reset line */
		clocksource_delay(STEP_NS);
	}
	port_out(0xcf9, 1, 0x02); /* PCI reset: hard, then go */
	port_out(0xcf9, 1, 0x06);
	clocksource_delay(STEP_NS);
	asm volatile("lidt %0; int3" ::"m"(no_idt)); /* a triple fault */
	for (;;)
		asm volatile("hlt");
}

_Noreturn void machine_power_off(u16 pm1a_value, u16 pm1b_value)
{
	local_irq_disable();
	smp_stop_others();
	cache_flush_local();
	/* Sleep type first, then with the enable bit, as ACPI wants it. */
	for (unsigned int i = 0; i < 2; i++) {
		u32 enable = i ? PM1_SLEEP_ENABLE : 0;

		write_register(&acpi_info.fadt.pm1a_control, 2,
			       (pm1a_value & ~PM1_SLEEP_ENABLE) | enable);
		write_register(&acpi_info.fadt.pm1b_control, 2,
			       (pm1b_value & ~PM1_SLEEP_ENABLE) | enable);
	}
	clocksource_delay(20 * STEP_NS);
	log_err("this machine does not power off; it may be switched off by hand now\n");
	machine_halt();
}
