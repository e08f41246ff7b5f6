/* SPDX-License-Identifier: MIT */
/*
 * Event channels: one bit of signal between domains, from devices, timers and
 * other vCPUs.  A port is an index into the domain's table.
 *
 *            reserve                    bind
 *   FREE ------------> RESERVED ----> UNBOUND --peer binds--> INTERDOMAIN
 *     ^                   |  \------> INTERDOMAIN, VIRQ, IPI, PIRQ   |
 *     |                   |                                          |
 *     +------- close -----+------------ close ------- (the peer's end: UNBOUND)
 *
 * Invariants (evtchn_check() tests them):
 *  1. FREE -> RESERVED happens under the table lock only; every other change of a
 *     port under that port's lock; INTERDOMAIN changes under both ends' locks.
 *  2. While a port is INTERDOMAIN its peer is INTERDOMAIN and points back.  So
 *     whoever holds the lock of a port may use the peer's domain: its ports are
 *     closed, under both locks, before it is freed.
 *  3. A bucket of ports, once published, stays until the domain is freed.
 *  4. vcpu->virq_port[n] is a port in state VIRQ for n on that vCPU, or 0.
 *
 * All port and table locks are LOCK_EVTCHN, taken with interrupts off.  Of two port
 * locks the one at the lower address is taken first.
 */
#ifndef DAIS_EVTCHN_EVTCHN_H
#define DAIS_EVTCHN_EVTCHN_H

#include "domain/domain.h"
#include "lib/abi.h"
#include "lib/bitmap.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "sched/vcpu.h"
#include <xen/event_channel.h>

enum evtchn_state {
	EVTCHN_FREE,
	EVTCHN_RESERVED, /* being bound or closed by exactly one caller */
	EVTCHN_UNBOUND,
	EVTCHN_INTERDOMAIN,
	EVTCHN_PIRQ,
	EVTCHN_VIRQ,
	EVTCHN_IPI,
};

struct evtchn {
	struct spinlock lock;
	u8 state; /* enum evtchn_state */
	u8 virq;
	u16 vcpu; /* that is notified */
	u32 port; /* its own number, constant */
	union {
		domid_t remote_domid; /* UNBOUND: who may bind */
		u32 pirq;
		struct domain *remote; /* INTERDOMAIN */
	};
	u32 remote_port;
};

#define EVTCHN_PER_BUCKET ((u32)(PAGE_SIZE / sizeof(struct evtchn)))
#define EVTCHN_PORTS 4096u /* of the 2-level layout; a power of two: also the mask */
#define EVTCHN_BUCKETS DIV_ROUND_UP(EVTCHN_PORTS, EVTCHN_PER_BUCKET)
#define NR_VIRQS_USED 24u

struct evtchn_table {
	struct spinlock lock; /* allocation of ports and buckets; virq_port[] bind */
	u32 limit; /* ports 1 .. limit - 1 may be used; constant */
	u32 lowest_free; /* no port below it is FREE; a hint, table lock */
	u32 sweep; /* where a sliced reset goes on */
	u32 final_sweep; /* the same of destroy, which a reset of somebody else's must not move */
	bool dying; /* set once: nothing is bound any more */
	struct evtchn *bucket[EVTCHN_BUCKETS]; /* published with release */
	DECLARE_BITMAP(pollers, MAX_VCPUS); /* vCPUs that may be in sched_op poll; atomic */
};

/* --- port.c: life of a domain's table --- */

/* 0 or -ENOMEM; d->max_evtchn_port and d->is_privileged are set. */
int evtchn_domain_init(struct domain *d);
/* Closes everything, for good.  -ERESTART: call again. */
int evtchn_domain_destroy(struct domain *d);
/* Frees the table: at the domain's very end, after evtchn_domain_destroy(). */
void evtchn_domain_free(struct domain *d);
/* Closes all ports of a living domain; -ERESTART: call again. */
int evtchn_reset(struct domain *d);

/* --- port.c: ports; 0 or a negative errno --- */

/* NULL when d has no such port (yet). */
static inline struct evtchn *evtchn_lookup(const struct domain *d, u32 port)
{
	const struct evtchn_table *t = d->evtchn;
	struct evtchn *bucket;

	if (!t || !port || port >= t->limit)
		return NULL;
	port &= EVTCHN_PORTS - 1; /* what a processor guesses of the bound leads no further */
	bucket = __atomic_load_n(&t->bucket[port / EVTCHN_PER_BUCKET], __ATOMIC_ACQUIRE);
	return bucket ? &bucket[port % EVTCHN_PER_BUCKET] : NULL;
}
/* remote may be any number; the new port of d waits for it. */
int evtchn_alloc_unbound(struct domain *d, domid_t remote, u32 *port);
int evtchn_bind_interdomain(struct domain *d, struct domain *remote, u32 remote_port, u32 *port);
int evtchn_close(struct domain *d, u32 port);
int evtchn_bind_vcpu(struct domain *d, u32 port, u32 vcpu);
int evtchn_status(struct domain *d, u32 port, struct evtchn_status *out);
/* Shared with virq.c: a fresh port, locked by nobody else, state RESERVED. */
int evtchn_reserve(struct domain *d, struct evtchn **chn);
/* RESERVED -> FREE after a failure. */
void evtchn_release(struct domain *d, struct evtchn *chn);
/*
 * RESERVED -> state, notifying vCPU 0 or the one given; what the state needs is filled in
 * already.  -ESRCH (and the port is free again) when the domain died meanwhile.
 */
int evtchn_publish(struct domain *d, struct evtchn *chn, enum evtchn_state state, u32 vcpu);
void evtchn_check(struct domain *d);
void evtchn_dump(struct domain *d);

/* --- send.c: the hot path; any context --- */

/* From the domain's own port to wherever it is connected. */
int evtchn_send(struct domain *d, u32 port);
/* Raises port of d, whatever it is bound to, at the vCPU that it notifies; port's lock held. */
void evtchn_raise_locked(struct domain *d, struct evtchn *chn);
int evtchn_unmask(struct domain *d, u32 port);
/* 1 when the port has its pending bit set, 0 when not, -EINVAL when it is not open. */
int evtchn_port_poll_pending(struct domain *d, u32 port);
/* Between these two, events of the domain look at v->poll_port (sched_op poll). */
void evtchn_poll_begin(struct vcpu *v);
void evtchn_poll_end(struct vcpu *v);

/* --- virq.c --- */

int evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu, u32 *port);
int evtchn_bind_ipi(struct domain *d, u32 vcpu, u32 *port);
int evtchn_bind_pirq(struct domain *d, u32 pirq, bool share, u32 *port);
bool virq_is_global(u32 virq);
/* Raises a per-vCPU VIRQ; nothing happens when it is not bound.  Any context. */
void virq_send_vcpu(struct vcpu *v, u32 virq);
/* Raises a global VIRQ of dom0.  Any context. */
void virq_send_global(u32 virq);
/* Raises the port that d bound to pirq with `port` as pirq_bind() was told.  Any context. */
void pirq_event(struct domain *d, u32 port);

/* --- level2.c: the two-level layout in shared_info --- */

/* True when the guest has not been told yet of anything in that word of 64 ports. */
static inline bool level2_select_word(struct vcpu *v, u32 port)
{
	struct vcpu_info *info = READ_ONCE(v->info);

	return !bit_test_and_set((u64 *)&info->evtchn_pending_sel, port / 64);
}

/* Sets the pending bit; true when a new upcall of v is due. */
static inline bool level2_set_pending(struct domain *d, struct vcpu *v, u32 port)
{
	if (bit_test_and_set((u64 *)d->shared_info->evtchn_pending, port))
		return false;
	return !bit_test((u64 *)d->shared_info->evtchn_mask, port) && level2_select_word(v, port);
}

void level2_clear_pending(struct domain *d, u32 port);
bool level2_is_pending(const struct domain *d, u32 port);
bool level2_is_masked(const struct domain *d, u32 port);
/* Clears the mask bit; true when that makes an upcall of v due. */
bool level2_unmask(struct domain *d, struct vcpu *v, u32 port);

#endif
