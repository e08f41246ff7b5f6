// SPDX-License-Identifier: MIT
/*
 * Page tables come into being and are taken apart here, entry by entry, and
 * both can be interrupted between two entries.
 *
 *	    table_get              all entries hold         last table_put
 *	plain ----> PARTIAL ------------> VALIDATED ------------> PARTIAL ----> plain
 *	               \__ an entry is refused: back, UNWINDING __/
 *
 * PARTIAL: the first `stamp` entries hold their references, the others none.
 * A table is PARTIAL with exactly one type reference.  When taking apart was
 * interrupted it is the one being dropped; when validating was, nobody outside
 * has one yet: the table then owns itself (FRAME_ORPHAN), with a general
 * reference of its own, so that it cannot go away with entries that hold
 * something (security.md, rows 299, 310).  Whoever asks for the table next goes
 * on from there, in either direction.
 *
 * An interrupted child of a table is the entry at its parent's progress: not
 * counted when it was being validated, counted (index - 1) when taken apart.
 *
 * An L4 may point to itself, read-only (row C5).  Such an entry holds nothing:
 * it cannot outlive the table, and tables that refer to others always refer to
 * a lower level, so there are no circles and no deep recursion (row 240).
 *
 * No flush is owed for entries that disappear: a frame that loses its last use
 * gets a stamp then, and every later change of type or owner first flushes the
 * CPUs that have not flushed since, which also drops what they cached of upper
 * levels.  We never read tables through a linear mapping (row 286).
 */
#include "mm/validate.h"

#include "domain/domain.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/mitigate.h"
#include "mm/frame.h"
#include "mm/iomem.h"
#include "mm/l1e.h"
#include "mm/m2p.h"
#include "mm/pte.h"
#include "sched/deferred.h"

#define PROGRESS_MASK 0x3ffu
#define UNWINDING 0x8000u /* in stamp: an entry was refused, the rest is being taken back */

/* --- L1 entries --- */

/* Not present: nothing to hold, but see mitigate_l1tf_mask(). */
static int absent_get(u64 e, u64 l1tf_mask)
{
	u64 named = pte_mfn(e).m & l1tf_mask;

	return unlikely(named && named < max_mfn) ? -EINVAL : 0;
}

/* Device memory (rows C27 to C29, C40, C41). */
static int device_get(const struct pt_context *c, u64 *e, mfn_t mfn)
{
	if (m2p_is_frame(mfn) || c->owner == DOMID_XEN) {
		if (!m2p_is_frame(mfn) || c->owner != DOMID_XEN || !c->d->is_privileged ||
		    (*e & (PTE_RW | PTE_CACHE)))
			return -EPERM;
		*e = pte_stored(*e);
		return 0;
	}
	if (!iomem_is_device(mfn))
		return -EINVAL;
	if (!iomem_permitted(c->d, mfn))
		return -EPERM;
	/* Mapping another domain's devices takes its right as well. */
	if (c->owner != DOMID_IO && c->owner != c->d->id &&
	    !iomem_permitted(domain_of_owner(c->owner), mfn))
		return -EPERM;
	/*
	 * Two mappings of a device's page, one cached and one not, may stop the machine (row 154):
	 * to a guest none is cached (WB, WT or WP).  dom0's are as it says, as its firmware's
	 * tables are among what is no RAM.
	 */
	if (!c->d->is_privileged && !(*e & PTE_PCD) && (*e & PTE_CACHE) != PTE_PAT)
		*e |= PTE_PCD | PTE_PWT;
	if (iomem_is_readonly(mfn))
		*e = (*e & ~PTE_RW) | PTE_PCD | PTE_PWT;
	*e = pte_stored(*e);
	return 0;
}

/* Why a frame cannot be had: it belongs to another, or to nobody (row C8). */
static int refused(mfn_t mfn)
{
	u64 ref = READ_ONCE(frame_of(mfn)->ref);

	return (ref & FRAME_IN_USE) && (u32)ref ? -EBUSY : -EINVAL;
}

static int ram_get(const struct pt_context *c, u64 *e, mfn_t mfn)
{
	/* Only who drives devices may choose cache attributes for RAM. */
	if ((*e & PTE_CACHE) && !iomem_any(c->d))
		return -EINVAL;
	/* Of what is ours only the M2P table is to be seen. */
	if (c->owner == DOMID_XEN || c->owner == DOMID_IO)
		return -EPERM;
	if (!frame_get_owned(mfn, c->owner))
		return refused(mfn);
	if (*e & PTE_CACHE)
		__atomic_fetch_or(&frame_of(mfn)->ref, FRAME_UNCACHED, __ATOMIC_RELAXED);
	if (*e & PTE_RW)
		return l1e_get_type_slow(e);
	*e = pte_stored(*e);
	return 0;
}

int l1e_get_type_slow(u64 *e)
{
	mfn_t mfn = pte_mfn(*e);

	if (frame_get_type(mfn, FRAME_TYPE_WRITABLE, NULL)) {
		frame_put(mfn);
		return -EBUSY;
	}
	*e = pte_stored(*e);
	return 0;
}

int l1e_get_slow(const struct pt_context *c, u64 *e)
{
	mfn_t mfn = pte_mfn(*e);

	if (!(*e & PTE_PRESENT))
		return absent_get(*e, mitigate_l1tf_mask(c->d->is_privileged));
	return unlikely(frame_is_mmio(mfn)) ? device_get(c, e, mfn) : ram_get(c, e, mfn);
}

void l1e_put_slow(u64 e)
{
	if (frame_is_mmio(pte_mfn(e)))
		return;
	if (e & PTE_RW)
		frame_put_type(pte_mfn(e));
	frame_put(pte_mfn(e));
}

/* --- entries that point to tables --- */

static u32 type_of_level(unsigned int level)
{
	return level << FRAME_TYPE_SHIFT;
}

static unsigned int level_of_type(u32 type)
{
	return type >> FRAME_TYPE_SHIFT;
}

static bool is_self(mfn_t table, unsigned int level, u64 e)
{
	return level == 4 && mfn_eq(pte_mfn(e), table);
}

int table_entry_get(struct domain *d, mfn_t table, unsigned int level, u64 *e)
{
	mfn_t child = pte_mfn(*e);
	int ret;

	if (!(*e & PTE_PRESENT))
		return absent_get(*e, mitigate_l1tf_mask(d->is_privileged));
	if (*e & PTE_TABLE_REFUSED)
		return -EINVAL;
	if (is_self(table, level, *e)) {
		if (*e & PTE_RW)
			return -EINVAL;
	} else {
		if (!frame_get(child, d))
			return -EINVAL;
		ret = table_get(child, type_of_level(level - 1), d);
		if (ret) {
			frame_put(child);
			return ret;
		}
	}
	*e |= PTE_USER;
	return 0;
}

int table_entry_put(mfn_t table, unsigned int level, u64 e)
{
	int ret;

	if (!(e & PTE_PRESENT) || is_self(table, level, e))
		return 0;
	ret = table_put(pte_mfn(e));
	if (!ret)
		frame_put(pte_mfn(e));
	return ret;
}

/* --- whole tables --- */

/*
 * Between two entries: who waits for the page-table lock does so with his processor, which may
 * be more than the rest of the machine can spare for as long as a guest's tables take.
 */
static bool should_let_go(const struct domain *d)
{
	return hypercall_should_preempt() || unlikely(spin_has_waiters(&d->mem.pt_lock));
}

static u32 progress(const struct frame *f)
{
	return f->stamp & PROGRESS_MASK;
}

static void set_hypervisor_slots(u64 *table, const u64 *from)
{
	for (unsigned int i = HYPERVISOR_SLOT_FIRST; i <= HYPERVISOR_SLOT_LAST; i++)
		WRITE_ONCE(table[i], from ? from[i - HYPERVISOR_SLOT_FIRST] : 0);
}

static int validate(mfn_t mfn, unsigned int level, struct domain *d);

/* The entry below our progress may be of a table whose taking apart was interrupted. */
static int mend_child(mfn_t table, unsigned int level, u64 e, struct domain *d)
{
	struct frame *child = frame_of(pte_mfn(e));
	int ret;

	if (!(e & PTE_PRESENT) || is_self(table, level, e) || (child->type & FRAME_VALIDATED))
		return 0;
	ret = validate(pte_mfn(e), level - 1, d);
	if (!ret)
		__atomic_store_n(&child->type, (child->type & ~FRAME_PARTIAL) | FRAME_VALIDATED,
				 __ATOMIC_RELEASE);
	return ret;
}

static int validate_l1(u64 *table, u32 *progress, struct domain *d)
{
	const struct pt_context c = pt_context(d, d->id);
	int ret = 0;
	u32 i;

	for (i = *progress; i < PTE_ENTRIES; i++) {
		u64 e = READ_ONCE(table[i]), stored = e;

		if (!e)
			continue;
		ret = l1e_get(&c, &stored);
		if (unlikely(ret))
			break;
		if (stored != e)
			WRITE_ONCE(table[i], stored);
	}
	*progress = i;
	return ret;
}

/* From the table's progress to its end. */
static int validate(mfn_t mfn, unsigned int level, struct domain *d)
{
	struct frame *f = frame_of(mfn);
	u64 *table = mfn_to_virt(mfn);
	u32 i = progress(f);
	int ret = 0;

	if (level == 1) {
		ret = validate_l1(table, &i, d);
		f->stamp = i;
		return ret;
	}
	if (i && !pte_is_ours(level, i - 1))
		ret = mend_child(mfn, level, table[i - 1], d);
	for (; i < PTE_ENTRIES && !ret; i++) {
		u64 e, stored;

		if (pte_is_ours(level, i))
			continue;
		e = stored = READ_ONCE(table[i]);
		if (!e)
			continue;
		ret = table_entry_get(d, mfn, level, &stored);
		if (ret)
			break;
		if (stored != e)
			WRITE_ONCE(table[i], stored);
		if (i + 1 < PTE_ENTRIES && should_let_go(d))
			ret = -ERESTART;
	}
	f->stamp = i;
	return ret;
}

/* From the table's progress down to its start. */
static int take_apart(mfn_t mfn, unsigned int level)
{
	struct frame *f = frame_of(mfn);
	u64 *table = mfn_to_virt(mfn);
	u32 flags = f->stamp & ~PROGRESS_MASK;
	const struct domain *d;
	int ret;

	for (u32 i = progress(f); level == 1 && i; i--)
		l1e_put(table[i - 1]);
	d = level > 1 ? domain_of_owner(frame_owner(f)) : NULL;
	for (u32 i = progress(f); level > 1 && i; i--) {
		u64 e = table[i - 1];

		if (pte_is_ours(level, i - 1) || !(e & PTE_PRESENT))
			continue;
		ret = table_entry_put(mfn, level, e);
		if (ret) {
			f->stamp = flags | i;
			return ret;
		}
		if (i > 1 && should_let_go(d)) {
			f->stamp = flags | (i - 1);
			return -ERESTART;
		}
	}
	/* Before anybody can read our entries as data of his own (row C6). */
	if (level == 4)
		set_hypervisor_slots(table, NULL);
	f->stamp = tlb_clock();
	__atomic_store_n(&f->type, type_of_level(level), __ATOMIC_RELEASE);
	return 0;
}

/* The table goes on with its own references until somebody comes back for it. */
static int orphan(mfn_t mfn)
{
	bool got = frame_get_again(mfn);

	ASSERT(got);
	(void)got;
	frame_of(mfn)->type |= FRAME_ORPHAN;
	return -ERESTART;
}

/* Work on a PARTIAL table; `fresh`: its one type reference is the caller's already. */
static int work(mfn_t mfn, unsigned int level, struct domain *d, bool fresh)
{
	struct frame *f = frame_of(mfn);
	bool orphaned = f->type & FRAME_ORPHAN;
	int ret = -EINVAL;

	if (!(f->stamp & UNWINDING)) {
		ret = validate(mfn, level, d);
		if (!ret) {
			u32 type = (f->type & ~(FRAME_PARTIAL | FRAME_ORPHAN)) | FRAME_VALIDATED;

			__atomic_store_n(&f->type, fresh || orphaned ? type : type + 1,
					 __ATOMIC_RELEASE);
			if (orphaned)
				frame_put(mfn);
			return 0;
		}
		if (ret == -ERESTART)
			return fresh ? orphan(mfn) : ret;
		/* Somebody is taking it apart, and shall: the entries done stay as they are. */
		if (!fresh && !orphaned)
			return ret;
		f->stamp |= UNWINDING;
	}
	if (take_apart(mfn, level))
		return fresh ? orphan(mfn) : -ERESTART;
	if (orphaned)
		frame_put(mfn);
	return ret;
}

void table_flush_ahead(mfn_t mfn)
{
	const struct frame *f = frame_of(mfn);

	if (READ_ONCE(f->type) == FRAME_TYPE_WRITABLE) /* count 0: it was, and may be in TLBs */
		tlb_flush_stale(&cpu_online_map, READ_ONCE(f->stamp));
}

int table_get(mfn_t mfn, u32 type, struct domain *d)
{
	struct frame *f = frame_of(mfn);
	unsigned int level = level_of_type(type);
	u32 old = READ_ONCE(f->type);

	do {
		if (!(old & FRAME_TYPE_COUNT))
			continue;
		/* In use as a table: it stays one while we hold the lock. */
		if ((old & FRAME_TYPE_MASK) != type)
			return -EINVAL;
		if (old & FRAME_PARTIAL)
			return work(mfn, level, d, false);
		return table_get_whole(mfn, type) ? 0 : -ENOSPC;
	} while (!__atomic_compare_exchange_n(&f->type, &old, type | FRAME_PARTIAL | 1, false,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	/* Only now is the stamp final (row 401).  Never used, or used as the same: nothing stale. */
	if ((old & FRAME_TYPE_MASK) != FRAME_TYPE_NONE && (old & FRAME_TYPE_MASK) != type)
		tlb_flush_stale(&cpu_online_map, READ_ONCE(f->stamp));
	f->stamp = 0;
	if (level == 4)
		set_hypervisor_slots(mfn_to_virt(mfn), hypervisor_l4);
	return work(mfn, level, d, true);
}

int table_put_flags(mfn_t mfn, u32 clear)
{
	struct frame *f = frame_of(mfn);
	u32 type = READ_ONCE(f->type), new;

	/* Others may come and go meanwhile, as long as it stays whole (table_get_whole()). */
	do {
		ASSERT(type & FRAME_TYPE_COUNT);
		if ((type & FRAME_TYPE_COUNT) > 1)
			new = (type - 1) & ~clear;
		else if (type & FRAME_VALIDATED)
			new = (type & ~FRAME_VALIDATED) | FRAME_PARTIAL;
		else
			return take_apart(mfn, level_of_type(type));
	} while (!__atomic_compare_exchange_n(&f->type, &type, new, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	if ((type & FRAME_TYPE_COUNT) > 1)
		return 0;
	f->stamp = PTE_ENTRIES;
	return take_apart(mfn, level_of_type(type));
}

int table_put(mfn_t mfn)
{
	return table_put_flags(mfn, 0);
}
