/* SPDX-License-Identifier: MIT */
/*
 * A small machine for mm/: the real allocator, frames, validation and hypercalls; two guests
 * (1 and 2) and the control domain 0; a TLB model that remembers which frames may still be
 * writable through a stale translation.  world_check() counts from nothing, by looking at every
 * table, what all references must be, and compares.
 */
#ifndef TESTS_UNIT_MMWORLD_H
#define TESTS_UNIT_MMWORLD_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "hostpanic.h"
#include "lib/assert.h"
#include "machine/cpu.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/iomem.h"
#include "mm/m2p.h"
#include "mm/mmuext.h"
#include "mm/pte.h"
#include "mm/reserve.h"
#include "mm/segdesc.h"
#include "mm/slab.h"
#include "mm/update.h"
#include "sched/vcpu.h"

#define WORLD_FRAMES 1024u
#define HEAP_FIRST 512u
#define M2P_FRAME 300u
#define DOMAINS 3u
#define OWNED_MAX 64u

static struct domain domains[DOMAINS];
static struct vcpu vcpus[DOMAINS];
static mfn_t owned[DOMAINS][OWNED_MAX]; /* frame `i` of a domain; INVALID_MFN: released */
static unsigned long continue_args[5];
static bool continued;
static u32 clock_now = 1, last_flush;
static bool stale_writable[WORLD_FRAMES]; /* some TLB may let its owner write to it */
static unsigned int flushes;
static void (*meanwhile)(void); /* what others do while all CPUs flush, the next time */

u64 hypervisor_l4[16] = {0x1000 | PTE_PRESENT | PTE_USER, 0x2000 | PTE_PRESENT};
unsigned long *m2p_writable;
struct cpu_features cpu_features = {.phys_bits = 40};
struct cpumask cpu_online_map = {{1}};

#ifndef WORLD_OWN_LOG
void log_line(const char *fmt __unused, ...)
{
}
#endif

int guest_read(void *dst, unsigned long va, size_t size)
{
	if (va < 65536)
		return size ? -EFAULT : 0;
	memcpy(dst, (const void *)va, size);
	return 0;
}

int guest_write(unsigned long va, const void *src, size_t size)
{
	if (va < 65536)
		return size ? -EFAULT : 0;
	memcpy((void *)va, src, size);
	return 0;
}

bool guest_range_ok(unsigned long va, size_t size)
{
	return va + size >= va && (va + size <= 1UL << 47 || va >= HYPERVISOR_END);
}

#ifndef WORLD_REAL_SLAB
#include "hostheap.h"
#endif

static u64 l1tf_mask; /* of every domain but dom0 */

u64 mitigate_l1tf_mask(bool privileged)
{
	return privileged ? 0 : l1tf_mask;
}

static u32 *settles; /* a type word that another CPU is about to settle */

void smp_serve(void)
{
	if (settles)
		*settles &= ~FRAME_PARTIAL;
}

void machine_root_changed(const struct cpumask *cpus)
{
	(void)cpus;
}

u32 tlb_clock(void)
{
	return clock_now;
}

static void flush_everything(void)
{
	void (*others)(void) = meanwhile;

	last_flush = ++clock_now;
	flushes++;
	memset(stale_writable, 0, sizeof(stale_writable));
	meanwhile = NULL;
	if (others)
		others();
}

void tlb_flush_stale(const struct cpumask *cpus, u32 stamp)
{
	(void)cpus;
	if ((s32)(last_flush - stamp) <= 0)
		flush_everything();
}

void tlb_flush_local(void)
{
	flush_everything();
}

void tlb_flush_page_local(unsigned long va)
{
	(void)va;
}

void tlb_flush_cpus(const struct cpumask *cpus)
{
	(void)cpus;
	flush_everything();
}

void tlb_flush_page_cpus(const struct cpumask *cpus, unsigned long va)
{
	(void)cpus;
	(void)va;
}

void cache_flush_local(void)
{
}

void cache_flush_all(void)
{
}

void vcpu_load_root(struct vcpu *v)
{
	(void)v;
	flush_everything();
}

int segdesc_page_check(mfn_t mfn)
{
	return *(u8 *)mfn_to_virt(mfn) ? -EINVAL : 0;
}

int segdesc_set_ldt(struct vcpu *v, unsigned long base, unsigned long entries)
{
	(void)v;
	return (base & ~PAGE_MASK) || entries > 8192 ? -EINVAL : 0;
}

void segdesc_ldt_drop(struct vcpu *v)
{
	(void)v;
}

bool privileged(const struct domain *subject, enum privilege what, const struct domain *object)
{
	(void)what;
	return subject == object || subject->is_privileged;
}

struct domain *domain_get(domid_t id)
{
	struct domain *d = id == DOMID_SELF ? current->domain : id < DOMAINS ? &domains[id] : NULL;

	if (d)
		d->refs++;
	return d;
}

void domain_put(struct domain *d)
{
	if (!d->refs--)
		abort();
}

struct domain *domain_of_owner(domid_t id)
{
	return id < DOMAINS ? &domains[id] : NULL;
}

struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
	return id ? NULL : &vcpus[d->id];
}

void reserve_frame_gone(struct domain *d, bool counted)
{
	d->mem.tot_pages -= counted;
	if (!d->mem.owned_pages--)
		abort();
}

long hypercall_continue(unsigned int n, const unsigned long *args)
{
	for (unsigned int i = 0; i < n; i++)
		continue_args[i] = args[i];
	continued = true;
	return -ERESTART;
}

static inline void be(unsigned int domid)
{
	cpu_info()->running = &vcpus[domid];
}

static inline bool world_give(unsigned int domid, unsigned int i)
{
	mfn_t mfn = buddy_alloc(0, 0);
	struct frame *f;

	if (mfn_eq(mfn, INVALID_MFN))
		return false;
	f = frame_of(mfn);
	f->type = FRAME_TYPE_NONE;
	f->ref = FRAME_ALLOCATED | FRAME_IN_USE | (u64)domid << FRAME_OWNER_SHIFT | 1;
	domains[domid].mem.owned_pages++;
	domains[domid].mem.tot_pages++;
	owned[domid][i] = mfn;
	return true;
}

/* As decrease_reservation: refuses what is pinned. */
static inline bool world_take(unsigned int domid, unsigned int i)
{
	mfn_t mfn = owned[domid][i];

	if (mfn_eq(mfn, INVALID_MFN) || (frame_of(mfn)->type & (FRAME_PINNED | FRAME_ORPHAN)))
		return false;
	frame_of(mfn)->ref &= ~FRAME_ALLOCATED;
	owned[domid][i] = INVALID_MFN;
	frame_put(mfn);
	return true;
}

/* The frame table is kept from one walk to the next: the allocator has its lists in it. */
static inline void world_heap(void)
{
	static bool filled;

	if (!filled)
		buddy_add_range(MFN(HEAP_FIRST), MFN(WORLD_FRAMES));
	filled = true;
}

static inline void world_start(unsigned int frames_each)
{
	memset(mfn_to_virt(MFN(0)), 0, WORLD_FRAMES * PAGE_SIZE);
	m2p_writable = mfn_to_virt(MFN(M2P_FRAME));
	max_mfn = WORLD_FRAMES;
	frame_mark_mmio_range(MFN(0), MFN(HEAP_FIRST / 2));
	world_heap();
	for (unsigned int i = 0; i < DOMAINS; i++) {
		struct domain *d = &domains[i];

		memset(d, 0, sizeof(*d));
		d->id = (domid_t)i;
		d->is_privileged = !i;
		d->max_vcpus = 1;
		spin_lock_init(&d->mem.lock, LOCK_PHYSMAP);
		spin_lock_init(&d->mem.pt_lock, LOCK_PAGETABLE);
		if (iomem_domain_init(d))
			abort();
		memset(&vcpus[i], 0, sizeof(vcpus[i]));
		vcpus[i].domain = d;
		vcpus[i].arch.kernel_root = INVALID_MFN;
		vcpus[i].arch.user_root = INVALID_MFN;
		for (unsigned int j = 0; j < frames_each; j++)
			if (!world_give(i, j))
				abort();
	}
	be(1);
}

/* --- the model --- */

struct expected {
	u32 refs, uses;
};

static struct expected want[WORLD_FRAMES];

/* What the entries of one table stand for. */
static void count_table(unsigned int m, unsigned int level, unsigned int entries)
{
	const u64 *table = mfn_to_virt(MFN(m));

	for (unsigned int i = 0; i < entries; i++) {
		mfn_t to = pte_mfn(table[i]);

		if (!(table[i] & PTE_PRESENT) || pte_is_ours(level, i) || frame_is_mmio(to))
			continue;
		if (level == 4 && to.m == m)
			continue;
		want[to.m].refs++;
		/* Below a whole table all is whole. */
		if (level > 1 && entries == PTE_ENTRIES &&
		    (frame_of(MFN(m))->type & FRAME_VALIDATED) &&
		    !(frame_of(to)->type & FRAME_VALIDATED))
			want[to.m].uses += 1000;
		if (level > 1 || (table[i] & PTE_RW))
			want[to.m].uses++;
		if (level == 1 && (table[i] & PTE_RW))
			stale_writable[to.m] = true;
	}
}

static const char *check_frame(unsigned int m)
{
	const struct frame *f = frame_of(MFN(m));
	u32 type = f->type & FRAME_TYPE_MASK;
	const char *why = frame_check(MFN(m));

	if (why)
		return why;
	if ((u32)f->ref != want[m].refs)
		return "general references";
	if ((u32)f->ref && (f->type & FRAME_TYPE_COUNT) != want[m].uses)
		return "type references";
	if ((f->type & FRAME_TYPE_COUNT) && frame_type_is_table(type) && stale_writable[m])
		return "a page table may still be written to";
	return NULL;
}

static inline const char *world_check(void)
{
	memset(want, 0, sizeof(want));
	for (unsigned int i = 0; i < DOMAINS; i++) {
		const mfn_t held[] = {vcpus[i].arch.kernel_root, vcpus[i].arch.user_root,
				      vcpus[i].arch.old_table};

		for (unsigned int j = 0; j < ARRAY_SIZE(held); j++) {
			if (mfn_eq(held[j], INVALID_MFN) || !held[j].m)
				continue;
			want[held[j].m].refs++;
			want[held[j].m].uses++;
		}
	}
	for (unsigned int m = HEAP_FIRST; m < WORLD_FRAMES; m++) {
		const struct frame *f = frame_of(MFN(m));
		u32 type = f->type;

		if (!(u32)f->ref)
			continue;
		want[m].refs += !!(f->ref & FRAME_ALLOCATED);
		if (!frame_type_is_table(type) || !(type & FRAME_TYPE_COUNT))
			continue;
		want[m].refs += !!(type & FRAME_PINNED) + !!(type & FRAME_ORPHAN);
		want[m].uses += !!(type & FRAME_PINNED) + !!(type & FRAME_ORPHAN);
		count_table(m, type >> FRAME_TYPE_SHIFT & 7,
			    type & FRAME_VALIDATED ? PTE_ENTRIES : f->stamp & 0x3ff);
	}
	for (unsigned int m = HEAP_FIRST; m < WORLD_FRAMES; m++) {
		const char *why = check_frame(m);

		if (why) {
			fprintf(stderr, "frame %#x: ref %#llx type %#x stamp %#x; want %u, %u\n", m,
				(unsigned long long)frame_of(MFN(m))->ref, frame_of(MFN(m))->type,
				frame_of(MFN(m))->stamp, want[m].refs, want[m].uses);
			return why;
		}
	}
	return NULL;
}

/* Takes everything away from everybody, as destroy does; false: something would not go. */
static inline bool world_end(void)
{
	bool gone = true;

	for (unsigned int i = 0; i < DOMAINS; i++) {
		mfn_t *roots[] = {&vcpus[i].arch.kernel_root, &vcpus[i].arch.user_root};

		be(i);
		while (table_finish_drop(&vcpus[i]))
			;
		for (unsigned int j = 0; j < 2; j++) {
			if (mfn_eq(*roots[j], INVALID_MFN))
				continue;
			while (frame_put_and_type(*roots[j]))
				;
			*roots[j] = INVALID_MFN;
		}
	}
	for (unsigned int m = HEAP_FIRST; m < WORLD_FRAMES; m++)
		for (unsigned int i = 0; i < DOMAINS; i++) {
			while (table_unpin(&domains[i], MFN(m)) == -ERESTART)
				;
			while (table_break_circle(&domains[i], MFN(m)) == -ERESTART)
				;
		}
	for (unsigned int i = 0; i < DOMAINS; i++) {
		for (unsigned int j = 0; j < OWNED_MAX; j++)
			if (owned[i][j].m && !mfn_eq(owned[i][j], INVALID_MFN))
				world_take(i, j);
		gone &= !domains[i].mem.owned_pages && !domains[i].refs;
		iomem_domain_destroy(&domains[i]);
	}
	return gone && buddy_free_frames() == WORLD_FRAMES - HEAP_FIRST;
}

#endif
