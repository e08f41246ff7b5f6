/* SPDX-License-Identifier: MIT */
/*
 * PCI functions as dom0 reports them, access to configuration space, and what of it dom0
 * may not write.  Resources, bridges and power are dom0's business alone.
 */
#ifndef DAIS_IRQ_PCI_H
#define DAIS_IRQ_PCI_H

#include "lib/types.h"

#define PCI_MSI_ENABLE 0x1u
#define PCI_MSI_MULTIPLE 0x70u /* messages in use, as a power of two */
#define PCI_MSI_64 0x80u
#define PCI_MSI_MASKABLE 0x100u

struct pci_dev {
	struct pci_dev *next; /* PCI lock, as all that is not said to be constant */
	u16 seg; /* constant */
	u8 bus, devfn; /* constant */

	/* Capabilities; offset 0: has none.  Constant. */
	u8 msi_pos, msix_pos;
	bool msi_64, msi_maskable;
	u16 msix_count;

	bool msi_used;
	u32 msix_used; /* entries in use */
	u64 *msix_entries; /* which; allocated with the mapping */
	volatile u32 *msix_table; /* NULL before the first use; stays mapped */
	paddr_t msix_address;
};

/* --- configuration space; any context --- */

/* size is 1, 2 or 4 and reg aligned to it.  All ones where there is nothing. */
u32 pci_cfg_read(u16 seg, u8 bus, u8 devfn, unsigned int reg, unsigned int size);
void pci_cfg_write(u16 seg, u8 bus, u8 devfn, unsigned int reg, unsigned int size, u32 value);
/*
 * dom0 is about to write: false when the write is to be dropped, else *value is what to
 * write.  Message addresses and data are ours.
 */
bool pci_cfg_write_intercept(u16 seg, u8 bus, u8 devfn, unsigned int reg, unsigned int size,
			     u32 *value);

/* --- devices --- */

/* 0 (also when it is known already) or -ENOMEM. */
int pci_add(u16 seg, u8 bus, u8 devfn);
/* 0, -ENODEV, or -EBUSY while its messages are routed. */
int pci_remove(u16 seg, u8 bus, u8 devfn);
/* True when dom0 has told of it. */
bool pci_known(u16 seg, u8 bus, u8 devfn, bool *has_msix);

/*
 * Takes a message of a device (entry is of the MSI-X table; table_base: bus address of the
 * BAR that holds it, used when the function's own BAR does not tell).  It cannot be taken
 * twice and keeps the device from going.  0 or a negative errno.
 */
int pci_claim_msi(u16 seg, u8 bus, u8 devfn, bool msix, unsigned int entry, paddr_t table_base,
		  struct pci_dev **dev);
void pci_release_msi(struct pci_dev *dev, bool msix, unsigned int entry);

/* dom0 found a segment's memory-mapped configuration space reserved, as it must be. */
int pci_mmcfg_reserved(u16 seg, u8 bus_first, u8 bus_last, u64 base);

#endif
