/* SPDX-License-Identifier: MIT */
/*
 * A small world for the grant tables: three domains, 64 frames of memory, page tables that
 * are a list of mappings, and guest memory that is the test's own.  It counts every
 * reference, so that a test can ask whether all of them came back.
 */
#ifndef TESTS_UNIT_GRANTMOCK_H
#define TESTS_UNIT_GRANTMOCK_H

#include <stdlib.h>
#include <string.h>

#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "gnttab/gnttab.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/frame.h"
#include "mm/reserve.h"
#include "mm/slab.h"
#include "mm/update.h"
#include "world.h"

#define FRAMES 64u
#define MAPS 2048u
#define DOMAINS 3u

static struct {
	domid_t owner;
	u32 refs, writers;
} frames[FRAMES];
static unsigned int frames_used; /* shared pages are taken from the top */

static struct {
	bool used, writable;
	unsigned long addr;
	mfn_t mfn;
} maps[MAPS];

static struct domain domains[DOMAINS];
static struct vcpu vcpus[DOMAINS];
static unsigned int flushes;
static unsigned long continued[3];
static unsigned int continuations;
static bool refuse_maps;
static bool scribbled; /* a guest wrote over entries in use: their marks say nothing */

static void be(unsigned int domid)
{
	cpu_info()->running = &vcpus[domid];
}

/* --- what the rooms beside it would do --- */

struct domain *domain_get(domid_t id)
{
	struct domain *d = NULL;

	if (id == DOMID_SELF)
		d = current->domain;
	else if (id < DOMAINS && domains[id].grants)
		d = &domains[id];
	if (d)
		d->refs++;
	return d;
}

struct domain *domain_of_owner(domid_t id)
{
	return id < DOMAINS ? &domains[id] : NULL;
}

void domain_ref(struct domain *d)
{
	d->refs++;
}

void domain_put(struct domain *d)
{
	if (!d->refs--)
		abort();
}

bool frame_get_owned(mfn_t mfn, u16 owner)
{
	if (mfn.m >= FRAMES || frames[mfn.m].owner != owner)
		return false;
	frames[mfn.m].refs++;
	return true;
}

bool frame_get(mfn_t mfn, const struct domain *d)
{
	return frame_get_owned(mfn, d->id);
}

void frame_put(mfn_t mfn)
{
	if (!frames[mfn.m].refs--)
		abort();
}

/* Frames 0..7 of each domain's share are page tables: never writable. */
int frame_get_type(mfn_t mfn, u32 type, struct domain *d __unused)
{
	if (type != FRAME_TYPE_WRITABLE || mfn.m % 16 < 2)
		return -EINVAL;
	frames[mfn.m].writers++;
	return 0;
}

int frame_put_type(mfn_t mfn)
{
	if (!frames[mfn.m].writers--)
		abort();
	return 0;
}

int frame_get_and_type(mfn_t mfn, struct domain *d, u32 type)
{
	if (!frame_get(mfn, d))
		return -EINVAL;
	if (!frame_get_type(mfn, type, d))
		return 0;
	frame_put(mfn);
	return -EINVAL;
}

int frame_put_and_type(mfn_t mfn)
{
	frame_put_type(mfn);
	frame_put(mfn);
	return 0;
}

void *reserve_alloc_shared(struct domain *d)
{
	mfn_t mfn = MFN(FRAMES - 1 - frames_used);

	if (frames_used >= FRAMES / 4)
		return NULL;
	frames_used++;
	frames[mfn.m].owner = d->id;
	frames[mfn.m].refs = frames[mfn.m].writers = 1;
	memset(mfn_to_virt(mfn), 0, PAGE_SIZE);
	return mfn_to_virt(mfn);
}

void reserve_free_shared(struct domain *d __unused, void *page)
{
	frame_put_and_type(virt_to_mfn(page));
}

static unsigned int find_map(unsigned long addr)
{
	unsigned int i;

	for (i = 0; i < MAPS; i++)
		if (maps[i].used && maps[i].addr == addr)
			break;
	return i;
}

int l1e_install_foreign(struct domain *d __unused, unsigned long addr, bool is_pte __unused,
			struct domain *owner, u64 entry)
{
	bool writable = entry & 2;
	mfn_t mfn = MFN((entry & 0x000ffffffffff000UL) >> PAGE_SHIFT);
	unsigned int i;

	if (refuse_maps || find_map(addr) < MAPS)
		return -EINVAL;
	if (writable ? frame_get_and_type(mfn, owner, FRAME_TYPE_WRITABLE) : !frame_get(mfn, owner))
		return -EINVAL;
	for (i = 0; maps[i].used; i++)
		;
	maps[i].used = true;
	maps[i].writable = writable;
	maps[i].addr = addr;
	maps[i].mfn = mfn;
	return 0;
}

int l1e_clear_if_maps(struct domain *d __unused, unsigned long addr, bool is_pte __unused,
		      mfn_t mfn, bool writable)
{
	unsigned int i = find_map(addr);

	if (i == MAPS || maps[i].mfn.m != mfn.m || maps[i].writable != writable)
		return -EINVAL;
	maps[i].used = false;
	if (writable)
		frame_put_and_type(mfn);
	else
		frame_put(mfn);
	return 0;
}

void tlb_flush_cpus(const struct cpumask *cpus __unused)
{
	flushes++;
}

long hypercall_continue(unsigned int n, const unsigned long *args)
{
	for (unsigned int i = 0; i < n; i++)
		continued[i] = args[i];
	continuations++;
	return -ERESTART;
}

/* --- the world --- */

static void world_start(void)
{
	world_memory(FRAMES);
	memset(frames, 0, sizeof(frames));
	memset(maps, 0, sizeof(maps));
	memset(domains, 0, sizeof(domains));
	memset(vcpus, 0, sizeof(vcpus));
	frames_used = flushes = continuations = 0;
	refuse_maps = scribbled = false;
	/* Frames 0..15 are domain 0's, 16..31 domain 1's, 32..47 domain 2's. */
	for (unsigned int i = 0; i < FRAMES; i++)
		frames[i].owner = (domid_t)(i / 16);
	for (unsigned int i = 0; i < DOMAINS; i++) {
		domains[i].id = (domid_t)i;
		domains[i].refs = 1;
		domains[i].is_privileged = i == 0;
		domains[i].max_grant_frames = 2;
		domains[i].max_maptrack_frames = 1;
		vcpus[i].domain = &domains[i];
		be(i);
		if (gnttab_domain_init(&domains[i]))
			abort();
	}
}

static void world_end(void)
{
	for (unsigned int i = 0; i < DOMAINS; i++)
		gnttab_domain_free(&domains[i]);
}

static struct grant_entry_v1 *entry(unsigned int domid, unsigned int ref)
{
	return &domains[domid].grants->shared[ref / GRANTS_PER_FRAME][ref % GRANTS_PER_FRAME];
}

static void grant(unsigned int domid, unsigned int ref, unsigned int to, unsigned int frame,
		  unsigned int flags)
{
	entry(domid, ref)->domid = (domid_t)to;
	entry(domid, ref)->frame = frame;
	entry(domid, ref)->flags = (u16)(GTF_permit_access | flags);
}

/* All that must hold between two calls; the reason when it does not. */
static const char *world_check(void)
{
	u32 pins[DOMAINS][2] = {{0}}, handles[DOMAINS][2] = {{0}}, refs[FRAMES] = {0};

	for (unsigned int d = 0; d < DOMAINS; d++) {
		struct grant_table *gt = domains[d].grants;

		for (u32 i = 0; i < gt->nr_frames * GRANTS_PER_FRAME; i++) {
			struct grant_active *a =
				&gt->active[i / GRANTS_PER_FRAME][i % GRANTS_PER_FRAME];
			bool any = a->pins[0] || a->pins[1] || a->pins[2] || a->pins[3];

			pins[d][0] += (u32)a->pins[0] + a->pins[1];
			pins[d][1] += (u32)a->pins[2] + a->pins[3];
			if (gt->gone || !any || scribbled)
				continue;
			if (!(entry(d, i)->flags & GTF_reading))
				return "a pinned grant is not marked";
		}
		for (u32 i = 0; i < gt->track_frames * MAPTRACK_PER_FRAME; i++) {
			struct maptrack *m = maptrack_entry(domains[d].grants, i);

			if (m->state == MAPTRACK_BUSY)
				return "a handle was left busy";
			if (m->state != MAPTRACK_IN_USE)
				continue;
			handles[m->domid][0] += !!(m->flags & GNTMAP_host_map);
			handles[m->domid][1] += !!(m->flags & GNTMAP_device_map);
		}
	}
	for (unsigned int d = 0; d < DOMAINS; d++)
		if (pins[d][0] != handles[d][0] || pins[d][1] != handles[d][1])
			return "pins and handles differ";
	for (unsigned int i = 0; i < MAPS; i++)
		if (maps[i].used)
			refs[maps[i].mfn.m]++;
	for (unsigned int i = 0; i < FRAMES - frames_used; i++)
		if (frames[i].refs < refs[i] || frames[i].writers > frames[i].refs)
			return "a frame has fewer references than mappings";
	return NULL;
}

#endif
