// SPDX-License-Identifier: MIT
/*
 * The end of a domain, in stages that each give back one kind of thing.  A
 * stage that takes long does a slice and asks to be called again; the stage
 * reached is kept in the domain, and so is each stage's own place.
 *
 * Order: first what could act on the domain from outside stops (vCPUs, timers,
 * interrupts, events), then what it holds of others (grants), then the roots of
 * its page tables, then its frames.  What remains are frames that others have
 * mapped; the struct lives until the last of them is let go.
 */
#include "domain/domain.h"
#include "domain/vcpustate.h"
#include "evtchn/evtchn.h"
#include "gnttab/gnttab.h"
#include "irq/pirq.h"
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "mm/frame.h"
#include "mm/mmuext.h"
#include "mm/reserve.h"
#include "sched/deferred.h"
#include "time/clock.h"

#define FRAMES_PER_LOOK 256 /* between two looks at whether others want the CPU */

/* Nothing of d runs from here on, and no CPU holds translations of its tables. */
static int stop_all(struct domain *d)
{
	struct vcpu *v;

	domain_pause(d);
	__atomic_store_n(&d->dying, DOMAIN_DYING, __ATOMIC_SEQ_CST);
	/* Whoever allocates for it or sets up its vCPUs either saw that or has finished. */
	spin_lock(&d->ctl_lock);
	spin_unlock(&d->ctl_lock);
	spin_lock(&d->mem.lock);
	spin_unlock(&d->mem.lock);
	for_each_vcpu(d, v)
		vtime_vcpu_destroy(v);
	tlb_flush_cpus(&d->dirty_cpus);
	return 0;
}

static int drop_vcpus(struct domain *d)
{
	struct vcpu *v;
	int ret;

	for_each_vcpu(d, v) {
		ret = vcpu_drop_references(v);
		if (ret)
			return ret;
	}
	return 0;
}

static int drop_shared_info(struct domain *d)
{
	struct shared_info *s = d->shared_info;
	struct vcpu *v;

	for_each_vcpu(d, v)
		v->info = &v->no_info;
	d->shared_info = NULL;
	/* Finds nothing to write to, once those are done that did. */
	clock_update_domain(d);
	if (s)
		reserve_free_shared(d, s);
	return 0;
}

/* Unpins a table and takes the domain's own hold on a frame away. */
static int drop_frame(struct domain *d, mfn_t mfn)
{
	struct frame *f = frame_of(mfn);
	int ret = 0;

	if (!frame_get(mfn, d))
		return 0;
	if (READ_ONCE(f->type) & FRAME_PINNED)
		ret = table_unpin(d, mfn);
	else if (READ_ONCE(f->type) & FRAME_ORPHAN)
		ret = table_break_circle(d, mfn);
	if (ret != -ERESTART) {
		ret = 0;
		if (READ_ONCE(f->ref) & FRAME_ALLOCATED)
			ret = reserve_release(d, mfn);
		ASSERT(!ret);
	}
	frame_put(mfn);
	return ret;
}

/*
 * Walks over the parts of the machine's memory that ever held frames of d, so
 * the cost goes with the domain's size and not the machine's.
 */
static int for_each_frame(struct domain *d, int (*fn)(struct domain *d, mfn_t mfn))
{
	unsigned long m = d->mem.destroy_next;
	unsigned int looked = 0;
	int ret;

	while (m < max_mfn) {
		if (!bit_test(d->mem.chunks, (unsigned int)(m >> DOMAIN_CHUNK_SHIFT))) {
			m = ((m >> DOMAIN_CHUNK_SHIFT) + 1) << DOMAIN_CHUNK_SHIFT;
			continue;
		}
		d->mem.destroy_next = m;
		if (++looked % FRAMES_PER_LOOK == 0 && hypercall_should_preempt())
			return -ERESTART;
		if (frame_owner(frame_of(MFN(m))) == d->id) {
			ret = fn(d, MFN(m));
			if (ret)
				return ret;
		}
		m++;
	}
	d->mem.destroy_next = 0;
	return 0;
}

static int drop_frames(struct domain *d)
{
	return for_each_frame(d, drop_frame);
}

/* Tables that only tables keep alive, by entries in a circle: taken apart by force. */
static int break_circles(struct domain *d)
{
	if (!READ_ONCE(d->mem.owned_pages))
		return 0;
	return for_each_frame(d, table_break_circle);
}

static int finish(struct domain *d)
{
	__atomic_store_n(&d->dying, DOMAIN_DEAD, __ATOMIC_SEQ_CST);
	virq_send_global(VIRQ_DOM_EXC);
	/* The reference of being alive; frames that others have mapped hold the next. */
	domain_put(d);
	return 0;
}

static int (*const stages[])(struct domain *d) = {
	stop_all,   evtchn_domain_destroy, pirq_domain_destroy, gnttab_domain_destroy,
	drop_vcpus, drop_shared_info,      drop_frames,         break_circles,
	finish,
};

int domain_kill(struct domain *d)
{
	int ret = 0;

	ASSERT(d != current->domain && !d->is_idle);
	/* Two controllers at once: one works, the other comes back until it is done. */
	if (__atomic_exchange_n(&d->destroy_busy, true, __ATOMIC_ACQUIRE))
		return -ERESTART;
	while (!ret && d->destroy_stage < ARRAY_SIZE(stages)) {
		ret = stages[d->destroy_stage](d);
		if (ret)
			break;
		d->destroy_stage++;
		if (d->destroy_stage < ARRAY_SIZE(stages) && hypercall_should_preempt())
			ret = -ERESTART;
	}
	__atomic_store_n(&d->destroy_busy, false, __ATOMIC_RELEASE);
	return ret;
}
