// SPDX-License-Identifier: MIT
/*
 * For the model checker: reference and type counts of frames (mm/frame.c, mm/validate.c), a page
 * table being validated and taken apart with an interruption before any entry included.  Frame 0
 * becomes a table of LEVEL, 1 or 2, with any entries, and is taken apart; and any STEPS operations
 * from the start; after each all references are counted again from what holds them.
 *
 * Tables have two entries here, which leaves all that mm/validate.c decides on.  For LEVEL 2 the
 * tables below are what table_get() and table_put() promise of them (proof.sh puts child_get() and
 * the like in for the recursion); LEVEL 1 shows that promise.
 */
#include "machine/layout.h"

#define FRAMES 3u
#ifndef STEPS
#define STEPS 3u
#endif

struct frame;
static struct frame *proof_table(void);
static u64 proof_ram[FRAMES][2];

/* Small memory, so that the solver sees each word of it. */
#undef frame_table
#define frame_table proof_table()
#define phys_to_virt proof_phys_to_virt
#define mfn_to_virt(frame) ((void *)proof_ram[(frame).m])

#include "mm/pte.h"
#undef PTE_ENTRIES
#define PTE_ENTRIES 2u

static bool interrupted(void)
{
	bool any;

	return any;
}

/* One processor: nothing changes between a read and the exchange that it is for. */
#define __atomic_compare_exchange_n(p, old, new, weak, success, failure) \
	({                                                               \
		__CPROVER_assert(*(p) == *(old), "read just before");    \
		*(p) = (new);                                            \
		true;                                                    \
	})

#include "lib/lock.h"
#define spin_lock(l) ((void)(l))
#define spin_unlock(l) ((void)(l))

#include "sched/deferred.h"
#define hypercall_should_preempt() interrupted()

#include "mm/frame.h"
static struct frame proof_frames[FRAMES];

static struct frame *proof_table(void)
{
	return proof_frames;
}

unsigned long max_mfn = FRAMES;

#include "domain/domain.h"
#include "mm/iomem.h"
#include "mm/m2p.h"
#include "mm/validate.h"
#define m2p_is_frame(mfn) false

static struct domain domain = {.id = 1};
static bool gone[FRAMES]; /* given back to the heap */

u32 tlb_clock(void)
{
	return 1;
}

#include "mm/frame.c"

/* What an L1 entry maps is used as plain memory: shown here, and so no recursion for the solver. */
static int plain_put(mfn_t mfn)
{
	__CPROVER_assert(!frame_type_is_table(frame_of(mfn)->type), "an L1 entry holds no table");
	put_plain_type(frame_of(mfn));
	return 0;
}

/* A table below: it may be refused, interrupted, or had, and then it is whole. */
static int child_get(mfn_t mfn, u32 type, struct domain *d)
{
	struct frame *f = frame_of(mfn);
	unsigned char outcome;

	(void)d;
	__CPROVER_assert(type == FRAME_TYPE_L1, "a table of the level below");
	if (outcome == 1)
		return -ERESTART;
	if (outcome || ((f->type & FRAME_TYPE_COUNT) && frame_type(f) != FRAME_TYPE_L1))
		return -EINVAL;
	f->type = FRAME_TYPE_L1 | FRAME_VALIDATED | ((f->type & FRAME_TYPE_COUNT) + 1);
	return 0;
}

static int child_put(mfn_t mfn)
{
	struct frame *f = frame_of(mfn);

	__CPROVER_assert(frame_type(f) == FRAME_TYPE_L1 && (f->type & FRAME_TYPE_COUNT),
			 "only what was had is dropped");
	if ((f->type & FRAME_TYPE_COUNT) > 1) {
		f->type--;
	} else if (interrupted()) {
		f->type = FRAME_TYPE_L1 | FRAME_PARTIAL | 1;
		f->stamp = 1;
		return -ERESTART;
	} else {
		f->type = FRAME_TYPE_L1;
	}
	return 0;
}

/* Makes one whole again whose taking apart was interrupted; the caller sets its flags. */
static int child_mend(mfn_t mfn)
{
	(void)mfn;
	return interrupted() ? -ERESTART : 0;
}

/* The level is known here; for the solver it would be any. */
static unsigned int known_level(u32 type)
{
	__CPROVER_assert(type >> FRAME_TYPE_SHIFT == LEVEL, "a table keeps its level");
	return LEVEL;
}

#define frame_put_type(mfn) plain_put(mfn)
#define frame_get_type(mfn, type, owner) get_plain_type(mfn, type)
#include "validate-proof.c"
#undef frame_put_type
#undef frame_get_type

struct cpumask cpu_online_map;
unsigned long *m2p_writable;
u64 hypervisor_l4[16];

void tlb_flush_stale(const struct cpumask *cpus, u32 stamp)
{
	(void)cpus;
	(void)stamp;
}

void smp_serve(void)
{
}

void cache_flush_all(void)
{
}

int segdesc_page_check(mfn_t mfn)
{
	bool bad;

	(void)mfn;
	return bad ? -EINVAL : 0;
}

u64 mitigate_l1tf_mask(bool privileged)
{
	(void)privileged;
	return 0;
}

bool iomem_any(const struct domain *d)
{
	(void)d;
	return false;
}

bool iomem_is_device(mfn_t mfn)
{
	(void)mfn;
	return false;
}

bool iomem_permitted(const struct domain *d, mfn_t mfn)
{
	(void)d;
	(void)mfn;
	return false;
}

bool iomem_is_readonly(mfn_t mfn)
{
	(void)mfn;
	return false;
}

struct domain *domain_of_owner(domid_t id)
{
	(void)id;
	return &domain;
}

void reserve_frame_gone(struct domain *d, bool counted)
{
	(void)d;
	(void)counted;
}

void buddy_free(mfn_t mfn, unsigned int order, u32 stamp)
{
	(void)order;
	(void)stamp;
	__CPROVER_assert(!gone[mfn.m], "a frame goes once");
	gone[mfn.m] = true;
	/* On a free list its words are the allocator's. */
	proof_frames[mfn.m].ref = 0;
	proof_frames[mfn.m].type = 0;
}

_Noreturn void panic(const char *fmt, ...)
{
	(void)fmt;
	__CPROVER_assert(false, "no assertion of ours fails");
	__CPROVER_assume(false);
	for (;;)
		;
}

/* --- what the domain holds, beside its tables --- */

static u32 outside_refs[FRAMES], outside_types[FRAMES];

static bool is_table(unsigned int f)
{
	u32 type = proof_frames[f].type;

	return frame_type_is_table(type) && (type & FRAME_TYPE_COUNT);
}

static unsigned int entries_held(unsigned int f)
{
	return proof_frames[f].type & FRAME_VALIDATED ? PTE_ENTRIES
						      : proof_frames[f].stamp & PROGRESS_MASK;
}

static void compare(void)
{
	u32 refs[FRAMES], types[FRAMES];

	for (unsigned int f = 0; f < FRAMES; f++) {
		bool orphan = is_table(f) && (proof_frames[f].type & FRAME_ORPHAN);

		refs[f] = outside_refs[f] + !!(proof_frames[f].ref & FRAME_ALLOCATED) + orphan;
		types[f] = outside_types[f] + orphan;
	}
	/* Tables of level 1 below one of level 2 are child_get()'s: without entries. */
	for (unsigned int f = 0; f < (LEVEL == 1 ? FRAMES : 1); f++) {
		for (unsigned int i = 0; i < PTE_ENTRIES; i++) {
			u64 e = proof_ram[f][i];
			unsigned long to = pte_mfn(e).m;

			if (!is_table(f) || i >= entries_held(f) || !(e & PTE_PRESENT))
				continue;
			__CPROVER_assert(to < FRAMES && !gone[to], "no entry names what is gone");
			if (to >= FRAMES)
				continue;
			refs[to]++;
			types[to] += LEVEL > 1 || (e & PTE_RW);
			__CPROVER_assert(LEVEL > 1 || !(e & PTE_RW) ||
						 frame_type(&proof_frames[to]) ==
							 FRAME_TYPE_WRITABLE,
					 "what can be written is no table");
		}
	}
	for (unsigned int f = 0; f < FRAMES; f++) {
		if (gone[f]) {
			__CPROVER_assert(!refs[f] && !types[f], "nobody holds what is gone");
			continue;
		}
		__CPROVER_assert((u32)proof_frames[f].ref == refs[f], "references are exact");
		__CPROVER_assert((proof_frames[f].type & FRAME_TYPE_COUNT) == types[f],
				 "type counts are exact");
		__CPROVER_assert(!frame_check(MFN(f)), "the invariants of mm/frame.h hold");
	}
}

static void held_outside(mfn_t mfn, u32 n)
{
	outside_refs[mfn.m] += n;
	outside_types[mfn.m] += n;
}

static void get(mfn_t mfn, u32 type)
{
	if (gone[mfn.m] || !frame_get(mfn, &domain))
		return;
	if (table_get_whole(mfn, type) || !table_get(mfn, type, &domain))
		held_outside(mfn, 1);
	else
		frame_put(mfn);
}

static void get_plain(mfn_t mfn, u32 type)
{
	if (gone[mfn.m] || !frame_get(mfn, &domain))
		return;
	if (!get_plain_type(mfn, type))
		held_outside(mfn, 1);
	else
		frame_put(mfn);
}

/* -ERESTART: both references are the caller's still. */
static void put(mfn_t mfn)
{
	int ret = 0;

	if (!outside_types[mfn.m])
		return;
	held_outside(mfn, -1u);
	if (!frame_type_is_table(frame_of(mfn)->type))
		put_plain_type(frame_of(mfn));
	else if (mfn.m)
		ret = child_put(mfn);
	else if (!table_put_whole(mfn))
		ret = table_put(mfn);
	if (ret)
		held_outside(mfn, 1);
	else
		frame_put(mfn);
}

static void write_entry(unsigned int f, unsigned int i, u64 e)
{
	/* Only what has no type, or is data, may be written as such. */
	if (!is_table(f) && !gone[f])
		proof_ram[f][i] = e;
}

static void give_back(mfn_t mfn)
{
	struct frame *f = frame_of(mfn);

	if (gone[mfn.m] || !(f->ref & FRAME_ALLOCATED) || (f->type & (FRAME_PINNED | FRAME_ORPHAN)))
		return;
	f->ref &= ~FRAME_ALLOCATED;
	frame_put(mfn);
}

static void step(void)
{
	unsigned char what;

	switch (what) {
	case 0:
		get(MFN(0), LEVEL << FRAME_TYPE_SHIFT);
		break;
	case 1:
		put(MFN(0));
		break;
	case 2:
		get_plain(MFN(0), FRAME_TYPE_WRITABLE);
		break;
	case 3:
		give_back(MFN(0));
		break;
	case 4:
		get_plain(MFN(1), FRAME_TYPE_WRITABLE);
		break;
	case 5:
		get_plain(MFN(1), FRAME_TYPE_SEGDESC);
		break;
	case 6:
		put(MFN(1));
		break;
	default:
		give_back(MFN(1));
	}
	compare();
}

static void begin(void)
{
	for (unsigned int f = 0; f < FRAMES; f++) {
		proof_frames[f].ref = FRAME_ALLOCATED | FRAME_IN_USE |
				      (u64)domain.id << FRAME_OWNER_SHIFT | 1;
		for (unsigned int i = 0; i < PTE_ENTRIES; i++) {
			unsigned char frame, flags;

			/* To one of the frames, or none; of the flags those that decide. */
			__CPROVER_assume(frame <= FRAMES);
			write_entry(f, i,
				    (u64)frame << PAGE_SHIFT |
					    (flags & (PTE_PRESENT | PTE_RW | PTE_USER)));
		}
	}
}

/* Any operations in any order. */
void proof_any(void)
{
	begin();
	for (unsigned int i = 0; i < STEPS; i++)
		step();
}

/* A table comes and goes; each step of it as it happens to go: refused, interrupted, done. */
void proof_life(void)
{
	begin();
	get(MFN(0), LEVEL << FRAME_TYPE_SHIFT);
	compare();
	put(MFN(0));
	compare();
}
