// SPDX-License-Identifier: MIT
/*
 * I/O APIC pins.  The low word of each pin's entry is kept in memory as well, so that
 * masking, which happens at every level interrupt, is one write and no read.
 *
 * Destinations are physical ids; irq/vector.c gives vectors only of CPUs that have an id
 * that fits.
 */
#define LOG_ROOM "ioapic"
#include "machine/ioapic.h"

#include "boot/acpi.h"
#include "console/log.h"
#include "lib/errno.h"
#include "lib/init.h"
#include "lib/lock.h"
#include "machine/pagemap.h"
#include "machine/smp.h"
#include "mm/iomem.h"

#define PINS_MAX 240u /* what the version register can tell */
#define ISA_IRQS 16u

#define REG_VERSION 1
#define REG_PIN(pin) (0x10 + 2 * (pin))

#define ENTRY_ACTIVE_LOW 0x2000u
#define ENTRY_LEVEL 0x8000u
#define ENTRY_MASKED 0x10000u

struct ioapic {
	volatile u32 *regs; /* [0] selects, [4] is the window */
	paddr_t address;
	u32 gsi_base, pins;
	u32 *low; /* low word of each pin's entry */
};

/* Selector and window are a pair: one lock for all, held for two accesses. */
static struct spinlock lock = SPINLOCK_INIT(IOAPIC);
static struct ioapic ioapics[ACPI_IOAPICS] __ro_after_init;
static unsigned int ioapic_count __ro_after_init;
static u32 low_words[1024];
static u32 isa_gsi[ISA_IRQS] __ro_after_init;
static u16 isa_flags[ISA_IRQS] __ro_after_init; /* of the MADT; 0: as ISA has it */

static u32 reg_read(const struct ioapic *io, u32 reg)
{
	io->regs[0] = reg;
	return io->regs[4];
}

static void reg_write(const struct ioapic *io, u32 reg, u32 value)
{
	io->regs[0] = reg;
	io->regs[4] = value;
}

static const struct ioapic *find(unsigned int gsi, unsigned int *pin)
{
	for (unsigned int i = 0; i < ioapic_count; i++) {
		*pin = gsi - ioapics[i].gsi_base;
		if (gsi >= ioapics[i].gsi_base && *pin < ioapics[i].pins)
			return &ioapics[i];
	}
	return NULL;
}

unsigned int ioapic_line_count(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < ioapic_count; i++)
		count = max(count, ioapics[i].gsi_base + ioapics[i].pins);
	return count;
}

unsigned int ioapic_isa_to_gsi(unsigned int irq)
{
	return irq < ISA_IRQS ? isa_gsi[irq] : irq;
}

void ioapic_default_mode(unsigned int gsi, bool *level, bool *active_low)
{
	u16 flags = 0;

	/* PCI's lines are level and low, ISA's edge and high, unless the MADT says otherwise. */
	*level = *active_low = true;
	for (unsigned int irq = 0; irq < ISA_IRQS; irq++) {
		if (isa_gsi[irq] == gsi) {
			*level = *active_low = false;
			flags = isa_flags[irq];
			break;
		}
	}
	if (flags & 3)
		*active_low = (flags & 3) == 3;
	if (flags & 0xc)
		*level = (flags & 0xc) == 0xc;
}

void ioapic_route(unsigned int gsi, u8 vector, unsigned int cpu, bool level, bool active_low)
{
	unsigned int pin;
	const struct ioapic *io = find(gsi, &pin);
	u32 low;

	if (!io)
		return;
	guard_lock_irq(&lock);
	low = (io->low[pin] & ENTRY_MASKED) | vector | (level ? ENTRY_LEVEL : 0) |
	      (active_low ? ENTRY_ACTIVE_LOW : 0);
	/* Masked meanwhile: the entry's halves cannot be written together. */
	reg_write(io, REG_PIN(pin), low | ENTRY_MASKED);
	reg_write(io, REG_PIN(pin) + 1, cpu_apic_id(cpu) << 24);
	if (!(low & ENTRY_MASKED))
		reg_write(io, REG_PIN(pin), low);
	io->low[pin] = low;
}

void ioapic_set_mask(unsigned int gsi, bool mask)
{
	unsigned int pin;
	const struct ioapic *io = find(gsi, &pin);
	u32 low;

	if (!io)
		return;
	guard_lock_irq(&lock);
	low = mask ? io->low[pin] | ENTRY_MASKED : io->low[pin] & ~ENTRY_MASKED;
	if (low != io->low[pin])
		reg_write(io, REG_PIN(pin), low);
	io->low[pin] = low;
}

int ioapic_guest_read(paddr_t address, u32 reg, u32 *value)
{
	for (unsigned int i = 0; i < ioapic_count; i++) {
		const struct ioapic *io = &ioapics[i];

		if (io->address != address)
			continue;
		if (reg >= REG_PIN(io->pins))
			return -EINVAL;
		guard_lock_irq(&lock);
		*value = reg_read(io, reg);
		return 0;
	}
	return -EINVAL;
}

static void __init take_overrides(const struct acpi_info *acpi)
{
	for (unsigned int irq = 0; irq < ISA_IRQS; irq++)
		isa_gsi[irq] = irq;
	/* ACPI's own interrupt is shared and level, whatever the bus. */
	if (acpi->fadt.present && acpi->fadt.sci_irq < ISA_IRQS)
		isa_flags[acpi->fadt.sci_irq] = 0xf;
	for (unsigned int i = 0; i < acpi->override_count; i++) {
		const struct acpi_override *o = &acpi->overrides[i];

		if (o->isa_irq >= ISA_IRQS)
			continue;
		isa_gsi[o->isa_irq] = o->gsi;
		if (o->flags)
			isa_flags[o->isa_irq] = o->flags;
	}
	/* A line taken by an override is no longer that of the IRQ with its number. */
	for (unsigned int irq = 0; irq < ISA_IRQS; irq++)
		for (unsigned int i = 0; i < acpi->override_count; i++)
			if (acpi->overrides[i].isa_irq != irq && isa_gsi[irq] == irq &&
			    acpi->overrides[i].gsi == irq)
				isa_gsi[irq] = ~0u;
}

void __init ioapic_init(const struct acpi_info *acpi)
{
	unsigned int used = 0;

	take_overrides(acpi);
	for (unsigned int i = 0; i < acpi->ioapic_count; i++) {
		struct ioapic *io = &ioapics[ioapic_count];

		io->address = acpi->ioapics[i].address;
		io->gsi_base = acpi->ioapics[i].gsi_base;
		io->regs = device_map(io->address, PAGE_SIZE);
		if (!io->regs)
			continue;
		io->pins = ((reg_read(io, REG_VERSION) >> 16) & 0xff) + 1;
		if (io->pins > PINS_MAX || used + io->pins > ARRAY_SIZE(low_words)) {
			log_warn("the one at 0x%lx is left out\n", (unsigned long)io->address);
			continue;
		}
		io->low = &low_words[used];
		used += io->pins;
		for (unsigned int pin = 0; pin < io->pins; pin++) {
			io->low[pin] = ENTRY_MASKED;
			reg_write(io, REG_PIN(pin), ENTRY_MASKED);
		}
		log_info("at 0x%lx: lines %u to %u\n", (unsigned long)io->address, io->gsi_base,
			 io->gsi_base + io->pins - 1);
		/* dom0 may look at routes, and must not make any. */
		iomem_readonly(MFN(io->address >> PAGE_SHIFT),
			       MFN((io->address >> PAGE_SHIFT) + 1));
		ioapic_count++;
	}
	if (!ioapic_count)
		log_warn("none found: no device interrupts but messages\n");
}
