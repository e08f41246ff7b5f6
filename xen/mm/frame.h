/* SPDX-License-Identifier: MIT */
/*
 * One struct frame for every machine frame: who owns it, how often it is
 * referenced, and what it is used as.  This is what keeps guests apart.
 *
 * Invariants (frame_check() tests them; host tests call it after each step):
 *  1. refs > 0 exactly while the frame belongs to somebody; the owner never
 *     changes while refs > 0.
 *  2. FRAME_ALLOCATED means: the domain holds one reference of its own.  Freed by
 *     decrease_reservation the flag goes first; the frame goes to the heap, and out
 *     of the domain's tot_pages, when the last reference goes.
 *  3. type count > 0 implies refs >= 1: each type reference is taken on top of
 *     a general reference that its holder keeps.
 *  4. A frame has one type at a time.  The type changes only while the type
 *     count is 0, and only after every CPU that may hold a translation made
 *     under the old type has flushed (`stamp` against tlb_clock()).
 *  5. A page-table frame with type count > 0 is either validated
 *     (FRAME_VALIDATED: every entry holds the reference it implies) or half-way
 *     (FRAME_PARTIAL, count 1: the first `stamp` entries hold theirs).
 *  6. Half-way down, the one type reference belongs to whoever is dropping it and
 *     will go on.  Half-way up nobody may come back: FRAME_ORPHAN then says that
 *     the frame itself holds the type reference and a general one, until the
 *     next frame_get_type() takes over or the domain is destroyed.
 *  7. FRAME_PINNED holds one type reference and one general reference.
 *
 * A free frame has refs == 0; the other bits are the allocator's (mm/buddy.c).
 *
 * All changes are by compare-and-swap on `ref` or `type`; the entries inside a
 * page table change under the owner's page-table lock.
 */
#ifndef DAIS_MM_FRAME_H
#define DAIS_MM_FRAME_H

#include "lib/types.h"
#include "machine/barrier.h"
#include "machine/layout.h"

struct domain;

struct frame {
	/* In use: [31:0] references, [47:32] owner domid, [63:48] FRAME_* state. */
	u64 ref;
	/* [31:28] type, [27:24] FRAME_PINNED.., [23:0] type count. */
	u32 type;
	/*
	 * While a page table is being (in)validated: entries that hold their
	 * reference.  Otherwise tlb_clock() when the type count last fell to 0.
	 */
	u32 stamp;
};
static_assert(sizeof(struct frame) == 16, "the frame table is the largest thing that we keep");

#define FRAME_REFS_MASK 0xffffffffULL
#define FRAME_OWNER_SHIFT 32
#define FRAME_ALLOCATED BIT(48) /* the owner has it: holds one reference */
#define FRAME_HYPERVISOR BIT(49) /* ours (heap, or shared with guests: shared_info, grants) */
#define FRAME_MMIO BIT(50) /* never RAM: counts are not kept */
#define FRAME_IN_USE BIT(51) /* not on a free list */
#define FRAME_UNCACHED BIT(52) /* was mapped so: caches are written back before its reuse */

#define FRAME_TYPE_SHIFT 28
#define FRAME_TYPE_NONE (0u << 28)
#define FRAME_TYPE_L1 (1u << 28)
#define FRAME_TYPE_L2 (2u << 28)
#define FRAME_TYPE_L3 (3u << 28)
#define FRAME_TYPE_L4 (4u << 28)
#define FRAME_TYPE_SEGDESC (5u << 28)
#define FRAME_TYPE_WRITABLE (7u << 28)
#define FRAME_TYPE_MMIO (14u << 28) /* no RAM: the whole type word, for ever */
#define FRAME_TYPE_FREE (15u << 28) /* first frame of a free block (mm/buddy.c) */
#define FRAME_TYPE_MASK (15u << 28)
#define FRAME_PINNED (1u << 27)
#define FRAME_VALIDATED (1u << 26)
#define FRAME_PARTIAL (1u << 25)
#define FRAME_ORPHAN (1u << 24)
#define FRAME_TYPE_COUNT 0xffffffu

/* Owners that are no domain (xen/xen.h): DOMID_XEN ours, DOMID_IO not RAM. */

static inline bool frame_type_is_table(u32 type)
{
	return (type & FRAME_TYPE_MASK) >= FRAME_TYPE_L1 &&
	       (type & FRAME_TYPE_MASK) <= FRAME_TYPE_L4;
}

static inline struct frame *frame_of(mfn_t mfn)
{
	return &frame_table[mfn.m];
}

static inline mfn_t frame_mfn(const struct frame *f)
{
	return MFN((unsigned long)(f - frame_table));
}

extern unsigned long max_mfn; /* first frame number beyond RAM and the frame table */

/* True when the frame table has an entry for mfn (RAM, or a hole between RAM). */
static inline bool mfn_valid(mfn_t mfn)
{
	return mfn.m < max_mfn;
}

static inline u16 frame_owner(const struct frame *f)
{
	return (u16)(READ_ONCE(f->ref) >> FRAME_OWNER_SHIFT);
}

static inline u32 frame_type(const struct frame *f)
{
	return READ_ONCE(f->type) & FRAME_TYPE_MASK;
}

/*
 * One reference more or less where nothing is out of the ordinary, in line, as all that guests
 * do with memory comes down to these.  False: the functions below know the rest.
 */
#define FRAME_PLAIN(owner) (FRAME_IN_USE | FRAME_ALLOCATED | (u64)(owner) << FRAME_OWNER_SHIFT)
#define FRAME_NEVER BIT(63) /* no frame's: for who may have nothing without more ado */

/* `want` is what the upper half of `ref` must be, FRAME_PLAIN() of an owner or FRAME_NEVER. */
static __force_inline bool frame_try_get(struct frame *f, u64 want)
{
	u64 ref = READ_ONCE(f->ref);

	/* By one comparison: that half is right, and the count is neither 0 nor nearly full. */
	return likely(ref - want - 1 < 0x7fffffff) &&
	       likely(__atomic_compare_exchange_n(&f->ref, &ref, ref + 1, false, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED));
}

/* Of a frame that the caller has a reference on; true: it was the last, frame_put_last() is due. */
static __force_inline bool frame_put_one(struct frame *f)
{
	/* The count alone, which is the lower half: it cannot reach beyond while it is above 0. */
	return unlikely(!__atomic_sub_fetch((u32 *)&f->ref, 1, __ATOMIC_ACQ_REL));
}

/* In use as writable already, and not for the first or the last time that it can be. */
static __force_inline bool frame_try_get_writable(struct frame *f)
{
	u32 type = READ_ONCE(f->type);

	return likely(type - FRAME_TYPE_WRITABLE - 1 < FRAME_TYPE_COUNT - 1) &&
	       likely(__atomic_compare_exchange_n(&f->type, &type, type + 1, false,
						  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
}

/* The types above it, of no RAM and of free frames, are not counts at all. */
static __force_inline bool frame_try_put_writable(struct frame *f)
{
	u32 type = READ_ONCE(f->type);

	return likely(type - FRAME_TYPE_WRITABLE - 2 < FRAME_TYPE_COUNT - 1) &&
	       likely(__atomic_compare_exchange_n(&f->type, &type, type - 1, false,
						  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
}

/* Takes a general reference if d owns the frame.  mfn may be any number. */
bool __must_check frame_get(mfn_t mfn, const struct domain *d);
bool __must_check frame_get_owned(mfn_t mfn, u16 owner);
/* Takes one more reference on a frame that the caller has one on already; false on overflow. */
bool __must_check frame_get_again(mfn_t mfn);
/* Drops a general reference; the last one frees the frame (mm/reserve.c accounts). */
void frame_put(mfn_t mfn);
/* What follows a frame_put_one() that dropped the last. */
void frame_put_last(mfn_t mfn);

/*
 * Takes a type reference; the caller holds a general reference and keeps it.
 * L1..L4 are validated first, under the owner's page-table lock, which is taken
 * here: callers that hold it use table_get() of mm/validate.h.
 * Returns 0; -EINVAL or -EBUSY when the frame is used as another type or does
 * not validate; -ERESTART when validation was interrupted (call again).
 */
int __must_check frame_get_type(mfn_t mfn, u32 type, struct domain *owner);
/*
 * Drops a type reference.  0; or -ERESTART when taking a table apart was
 * interrupted: the reference is still the caller's, who calls again later.
 */
int frame_put_type(mfn_t mfn);

/*
 * frame_get() + frame_get_type(), undone on failure; and the reverse, which
 * keeps both references when it returns -ERESTART.
 */
int __must_check frame_get_and_type(mfn_t mfn, struct domain *d, u32 type);
int frame_put_and_type(mfn_t mfn);

/* Boot: these frame numbers are no RAM for guests: no counts are kept for them. */
void frame_mark_mmio_range(mfn_t start, mfn_t end);
/* True for what is no RAM: frames beyond the frame table, or marked so. */
static inline bool frame_is_mmio(mfn_t mfn)
{
	/* By the type word: `ref` is, in a free frame, any number (mm/buddy.c). */
	return !mfn_valid(mfn) ||
	       READ_ONCE(frame_of(MFN(index_nospec(mfn.m, max_mfn)))->type) == FRAME_TYPE_MMIO;
}

/* NULL, or which invariant a frame breaks: for debug builds, keys and host tests. */
const char *frame_check(mfn_t mfn);

#endif
