// SPDX-License-Identifier: MIT
/*
 * Guest descriptor tables.
 *
 * The processor reads them straight from guest frames, so a frame that is part
 * of a loaded table has type SEGDESC: nobody can have it mapped writable, every
 * descriptor in it was looked at when it got that type, and later ones come
 * through update_descriptor.  Harmless means: usable in ring 3 only, and no
 * segment of system type except call gates that nothing can call.
 *
 * Page-table lock: held while the guest's tables are walked.  This file leaves the descriptor windows to the machine.
 */
#include "mm/segdesc.h"

#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "machine/descriptor.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "mm/frame.h"
#include "sched/vcpu.h"

#define DESC_TYPE_SHIFT 40
#define DESC_S BIT(44) /* code or data */
#define DESC_DPL (3UL << 45)
#define DESC_P BIT(47)
#define DESC_GATE_SELECTOR_RPL (3UL << 16)
#define TYPE_CALL_GATE 12

#define ENTRIES_PER_PAGE 512u
#define LDT_ENTRIES_MAX 8192u
#define LDT_PAGES (LDT_ENTRIES_MAX / ENTRIES_PER_PAGE)

bool segdesc_fix(u64 *desc)
{
	u64 d = *desc;

	if (!(d & DESC_P))
		return true;
	if (d & DESC_S) {
		*desc = d | DESC_DPL;
		return true;
	}
	if (((d >> DESC_TYPE_SHIFT) & 15) != TYPE_CALL_GATE)
		return false;
	/* Kept so that the guest reads back a gate; at level 0 none of its code can use it. */
	*desc = (d & ~DESC_DPL) | DESC_GATE_SELECTOR_RPL;
	return true;
}

int segdesc_page_check(mfn_t mfn)
{
	u64 *table = mfn_to_virt(mfn);

	for (unsigned int i = 0; i < ENTRIES_PER_PAGE; i++) {
		u64 desc = table[i];

		if (!segdesc_fix(&desc))
			return -EINVAL;
		table[i] = desc;
	}
	return 0;
}

/* --- GDT --- */

/* Typed references on n frames, all or none. */
static int take_frames(struct domain *d, mfn_t *held, const unsigned long *frames, unsigned int n)
{
	int ret = 0;

	for (unsigned int i = 0; i < n; i++) {
		held[i] = MFN(frames[i]);
		ret = frame_get_and_type(held[i], d, FRAME_TYPE_SEGDESC);
		if (ret) {
			while (i-- > 0)
				frame_put_and_type(held[i]);
			break;
		}
	}
	/* Descriptor pages are checked in one go: whatever else it was, it does not fit. */
	return ret ? -EINVAL : 0;
}

int segdesc_set_gdt(struct vcpu *v, const unsigned long *frames, unsigned int entries)
{
	unsigned int n = DIV_ROUND_UP(entries, ENTRIES_PER_PAGE);
	unsigned int old_n = DIV_ROUND_UP(v->arch.gdt_entries, ENTRIES_PER_PAGE);
	mfn_t held[FIRST_RESERVED_GDT_PAGE], old[FIRST_RESERVED_GDT_PAGE];

	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return -EINVAL;
	if (take_frames(v->domain, held, frames, n))
		return -EINVAL;
	for (unsigned int i = 0; i < old_n; i++)
		old[i] = v->arch.gdt_frames[i];
	for (unsigned int i = 0; i < n; i++)
		v->arch.gdt_frames[i] = held[i];
	v->arch.gdt_entries = entries;
	if (v == current)
		vcpu_load_gdt(v);
	/* Only now: the processor may have used the old ones until here. */
	for (unsigned int i = 0; i < old_n; i++)
		frame_put_and_type(old[i]);
	return 0;
}

long hc_set_gdt(unsigned long frame_list, unsigned long entries)
{
	unsigned long frames[FIRST_RESERVED_GDT_PAGE];
	unsigned int n;

	entries = (u32)entries;
	if (entries > FIRST_RESERVED_GDT_ENTRY)
		return -EINVAL;
	n = (unsigned int)DIV_ROUND_UP(entries, ENTRIES_PER_PAGE);
	if (guest_read(frames, frame_list, n * sizeof(frames[0])))
		return -EFAULT;
	return segdesc_set_gdt(current, frames, (unsigned int)entries);
}

long hc_update_descriptor(unsigned long ma, unsigned long desc)
{
	struct domain *d = current->domain;
	mfn_t mfn = MFN(ma >> PAGE_SHIFT);
	u32 type = FRAME_TYPE_WRITABLE;

	if ((ma & (sizeof(u64) - 1)) || !segdesc_fix(&desc))
		return -EINVAL;
	if (!frame_get(mfn, d))
		return -EINVAL;
	/*
	 * A table in use keeps its type under the store; on a page that is none
	 * (yet) it is a plain write, checked again when the page becomes one.
	 */
	if (frame_type(frame_of(mfn)) == FRAME_TYPE_SEGDESC)
		type = FRAME_TYPE_SEGDESC;
	if (frame_get_type(mfn, type, d)) {
		frame_put(mfn);
		return -EINVAL;
	}
	WRITE_ONCE(((u64 *)mfn_to_virt(mfn))[(ma & ~PAGE_MASK) / sizeof(u64)], desc);
	frame_put_and_type(mfn);
	return 0;
}

/* --- LDT --- */

int segdesc_set_ldt(struct vcpu *v, unsigned long base, unsigned long entries)
{
	if ((base & ~PAGE_MASK) || entries > LDT_ENTRIES_MAX ||
	    (entries && !guest_range_ok(base, entries * sizeof(u64))))
		return -EINVAL;
	segdesc_ldt_drop(v);
	v->arch.ldt_base = entries ? base : 0;
	v->arch.ldt_entries = (unsigned int)entries;
	if (v == current)
		vcpu_load_ldt(v);
	return 0;
}

/*
 * The L1 entry of va under v's kernel root, 0 when there is none.  No lock: the
 * fault may come from our own load of a selector, with interrupts off, when who
 * holds the lock waits for us to flush.  What is read may be in change; each
 * frame is looked at only if it is a table, and the caller checks what comes out.
 */
static u64 walk(const struct vcpu *v, unsigned long va)
{
	u64 e = (u64)v->arch.kernel_root.m << PAGE_SHIFT | PTE_PRESENT;

	if (mfn_eq(v->arch.kernel_root, INVALID_MFN))
		return 0;
	for (unsigned int shift = 39; shift >= PAGE_SHIFT; shift -= 9) {
		const u64 *table = phys_to_virt(e & PTE_ADDR_MASK);
		unsigned long m;

		if (!index_below((e & PTE_ADDR_MASK) >> PAGE_SHIFT, max_mfn, &m) ||
		    !frame_type_is_table(frame_type(frame_of(MFN(m)))))
			return 0;
		e = READ_ONCE(table[(va >> shift) & 511]);
		if (!(e & PTE_PRESENT) || (shift > PAGE_SHIFT && (e & PTE_LARGE)))
			return 0;
	}
	return e;
}

int segdesc_ldt_fault(struct vcpu *v, unsigned long offset)
{
	unsigned int page = (unsigned int)(offset >> PAGE_SHIFT);
	struct domain *d = v->domain;
	u64 entry;
	mfn_t mfn;

	if (page >= LDT_PAGES || page * ENTRIES_PER_PAGE >= v->arch.ldt_entries ||
	    (v->arch.ldt_mapped & (1u << page)))
		return -EFAULT;
	entry = walk(v, v->arch.ldt_base + page * PAGE_SIZE);
	/* The guest may change the entry meanwhile: whatever it maps here is its own. */
	mfn = MFN((entry & PTE_ADDR_MASK) >> PAGE_SHIFT);
	if (!entry || frame_get_and_type(mfn, d, FRAME_TYPE_SEGDESC))
		return -EFAULT;
	v->arch.ldt_frames[page] = mfn;
	v->arch.ldt_mapped |= (u16)(1u << page);
	machine_map_ldt_page(v, page, mfn);
	return 0;
}

void segdesc_ldt_drop(struct vcpu *v)
{
	for (unsigned int i = 0; i < LDT_PAGES; i++) {
		if (!(v->arch.ldt_mapped & (1u << i)))
			continue;
		if (v == current)
			machine_map_ldt_page(v, i, INVALID_MFN);
		v->arch.ldt_mapped &= (u16) ~(1u << i);
		frame_put_and_type(v->arch.ldt_frames[i]);
	}
}
