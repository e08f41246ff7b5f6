// SPDX-License-Identifier: MIT
/*
 * Descriptors, dispatch and routing.
 *
 * The dispatcher holds the descriptor's lock while it tells the guests: whoever takes a
 * guest off the list under that lock knows that nobody is using it.  Lock order: a
 * domain's PIRQ lock, then IRQ, then what delivery of an event takes.
 *
 * Interrupts never nest: they are off from entry to the way out.
 */
#define LOG_ROOM "irq"
#include "irq/irq.h"

#include "console/keys.h"
#include "console/log.h"
#include "domain/domain.h"
#include "evtchn/evtchn.h"
#include "irq/pci.h"
#include "irq/pirq.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/init.h"
#include "machine/apic.h"
#include "machine/ioapic.h"
#include "machine/ipi.h"
#include "machine/machine.h"
#include "machine/msi.h"
#include "machine/regs.h"
#include "sched/deferred.h"

static struct irq_desc descs[NR_IRQS];
static unsigned int line_count __ro_after_init;
static u32 strays; /* arrivals at vectors that are nobody's */

unsigned int irq_line_count(void)
{
	return line_count;
}

struct irq_desc *irq_desc_of(unsigned int irq)
{
	ASSERT(irq < NR_IRQS);
	return &descs[irq];
}

/* --- the hardware behind a descriptor; its lock is held --- */

static void set_mask(const struct irq_desc *desc, bool mask)
{
	if (desc->kind == IRQ_LINE)
		ioapic_set_mask((unsigned int)(desc - descs), mask);
	else if (desc->kind == IRQ_MESSAGE)
		msi_set_mask(desc->dev, desc->msix, desc->entry, mask);
}

static void program(const struct irq_desc *desc)
{
	if (desc->kind == IRQ_LINE)
		ioapic_route((unsigned int)(desc - descs), desc->vector, desc->cpu, desc->level,
			     desc->active_low);
	else
		msi_program(desc->dev, desc->msix, desc->entry, desc->cpu, desc->vector);
}

static void drop_old_vector(struct irq_desc *desc)
{
	if (desc->old_vector)
		vector_free(desc->old_cpu, desc->old_vector);
	desc->old_vector = 0;
}

/* Where a new interrupt goes: to a CPU that dom0 runs on, until told otherwise. */
static unsigned int first_cpu(void)
{
	const struct vcpu *v = dom0 ? domain_vcpu(dom0, 0) : NULL;

	return v ? READ_ONCE(v->sched.cpu) : 0;
}

static int route(struct irq_desc *desc)
{
	unsigned int cpu = first_cpu();
	int vector;

	if (desc->vector)
		return 0;
	vector = vector_alloc_any(&cpu, (unsigned int)(desc - descs));
	if (vector < 0)
		return vector;
	desc->vector = (u8)vector;
	desc->cpu = (u16)cpu;
	program(desc);
	return 0;
}

/* --- arrival --- */

static void dispatch(struct irq_desc *desc, unsigned int vector)
{
	spin_lock(&desc->lock);
	desc->count++;
	if (vector == desc->vector && desc->cpu == this_cpu_id())
		drop_old_vector(desc);
	/* Masked before it is acknowledged, or a level line would come again at once. */
	if (desc->level)
		set_mask(desc, true);
	apic_eoi();

	if (desc->handler) {
		void (*handler)(void *arg) = desc->handler;

		spin_unlock(&desc->lock);
		handler(desc->arg); /* set once, for good */
		spin_lock(&desc->lock);
		if (desc->level)
			set_mask(desc, false);
	} else {
		/* Without guests a level line stays masked until one is bound. */
		for (struct pirq *p = desc->guests; p; p = p->next) {
			if (desc->level)
				p->eoi_due = true;
			pirq_event(p->domain, p->port);
		}
	}
	spin_unlock(&desc->lock);
}

void do_irq(struct cpu_regs *regs)
{
	unsigned int vector = regs->entry_vector, irq;

	switch (vector) {
	case VECTOR_TIMER:
		apic_eoi();
		deferred_raise(DEFERRED_TIMER);
		return;
	case VECTOR_KICK:
		/* Deferred work is looked at on the way out. */
		apic_eoi();
		return;
	case VECTOR_CALL:
		apic_eoi();
		ipi_serve_call();
		return;
	case VECTOR_STOP:
		ipi_serve_stop();
	case VECTOR_ERROR:
		apic_report_error();
		apic_eoi();
		return;
	case VECTOR_SPURIOUS:
		return; /* by definition not in service */
	}
	if (vector < VECTOR_DEVICE_FIRST)
		return; /* the legacy controllers, which are not acknowledged here */
	irq = vector_irq(this_cpu_id(), vector);
	if (irq == IRQ_NONE) {
		apic_eoi();
		__atomic_fetch_add(&strays, 1, __ATOMIC_RELAXED);
		return;
	}
	dispatch(&descs[irq], vector);
}

/* --- lines --- */

int irq_configure_line(unsigned int irq, bool level, bool active_low)
{
	struct irq_desc *desc;

	if (irq >= line_count)
		return -EINVAL;
	desc = &descs[index_nospec(irq, line_count)];
	guard_lock_irq(&desc->lock);
	/* A line in use keeps what it works with. */
	if (desc->configured || desc->handler || desc->guests)
		return -EEXIST;
	desc->configured = true;
	desc->level = level;
	desc->active_low = active_low;
	if (desc->vector)
		program(desc);
	return 0;
}

int irq_set_hypervisor_handler(unsigned int irq, void (*fn)(void *arg), void *arg)
{
	struct irq_desc *desc;
	int rc;

	if (irq >= line_count)
		return -EINVAL;
	desc = &descs[irq];
	guard_lock_irq(&desc->lock);
	if (desc->handler || desc->guests)
		return -EBUSY;
	rc = route(desc);
	if (!rc) {
		desc->handler = fn;
		desc->arg = arg;
		set_mask(desc, false);
	}
	return rc;
}

/* --- messages --- */

int irq_alloc_msi(struct pci_dev *dev, bool msix, unsigned int entry)
{
	for (unsigned int irq = line_count; irq < NR_IRQS; irq++) {
		struct irq_desc *desc = &descs[irq];
		u32 free = IRQ_FREE;
		unsigned long flags;
		int rc;

		if (!__atomic_compare_exchange_n(&desc->kind, &free, IRQ_MESSAGE, false,
						 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			continue;
		flags = spin_lock_irqsave(&desc->lock);
		desc->dev = dev;
		desc->msix = msix;
		desc->entry = (u16)entry;
		desc->level = false;
		desc->count = 0;
		rc = route(desc);
		spin_unlock_irqrestore(&desc->lock, flags);
		if (!rc)
			return (int)irq;
		__atomic_store_n(&desc->kind, IRQ_FREE, __ATOMIC_RELEASE);
		return rc;
	}
	return -ENOSPC;
}

void irq_free_msi(unsigned int irq)
{
	struct irq_desc *desc = irq_desc_of(irq);
	unsigned long flags = spin_lock_irqsave(&desc->lock);

	ASSERT(desc->kind == IRQ_MESSAGE && !desc->guests);
	msi_disable(desc->dev, desc->msix, desc->entry);
	drop_old_vector(desc);
	if (desc->vector)
		vector_free(desc->cpu, desc->vector);
	desc->vector = 0;
	desc->dev = NULL;
	spin_unlock_irqrestore(&desc->lock, flags);
	__atomic_store_n(&desc->kind, IRQ_FREE, __ATOMIC_RELEASE);
}

int irq_restore_device(u16 seg, u8 bus, u8 devfn)
{
	int rc = -ENODEV;

	for (unsigned int irq = line_count; irq < NR_IRQS; irq++) {
		struct irq_desc *desc = &descs[irq];

		if (READ_ONCE(desc->kind) != IRQ_MESSAGE)
			continue;
		guard_lock_irq(&desc->lock);
		if (desc->dev && desc->dev->seg == seg && desc->dev->bus == bus &&
		    desc->dev->devfn == devfn) {
			program(desc);
			set_mask(desc, !desc->guests);
			rc = 0;
		}
	}
	return rc;
}

/* --- guests --- */

int irq_bind_guest(unsigned int irq, struct pirq *p, bool share)
{
	struct irq_desc *desc = irq_desc_of(irq);
	int rc;

	guard_lock_irq(&desc->lock);
	if (desc->handler || (desc->guests && !(desc->shared && share)))
		return -EBUSY;
	rc = route(desc);
	if (rc)
		return rc;
	p->eoi_due = false;
	p->next = desc->guests;
	desc->guests = p;
	if (!p->next) {
		desc->shared = share;
		set_mask(desc, false);
	}
	/* A newcomer to a line that awaits answers has none to give: it stays masked for the rest. */
	return 0;
}

/* True while somebody still has to answer the last arrival. */
static bool answers_due(const struct irq_desc *desc)
{
	for (const struct pirq *p = desc->guests; p; p = p->next)
		if (p->eoi_due)
			return true;
	return false;
}

void irq_unbind_guest(unsigned int irq, struct pirq *p)
{
	struct irq_desc *desc = irq_desc_of(irq);
	struct pirq **link = &desc->guests;
	bool due;

	guard_lock_irq(&desc->lock);
	due = p->eoi_due;
	while (*link && *link != p)
		link = &(*link)->next;
	if (*link)
		*link = p->next;
	p->next = NULL;
	p->eoi_due = false;
	if (!desc->guests)
		set_mask(desc, true);
	else if (due && !answers_due(desc))
		set_mask(desc, false); /* the others no longer wait for the one that left */
}

void irq_guest_eoi(unsigned int irq, struct pirq *p)
{
	struct irq_desc *desc = irq_desc_of(irq);

	guard_lock_irq(&desc->lock);
	if (!p->eoi_due)
		return;
	p->eoi_due = false;
	if (!answers_due(desc))
		set_mask(desc, false);
}

bool irq_needs_eoi(unsigned int irq)
{
	return READ_ONCE(irq_desc_of(irq)->level);
}

void irq_set_cpu(unsigned int irq, unsigned int cpu)
{
	struct irq_desc *desc = irq_desc_of(irq);
	int vector;

	if (cpu >= NR_CPUS || !cpumask_test(&cpu_online_map, cpu))
		return;
	guard_lock_irq(&desc->lock);
	/* One move at a time: the old vector is kept for what is still on its way to it. */
	if (!desc->vector || desc->cpu == cpu || desc->old_vector)
		return;
	vector = vector_alloc(cpu, irq, desc->vector);
	if (vector < 0)
		return;
	if (vector != desc->vector && desc->kind == IRQ_MESSAGE &&
	    !msi_can_mask(desc->dev, desc->msix)) {
		/* Address and data cannot be changed together: half a change would go astray. */
		vector_free(cpu, (unsigned int)vector);
		return;
	}
	desc->old_vector = desc->vector;
	desc->old_cpu = desc->cpu;
	desc->vector = (u8)vector;
	desc->cpu = (u16)cpu;
	program(desc);
}

/* --- debug key --- */

static void dump(char key __unused)
{
	log_line("interrupts (%u lines, %u stray arrivals):", line_count, READ_ONCE(strays));
	for (unsigned int irq = 0; irq < NR_IRQS; irq++) {
		struct irq_desc *desc = &descs[irq];

		if (READ_ONCE(desc->kind) == IRQ_FREE || !READ_ONCE(desc->vector))
			continue;
		guard_lock_irq(&desc->lock);
		log_line(" %3u %s vector %02x cpu %u count %lu%s", irq,
			 desc->kind == IRQ_MESSAGE ? "message"
			 : desc->level             ? "level"
						   : "edge",
			 desc->vector, desc->cpu, (unsigned long)desc->count,
			 desc->handler ? " (ours)" : "");
		for (const struct pirq *p = desc->guests; p; p = p->next)
			log_line("     d%u pirq %u port %u%s", p->domain->id, pirq_number(p),
				 p->port, p->eoi_due ? ", awaits EOI" : "");
	}
}

void __init irq_init(unsigned int lines)
{
	/* At least as many numbers for messages as for lines. */
	line_count = min(lines, NR_IRQS / 2);
	for (unsigned int irq = 0; irq < NR_IRQS; irq++)
		spin_lock_init(&descs[irq].lock, LOCK_IRQ);
	for (unsigned int irq = 0; irq < line_count; irq++) {
		descs[irq].kind = IRQ_LINE;
		ioapic_default_mode(irq, &descs[irq].level, &descs[irq].active_low);
	}
	keys_register('i', dump, "interrupts");
}
