/* SPDX-License-Identifier: MIT */
/*
 * A small world for memory_op: 4096 frames that a first-fit allocator hands out, frame
 * references as mm/frame.h describes them, and three domains.  It can be asked whether every
 * frame is where the counts say.
 */
#ifndef TESTS_UNIT_RESERVEMOCK_H
#define TESTS_UNIT_RESERVEMOCK_H

#include <stdlib.h>
#include <string.h>

#include "boot/memmap.h"
#include "domain/domain.h"
#include "entry/dispatch.h"
#include "gnttab/gnttab.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/memoryop.h"
#include "mm/reserve.h"
#include "world.h"
#include <xen/memory.h>

#define FRAMES 4096u
#define LOW_FRAMES 1024u /* "below 4 GiB": reached by 22 address bits */
#define DOMAINS 3u

unsigned long max_mfn = FRAMES;
static unsigned long m2p_of_test[FRAMES];
unsigned long *m2p_writable = m2p_of_test;

static bool frame_is_free[FRAMES];
static struct domain domains[DOMAINS];
static struct vcpu vcpus[DOMAINS];
static unsigned long continued;
static struct memmap machine_map;
static unsigned int allocations_left; /* then the allocator is empty */

static void be(unsigned int domid)
{
	cpu_info()->running = &vcpus[domid];
}

struct domain *domain_get(domid_t id)
{
	struct domain *d = id == DOMID_SELF ? current->domain : id < DOMAINS ? &domains[id] : NULL;

	if (d)
		d->refs++;
	return d;
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

mfn_t buddy_alloc_below(unsigned int order, unsigned int address_bits, unsigned int flags __unused)
{
	unsigned long end = FRAMES, n = BIT(order);

	if (address_bits && address_bits < 63)
		end = min(end, address_bits <= PAGE_SHIFT ? 0 : BIT(address_bits - PAGE_SHIFT));
	if (!allocations_left)
		return INVALID_MFN;
	allocations_left--;
	for (unsigned long m = n; m + n <= end; m += n) {
		unsigned long i;

		for (i = 0; i < n && frame_is_free[m + i]; i++)
			;
		if (i < n)
			continue;
		for (i = 0; i < n; i++)
			frame_is_free[m + i] = false;
		return MFN(m);
	}
	return INVALID_MFN;
}

mfn_t buddy_alloc(unsigned int order, unsigned int flags)
{
	return buddy_alloc_below(order, 0, flags);
}

void buddy_free(mfn_t mfn, unsigned int order, u32 stamp __unused)
{
	for (unsigned long i = 0; i < BIT(order); i++) {
		if (frame_is_free[mfn.m + i])
			abort();
		frame_is_free[mfn.m + i] = true;
		frame_of(MFN(mfn.m + i))->ref = 0;
	}
}

static unsigned int cache_flushes;

void cache_flush_all(void)
{
	cache_flushes++;
}

unsigned long buddy_free_frames(void)
{
	unsigned long n = 0;

	for (unsigned int i = 0; i < FRAMES; i++)
		n += frame_is_free[i];
	return n;
}

bool frame_get(mfn_t mfn, const struct domain *d)
{
	struct frame *f = frame_of(mfn);

	if (!mfn_valid(mfn) || !(f->ref & FRAME_REFS_MASK) || frame_owner(f) != d->id)
		return false;
	f->ref++;
	return true;
}

void frame_put(mfn_t mfn)
{
	struct frame *f = frame_of(mfn);

	if (!(f->ref & FRAME_REFS_MASK))
		abort();
	if (--f->ref & FRAME_REFS_MASK)
		return;
	{
		struct domain *d = &domains[frame_owner(f)];

		bool counted = !(f->ref & FRAME_HYPERVISOR);

		buddy_free(mfn, 0, 0);
		reserve_frame_gone(d, counted);
	}
}

int frame_put_and_type(mfn_t mfn)
{
	frame_of(mfn)->type--;
	frame_put(mfn);
	return 0;
}

u32 tlb_clock(void)
{
	return 1;
}

long hypercall_continue1(unsigned long arg0)
{
	continued = arg0;
	return -ERESTART;
}

const struct memmap *memmap_machine(void)
{
	return &machine_map;
}

u64 memmap_ram_end(const struct memmap *map __unused)
{
	return FRAMES * PAGE_SIZE;
}

int gnttab_frame(struct domain *d, unsigned int index, mfn_t *mfn)
{
	if (index >= d->max_grant_frames)
		return -EINVAL;
	*mfn = MFN(100 * d->id + index);
	return 0;
}

static void world_start(void)
{
	world_memory(1);
	memset(frame_of(MFN(0)), 0, FRAMES * sizeof(struct frame));
	memset(m2p_of_test, 0xff, sizeof(m2p_of_test));
	memset(frame_is_free, true, sizeof(frame_is_free));
	memset(domains, 0, sizeof(domains));
	memset(&machine_map, 0, sizeof(machine_map));
	allocations_left = ~0u;
	for (unsigned int i = 0; i < DOMAINS; i++) {
		domains[i].id = (domid_t)i;
		domains[i].refs = 1;
		domains[i].is_privileged = i == 0;
		domains[i].max_grant_frames = 4;
		spin_lock_init(&domains[i].lock, LOCK_DOMAIN);
		if (domain_memory_init(&domains[i]))
			abort();
		domains[i].mem.max_pages = 1000;
		vcpus[i].domain = &domains[i];
	}
	be(0);
}

static const char *world_check(void)
{
	unsigned long owned[DOMAINS] = {0}, counted[DOMAINS] = {0};

	for (unsigned int i = 0; i < FRAMES; i++) {
		struct frame *f = frame_of(MFN(i));
		unsigned int d = frame_owner(f);

		if (frame_is_free[i]) {
			if (f->ref)
				return "a free frame has an owner";
			continue;
		}
		if (!(f->ref & FRAME_REFS_MASK))
			return "a frame is neither free nor anybody's";
		owned[d]++;
		counted[d] += !(f->ref & FRAME_HYPERVISOR);
		if (!((domains[d].mem.chunks[0] >> (i >> DOMAIN_CHUNK_SHIFT)) & 1))
			return "a destroy would not find a frame";
	}
	for (unsigned int d = 0; d < DOMAINS; d++) {
		if (owned[d] != domains[d].mem.owned_pages)
			return "owned_pages is wrong";
		if (counted[d] != domains[d].mem.tot_pages)
			return "tot_pages is wrong";
		if (domains[d].mem.tot_pages > domains[d].mem.max_pages)
			return "more pages than allowed";
		if (domains[d].refs != 1u + !!owned[d])
			return "references of a domain are wrong";
	}
	return NULL;
}

static void world_end(void)
{
	for (unsigned int i = 0; i < DOMAINS; i++) {
		domain_memory_free(&domains[i]);
		kfree(domains[i].e820);
	}
}

#endif
