// SPDX-License-Identifier: MIT
/*
 * Debug key 'A': every invariant that can be looked at from outside, over all frames, tables,
 * grants and ports.  All references are counted again from what holds them (entries of page
 * tables, pins, vCPUs, handles of grants) and compared with what each frame says: one too few
 * would be memory in two hands, one too many is a leak.  Each domain's frames are summed up and
 * compared with what its struct says: a frame that nobody has any more holds nothing and is held by
 * nothing, and shows only there.
 *
 * Counts are exact while nothing else runs; with guests busy on other CPUs an operation under way
 * shows as a difference, so that a second look decides.
 */
#include "ctl/audit.h"

#include "console/keys.h"
#include "domain/domain.h"
#include "evtchn/evtchn.h"
#include "gnttab/gnttab.h"
#include "irq/pirq.h"
#include "machine/layout.h"
#include "machine/machine.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/pte.h"
#define LOG_ROOM "audit"
#include "console/log.h"

#define SHOWN 12u /* faults printed, of all that are counted */
#define PROGRESS_MASK 0x3ffu /* of a table in work: see mm/validate.c */

/* What we found to hold a frame. */
struct held {
	u32 refs, types;
};

/* The frames that we found of one owner. */
struct owned {
	u32 all, limited; /* as owned_pages and tot_pages count them (mm/reserve.h) */
};

static struct held *held; /* [max_mfn] */
static struct owned *owned; /* [DOMID_FIRST_RESERVED] */
static unsigned int faults;

static void fault(unsigned long m, const char *what)
{
	const struct frame *f = frame_of(MFN(m));

	if (faults++ < SHOWN)
		log_line("audit: frame 0x%lx: %s (ref 0x%lx type 0x%x; found %u and %u)", m, what,
			 (unsigned long)f->ref, f->type, held[m].refs, held[m].types);
}

static void count(mfn_t mfn, bool typed)
{
	if (!mfn_valid(mfn) || frame_is_mmio(mfn))
		return;
	held[mfn.m].refs++;
	held[mfn.m].types += typed;
}

static void count_entries(mfn_t table, unsigned int level, unsigned int n)
{
	const u64 *entries = mfn_to_virt(table);

	for (unsigned int i = 0; i < n; i++) {
		u64 e = READ_ONCE(entries[i]);

		if (!(e & PTE_PRESENT) || pte_is_ours(level, i))
			continue;
		if (level == 1)
			count(pte_mfn(e), e & PTE_RW);
		else if (level < 4 || !mfn_eq(pte_mfn(e), table)) /* not an L4's entry for itself */
			count(pte_mfn(e), true);
	}
}

/* Free frames have a count of 0; the rest of theirs is the allocator's. */
static bool in_use(u64 ref)
{
	return (ref & FRAME_IN_USE) && (u32)ref;
}

static void count_owned(u64 ref)
{
	u16 owner = (u16)(ref >> FRAME_OWNER_SHIFT);

	if (owner >= DOMID_FIRST_RESERVED)
		return; /* the heap's, never given out */
	owned[owner].all++;
	owned[owner].limited += !(ref & FRAME_HYPERVISOR);
}

/* What a frame holds on itself, and on others as a page table. */
static void count_frame(unsigned long m)
{
	const struct frame *f = frame_of(MFN(m));
	u64 ref = READ_ONCE(f->ref);
	u32 type = READ_ONCE(f->type);

	if (!in_use(ref) || frame_is_mmio(MFN(m)))
		return;
	count_owned(ref);
	if (ref & FRAME_ALLOCATED)
		held[m].refs++;
	if (ref & FRAME_HYPERVISOR)
		count(MFN(m), true);
	if (!frame_type_is_table(type) || !(type & FRAME_TYPE_COUNT))
		return;
	if (type & FRAME_PINNED)
		count(MFN(m), true);
	if (type & FRAME_ORPHAN)
		count(MFN(m), true);
	count_entries(MFN(m), type >> FRAME_TYPE_SHIFT & 7,
		      type & FRAME_VALIDATED ? PTE_ENTRIES : f->stamp & PROGRESS_MASK);
}

static void count_vcpu(const struct vcpu *v)
{
	unsigned int pages = DIV_ROUND_UP(v->arch.gdt_entries, 512);

	if (!mfn_eq(v->arch.kernel_root, INVALID_MFN))
		count(v->arch.kernel_root, true);
	if (!mfn_eq(v->arch.user_root, INVALID_MFN))
		count(v->arch.user_root, true);
	if (!mfn_eq(v->info_mfn, INVALID_MFN))
		count(v->info_mfn, true);
	if (v->arch.old_table.m)
		count(v->arch.old_table, true);
	for (unsigned int i = 0; i < pages; i++)
		count(v->arch.gdt_frames[i], true);
	for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.ldt_frames); i++)
		if (v->arch.ldt_mapped & BIT(i))
			count(v->arch.ldt_frames[i], true);
}

/* Handles; device mappings hold their page, those of a CPU are the page tables'. */
static unsigned int count_handles(const struct domain *d)
{
	const struct grant_table *gt = d->grants;
	unsigned int in_use = 0;

	for (u32 h = 0; gt && h < gt->track_frames * MAPTRACK_PER_FRAME; h++) {
		const struct maptrack *m =
			&gt->track[h / MAPTRACK_PER_FRAME][h % MAPTRACK_PER_FRAME];
		const struct grant_active *a;
		const struct domain *rd;

		if (m->state == MAPTRACK_FREE)
			continue;
		in_use++;
		rd = domain_of_owner(m->domid);
		if (!rd || !rd->grants || m->ref / GRANTS_PER_FRAME >= rd->grants->nr_frames) {
			faults++;
			log_line("audit: d%u handle %u names no grant", d->id, h);
			continue;
		}
		a = &rd->grants->active[m->ref / GRANTS_PER_FRAME][m->ref % GRANTS_PER_FRAME];
		if (a->domid != d->id || !a->any_pin) {
			faults++;
			log_line("audit: d%u handle %u of d%u grant %u is not pinned", d->id, h,
				 rd->id, m->ref);
			continue;
		}
		if (m->flags & GNTMAP_device_map) {
			held[a->frame].refs++;
			held[a->frame].types += !(m->flags & GNTMAP_readonly);
		}
	}
	return in_use;
}

static void compare_owned(const struct domain *d)
{
	unsigned long all = READ_ONCE(d->mem.owned_pages), limited = READ_ONCE(d->mem.tot_pages);
	struct owned *found = &owned[d->id];

	if (found->all != all || found->limited != limited) {
		faults++;
		log_line("audit: d%u owns %lu frames, %lu to its limit; found %u and %u", d->id,
			 all, limited, found->all, found->limited);
	}
	found->all = 0; /* has its domain */
}

/* Frames whose domain is not in the table.  One that is being made is, though not given out. */
static void compare_ownerless(void)
{
	for (domid_t id = 0; id < DOMID_FIRST_RESERVED; id++)
		if (owned[id].all && !domain_of_owner(id) && faults++ < SHOWN)
			log_line("audit: %u frames of d%u, which there is not", owned[id].all, id);
}

static unsigned int count_domains(void)
{
	unsigned int handles = 0;
	struct domain *d;
	domid_t id = 0;

	while ((d = domain_get_from(id)) != NULL) {
		const struct vcpu *v;

		for_each_vcpu(d, v)
			count_vcpu(v);
		count(pirq_eoi_frame(d), true);
		handles += count_handles(d);
		if (d->evtchn)
			evtchn_check(d);
		compare_owned(d);
		id = (domid_t)(d->id + 1);
		domain_put(d);
	}
	return handles;
}

static void compare(unsigned long m, unsigned long *tables)
{
	const struct frame *f = frame_of(MFN(m));
	u32 type = READ_ONCE(f->type);
	const char *wrong;

	if (!in_use(READ_ONCE(f->ref)) || frame_is_mmio(MFN(m))) {
		if (held[m].refs)
			fault(m, "held, and is no memory in use");
		return;
	}
	if (frame_owner(f) >= DOMID_FIRST_RESERVED)
		return; /* the heap's, never given out */
	*tables += frame_type_is_table(type) && (type & FRAME_TYPE_COUNT);
	wrong = frame_check(MFN(m));
	if (wrong)
		fault(m, wrong);
	else if ((u32)f->ref != held[m].refs)
		fault(m, (u32)f->ref < held[m].refs ? "fewer references than holders"
						    : "more references than holders");
	else if ((type & FRAME_TYPE_COUNT) != held[m].types)
		fault(m, (type & FRAME_TYPE_COUNT) < held[m].types ? "fewer types than users"
								   : "more types than users");
}

static void look(void)
{
	unsigned long tables = 0;
	unsigned int handles;

	faults = 0;
	for (unsigned long m = 0; m < max_mfn; m++)
		count_frame(m);
	handles = count_domains();
	compare_ownerless();
	for (unsigned long m = 0; m < max_mfn; m++)
		compare(m, &tables);
	log_line("audit: %lu frames, %lu tables, %u handles, %u faults", max_mfn, tables, handles,
		 faults);
}

/* Zeroed room to count in; NULL when there is none. */
static void *room_alloc(unsigned long bytes, unsigned int *order)
{
	mfn_t room;

	for (*order = 0; (PAGE_SIZE << *order) < bytes && *order < MAX_ORDER; ++*order)
		;
	room = buddy_alloc(*order, 0);
	return mfn_eq(room, INVALID_MFN) ? NULL : mfn_to_virt(room);
}

static void room_free(void *room, unsigned int order)
{
	if (room)
		buddy_free(virt_to_mfn(room), order, tlb_clock());
}

static void audit(char key __unused)
{
	unsigned int held_order, owned_order;

	held = room_alloc(max_mfn * sizeof(*held), &held_order);
	owned = room_alloc(DOMID_FIRST_RESERVED * sizeof(*owned), &owned_order);
	if (held && owned)
		look();
	else
		log_line("audit: no memory to count in");
	room_free(held, held_order);
	room_free(owned, owned_order);
	held = NULL;
	owned = NULL;
}

void audit_init(void)
{
	keys_register('A', audit, "audit of all frames, tables, grants and ports");
}
