// SPDX-License-Identifier: MIT
/*
 * Raising events: the hot path.  A sender takes the lock of its own port and no
 * other; the invariants in evtchn.h keep the receiving domain and port in place
 * meanwhile.  Sending needs nothing of the receiver's but its shared pages.
 */
#include "domain/domain.h"
#include "evtchn/evtchn.h"
#include "irq/pirq.h"
#include "lib/errno.h"

/*
 * vCPUs in sched_op poll wait for ports that may well be masked.  The order is
 * the poller's turned round: pending bit first, then look who polls.
 */
static __attribute__((noinline)) void wake_pollers(struct domain *d, u32 port)
{
	const u64 *map = d->evtchn->pollers;
	unsigned int id;

	bitmap_for_each_set(id, map, MAX_VCPUS)
	{
		struct vcpu *v = domain_vcpu(d, id);

		if (v && (READ_ONCE(v->pause_flags) & VPF_POLLING) &&
		    (!READ_ONCE(v->poll_port) || READ_ONCE(v->poll_port) == port))
			vcpu_wake_flags(v, VPF_BLOCKED | VPF_POLLING);
	}
}

static inline bool any_pollers(const struct evtchn_table *t)
{
	u64 any = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(t->pollers); i++)
		any |= READ_ONCE(t->pollers[i]);
	return any;
}

static __force_inline void raise(struct domain *d, u32 port, u32 vcpu)
{
	/* A port's vCPU exists: so it was bound, and vCPUs stay. */
	struct vcpu *v = __atomic_load_n(&d->vcpu[index_nospec(vcpu, d->max_vcpus)],
					 __ATOMIC_ACQUIRE);

	if (unlikely(!v || !d->shared_info))
		return;
	if (level2_set_pending(d, v, port))
		vcpu_mark_events_pending(v);
	if (unlikely(any_pollers(d->evtchn)))
		wake_pollers(d, port);
}

void evtchn_raise_locked(struct domain *d, struct evtchn *chn)
{
	raise(d, chn->port, READ_ONCE(chn->vcpu));
}

int evtchn_send(struct domain *d, u32 port)
{
	struct evtchn *chn = evtchn_lookup(d, port), *peer;
	unsigned long flags;
	int ret = 0;

	if (!chn)
		return -EINVAL;
	flags = spin_lock_irqsave(&chn->lock);
	switch (chn->state) {
	case EVTCHN_INTERDOMAIN:
		peer = evtchn_lookup(chn->remote, chn->remote_port);
		raise(chn->remote, chn->remote_port, READ_ONCE(peer->vcpu));
		break;
	case EVTCHN_IPI:
		raise(d, chn->port, READ_ONCE(chn->vcpu));
		break;
	case EVTCHN_UNBOUND: /* nobody listens yet */
		break;
	default:
		ret = -EINVAL;
		break;
	}
	spin_unlock_irqrestore(&chn->lock, flags);
	return ret;
}

int evtchn_unmask(struct domain *d, u32 port)
{
	struct evtchn *chn = evtchn_lookup(d, port);
	unsigned long flags;
	struct vcpu *v;
	bool is_pirq;
	u32 pirq;

	if (!chn)
		return -EINVAL;
	flags = spin_lock_irqsave(&chn->lock);
	v = domain_vcpu(d, chn->vcpu);
	if (v && level2_unmask(d, v, chn->port))
		vcpu_mark_events_pending(v);
	is_pirq = chn->state == EVTCHN_PIRQ;
	pirq = chn->pirq;
	spin_unlock_irqrestore(&chn->lock, flags);
	if (is_pirq)
		pirq_unmasked(d, pirq); /* its lock comes before ours */
	return 0;
}

int evtchn_port_poll_pending(struct domain *d, u32 port)
{
	const struct evtchn *chn = evtchn_lookup(d, port);

	if (!chn || READ_ONCE(chn->state) <= EVTCHN_RESERVED)
		return -EINVAL;
	/* By its own number: the one asked for is no bound to what a processor does ahead of time. */
	return level2_is_pending(d, chn->port);
}

void evtchn_poll_begin(struct vcpu *v)
{
	bit_test_and_set(v->domain->evtchn->pollers, v->id);
}

void evtchn_poll_end(struct vcpu *v)
{
	bit_test_and_clear(v->domain->evtchn->pollers, v->id);
}
