// SPDX-License-Identifier: MIT
/*
 * Domains by id, and their references.
 *
 * Two levels of pointers, indexed by id: a look-up costs the same with one
 * domain and with thousands.  A reference can only be gained from the table
 * while the count is above 0; whoever takes it to 0 owns what is left, and
 * hands it to a timer, because the last reference may go while locks are held
 * under which a domain cannot be taken out of the table.
 */
#include "domain/domain.h"
#include "evtchn/evtchn.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "machine/percpu.h"
#include "mm/slab.h"
#include "time/timer.h"

#define IDS_PER_LEAF 512u
#define NR_LEAVES DIV_ROUND_UP(DOMID_FIRST_UNUSABLE, IDS_PER_LEAF)

static struct spinlock table_lock = SPINLOCK_INIT(DOMLIST);
/* Leaves appear with a release store and stay; entries change under table_lock. */
static struct domain **leaves[NR_LEAVES];
static domid_t last_id;

static struct domain *dead; /* atomic stack through ->next */
static struct timer reaper;

static struct domain *table_lookup(domid_t id)
{
	struct domain **leaf;
	unsigned long i;

	if (id >= DOMID_FIRST_UNUSABLE)
		return NULL;
	i = index_nospec(id, DOMID_FIRST_UNUSABLE);
	leaf = __atomic_load_n(&leaves[i / IDS_PER_LEAF], __ATOMIC_ACQUIRE);
	return leaf ? __atomic_load_n(&leaf[i % IDS_PER_LEAF], __ATOMIC_ACQUIRE) : NULL;
}

void domain_table_remove(struct domain *d)
{
	spin_lock(&table_lock);
	leaves[d->id / IDS_PER_LEAF][d->id % IDS_PER_LEAF] = NULL;
	spin_unlock(&table_lock);
}

/* Frees what domain_put() left; runs from deferred work, without locks. */
static void reap(void *arg __unused)
{
	struct domain *d = __atomic_exchange_n(&dead, NULL, __ATOMIC_ACQUIRE);

	while (d) {
		struct domain *next = d->next;

		domain_table_remove(d);
		domain_free(d);
		d = next;
	}
}

void domain_table_init(void)
{
	timer_init(&reaper, reap, NULL, this_cpu_id());
}

int domain_table_add(struct domain *d)
{
	unsigned int slot = d->id / IDS_PER_LEAF;
	struct domain **fresh = NULL;
	int ret = 0;

	ASSERT(d->id < DOMID_FIRST_UNUSABLE);
	if (!READ_ONCE(leaves[slot])) {
		fresh = kcalloc(IDS_PER_LEAF, sizeof(*fresh));
		if (!fresh)
			return -ENOMEM;
	}
	spin_lock(&table_lock);
	if (!leaves[slot]) {
		__atomic_store_n(&leaves[slot], fresh, __ATOMIC_RELEASE);
		fresh = NULL;
	}
	if (leaves[slot][d->id % IDS_PER_LEAF]) {
		ret = -EEXIST;
	} else {
		__atomic_store_n(&leaves[slot][d->id % IDS_PER_LEAF], d, __ATOMIC_RELEASE);
		last_id = d->id;
	}
	spin_unlock(&table_lock);
	kfree(fresh);
	return ret;
}

/* Ids rise and are not used again at once: the toolstack recognises a domain by its id. */
domid_t domain_free_id(void)
{
	domid_t id;
	unsigned int tries;

	spin_lock(&table_lock);
	id = last_id;
	for (tries = 0; tries < DOMID_FIRST_UNUSABLE; tries++) {
		id = id + 1u < DOMID_FIRST_UNUSABLE ? (domid_t)(id + 1u) : 1;
		if (!table_lookup(id))
			break;
	}
	spin_unlock(&table_lock);
	return tries < DOMID_FIRST_UNUSABLE ? id : DOMID_INVALID;
}

/* Takes a reference unless d is not whole yet or its last one has gone; table_lock is held. */
static bool ref_unless_dead(struct domain *d)
{
	u32 refs = READ_ONCE(d->refs);

	if (!__atomic_load_n(&d->is_listed, __ATOMIC_ACQUIRE))
		return false;
	do {
		if (!refs)
			return false;
	} while (!__atomic_compare_exchange_n(&d->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

struct domain *domain_get(domid_t id)
{
	struct domain *d;

	if (id == DOMID_SELF || id == current->domain->id) {
		domain_ref(current->domain);
		return current->domain;
	}
	if (!table_lookup(id))
		return NULL;
	spin_lock(&table_lock);
	d = table_lookup(id);
	if (d && !ref_unless_dead(d))
		d = NULL;
	spin_unlock(&table_lock);
	return d;
}

struct domain *domain_get_from(domid_t id)
{
	struct domain *d, *found = NULL;
	unsigned long i = id;

	spin_lock(&table_lock);
	while (i < DOMID_FIRST_UNUSABLE && !found) {
		struct domain **leaf;
		unsigned long end;

		i = index_nospec(i, DOMID_FIRST_UNUSABLE);
		leaf = leaves[i / IDS_PER_LEAF];
		end = (i / IDS_PER_LEAF + 1) * IDS_PER_LEAF;
		/* To the next domain it may be thousands of numbers. */
		while (leaf && i < end && !leaf[i % IDS_PER_LEAF])
			i++;
		if (!leaf || i == end) {
			i = end;
			continue;
		}
		d = leaf[i++ % IDS_PER_LEAF];
		found = ref_unless_dead(d) ? d : NULL;
	}
	spin_unlock(&table_lock);
	return found;
}

void domain_ref(struct domain *d)
{
	u32 before = __atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);

	/* Each reference is paid for by a frame, handle or call in progress: 2^32 cannot be. */
	PANIC_ON(!before || before == ~0u);
}

void domain_put(struct domain *d)
{
	u32 before = __atomic_fetch_sub(&d->refs, 1, __ATOMIC_ACQ_REL);

	PANIC_ON(!before);
	if (before > 1)
		return;
	d->next = READ_ONCE(dead);
	while (!__atomic_compare_exchange_n(&dead, &d->next, d, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		cpu_relax();
	timer_set(&reaper, 0);
	/* The toolstack waits for this to forget the domain. */
	virq_send_global(VIRQ_DOM_EXC);
}

struct domain *domain_of_owner(domid_t id)
{
	return table_lookup(id);
}

struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
	if (id >= d->max_vcpus)
		return NULL;
	return __atomic_load_n(&d->vcpu[index_nospec(id, d->max_vcpus)], __ATOMIC_ACQUIRE);
}
