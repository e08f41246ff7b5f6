// SPDX-License-Identifier: MIT
/*
 * Programming of messages.  The capability of plain MSI sits in configuration space, the
 * table of MSI-X in the device's memory, which irq/pci.c has mapped.
 */
#include "machine/msi.h"

#include "irq/pci.h"
#include "machine/smp.h"

#define MSI_ADDRESS 0xfee00000u /* destination id in bits 19:12; physical, fixed, edge */

/* An entry of the MSI-X table, in words. */
enum { MSIX_ADDRESS, MSIX_ADDRESS_HIGH, MSIX_DATA, MSIX_CONTROL, MSIX_WORDS };
#define MSIX_CONTROL_MASKED 1u

static volatile u32 *msix_entry(const struct pci_dev *dev, unsigned int entry)
{
	return dev->msix_table + entry * MSIX_WORDS;
}

static void msi_write(const struct pci_dev *dev, unsigned int offset, unsigned int size, u32 value)
{
	pci_cfg_write(dev->seg, dev->bus, dev->devfn, dev->msi_pos + offset, size, value);
}

static u32 msi_read(const struct pci_dev *dev, unsigned int offset, unsigned int size)
{
	return pci_cfg_read(dev->seg, dev->bus, dev->devfn, dev->msi_pos + offset, size);
}

bool msi_can_mask(const struct pci_dev *dev, bool msix)
{
	return msix || dev->msi_maskable;
}

void msi_set_mask(struct pci_dev *dev, bool msix, unsigned int entry, bool mask)
{
	if (msix) {
		volatile u32 *words = msix_entry(dev, entry);

		words[MSIX_CONTROL] = mask ? MSIX_CONTROL_MASKED : 0;
		(void)words[MSIX_CONTROL]; /* the write has reached the device */
	} else if (dev->msi_maskable) {
		msi_write(dev, dev->msi_64 ? 0x10 : 0xc, 4, mask ? ~0u : ~1u);
	}
}

void msi_program(struct pci_dev *dev, bool msix, unsigned int entry, unsigned int cpu, u8 vector)
{
	u32 address = MSI_ADDRESS | (cpu_apic_id(cpu) & 0xff) << 12;

	if (msix) {
		volatile u32 *words = msix_entry(dev, entry);
		u32 control = words[MSIX_CONTROL];

		words[MSIX_CONTROL] = control | MSIX_CONTROL_MASKED;
		words[MSIX_ADDRESS] = address;
		words[MSIX_ADDRESS_HIGH] = 0;
		words[MSIX_DATA] = vector;
		words[MSIX_CONTROL] = control;
		(void)words[MSIX_CONTROL];
	} else {
		u32 mask_offset = dev->msi_64 ? 0x10 : 0xc;
		u32 mask = dev->msi_maskable ? msi_read(dev, mask_offset, 4) : 0;
		u32 control = msi_read(dev, 2, 2);

		if (dev->msi_maskable)
			msi_write(dev, mask_offset, 4, ~0u);
		/* One message, whatever number the device could send. */
		if (control & PCI_MSI_MULTIPLE)
			msi_write(dev, 2, 2, control & ~PCI_MSI_MULTIPLE);
		msi_write(dev, 4, 4, address);
		if (dev->msi_64)
			msi_write(dev, 8, 4, 0);
		msi_write(dev, dev->msi_64 ? 0xc : 8, 2, vector);
		if (dev->msi_maskable)
			msi_write(dev, mask_offset, 4, mask);
	}
}

void msi_disable(struct pci_dev *dev, bool msix, unsigned int entry)
{
	msi_set_mask(dev, msix, entry, true);
	if (!msix)
		msi_write(dev, 2, 2, msi_read(dev, 2, 2) & ~PCI_MSI_ENABLE);
}
