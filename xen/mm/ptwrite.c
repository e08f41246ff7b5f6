// SPDX-License-Identifier: MIT
/*
 * A page table is never mapped writable, so a store to one faults.  For L1
 * tables the store is decoded and becomes an update like any other: the whole
 * 8-byte entry that results is validated, and replaces exactly the old value
 * that the result was computed from (C56, C57).
 */
#include "mm/ptwrite.h"

#include "domain/domain.h"
#include "entry/bounce.h"
#include "entry/decode.h"
#include "entry/guestaccess.h"
#include "lib/errno.h"
#include "machine/context.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/hold.h"
#include "mm/iomem.h"
#include "mm/update.h"

#define DR6_BS 0x4000UL
/* How often the processor may set A or D, or another vCPU win, before the guest tries again. */
#define TRIES 16

/* Where a store goes. */
struct target {
	struct domain *d;
	mfn_t table; /* general reference held */
	unsigned int index;
};

static unsigned int table_index(unsigned long va, unsigned int level)
{
	return (unsigned int)(va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

static inline mfn_t pte_mfn(u64 e)
{
	return MFN((e & PTE_ADDR_MASK) >> PAGE_SHIFT);
}

static inline u64 entry_at(mfn_t mfn, unsigned long va, unsigned int level)
{
	return READ_ONCE(((u64 *)mfn_to_virt(mfn))[table_index(va, level)]);
}

static inline bool leads_on(u64 e)
{
	return (e & (PTE_PRESENT | PTE_LARGE)) == PTE_PRESENT;
}

/* A frame that an entry may lead to: one that d has as a table of the level, now. */
static inline bool is_table_of(const struct domain *d, mfn_t mfn, unsigned int level)
{
	const struct frame *f;

	if (!mfn_valid(mfn))
		return false;
	f = frame_of(mfn);
	return frame_type(f) == level << FRAME_TYPE_SHIFT && frame_owner(f) == d->id;
}

/*
 * The L1 table that va shows, with a general reference; INVALID_MFN: a device's page that is
 * ours to write (E6).  The walk takes no lock: every exec, fork and exit comes here a thousand
 * times, from all CPUs of the domain.  What another vCPU changes meanwhile can lead to a table
 * that va no longer shows, which is the guest's own race: it still is an L1 table of this
 * domain, referenced, and the update itself checks the rest.
 */
static __force_inline bool find_table(const struct vcpu *v, unsigned long va, mfn_t *table)
{
	const struct domain *d = v->domain;
	u64 entry = entry_at(v->arch.kernel_root, va, 4);
	mfn_t mfn = pte_mfn(entry);

	/* The root is whole: what it leads to is a table without asking. */
	if (!(entry & PTE_PRESENT))
		return false;
	entry = entry_at(mfn, va, 3);
	mfn = pte_mfn(entry);
	if (!leads_on(entry) || !is_table_of(d, mfn, 2))
		return false;
	entry = entry_at(mfn, va, 2);
	mfn = pte_mfn(entry);
	if (!leads_on(entry) || !is_table_of(d, mfn, 1))
		return false;
	entry = entry_at(mfn, va, 1);
	mfn = pte_mfn(entry);
	if (!(entry & PTE_PRESENT))
		return false;
	/* What is no RAM has no references to hold. */
	if (unlikely((entry & PTE_RW) || !frame_hold(mfn, d->id))) {
		*table = INVALID_MFN;
		return frame_is_mmio(mfn) && iomem_is_readonly(mfn);
	}
	if (likely(frame_type(frame_of(mfn)) == FRAME_TYPE_L1)) {
		*table = mfn;
		return true;
	}
	frame_put(mfn);
	return false;
}

static u64 read_entry(const struct target *t, unsigned int index)
{
	return READ_ONCE(((u64 *)mfn_to_virt(t->table))[index]);
}

/*
 * Up to 8 bytes inside one entry.  Registers change only when the store is done: insn_store() works
 * on them, and what it may touch (the low four, flags, its operand) is put back when it is not.
 */
static int store_one(const struct target *t, const struct insn *in, struct cpu_regs *regs,
		     unsigned int offset, u64 loaded)
{
	const u64 mask = (in->size == 8 ? ~0UL : (1UL << (8 * in->size)) - 1) << (8 * offset);
	const u64 rax = regs->rax, rbx = regs->rbx, rcx = regs->rcx, rdx = regs->rdx;
	const u64 rflags = regs->rflags, operand = *insn_reg(regs, in->reg);

	for (unsigned int i = 0; i < TRIES; i++) {
		u64 old = read_entry(t, t->index), value;
		int rc;

		if (!insn_store(in, regs, old >> (8 * offset), loaded, &value))
			return 0;
		rc = l1e_update_emulated(t->d, t->table, t->index, old,
					 (old & ~mask) | (value << (8 * offset)));
		if (!rc)
			return 0;
		regs->rax = rax;
		regs->rbx = rbx;
		regs->rcx = rcx;
		regs->rdx = rdx;
		regs->rflags = rflags;
		*insn_reg(regs, in->reg) = operand;
		if (rc != -EAGAIN)
			return rc;
	}
	return -EAGAIN;
}

/* Replaces an entry by another, whatever its A and D bits are; -EAGAIN: it is a different one. */
static int replace(const struct target *t, unsigned int index, u64 expected, u64 new)
{
	const u64 hardware = PTE_ACCESSED | PTE_DIRTY;

	for (unsigned int i = 0; i < TRIES; i++) {
		u64 old = read_entry(t, index);
		int rc;

		if ((old ^ expected) & ~hardware)
			return -EAGAIN;
		rc = l1e_update_emulated(t->d, t->table, index, old, new);
		if (rc != -EAGAIN)
			return rc;
	}
	return -EAGAIN;
}

/*
 * CMPXCHG16B: two entries, one after the other; a second that is refused takes
 * the first back.  Another CPU may see the state between, as it may with any
 * two entries: no translation depends on both.
 */
static int store_pair(const struct target *t, struct cpu_regs *regs)
{
	u64 low = read_entry(t, t->index), high = read_entry(t, t->index + 1);
	int rc;

	if (low != regs->rax || high != regs->rdx) {
		regs->rflags &= ~EFLAGS_ZF;
		regs->rax = low;
		regs->rdx = high;
		return 0;
	}
	rc = replace(t, t->index, low, regs->rbx);
	if (rc)
		return rc;
	rc = replace(t, t->index + 1, high, regs->rcx);
	if (rc) {
		/* low was valid and its target still is ours: only a race can refuse it now. */
		(void)replace(t, t->index, read_entry(t, t->index), low);
		return rc;
	}
	regs->rflags |= EFLAGS_ZF;
	return 0;
}

/* The decoded store if it is one that we carry out and it covers va; its address. */
static bool decode_store(struct vcpu *v, struct cpu_regs *regs, unsigned long va, struct insn *in,
			 unsigned long *addr, u64 *loaded)
{
	struct segment_bases bases;
	u8 bytes[INSN_MAX_BYTES + 1]; /* whole words, nearly always there to be read */
	unsigned int got = INSN_MAX_BYTES, unit;

	if (unlikely(guest_fetch(bytes, regs->rip, sizeof(bytes))))
		got = (unsigned int)guest_read_partial(bytes, regs->rip, INSN_MAX_BYTES);
	if (decode(bytes, got, in) != DECODE_OK || in->op > OP_MOVS)
		return false;
	if (!in->has_mem && in->op != OP_STOS && in->op != OP_MOVS)
		return false;
	if (unlikely(in->seg))
		vcpu_read_bases(v);
	bases = (struct segment_bases){v->arch.fs_base, v->arch.gs_base_kernel};
	*addr = insn_address(in, regs, &bases);
	/* An element of a REP is done per fault, so the counter cannot be 0 here. */
	if (in->rep && !regs->rcx)
		return false;
	/* Inside one entry; the pair: aligned, as the instruction demands itself. */
	unit = in->size == 16 ? 16 : 8;
	if (va - *addr >= in->size || (*addr & (unit - 1)) + in->size > unit)
		return false;
	*loaded = 0;
	return in->op != OP_MOVS ||
	       !guest_read(loaded, insn_string_source(in, regs, &bases), in->size);
}

/* Moves past the instruction, or to the next element. */
static void finish(struct vcpu *v, struct cpu_regs *regs, const struct insn *in)
{
	bool string = in->op == OP_STOS || in->op == OP_MOVS;

	if (!string || insn_string_step(in, regs))
		regs->rip += in->length;
	regs->rflags &= ~EFLAGS_RF;
	if (regs->rflags & EFLAGS_TF) {
		v->arch.debugreg[6] |= DR6_BS;
		inject_trap(regs, TRAP_DB, 0);
	}
}

/*
 * MOV and XCHG of an entry with a whole register, through a register that points to it: how
 * kernels set and take the entries of their page tables.  False, and nothing has changed, where
 * it is anything else or does not go well: emulate() knows the rest.
 */
static __force_inline bool plain_store(struct vcpu *v, struct cpu_regs *regs, unsigned long va,
				       mfn_t table)
{
	const unsigned int index = (unsigned int)(va & ~PAGE_MASK) / 8;
	u64 old, *source;
	u8 modrm;
	u32 code; /* REX, opcode, ModRM, perhaps a displacement */

	if (guest_fetch(&code, regs->rip, sizeof(code)))
		return false;
	modrm = (u8)(code >> 16);
	/* REX.W 89 or 87; no SIB, no wide displacement, no address relative to RIP. */
	if (((code & 0xfff8) != 0x8948 && (code & 0xfff8) != 0x8748) || modrm >= 0x80 ||
	    (modrm & 7) == 4 || (modrm & 0xc7) == 5 || (regs->rflags & EFLAGS_TF))
		return false;
	if (*insn_reg(regs, (modrm & 7u) | (code & 1) << 3) +
			    (u64)(modrm & 0x40 ? (s8)(code >> 24) : 0) !=
		    va ||
	    (va & 7))
		return false;
	source = insn_reg(regs, (modrm >> 3 & 7u) | (code & 4) << 1);
	old = READ_ONCE(((u64 *)mfn_to_virt(table))[index]);
	if (l1e_update_emulated(v->domain, table, index, old, *source))
		return false;
	if (!(code & 0x0800)) /* 87: XCHG */
		*source = old;
	regs->rip += modrm & 0x40 ? 4 : 3;
	regs->rflags &= ~EFLAGS_RF;
	return true;
}

/* Any store, to the table or (INVALID_MFN) to a device's page, where it goes nowhere. */
static __attribute__((noinline)) bool emulate(struct vcpu *v, struct cpu_regs *regs,
					      unsigned long va, mfn_t table)
{
	struct target t = {.d = v->domain, .table = table};
	unsigned long addr;
	struct insn in;
	u64 loaded;
	int rc;

	if (!decode_store(v, regs, va, &in, &addr, &loaded))
		return false;
	if (mfn_eq(table, INVALID_MFN)) {
		finish(v, regs, &in);
		return true;
	}
	t.index = (unsigned int)(addr & ~PAGE_MASK) / 8;
	rc = in.size == 16 ? store_pair(&t, regs) : store_one(&t, &in, regs, addr & 7, loaded);
	/* Lost every race: the guest executes the instruction again. */
	if (rc == -EAGAIN)
		return true;
	if (rc)
		return false;
	finish(v, regs, &in);
	return true;
}

bool ptwrite_emulate(struct cpu_regs *regs, unsigned long va)
{
	struct vcpu *v = current;
	const struct domain *d = v->domain;
	bool done;
	mfn_t table;

	if ((regs->error_code & ~PFEC_USER) != (PFEC_PRESENT | PFEC_WRITE) ||
	    !v->arch.kernel_mode || !guest_address_not_ours(va))
		return false;
	/* Row C51: the assist switches this on, dom0 has it always. */
	if (!(d->vm_assist & BIT(VMASST_TYPE_writable_pagetables)) && !d->is_privileged)
		return false;
	if (!find_table(v, va, &table))
		return false;
	if (unlikely(mfn_eq(table, INVALID_MFN)))
		return emulate(v, regs, va, table);
	done = likely(plain_store(v, regs, va, table)) || emulate(v, regs, va, table);
	frame_drop(table);
	return done;
}
