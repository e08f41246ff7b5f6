// SPDX-License-Identifier: MIT
/*
 * mmuext_op: pinned tables, roots, flushes.  Linux puts many of these into one
 * multicall and takes any error for a bug of its own, so what can be retried is
 * retried here.
 */
#include "mm/mmuext.h"

#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestaccess.h"
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/block.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/iomem.h"
#include "mm/pte.h"
#include "mm/segdesc.h"
#include "mm/update.h"
#include "sched/deferred.h"
#include "sched/vcpu.h"

/* --- pins --- */

int mmuext_pin(struct domain *d, mfn_t mfn, u32 type)
{
	struct frame *f;
	int ret = -EINVAL;

	if (!frame_get(mfn, d))
		return -EINVAL;
	f = frame_of(mfn);
	table_flush_ahead(mfn);
	spin_lock(&d->mem.pt_lock);
	/* A destroy that goes on is not to find new ones behind it. */
	if (!(READ_ONCE(f->type) & FRAME_PINNED) && !domain_is_dying(d))
		ret = table_get(mfn, type, d);
	if (!ret)
		__atomic_fetch_or(&f->type, FRAME_PINNED, __ATOMIC_RELAXED);
	spin_unlock(&d->mem.pt_lock);
	if (!ret)
		return 0;
	frame_put(mfn);
	/* Whatever an entry's fault was, it is the table that does not fit (rows C3, C4). */
	return ret == -ERESTART ? ret : -EINVAL;
}

int table_unpin(struct domain *d, mfn_t mfn)
{
	struct frame *f;
	int ret = -EINVAL;

	if (!frame_get(mfn, d))
		return -EINVAL;
	f = frame_of(mfn);
	spin_lock(&d->mem.pt_lock);
	if (frame_type_is_table(f->type) && (f->type & FRAME_PINNED)) {
		/* Of a last reference the flag goes with the last entry: a restarted call goes on. */
		ret = table_put_flags(mfn, FRAME_PINNED);
	}
	spin_unlock(&d->mem.pt_lock);
	frame_put(mfn);
	if (!ret)
		frame_put(mfn); /* the pin's */
	return ret;
}

int table_break_circle(struct domain *d, mfn_t mfn)
{
	struct frame *f;
	int ret = 0;
	bool broken = false;

	if (!frame_get(mfn, d))
		return 0;
	f = frame_of(mfn);
	spin_lock(&d->mem.pt_lock);
	if (frame_type_is_table(f->type) && (f->type & FRAME_ORPHAN)) {
		ret = table_put(mfn);
		broken = !ret;
	}
	spin_unlock(&d->mem.pt_lock);
	frame_put(mfn);
	if (broken)
		frame_put(mfn); /* the one it had of itself */
	return ret;
}

/* --- roots --- */

/* The M2P table is for kernels (row A65); a root that serves both shows it. */
void mmuext_show_m2p(const struct vcpu *v)
{
	u64 *kernel = (u64 *)mfn_to_virt(v->arch.kernel_root) + HYPERVISOR_SLOT_FIRST;

	if (!mfn_eq(v->arch.user_root, INVALID_MFN))
		WRITE_ONCE(((u64 *)mfn_to_virt(v->arch.user_root))[HYPERVISOR_SLOT_FIRST], 0);
	WRITE_ONCE(*kernel, hypervisor_l4[0]);
}

int mmuext_new_kernel_root(struct vcpu *v, mfn_t mfn)
{
	mfn_t old = v->arch.kernel_root;
	int ret;

	if (!mfn_eq(mfn, old)) {
		ret = frame_get_and_type(mfn, v->domain, FRAME_TYPE_L4);
		if (ret)
			return ret == -ERESTART ? ret : -EINVAL;
	}
	/* The linear addresses of the LDT's pages mean something else now. */
	if (v->arch.ldt_mapped)
		segdesc_ldt_drop(v);
	v->arch.kernel_root = mfn;
	mmuext_show_m2p(v);
	vcpu_load_root(v);
	return mfn_eq(mfn, old) || mfn_eq(old, INVALID_MFN) ? 0 : table_drop(v, old);
}

/*
 * Not loaded before the guest's next switch to user mode; its kernel flushed, or
 * flushes, what it shows differently.
 */
static int new_user_root(struct vcpu *v, mfn_t mfn)
{
	mfn_t old = v->arch.user_root;
	int ret;

	if (!mfn.m)
		mfn = INVALID_MFN;
	if (mfn_eq(mfn, old))
		return 0;
	if (!mfn_eq(mfn, INVALID_MFN)) {
		ret = frame_get_and_type(mfn, v->domain, FRAME_TYPE_L4);
		if (ret)
			return ret == -ERESTART ? ret : -EINVAL;
	}
	v->arch.user_root = mfn;
	if (!mfn_eq(v->arch.kernel_root, INVALID_MFN))
		mmuext_show_m2p(v);
	machine_root_changed(NULL);
	return mfn_eq(old, INVALID_MFN) ? 0 : table_drop(v, old);
}

/* --- flushes --- */

int mmuext_vcpumask(const struct domain *d, unsigned long va, struct cpumask *cpus)
{
	u8 bytes[DIV_ROUND_UP(MAX_VCPUS, 8)];
	unsigned int size = DIV_ROUND_UP(min(d->max_vcpus, MAX_VCPUS), 8), id;
	DECLARE_BITMAP(ids, MAX_VCPUS);

	if (guest_fetch(bytes, va, size))
		return -EFAULT;
	bitmap_from_bytes(ids, MAX_VCPUS, bytes, size * 8);
	cpumask_zero(cpus);
	/*
	 * A vCPU that moves meanwhile needs nothing: being switched in flushes, and
	 * what it reads then is newer than this call.
	 */
	bitmap_for_each_set(id, ids, MAX_VCPUS)
	{
		const struct vcpu *v = domain_vcpu(d, id);
		unsigned int cpu = v ? READ_ONCE(v->sched.cpu) : NR_CPUS;

		if (cpu < NR_CPUS && cpumask_test(&d->dirty_cpus, cpu))
			cpumask_set(cpus, cpu);
	}
	return 0;
}

static int flush(struct vcpu *v, const struct mmuext_op *op)
{
	unsigned long va = op->arg1.linear_addr;
	bool page = op->cmd == MMUEXT_INVLPG_LOCAL || op->cmd == MMUEXT_INVLPG_MULTI ||
		    op->cmd == MMUEXT_INVLPG_ALL;
	struct cpumask cpus;
	int ret;

	/* Nothing of the guest's is there (row 279). */
	if (page && !guest_range_ok(va, 1))
		return 0;
	switch (op->cmd) {
	case MMUEXT_TLB_FLUSH_LOCAL:
		tlb_flush_local();
		return 0;
	case MMUEXT_INVLPG_LOCAL:
		tlb_flush_page_local(va);
		return 0;
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
		ret = mmuext_vcpumask(v->domain, (unsigned long)op->arg2.vcpumask.p, &cpus);
		if (ret)
			return ret;
		break;
	default:
		cpus = v->domain->dirty_cpus;
	}
	if (page)
		tlb_flush_page_cpus(&cpus, va);
	else
		tlb_flush_cpus(&cpus);
	return 0;
}

/* Only those who may map uncached memory have a use for it (rows h26.12, h26.18). */
static int flush_cache(const struct vcpu *v, unsigned int cmd)
{
	if (!iomem_any(v->domain))
		return cmd == MMUEXT_FLUSH_CACHE ? -EACCES : -EINVAL;
	if (cmd == MMUEXT_FLUSH_CACHE)
		cache_flush_local();
	else
		cache_flush_all();
	return 0;
}

/* --- pages --- */

static int write_page(struct domain *d, const struct mmuext_op *op)
{
	mfn_t mfn = MFN(op->arg1.mfn), from = MFN(op->arg2.src_mfn);

	if (op->cmd == MMUEXT_COPY_PAGE && !frame_get(from, d))
		return -EINVAL;
	if (frame_get_and_type(mfn, d, FRAME_TYPE_WRITABLE)) {
		if (op->cmd == MMUEXT_COPY_PAGE)
			frame_put(from);
		return -EINVAL;
	}
	if (op->cmd == MMUEXT_COPY_PAGE) {
		block_copy(mfn_to_virt(mfn), mfn_to_virt(from), PAGE_SIZE);
		frame_put(from);
	} else {
		block_zero(mfn_to_virt(mfn), PAGE_SIZE);
	}
	frame_put_and_type(mfn);
	return 0;
}

/* --- the table --- */

static int carry_out(struct vcpu *v, struct domain *d, const struct mmuext_op *op)
{
	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return mmuext_pin(d, MFN(op->arg1.mfn),
				  (op->cmd - MMUEXT_PIN_L1_TABLE + 1) << FRAME_TYPE_SHIFT);
	case MMUEXT_UNPIN_TABLE:
		return table_unpin(d, MFN(op->arg1.mfn));
	case MMUEXT_NEW_BASEPTR:
		return d == v->domain ? mmuext_new_kernel_root(v, MFN(op->arg1.mfn)) : -EPERM;
	case MMUEXT_NEW_USER_BASEPTR:
		return d == v->domain ? new_user_root(v, MFN(op->arg1.mfn)) : -EPERM;
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_INVLPG_LOCAL:
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_ALL:
		return d == v->domain ? flush(v, op) : -EPERM;
	case MMUEXT_FLUSH_CACHE:
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		return flush_cache(v, op->cmd);
	case MMUEXT_SET_LDT:
		return d == v->domain ? segdesc_set_ldt(v, op->arg1.linear_addr, op->arg2.nr_ents)
				      : -EPERM;
	case MMUEXT_CLEAR_PAGE:
	case MMUEXT_COPY_PAGE:
		return write_page(d, op);
	case MMUEXT_MARK_SUPER:
	case MMUEXT_UNMARK_SUPER:
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}

/*
 * mmuext_op(list, count, done, foreigndom): 0 or the error of the first op that
 * was refused; *done, if given, says how many precede it.  xen.h: mmuext_op.
 */
long hc_mmuext_op(unsigned long list, unsigned long count, unsigned long done_va,
		  unsigned long foreigndom)
{
	u32 left = (u32)count & ~BATCH_CONTINUED, done = 0;
	struct vcpu *v = current;
	struct foreign f;
	int ret;

	if (table_finish_drop(v))
		return hypercall_continue(0, NULL);
	if (((u32)count & BATCH_CONTINUED) && done_va && guest_fetch(&done, done_va, sizeof(done)))
		return -EFAULT;
	ret = foreign_open(&f, v, foreigndom & 0xffff);
	if (ret)
		return ret;
	if (!f.mapped) {
		foreign_close(&f);
		return -EPERM; /* neither I/O nor we have tables to pin */
	}
	while (left && !ret) {
		struct mmuext_op op;

		ret = guest_fetch(&op, list, sizeof(op)) ? -EFAULT : carry_out(v, f.mapped, &op);
		if (ret < 0)
			break;
		list += sizeof(op);
		left--;
		done++;
		if (!ret && left && hypercall_should_preempt())
			ret = -ERESTART;
	}
	foreign_close(&f);
	if (done_va && guest_store(done_va, &done, sizeof(done)))
		return -EFAULT;
	if (ret > 0 || ret == -ERESTART)
		return hypercall_continue(2, (unsigned long[]){list, left | BATCH_CONTINUED});
	return ret;
}
