/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of devices: one descriptor for each I/O APIC line (number = GSI) and for each
 * message (numbers behind the GSIs), what it is routed to, and who is told.
 *
 *   free --(irq_alloc_msi)--> routed <--(first use)-- line
 *   routed --(irq_bind_guest / irq_set_hypervisor_handler)--> unmasked --(unbind)--> routed
 *
 * A level line is masked from its arrival until every guest that it was sent to has said
 * that it served it (irq_guest_eoi); an edge or a message is acknowledged at once.
 */
#ifndef DAIS_IRQ_IRQ_H
#define DAIS_IRQ_IRQ_H

#include "irq/vector.h"
#include "lib/lock.h"
#include "lib/types.h"

#define NR_IRQS 1024u

struct cpu_regs;
struct domain;
struct pci_dev;
struct pirq;

enum irq_kind { IRQ_FREE, IRQ_LINE, IRQ_MESSAGE };

struct irq_desc {
	u32 kind; /* enum irq_kind; FREE -> MESSAGE by compare-and-swap, back by its owner */
	struct spinlock lock; /* LOCK_IRQ, for all below */
	bool level, active_low;
	bool configured; /* trigger and polarity are known for sure (setup_gsi) */
	bool shared; /* its guests agreed to share it */
	u8 vector; /* 0: not routed */
	u8 old_vector; /* after a move, until the first arrival at the new place */
	u16 cpu, old_cpu;
	u64 count;

	struct pirq *guests; /* bound ones, linked by pirq->next */
	void (*handler)(void *arg);
	void *arg;

	/* Messages only, constant while it is one. */
	struct pci_dev *dev;
	u16 entry; /* of the MSI-X table */
	bool msix;
};

/* Lines 0 .. irq_line_count() - 1 exist; boot, after ioapic_init(). */
void irq_init(unsigned int lines);
unsigned int irq_line_count(void);
struct irq_desc *irq_desc_of(unsigned int irq);

/* Every interrupt vector (0x20..0xff) comes here, interrupts off. */
void do_irq(struct cpu_regs *regs);

/* Trigger and polarity of a line, once.  0, -EINVAL beyond the lines, -EEXIST the second time. */
int irq_configure_line(unsigned int irq, bool level, bool active_low);

/* Our own use of a line, for good (its guests are refused).  0 or a negative errno. */
int irq_set_hypervisor_handler(unsigned int irq, void (*fn)(void *arg), void *arg);

/* A message of a device: routed, masked.  Number, or a negative errno. */
int irq_alloc_msi(struct pci_dev *dev, bool msix, unsigned int entry);
/* No guest is bound to it. */
void irq_free_msi(unsigned int irq);
/* Writes a device's messages to it again, after it lost its state.  0, -ENODEV: it has none. */
int irq_restore_device(u16 seg, u8 bus, u8 devfn);

/* p is told of arrivals from now on; share: others may be, too.  0 or a negative errno. */
int irq_bind_guest(unsigned int irq, struct pirq *p, bool share);
/* After return p is not touched any more. */
void irq_unbind_guest(unsigned int irq, struct pirq *p);
/* The guest has served the device. */
void irq_guest_eoi(unsigned int irq, struct pirq *p);
/* True when arrivals have to be answered by irq_guest_eoi(). */
bool irq_needs_eoi(unsigned int irq);

/* Has it arrive at another CPU; silently stays where it is when that is impossible. */
void irq_set_cpu(unsigned int irq, unsigned int cpu);

#endif
