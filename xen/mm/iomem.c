// SPDX-License-Identifier: MIT
/*
 * Rights to device memory, as a sorted list of ranges per domain.
 *
 * Readers (every entry that maps device memory) take no lock: a writer makes
 * `sequence` odd while it changes the list, and readers try again.  The lists
 * have a fixed size, so a reader always looks at memory that exists.
 */
#include "mm/iomem.h"

#include "domain/domain.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/cpu.h"
#include "machine/machine.h"
#include "mm/frame.h"
#include "mm/slab.h"

#define RANGES_MAX 120u

struct range {
	unsigned long start, end; /* frames, half-open */
};

struct iomem_rights {
	u32 sequence;
	u32 count;
	struct range range[RANGES_MAX]; /* ascending, disjoint, not touching */
};

/* For all domains; changed at boot and when a device's interrupts are set up.  Rows C27, C28. */
static struct iomem_rights hidden, readonly;
static struct spinlock machine_lock = SPINLOCK_INIT(IOAPIC);

static unsigned long address_limit(void)
{
	return 1UL << (cpu_features.phys_bits - PAGE_SHIFT);
}

static bool covers(const struct iomem_rights *r, unsigned long start, unsigned long end)
{
	bool found;
	u32 before;

	do {
		before = __atomic_load_n(&r->sequence, __ATOMIC_ACQUIRE);
		found = false;
		for (u32 i = 0; i < READ_ONCE(r->count) && i < RANGES_MAX && !found; i++)
			found = start >= READ_ONCE(r->range[i].start) &&
				end <= READ_ONCE(r->range[i].end);
		smp_rmb();
	} while ((before & 1) || before != READ_ONCE(r->sequence));
	return found;
}

/* The list without [start, end), and with it again when `add`; in a copy, then published. */
static int change(struct iomem_rights *r, struct range new, bool add)
{
	struct range list[RANGES_MAX + 2];
	u32 n = 0;
	bool placed = !add;

	for (u32 i = 0; i < r->count; i++) {
		struct range old = r->range[i];

		if (add && old.end >= new.start &&old.start <= new.end) {
			new.start = min(new.start, old.start);
			new.end = max(new.end, old.end);
			continue;
		}
		if (!placed && old.start > new.end) {
			list[n++] = new;
			placed = true;
		}
		if (add || old.end <= new.start || old.start >= new.end) {
			list[n++] = old;
			continue;
		}
		if (old.start < new.start)
			list[n++] = (struct range){old.start, new.start};
		if (old.end > new.end)
			list[n++] = (struct range){new.end, old.end};
	}
	if (!placed)
		list[n++] = new;
	if (n > RANGES_MAX)
		return -ENOSPC;
	__atomic_store_n(&r->sequence, r->sequence + 1, __ATOMIC_SEQ_CST);
	memcpy(r->range, list, n * sizeof(list[0]));
	r->count = n;
	__atomic_store_n(&r->sequence, r->sequence + 1, __ATOMIC_SEQ_CST);
	return 0;
}

int iomem_domain_init(struct domain *d)
{
	d->iomem = kmalloc(sizeof(*d->iomem));
	if (!d->iomem)
		return -ENOMEM;
	if (d->is_privileged)
		return change(d->iomem, (struct range){0, address_limit()}, true);
	return 0;
}

void iomem_domain_destroy(struct domain *d)
{
	kfree(d->iomem);
	d->iomem = NULL;
}

int iomem_permit(struct domain *d, mfn_t start, mfn_t end, bool allow)
{
	int ret;

	if (start.m >= end.m || end.m > address_limit())
		return -EINVAL;
	spin_lock(&d->mem.lock);
	ret = change(d->iomem, (struct range){start.m, end.m}, allow);
	spin_unlock(&d->mem.lock);
	return ret;
}

bool iomem_range_permitted(const struct domain *d, mfn_t start, mfn_t end)
{
	return d->iomem && covers(d->iomem, start.m, end.m);
}

bool iomem_permitted(const struct domain *d, mfn_t mfn)
{
	return iomem_range_permitted(d, mfn, MFN(mfn.m + 1)) && !covers(&hidden, mfn.m, mfn.m + 1);
}

bool iomem_any(const struct domain *d)
{
	return d->iomem && READ_ONCE(d->iomem->count);
}

static void change_machine(struct iomem_rights *r, mfn_t start, mfn_t end)
{
	unsigned long flags = spin_lock_irqsave(&machine_lock);
	int ret = change(r, (struct range){start.m, end.m}, true);

	spin_unlock_irqrestore(&machine_lock, flags);
	/* Leaving a range open would hand out what must stay ours. */
	PANIC_ON(ret);
}

void iomem_hide(mfn_t start, mfn_t end)
{
	change_machine(&hidden, start, end);
}

void iomem_readonly(mfn_t start, mfn_t end)
{
	change_machine(&readonly, start, end);
}

bool iomem_is_readonly(mfn_t mfn)
{
	return covers(&readonly, mfn.m, mfn.m + 1);
}

bool iomem_is_device(mfn_t mfn)
{
	return mfn.m < address_limit() && frame_is_mmio(mfn);
}
