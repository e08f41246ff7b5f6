/* SPDX-License-Identifier: MIT */
/*
 * Message-signalled interrupts of PCI devices: where the message is written to, and its
 * mask.  The device's capability was found by irq/pci.c; `entry` is 0 for plain MSI.
 * Called under the lock of the interrupt that the message belongs to.
 */
#ifndef DAIS_MACHINE_MSI_H
#define DAIS_MACHINE_MSI_H

#include "lib/types.h"

struct pci_dev;

/* Sends it to a vector of a CPU; whether it is masked stays as it is. */
void msi_program(struct pci_dev *dev, bool msix, unsigned int entry, unsigned int cpu, u8 vector);
/* No effect on devices that have no mask. */
void msi_set_mask(struct pci_dev *dev, bool msix, unsigned int entry, bool mask);
bool msi_can_mask(const struct pci_dev *dev, bool msix);
/* No more messages from here: MSI is turned off, an MSI-X entry masked. */
void msi_disable(struct pci_dev *dev, bool msix, unsigned int entry);

#endif
