/* SPDX-License-Identifier: MIT */
/*
 * Changing one entry of a page table, on whatever way it comes: mmu_update,
 * update_va_mapping, a trapped store, a grant mapping.
 */
#ifndef DAIS_MM_UPDATE_H
#define DAIS_MM_UPDATE_H

#include "domain/domain.h"
#include "lib/types.h"
#include "mm/validate.h"
#include "sched/vcpu.h"

/*
 * For mm/ptwrite.c: makes entry `index` of d's L1 table `new`, checked as by mmu_update.
 * -EAGAIN when it no longer equals `old`.  The caller has a reference on the table.
 */
int l1e_update_emulated(struct domain *d, mfn_t table, unsigned int index, u64 old, u64 new);

/* Lines about the entries that lead to va in v's kernel tables: diagnosis. */
void pagetable_print_walk(const struct vcpu *v, unsigned long va);

/*
 * For gnttab/: makes an L1 entry of d map a frame of `owner`.  addr is the
 * entry's machine address, or a linear address of current's (d's) kernel.  The
 * entry takes references of its own like any other (mm/validate.h).
 */
int l1e_install_foreign(struct domain *d, unsigned long addr, bool addr_is_pte,
			struct domain *owner, u64 entry);
/* Clears the entry if it maps exactly that, else -EINVAL.  The caller flushes. */
int l1e_clear_if_maps(struct domain *d, unsigned long addr, bool addr_is_pte, mfn_t mfn,
		      bool writable);

/*
 * Drops v's general and type reference on a table.  When that is interrupted
 * the rest waits in v->arch.old_table and 1 is returned: the hypercall is to be
 * executed again, and begins with table_finish_drop().
 */
int table_drop(struct vcpu *v, mfn_t mfn);
/* 0 when nothing is waiting any more, or -ERESTART. */
int table_finish_drop(struct vcpu *v);

/* The domains that a foreigndom argument names, with references. */
struct foreign {
	struct domain *tables; /* whose page tables change */
	struct domain *mapped; /* whose frames are mapped; NULL: `owner` is no domain */
	u16 owner;
	bool others; /* some are not the caller, who stays alive without a reference */
};

/* What follows where others are named, and when they were. */
int foreign_find(struct foreign *f, unsigned long foreigndom);
void foreign_release(struct foreign *f);

/* v is current.  0, -ESRCH or -EPERM; then nothing is to be closed. */
static inline int foreign_open(struct foreign *f, const struct vcpu *v, unsigned long foreigndom)
{
	if (unlikely(foreigndom != DOMID_SELF))
		return foreign_find(f, foreigndom);
	f->tables = f->mapped = v->domain;
	f->owner = v->domain->id;
	f->others = false;
	return 0;
}

static inline void foreign_close(struct foreign *f)
{
	if (unlikely(f->others))
		foreign_release(f);
}

/* In the count of a batch: it continues, and its `done` word says how much was done before. */
#define BATCH_CONTINUED (1u << 31)

#endif
