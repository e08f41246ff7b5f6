// SPDX-License-Identifier: MIT
/*
 * mmu_update and its relatives.  An entry's own order is: take what the new one
 * stands for, exchange, drop what the old one stood for.
 *
 * Entries of L1 tables, which are nearly all, need no lock: a type reference
 * keeps the table whole, and of two CPUs that change one entry the exchange lets
 * one win, which owns what the replaced entry stood for.  Upper entries change
 * under the page-table lock, as what they point to may have to be validated.
 */
#include "mm/update.h"

#include "console/log.h"
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/dispatch.h"
#include "entry/guestaccess.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/hold.h"
#include "mm/l1e.h"
#include "mm/m2p.h"
#include "mm/mmuext.h"
#include "mm/pte.h"
#include "mm/validate.h"
#include "sched/deferred.h"
#include "sched/vcpu.h"

#define PORTION 16u /* requests copied and carried out under one lock */

/* --- one entry --- */

enum store { STORE_PLAIN, STORE_KEEP_AD, STORE_EXACT };

/* False: the entry is no longer *old, which is now what it is. */
static __force_inline bool store_entry(u64 *p, u64 *old, u64 new, enum store how)
{
	if (how == STORE_KEEP_AD)
		new |= *old &(PTE_ACCESSED | PTE_DIRTY);
	return __atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/*
 * One try: 1 when the entry was no longer *old (and *old is what it is now).
 * Whoever replaces *old owns what it stood for.
 */
static __force_inline int l1e_try(const struct pt_context *c, u64 *p, u64 *old, u64 new,
				  enum store how)
{
	u64 was = *old;
	int ret;

	if ((was & new &PTE_PRESENT) && !((was ^ new) & PTE_ADDR_MASK)) {
		/*
		 * The same frame with no more rights: its references stay, but for
		 * the type's when RW goes (fork).  An allow list (rows 148, 182).
		 */
		u64 diff = was ^ pte_stored(new);

		if (!(diff & ~(PTE_HARMLESS | PTE_NX)))
			return !store_entry(p, old, pte_stored(new), how);
		if (!(diff & ~(PTE_HARMLESS | PTE_NX | PTE_RW)) && !(new &PTE_RW)) {
			if (!store_entry(p, old, pte_stored(new), how))
				return 1;
			if (!frame_is_mmio(pte_mfn(was)))
				frame_put_type(pte_mfn(was));
			return 0;
		}
	}
	ret = l1e_get(c, &new);
	if (unlikely(ret))
		return ret;
	ret = !store_entry(p, old, new, how);
	l1e_put(unlikely(ret) ? new : was);
	return ret;
}

/*
 * Needs a type reference on the table, which keeps it whole, and no lock: the
 * exchange decides between CPUs.  `old` is what the caller saw; -EAGAIN only for
 * STORE_EXACT.  Bounded: each turn lost is one that another CPU won.
 */
static __force_inline int l1e_update_inline(const struct pt_context *c, u64 *p, u64 old, u64 new,
					    enum store how)
{
	int ret;

	do {
		ret = l1e_try(c, p, &old, new, how);
	} while (unlikely(ret == 1) && how != STORE_EXACT);
	return unlikely(ret == 1) ? -EAGAIN : ret;
}

static __attribute__((noinline)) int l1e_update(const struct pt_context *c, u64 *p, u64 old,
						u64 new, enum store how)
{
	return l1e_update_inline(c, p, old, new, how);
}

/* An entry of a higher table; 1: done, but the hypercall has to come back. */
static int table_entry_update(struct vcpu *v, struct domain *d, mfn_t table, unsigned int level,
			      unsigned int index, u64 new, enum store how)
{
	u64 *p = (u64 *)mfn_to_virt(table) + index;
	u64 old = READ_ONCE(*p);
	int ret;

	if (pte_is_ours(level, index))
		return -EINVAL;
	if ((old & new &PTE_PRESENT) && !((old ^ (new | PTE_USER)) & ~PTE_HARMLESS)) {
		while (!store_entry(p, &old, new | PTE_USER, how))
			;
		return 0;
	}
	ret = table_entry_get(d, table, level, &new);
	if (ret)
		return ret;
	/* Under the lock only the processor interferes, with A. */
	while (!store_entry(p, &old, new, how))
		;
	if (level == 4)
		machine_root_changed(&d->dirty_cpus);
	ret = table_entry_put(table, level, old);
	if (!ret)
		return 0;
	ASSERT(!v->arch.old_table.m);
	v->arch.old_table = pte_mfn(old);
	return 1;
}

/* A type reference on an L1, which is never interrupted. */
static inline void put_l1(mfn_t table)
{
	if (unlikely(!table_put_whole(table)))
		frame_put_type(table);
}

/* Of a frame that the caller has a reference on: an L1 table, if it is whole.  -ENOENT: not. */
static int l1_entry_update(const struct pt_context *c, mfn_t table, unsigned int index, u64 new,
			   enum store how)
{
	u64 *p = (u64 *)mfn_to_virt(table) + index;
	int ret;

	if (!table_get_whole(table, FRAME_TYPE_L1))
		return -ENOENT;
	ret = l1e_update(c, p, READ_ONCE(*p), new, how);
	put_l1(table);
	return ret;
}

/* The same for a table of any other level, or plain memory (h1.0). */
static int entry_update(struct vcpu *v, const struct pt_context *c, mfn_t table, unsigned int index,
			u64 new, enum store how)
{
	const struct frame *f = frame_of(table);
	u64 *p = (u64 *)mfn_to_virt(table) + index;
	int ret = -EINVAL;
	u32 type;

	spin_lock(&c->d->mem.pt_lock);
	/* The lock keeps a table of its domain what it is. */
	type = READ_ONCE(f->type);
	if (frame_type_is_table(type) && (type & FRAME_TYPE_COUNT)) {
		if ((type & FRAME_VALIDATED) && (type & FRAME_TYPE_MASK) != FRAME_TYPE_L1)
			ret = table_entry_update(v, c->d, table, type >> FRAME_TYPE_SHIFT & 7,
						 index, new, how);
		spin_unlock(&c->d->mem.pt_lock);
		return ret;
	}
	spin_unlock(&c->d->mem.pt_lock);
	if (frame_get_type(table, FRAME_TYPE_WRITABLE, NULL))
		return -EINVAL;
	/* No processor walks it, and the guest may write to it all the time: a plain store. */
	if (how == STORE_KEEP_AD)
		new |= READ_ONCE(*p) & (PTE_ACCESSED | PTE_DIRTY);
	WRITE_ONCE(*p, new);
	frame_put_type(table);
	return 0;
}

/* --- references that take long to drop --- */

int table_drop(struct vcpu *v, mfn_t mfn)
{
	if (!frame_put_and_type(mfn))
		return 0;
	ASSERT(!v->arch.old_table.m);
	v->arch.old_table = mfn;
	return 1;
}

int table_finish_drop(struct vcpu *v)
{
	int ret = 0;

	if (unlikely(v->arch.old_table.m)) {
		ret = frame_put_and_type(v->arch.old_table);
		if (!ret)
			v->arch.old_table = MFN(0);
	}
	return ret;
}

/* --- whose --- */

static int open_domain(struct domain **out, u16 id)
{
	struct domain *d;

	/* The caller itself stays alive without a reference. */
	if (id == DOMID_SELF || id == current->domain->id) {
		*out = current->domain;
		return 0;
	}
	d = domain_get(id);
	if (!d)
		return -ESRCH;
	if (!privileged(current->domain, PRIV_FOREIGN_MAP, d)) {
		domain_put(d);
		return -EPERM;
	}
	*out = d;
	return 0;
}

static void close_domain(struct domain *d)
{
	if (d && d != current->domain)
		domain_put(d);
}

int foreign_find(struct foreign *f, unsigned long foreigndom)
{
	u16 mapped = (u16)foreigndom, tables = (u16)(foreigndom >> 16);
	int ret = 0;

	f->others = true;
	f->mapped = NULL;
	f->owner = mapped;
	if (mapped == DOMID_XEN && !current->domain->is_privileged)
		return -EPERM;
	if (mapped != DOMID_XEN && mapped != DOMID_IO) {
		ret = open_domain(&f->mapped, mapped);
		if (ret)
			return ret;
		f->owner = f->mapped->id;
	}
	ret = open_domain(&f->tables, tables ? (u16)(tables - 1) : DOMID_SELF);
	if (ret)
		close_domain(f->mapped);
	return ret;
}

void foreign_release(struct foreign *f)
{
	close_domain(f->tables);
	close_domain(f->mapped);
}

/* --- mmu_update --- */

struct batch {
	struct vcpu *v;
	struct pt_context c;
	mfn_t held; /* table of the last request, referenced; INVALID_MFN */
	u64 *l1; /* its entries, when it is a whole L1 that we have a type reference on */
};

static void let_go(struct batch *b)
{
	if (b->l1)
		put_l1(b->held);
	if (!mfn_eq(b->held, INVALID_MFN))
		frame_drop(b->held);
	b->held = INVALID_MFN;
	b->l1 = NULL;
}

/* Requests for one table come together: it is looked up once for all of them. */
static bool hold_table(struct batch *b, mfn_t mfn)
{
	let_go(b);
	if (!frame_hold(mfn, b->c.d->id))
		return false;
	b->held = mfn;
	return true;
}

static int machphys_update(const struct batch *b, mfn_t mfn, unsigned long pfn)
{
	if (!frame_hold(mfn, b->c.owner))
		return -EINVAL;
	m2p_set(mfn, pfn);
	frame_drop(mfn);
	return 0;
}

static int carry_out(struct batch *b, const struct mmu_update *r)
{
	mfn_t mfn = MFN(r->ptr >> PAGE_SHIFT);
	unsigned int command = r->ptr & 7, index = (unsigned int)(r->ptr & ~PAGE_MASK) / 8;
	enum store how = command == MMU_PT_UPDATE_PRESERVE_AD ? STORE_KEEP_AD : STORE_PLAIN;

	if (likely(command == MMU_NORMAL_PT_UPDATE) && likely(b->l1) && mfn_eq(b->held, mfn)) {
		u64 *p = b->l1 + index;

		return l1e_update_inline(&b->c, p, READ_ONCE(*p), r->val, STORE_PLAIN);
	}
	if ((command & 3) == MMU_MACHPHYS_UPDATE)
		return machphys_update(b, mfn, r->val);
	if (command & 4)
		return -ENOSYS; /* part of the command, for the ABI */
	if (!mfn_eq(b->held, mfn) && !hold_table(b, mfn))
		return -EINVAL;
	if (!b->l1 && table_get_whole(mfn, FRAME_TYPE_L1))
		b->l1 = mfn_to_virt(mfn);
	if (!b->l1)
		return entry_update(b->v, &b->c, mfn, index, r->val, how);
	return l1e_update(&b->c, b->l1 + index, READ_ONCE(b->l1[index]), r->val, how);
}

/* Carries out up to n requests; *done says how many went well. */
static int portion(struct batch *b, unsigned long list, unsigned int n, unsigned int *done)
{
	struct mmu_update r[PORTION];
	int ret = 0;

	*done = 0;
	/* The end of the list may be unreadable, and what precedes it be meant. */
	if (guest_fetch(r, list, n * sizeof(r[0]))) {
		n = 1;
		if (guest_fetch(r, list, sizeof(r[0])))
			return -EFAULT;
	}
	while (*done < n && !ret) {
		ret = carry_out(b, &r[*done]);
		if (ret >= 0)
			++*done;
	}
	return ret;
}

/*
 * mmu_update(list, count, done, foreigndom): 0 or the error of the first request
 * that was refused; *done, if given, says how many precede it.  xen.h: mmu_update.
 */
long hc_mmu_update(unsigned long list, unsigned long count, unsigned long done_va,
		   unsigned long foreigndom)
{
	u32 left = (u32)count & ~BATCH_CONTINUED, done = 0;
	struct vcpu *v = current;
	struct batch b = {.v = v, .held = INVALID_MFN, .l1 = NULL};
	struct foreign f;
	unsigned int n;
	int ret;

	if (table_finish_drop(v))
		return hypercall_continue(0, NULL);
	if (((u32)count & BATCH_CONTINUED) && done_va && guest_fetch(&done, done_va, sizeof(done)))
		return -EFAULT;
	ret = foreign_open(&f, v, foreigndom);
	if (ret)
		return ret;
	b.c = pt_context(f.tables, f.owner);
	while (left && !ret) {
		ret = portion(&b, list, min(left, PORTION), &n);
		list += n * sizeof(struct mmu_update);
		left -= n;
		done += n;
		if (!ret && left && hypercall_should_preempt())
			ret = -ERESTART;
	}
	let_go(&b);
	foreign_close(&f);
	if (done_va && guest_store(done_va, &done, sizeof(done)))
		return -EFAULT;
	if (ret > 0 || ret == -ERESTART)
		return hypercall_continue(2, (unsigned long[]){list, left | BATCH_CONTINUED});
	return ret;
}

/* --- by linear address --- */

#define LOW_HALF_END 0x0000800000000000UL

static inline u64 entry_at(u64 e, unsigned long va, unsigned int level)
{
	return READ_ONCE(((u64 *)phys_to_virt(e & PTE_ADDR_MASK))[pte_index(va, level)]);
}

/*
 * The L1 table of va in v's kernel address space, by hand through the direct
 * map, with a reference; INVALID_MFN when there is none.  The root is v's and whole, so
 * that its entries name RAM.  Below it other vCPUs may change the tables meanwhile, and what
 * is read may be anything: a frame is looked at only if it is such a table, so that nothing
 * else leads anywhere, and the last one must be the domain's.
 */
static mfn_t find_l1(const struct vcpu *v, unsigned long va)
{
	unsigned long m;
	u64 e;

	/* Canonical and not ours: what aliases another address would lead anywhere. */
	if (va >= LOW_HALF_END && va < HYPERVISOR_END)
		return INVALID_MFN;
	e = READ_ONCE(((u64 *)mfn_to_virt(v->arch.kernel_root))[pte_index(va, 4)]);
	if (unlikely(!(e & PTE_PRESENT)))
		return INVALID_MFN;
	e = entry_at(e, va, 3);
	if (unlikely((e & (PTE_PRESENT | PTE_LARGE)) != PTE_PRESENT) ||
	    unlikely(!index_below(pte_mfn(e).m, max_mfn, &m)) ||
	    unlikely(frame_type(frame_of(MFN(m))) != FRAME_TYPE_L2))
		return INVALID_MFN;
	e = entry_at(e, va, 2);
	if (unlikely((e & (PTE_PRESENT | PTE_LARGE)) != PTE_PRESENT))
		return INVALID_MFN;
	return frame_hold(pte_mfn(e), v->domain->id) ? pte_mfn(e) : INVALID_MFN;
}

void pagetable_print_walk(const struct vcpu *v, unsigned long va)
{
	mfn_t mfn = v->arch.kernel_root;

	for (unsigned int level = 4; level && !frame_is_mmio(mfn); level--) {
		u64 e = READ_ONCE(((u64 *)mfn_to_virt(mfn))[pte_index(va, level)]);

		log_line("  walk of %lx: L%u[%u] in %lx is %016lx", va, level, pte_index(va, level),
			 mfn.m, (unsigned long)e);
		if (!(e & PTE_PRESENT) || (e & PTE_LARGE))
			return;
		mfn = pte_mfn(e);
	}
}

static int flush_after(const struct domain *d, unsigned long va, unsigned long flags)
{
	struct cpumask cpus;
	int ret;

	if (!(flags & UVMF_FLUSHTYPE_MASK))
		return 0;
	if (flags & UVMF_ALL) {
		cpus = d->dirty_cpus;
	} else if (flags & ~7UL) {
		ret = mmuext_vcpumask(d, flags & ~7UL, &cpus);
		if (ret)
			return ret;
	} else {
		if (flags & UVMF_TLB_FLUSH)
			tlb_flush_local();
		else
			tlb_flush_page_local(va);
		return 0;
	}
	if (flags & UVMF_TLB_FLUSH)
		tlb_flush_cpus(&cpus);
	else
		tlb_flush_page_cpus(&cpus, va);
	return 0;
}

static long update_va(unsigned long va, u64 value, unsigned long flags, u16 owner)
{
	struct vcpu *v = current;
	struct domain *d = v->domain;
	const struct pt_context c = pt_context(d, owner);
	mfn_t table = find_l1(v, va);
	int ret;

	if (mfn_eq(table, INVALID_MFN))
		return -EINVAL;
	ret = l1_entry_update(&c, table, pte_index(va, 1), value, STORE_PLAIN);
	frame_drop(table);
	if (ret)
		return ret == -ENOENT ? -EINVAL : ret;
	return flush_after(d, va, flags);
}

long hc_update_va_mapping(unsigned long va, unsigned long value, unsigned long flags)
{
	return update_va(va, value, flags, current->domain->id);
}

long hc_update_va_mapping_otherdomain(unsigned long va, unsigned long value, unsigned long flags,
				      unsigned long domid)
{
	struct foreign f;
	long ret;

	if (!current->domain->is_privileged)
		return -EPERM;
	ret = foreign_open(&f, current, (u16)domid);
	if (ret)
		return ret;
	ret = update_va(va, value, flags, f.owner);
	foreign_close(&f);
	return ret;
}

/* --- for other rooms --- */

int l1e_update_emulated(struct domain *d, mfn_t table, unsigned int index, u64 old, u64 new)
{
	const struct pt_context c = pt_context(d, d->id);
	u64 *p = (u64 *)mfn_to_virt(table) + index;
	int ret;

	if (!table_get_whole(table, FRAME_TYPE_L1))
		return -EINVAL;
	ret = l1e_update_inline(&c, p, old, new, STORE_EXACT);
	put_l1(table);
	return ret;
}

/*
 * The L1 entry that a grant operation names; NULL, or *table with a general and a
 * type reference to drop.
 */
static __force_inline u64 *named_entry(struct domain *d, unsigned long addr, bool addr_is_pte,
				       mfn_t *table)
{
	*table = INVALID_MFN;
	if (!addr_is_pte)
		*table = d == current->domain ? find_l1(current, addr) : INVALID_MFN;
	else if (!(addr & 7) && frame_hold(MFN(addr >> PAGE_SHIFT), d->id))
		*table = MFN(addr >> PAGE_SHIFT);
	if (mfn_eq(*table, INVALID_MFN))
		return NULL;
	if (!table_get_whole(*table, FRAME_TYPE_L1)) {
		frame_drop(*table);
		return NULL;
	}
	return (u64 *)mfn_to_virt(*table) +
	       (addr_is_pte ? (addr & ~PAGE_MASK) / sizeof(u64) : pte_index(addr, 1));
}

int l1e_install_foreign(struct domain *d, unsigned long addr, bool addr_is_pte,
			struct domain *owner, u64 entry)
{
	const struct pt_context c = pt_context(d, owner->id);
	mfn_t table;
	u64 *p = named_entry(d, addr, addr_is_pte, &table);
	int ret;

	if (!p)
		return -EINVAL;
	ret = l1e_update(&c, p, READ_ONCE(*p), entry, STORE_PLAIN);
	put_l1(table);
	frame_drop(table);
	return ret;
}

int l1e_clear_if_maps(struct domain *d, unsigned long addr, bool addr_is_pte, mfn_t mfn,
		      bool writable)
{
	const struct pt_context c = pt_context(d, d->id);
	int ret = -EINVAL;
	mfn_t table;
	u64 *p = named_entry(d, addr, addr_is_pte, &table), old;

	if (!p)
		return -EINVAL;
	old = READ_ONCE(*p);
	do {
		/* A guest may have given up RW by itself; it cannot have gained it. */
		if (!(old & PTE_PRESENT) || !mfn_eq(pte_mfn(old), mfn) ||
		    (!writable && (old & PTE_RW))) {
			ret = -EINVAL;
			break;
		}
		ret = l1e_try(&c, p, &old, 0, STORE_PLAIN);
	} while (ret == 1);
	put_l1(table);
	frame_drop(table);
	return ret;
}
