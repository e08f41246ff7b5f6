/* SPDX-License-Identifier: MIT */
/*
 * struct domain: identity, state, locks, and one pointer (or small struct) per
 * room; a field is changed only by its room.
 *
 * Life:  created --(paused)--> alive --shutdown--> shut down --kill--> dying --(slices)-->
 *        dead (zombie while frames or references remain) --> freed
 */
#ifndef DAIS_DOMAIN_DOMAIN_H
#define DAIS_DOMAIN_DOMAIN_H

#include "lib/abi.h"
#include "lib/cpumask.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "sched/vcpu.h"

struct evtchn_table;
struct grant_table;
struct pirq_table;
struct ioport_rights;
struct iomem_rights;
struct cpu_policy;

/* The ABI's memory map entry (BIOS call 15h, E820). */
struct e820entry {
	u64 addr, size;
	u32 type;
} __packed;

enum domain_dying {
	DOMAIN_ALIVE,
	DOMAIN_DYING, /* being taken apart */
	DOMAIN_DEAD, /* nothing left but references */
};

/* mm/: what a domain owns. */
struct domain_memory {
	struct spinlock lock; /* LOCK_PHYSMAP: max_pages, growth of tot_pages, chunks */
	unsigned long tot_pages; /* owned, without extra_pages; goes down without the lock */
	unsigned long max_pages;
	unsigned long extra_pages; /* owned without counting: shared_info, grant frames */
	unsigned long claimed; /* promised and not yet allocated (claim_pages) */
	unsigned long owned_pages; /* atomic: frames with this owner, freed ones that are still
				    * referenced included; above 0 it keeps the domain alive */
	u64 *chunks; /* bit per 32 MiB of machine memory that may hold frames of d */
	unsigned long destroy_next; /* first frame that a sliced destroy has still to look at */
	struct spinlock pt_lock; /* LOCK_PAGETABLE: all entry updates and (de)validation */
};

struct domain {
	/* Constant after creation. */
	domid_t id;
	bool is_privileged; /* dom0 */
	bool is_idle;
	u32 max_vcpus;
	xen_domain_handle_t handle;
	u32 max_evtchn_port;
	u32 max_grant_frames, max_maptrack_frames; /* 0: our default */
	u32 ssidref;

	/* Atomic. */
	u32 refs;
	bool is_listed; /* whole: domain_get() may give it out */
	u32 pause_count;
	u32 dying; /* enum domain_dying */
	bool destroy_busy; /* somebody is in domain_kill() */

	u32 destroy_stage; /* domain/destroy.c; whoever set destroy_busy */
	struct spinlock ctl_lock; /* LOCK_DOMCTL: one sub-op that changes d's make-up at a time */

	/* d->lock (LOCK_DOMAIN) */
	struct spinlock lock;
	bool is_shutting_down, is_shut_down; /* atomic */
	u32 shutdown_code; /* SHUTDOWN_*; SHUTDOWN_CODE_NONE; atomic */
	u32 controller_pause_count; /* pauses by domctl, within pause_count */
	struct vcpu **vcpu; /* [max_vcpus]; entries appear with a release store and stay */

	/* Shared page, in the direct map; frame owned by the domain, FRAME_HYPERVISOR. */
	struct shared_info *shared_info;
	mfn_t shared_info_mfn;

	/* CPUs whose TLB may hold translations of this domain; atomic. */
	struct cpumask dirty_cpus;

	unsigned long vm_assist; /* VMASST_TYPE_* bits */
	s64 time_offset_seconds; /* of the wall clock */
	u32 tsc_mode, tsc_khz, tsc_incarnation;

	struct domain_memory mem;
	struct evtchn_table *evtchn;
	struct grant_table *grants;
	struct pirq_table *pirqs;
	struct ioport_rights *ioports;
	struct iomem_rights *iomem;
	struct cpu_policy *cpu_policy;

	/* Scheduler parameters (sched/), run queue lock. */
	u16 sched_weight, sched_cap;

	/* memory_map as the toolstack set it (reserve.c). */
	struct e820entry *e820;
	unsigned int e820_count;

	u32 suspend_port; /* port of d to notify when it has suspended (domctl subscribe); 0 none */

	struct domain *next; /* without references, to be freed (lookup.c) */
};

extern struct domain *dom0;
extern struct domain *idle_domain;

#define DOMID_FIRST_UNUSABLE 0x7ff0u
#define DOMAIN_CHUNK_SHIFT 13 /* frames per bit of mem.chunks, as a power of two */

/* --- domain/lookup.c --- */

/* Boot: before the first domain. */
void domain_table_init(void);
/*
 * Enters d under its id: from then on it is the owner of its frames, and once
 * it is listed domain_get() finds it.  0, -EEXIST or -ENOMEM.
 */
int domain_table_add(struct domain *d);
/* Takes out a domain that was never listed. */
void domain_table_remove(struct domain *d);
/* An id that no domain has, following the last one given out; DOMID_INVALID when none. */
domid_t domain_free_id(void);

/* Domain by id with a reference that the caller puts; DOMID_SELF is the caller's.  NULL: none. */
struct domain *domain_get(domid_t id);
/* The next domain at or above id, with a reference; NULL at the end. */
struct domain *domain_get_from(domid_t id);
void domain_ref(struct domain *d);
void domain_put(struct domain *d);
/* Owner of a frame that the caller holds a reference on: cannot go away meanwhile. */
struct domain *domain_of_owner(domid_t id);

/* NULL when there is no such vCPU. */
struct vcpu *domain_vcpu(const struct domain *d, unsigned int id);

#define for_each_vcpu(d, v)                                                 \
	for (unsigned int vcpu_i_ = 0; vcpu_i_ < (d)->max_vcpus; vcpu_i_++) \
		if (((v) = __atomic_load_n(&(d)->vcpu[vcpu_i_], __ATOMIC_ACQUIRE)) != NULL)

/* --- domain/domain.c --- */

/* What a domain is created with; 0 in a limit means our default. */
struct domain_config {
	bool is_privileged;
	u32 max_vcpus;
	u32 max_evtchn_port;
	u32 max_grant_frames;
	u32 max_maptrack_frames;
	u32 ssidref;
	xen_domain_handle_t handle;
};

/*
 * A new domain: no vCPU, no memory, paused once by its creator, one reference
 * held by being alive.  NULL with *err set on failure.
 */
struct domain *domain_create(domid_t id, const struct domain_config *config, int *err);
/* Gives d its vCPU `id`, down and not initialised; NULL when out of memory or it exists. */
struct vcpu *vcpu_create(struct domain *d, unsigned int id);
/* Boot and CPU bring-up: the idle vCPU of a processor (its domain on first use). */
struct vcpu *idle_vcpu_create(unsigned int cpu);
/* Frees a vCPU that never ran or runs no more; references are dropped already. */
void vcpu_free(struct vcpu *v);
/* The last reference has gone (lookup.c). */
void domain_free(struct domain *d);
/* Guest's unmendable state: stops the domain with reason crash; logs why (rate limited). */
void domain_crash(struct domain *d, const char *why, ...) __printf(2, 3);
/*
 * SHUTDOWN_*: stops all vCPUs and tells the toolstack (VIRQ_DOM_EXC), of the code latched before if
 * there is one; dom0: acts on the machine.
 */
void domain_shutdown(struct domain *d, u32 reason);
/* What d's shutdown is to be reported as, whatever its reason; false: there is a code already. */
bool domain_latch_shutdown_code(struct domain *d, u32 code);
#define SHUTDOWN_CODE_NONE (~0u)
/* Takes back a shutdown (resumedomain): the vCPUs go on.  -EINVAL when d is not shut down. */
int domain_resume(struct domain *d);
/* Registers of d's vCPUs to the console. */
void domain_dump_state(struct domain *d);
/* Counted pause of all vCPUs; _pause waits until none runs. */
void domain_pause(struct domain *d);
void domain_pause_nosync(struct domain *d);
void domain_unpause(struct domain *d);

/* --- domain/destroy.c --- */

/* Takes d apart, a slice at a time: 0 when done, -ERESTART to be called again. */
int domain_kill(struct domain *d);

static inline bool domain_is_dying(const struct domain *d)
{
	return READ_ONCE(d->dying) != DOMAIN_ALIVE;
}

#endif
