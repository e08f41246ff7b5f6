// SPDX-License-Identifier: MIT
/*
 * A domain's table of pirqs.
 *
 * Two locks: the table's (PIRQ) for what is mapped and bound, the descriptor's (IRQ, inside)
 * for the list of guests that an arrival walks.  A pirq is on that list exactly while it is
 * bound.  The table of a domain without devices is never allocated.
 */
#include "irq/pirq.h"

#include "domain/domain.h"
#include "evtchn/evtchn.h"
#include "irq/irq.h"
#include "irq/pci.h"
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/lock.h"
#include "machine/machine.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include <xen/physdev.h>

/* What a domain with passed-through devices may map. */
#define DOMU_PIRQS 256u

struct pirq_table {
	struct spinlock lock;
	u32 count; /* constant */
	struct pirq *pirqs; /* [count], NULL before the first mapping */
	u64 *eoi_page; /* bit per pirq; NULL: none */
	mfn_t eoi_mfn; /* writable reference held */
	bool auto_unmask;
};

/* Entry of a number that a guest gave; NULL when there is none.  Lock held. */
static struct pirq *entry(struct pirq_table *t, u32 pirq)
{
	if (pirq >= t->count || !t->pirqs)
		return NULL;
	return &t->pirqs[index_nospec(pirq, t->count)];
}

static struct pirq *mapped_entry(struct pirq_table *t, u32 pirq)
{
	struct pirq *p = entry(t, pirq);

	return p && p->irq != IRQ_NONE ? p : NULL;
}

u32 pirq_number(const struct pirq *p)
{
	return (u32)(p - p->domain->pirqs->pirqs);
}

u32 pirq_limit(const struct domain *d)
{
	return d->pirqs->count;
}

int pirq_domain_init(struct domain *d)
{
	struct pirq_table *t = kmalloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	spin_lock_init(&t->lock, LOCK_PIRQ);
	t->count = d->is_privileged ? NR_IRQS : DOMU_PIRQS;
	t->eoi_mfn = INVALID_MFN;
	d->pirqs = t;
	return 0;
}

/* --- with the lock held --- */

static int ensure_entries(struct domain *d)
{
	struct pirq_table *t = d->pirqs;

	if (t->pirqs)
		return 0;
	t->pirqs = kcalloc(t->count, sizeof(*t->pirqs));
	if (!t->pirqs)
		return -ENOMEM;
	for (u32 i = 0; i < t->count; i++) {
		t->pirqs[i].domain = d;
		t->pirqs[i].irq = IRQ_NONE;
	}
	return 0;
}

/* Lines have their own numbers where they can; all else lives behind them. */
static s32 find_free(const struct pirq_table *t, bool for_line, unsigned int wish)
{
	u32 start = min(irq_line_count(), t->count / 2);

	if (for_line && wish < t->count && t->pirqs[wish].irq == IRQ_NONE &&
	    !t->pirqs[wish].reserved)
		return (s32)wish;
	for (u32 i = start; i < t->count; i++)
		if (t->pirqs[i].irq == IRQ_NONE && !t->pirqs[i].reserved)
			return (s32)i;
	return -ENOSPC;
}

static s32 find_mapping(const struct pirq_table *t, unsigned int irq)
{
	for (u32 i = 0; i < t->count; i++)
		if (t->pirqs[i].irq == irq)
			return (s32)i;
	return -ENOENT;
}

static void show_eoi_need(struct pirq_table *t, const struct pirq *p, bool need)
{
	u32 n = pirq_number(p);

	if (!t->eoi_page || n >= PAGE_SIZE * 8)
		return;
	if (need)
		bit_test_and_set(t->eoi_page, n);
	else
		bit_test_and_clear(t->eoi_page, n);
}

static void unbind(struct pirq_table *t, struct pirq *p)
{
	if (!p->bound)
		return;
	irq_unbind_guest(p->irq, p);
	p->bound = false;
	show_eoi_need(t, p, false);
}

/* --- mapping --- */

static int map(struct domain *d, unsigned int irq, bool line, s32 *pirq)
{
	struct pirq_table *t = d->pirqs;
	s32 have, n = *pirq;
	struct pirq *p;
	int rc;

	guard_lock(&t->lock);
	rc = domain_is_dying(d) ? -ESRCH : ensure_entries(d);
	if (rc)
		return rc;
	have = find_mapping(t, irq);
	if (have >= 0) {
		*pirq = have;
		return n < 0 || n == have ? 0 : -EEXIST;
	}
	if (n < 0)
		n = find_free(t, line, irq);
	if (n < 0)
		return n;
	p = entry(t, (u32)n);
	if (!p)
		return -EINVAL;
	if (p->irq != IRQ_NONE)
		return -EEXIST;
	p->irq = (u16)irq;
	p->reserved = false;
	p->permitted = d->is_privileged;
	*pirq = n;
	return 0;
}

int pirq_map_line(struct domain *d, unsigned int gsi, s32 *pirq)
{
	if (gsi >= irq_line_count())
		return -EINVAL;
	return map(d, gsi, true, pirq);
}

int pirq_map_message(struct domain *d, unsigned int irq, s32 *pirq)
{
	ASSERT(irq >= irq_line_count() && irq < NR_IRQS);
	return map(d, irq, false, pirq);
}

int pirq_unmap(struct domain *d, s32 pirq)
{
	struct pirq_table *t = d->pirqs;
	struct pirq *p;
	unsigned int irq = IRQ_NONE;

	spin_lock(&t->lock);
	p = pirq >= 0 ? mapped_entry(t, (u32)pirq) : NULL;
	if (p) {
		unbind(t, p);
		irq = p->irq;
		p->irq = IRQ_NONE;
		p->permitted = false;
	}
	spin_unlock(&t->lock);
	if (irq == IRQ_NONE)
		return -EINVAL;
	if (irq >= irq_line_count()) {
		/* A message belongs to its one pirq and goes with it. */
		struct irq_desc *desc = irq_desc_of(irq);
		struct pci_dev *dev = desc->dev;
		bool msix = desc->msix;
		unsigned int msix_entry = desc->entry;

		irq_free_msi(irq);
		pci_release_msi(dev, msix, msix_entry);
	}
	return 0;
}

int pirq_reserve(struct domain *d, bool for_line, u32 *pirq)
{
	struct pirq_table *t = d->pirqs;
	s32 n;

	guard_lock(&t->lock);
	n = ensure_entries(d);
	if (!n)
		n = find_free(t, for_line, IRQ_NONE);
	if (n < 0)
		return n;
	t->pirqs[n].reserved = true;
	*pirq = (u32)n;
	return 0;
}

int pirq_permit(struct domain *d, u32 pirq, bool allow)
{
	struct pirq_table *t = d->pirqs;
	struct pirq *p;

	guard_lock(&t->lock);
	p = mapped_entry(t, pirq);
	if (!p)
		return -EINVAL;
	p->permitted = allow || d->is_privileged;
	if (!p->permitted)
		unbind(t, p);
	return 0;
}

int pirq_domain_destroy(struct domain *d)
{
	struct pirq_table *t = d->pirqs;

	if (!t)
		return 0;
	for (u32 i = 0; t->pirqs && i < t->count; i++)
		pirq_unmap(d, (s32)i);
	if (t->eoi_page) {
		t->eoi_page = NULL;
		frame_put_and_type(t->eoi_mfn);
		t->eoi_mfn = INVALID_MFN;
	}
	kfree(t->pirqs);
	t->pirqs = NULL;
	t->count = 0; /* and stays so: nothing is mapped any more */
	return 0;
}

void pirq_domain_free(struct domain *d)
{
	kfree(d->pirqs);
	d->pirqs = NULL;
}

/* --- use --- */

int pirq_bind(struct domain *d, u32 pirq, u32 port, bool share)
{
	struct pirq_table *t = d->pirqs;
	struct pirq *p;
	int rc;

	if (pirq >= t->count)
		return -EINVAL;
	guard_lock(&t->lock);
	p = mapped_entry(t, pirq);
	if (!p || !p->permitted)
		return -EPERM;
	if (p->bound)
		return -EEXIST;
	p->port = port;
	rc = irq_bind_guest(p->irq, p, share);
	p->bound = !rc;
	if (!rc)
		show_eoi_need(t, p, irq_needs_eoi(p->irq));
	return rc;
}

void pirq_unbind(struct domain *d, u32 pirq)
{
	struct pirq_table *t = d->pirqs;
	struct pirq *p;

	guard_lock(&t->lock);
	p = mapped_entry(t, pirq);
	if (p)
		unbind(t, p);
}

/* -1: not mapped, 0: not bound, else the port. */
static s64 eoi(struct domain *d, u32 pirq)
{
	struct pirq_table *t = d->pirqs;
	struct pirq *p;

	guard_lock(&t->lock);
	p = mapped_entry(t, pirq);
	if (!p || !p->bound)
		return p ? 0 : -1;
	irq_guest_eoi(p->irq, p);
	return p->port;
}

int pirq_eoi(struct domain *d, u32 pirq)
{
	s64 port = eoi(d, pirq);

	if (port > 0 && READ_ONCE(d->pirqs->auto_unmask))
		evtchn_unmask(d, (u32)port);
	return port < 0 ? -EINVAL : 0;
}

void pirq_unmasked(struct domain *d, u32 pirq)
{
	eoi(d, pirq);
}

int pirq_status(struct domain *d, u32 pirq, u32 *flags)
{
	struct pirq_table *t = d->pirqs;
	struct pirq *p;

	if (pirq >= t->count)
		return -EINVAL;
	/* "Needs EOI" also where it does not: one call too many, but none is missed. */
	*flags = XENIRQSTAT_needs_eoi;
	guard_lock(&t->lock);
	p = mapped_entry(t, pirq);
	if (p && p->bound && READ_ONCE(irq_desc_of(p->irq)->shared))
		*flags |= XENIRQSTAT_shared;
	return 0;
}

void pirq_set_cpu(struct domain *d, u32 pirq, unsigned int cpu)
{
	struct pirq_table *t = d->pirqs;
	struct pirq *p;

	guard_lock(&t->lock);
	p = mapped_entry(t, pirq);
	/* A line that others share stays where it is. */
	if (p && p->bound && !p->next)
		irq_set_cpu(p->irq, cpu);
}

mfn_t pirq_eoi_frame(const struct domain *d)
{
	return d->pirqs && d->pirqs->eoi_page ? d->pirqs->eoi_mfn : INVALID_MFN;
}

int pirq_set_eoi_page(struct domain *d, unsigned long mfn, bool auto_unmask)
{
	struct pirq_table *t = d->pirqs;
	int rc = frame_get_and_type(MFN(mfn), d, FRAME_TYPE_WRITABLE);

	if (rc)
		return -EINVAL;
	spin_lock(&t->lock);
	if (t->eoi_page || !t->count) {
		rc = -EBUSY;
	} else {
		t->eoi_mfn = MFN(mfn);
		t->eoi_page = mfn_to_virt(MFN(mfn));
		t->auto_unmask = auto_unmask;
		for (u32 i = 0; t->pirqs && i < t->count; i++)
			if (t->pirqs[i].bound)
				show_eoi_need(t, &t->pirqs[i], irq_needs_eoi(t->pirqs[i].irq));
	}
	spin_unlock(&t->lock);
	if (rc)
		frame_put_and_type(MFN(mfn));
	return rc;
}
