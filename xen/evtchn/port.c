// SPDX-License-Identifier: MIT
/*
 * Ports: allocation, connection, closing; and the life of a domain's table.  The
 * states and who may change them under which lock are in evtchn.h.
 *
 * A port is first reserved, which makes it one caller's own, then filled in, then
 * published.  A domain that dies in between is noticed at publication: `dying`
 * is set before the ports are closed, and both happen under the port's lock.
 */
#include "domain/domain.h"
#include "evtchn/evtchn.h"
#include "irq/pirq.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "sched/deferred.h"

#define LOG_ROOM "evtchn"
#include "console/log.h"

/* Ports closed between two looks at whether to let others run. */
#define CLOSE_SLICE 64u

/* --- locks of two ports; interrupts off --- */

/* Never by trying again and again: guests can keep a lock in use for as long as they like. */
static __attribute__((noinline)) void lock_pair(struct evtchn *a, struct evtchn *b)
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock(a < b ? &b->lock : &a->lock);
}

static __attribute__((noinline)) void unlock_pair(struct evtchn *a, struct evtchn *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/*
 * Locks chn and, if it is interdomain, its peer, which is returned.  When chn has to be let go
 * for that, *held keeps the peer's domain; the caller puts it.
 */
static struct evtchn *lock_with_peer(struct evtchn *chn, struct domain **held)
{
	struct domain *remote;
	struct evtchn *peer;

	for (;;) {
		spin_lock(&chn->lock);
		if (chn->state != EVTCHN_INTERDOMAIN)
			return NULL;
		remote = chn->remote;
		peer = evtchn_lookup(remote, chn->remote_port);
		if (peer > chn) {
			spin_lock(&peer->lock);
			return peer;
		}
		if (spin_trylock(&peer->lock))
			return peer;
		domain_ref(remote);
		spin_unlock(&chn->lock);
		lock_pair(chn, peer);
		if (chn->state == EVTCHN_INTERDOMAIN && chn->remote == remote &&
		    chn->remote_port == peer->port) {
			*held = remote;
			return peer;
		}
		unlock_pair(chn, peer);
		domain_put(remote);
	}
}

/* --- reserve, publish, release --- */

/* Makes *page, a wiped one, the port's bucket; table lock. */
static struct evtchn *add_bucket(struct evtchn_table *t, u32 port, void **page)
{
	u32 i = port / EVTCHN_PER_BUCKET;
	struct evtchn *bucket = *page;

	*page = NULL;
	for (u32 n = 0; n < EVTCHN_PER_BUCKET; n++) {
		spin_lock_init(&bucket[n].lock, LOCK_EVTCHN);
		bucket[n].port = i * EVTCHN_PER_BUCKET + n;
	}
	/* Others look ports up without the table lock: whole first, then visible. */
	__atomic_store_n(&t->bucket[i], bucket, __ATOMIC_RELEASE);
	return bucket;
}

/* Table lock.  -EAGAIN: *page is needed, which NULL is not. */
static int reserve_locked(struct evtchn_table *t, struct evtchn **out, void **page)
{
	if (t->dying)
		return -ESRCH;
	for (u32 port = t->lowest_free; port < t->limit; port++) {
		struct evtchn *bucket = t->bucket[port / EVTCHN_PER_BUCKET], *chn;

		if (!bucket && !*page)
			return -EAGAIN;
		if (!bucket)
			bucket = add_bucket(t, port, page);
		chn = &bucket[port % EVTCHN_PER_BUCKET];
		if (__atomic_load_n(&chn->state, __ATOMIC_ACQUIRE) == EVTCHN_FREE) {
			WRITE_ONCE(chn->state, EVTCHN_RESERVED);
			chn->vcpu = 0;
			t->lowest_free = port + 1;
			*out = chn;
			return 0;
		}
	}
	t->lowest_free = t->limit;
	return -ENOSPC;
}

int evtchn_reserve(struct domain *d, struct evtchn **chn)
{
	struct evtchn_table *t = d->evtchn;
	void *page = NULL;
	unsigned long flags;
	int ret;

	if (!t)
		return -EINVAL;
	for (;;) {
		flags = spin_lock_irqsave(&t->lock);
		ret = reserve_locked(t, chn, &page);
		spin_unlock_irqrestore(&t->lock, flags);
		if (ret != -EAGAIN)
			break;
		/* The heap may call other CPUs, which wait for this lock with interrupts off. */
		page = page_alloc();
		if (!page)
			return -ENOMEM;
	}
	page_free(page); /* another CPU was first */
	return ret;
}

void evtchn_release(struct domain *d, struct evtchn *chn)
{
	struct evtchn_table *t = d->evtchn;
	unsigned long flags = spin_lock_irqsave(&t->lock);

	ASSERT(chn->state == EVTCHN_RESERVED);
	/* A bit left over would be the next owner's first event; of the dying there is none, nor a bit. */
	if (!t->dying)
		level2_clear_pending(d, chn->port);
	__atomic_store_n(&chn->state, EVTCHN_FREE, __ATOMIC_RELEASE);
	t->lowest_free = min(t->lowest_free, chn->port);
	spin_unlock_irqrestore(&t->lock, flags);
}

int evtchn_publish(struct domain *d, struct evtchn *chn, enum evtchn_state state, u32 vcpu)
{
	unsigned long flags = spin_lock_irqsave(&chn->lock);
	bool dying = READ_ONCE(d->evtchn->dying);

	chn->vcpu = (u16)vcpu;
	if (!dying)
		chn->state = (u8)state;
	spin_unlock_irqrestore(&chn->lock, flags);
	if (!dying)
		return 0;
	evtchn_release(d, chn);
	return -ESRCH;
}

/* --- binding --- */

int evtchn_alloc_unbound(struct domain *d, domid_t remote, u32 *port)
{
	struct evtchn *chn;
	int ret = evtchn_reserve(d, &chn);

	if (ret)
		return ret;
	*port = chn->port;
	chn->remote_domid = remote;
	return evtchn_publish(d, chn, EVTCHN_UNBOUND, 0);
}

int evtchn_bind_interdomain(struct domain *d, struct domain *remote, u32 remote_port, u32 *port)
{
	struct evtchn *chn, *peer = evtchn_lookup(remote, remote_port);
	unsigned long flags;
	int ret;

	if (!peer)
		return -EINVAL;
	ret = evtchn_reserve(d, &chn);
	if (ret)
		return ret;
	flags = local_irq_save();
	lock_pair(chn, peer);
	ret = -EINVAL;
	if (peer->state == EVTCHN_UNBOUND && peer->remote_domid == d->id &&
	    !READ_ONCE(d->evtchn->dying) && !READ_ONCE(remote->evtchn->dying)) {
		chn->remote = remote;
		chn->remote_port = remote_port;
		chn->state = EVTCHN_INTERDOMAIN;
		peer->remote = d;
		peer->remote_port = chn->port;
		peer->state = EVTCHN_INTERDOMAIN;
		*port = chn->port;
		/* What the peer sent while nobody listened is not lost: the port starts pending. */
		evtchn_raise_locked(d, chn);
		ret = 0;
	}
	unlock_pair(chn, peer);
	local_irq_restore(flags);
	if (ret)
		evtchn_release(d, chn);
	return ret;
}

int evtchn_bind_vcpu(struct domain *d, u32 port, u32 vcpu)
{
	struct evtchn *chn = evtchn_lookup(d, port);
	struct vcpu *v = domain_vcpu(d, vcpu);
	unsigned long flags;
	u32 pirq = ~0u;
	int ret = 0;

	if (!v)
		return -ENOENT;
	if (!chn)
		return -EINVAL;
	flags = spin_lock_irqsave(&chn->lock);
	switch (chn->state) {
	case EVTCHN_VIRQ:
		if (!virq_is_global(chn->virq)) {
			ret = -EINVAL;
			break;
		}
		/* fall through */
	case EVTCHN_UNBOUND:
	case EVTCHN_INTERDOMAIN:
		WRITE_ONCE(chn->vcpu, (u16)vcpu);
		break;
	case EVTCHN_PIRQ:
		pirq = chn->pirq;
		WRITE_ONCE(chn->vcpu, (u16)vcpu);
		break;
	default:
		ret = -EINVAL;
		break;
	}
	spin_unlock_irqrestore(&chn->lock, flags);
	/* The device's interrupt follows the vCPU that serves it. */
	if (pirq != ~0u)
		pirq_set_cpu(d, pirq, READ_ONCE(v->sched.cpu));
	return ret;
}

int evtchn_status(struct domain *d, u32 port, struct evtchn_status *out)
{
	struct evtchn *chn = evtchn_lookup(d, port);
	unsigned long flags;

	out->status = EVTCHNSTAT_closed;
	if (!port)
		return 0;
	if (!chn)
		return -EINVAL;
	flags = spin_lock_irqsave(&chn->lock);
	out->vcpu = chn->vcpu;
	switch (chn->state) {
	case EVTCHN_UNBOUND:
		out->status = EVTCHNSTAT_unbound;
		out->u.unbound.dom = chn->remote_domid;
		break;
	case EVTCHN_INTERDOMAIN:
		out->status = EVTCHNSTAT_interdomain;
		out->u.interdomain.dom = chn->remote->id;
		out->u.interdomain.port = chn->remote_port;
		break;
	case EVTCHN_PIRQ:
		out->status = EVTCHNSTAT_pirq;
		out->u.pirq = chn->pirq;
		break;
	case EVTCHN_VIRQ:
		out->status = EVTCHNSTAT_virq;
		out->u.virq = chn->virq;
		break;
	case EVTCHN_IPI:
		out->status = EVTCHNSTAT_ipi;
		break;
	default:
		break;
	}
	spin_unlock_irqrestore(&chn->lock, flags);
	return 0;
}

/* --- closing --- */

int evtchn_close(struct domain *d, u32 port)
{
	struct evtchn *chn = evtchn_lookup(d, port), *peer;
	struct domain *held = NULL;
	unsigned long flags;
	enum evtchn_state was;
	struct vcpu *v;

	if (!chn)
		return -EINVAL;
	flags = local_irq_save();
	peer = lock_with_peer(chn, &held);
	was = (enum evtchn_state)chn->state;
	if (peer) {
		/* It goes back to waiting for us. */
		peer->state = EVTCHN_UNBOUND;
		peer->remote_domid = d->id;
		spin_unlock(&peer->lock);
	}
	if (was == EVTCHN_VIRQ) {
		/* A global one was bound on vCPU 0, wherever it notifies now. */
		v = domain_vcpu(d, virq_is_global(chn->virq) ? 0 : chn->vcpu);
		if (v)
			WRITE_ONCE(v->virq_port[chn->virq], 0);
	}
	if (was > EVTCHN_RESERVED)
		chn->state = EVTCHN_RESERVED; /* ours alone from here on */
	spin_unlock_irqrestore(&chn->lock, flags);
	if (unlikely(held))
		domain_put(held);
	if (was <= EVTCHN_RESERVED)
		return -EINVAL;
	if (was == EVTCHN_PIRQ)
		pirq_unbind(d, chn->pirq); /* its lock comes before ours */
	evtchn_release(d, chn);
	return 0;
}

/* Closes from the saved place on.  -ERESTART when others want to run. */
static int close_all(struct domain *d, u32 *sweep)
{
	struct evtchn_table *t = d->evtchn;

	for (u32 port = max(READ_ONCE(*sweep), 1u); port < t->limit; port++) {
		/* Nothing was ever bound in a bucket that does not exist. */
		if (!READ_ONCE(t->bucket[port / EVTCHN_PER_BUCKET]))
			port |= EVTCHN_PER_BUCKET - 1;
		else
			evtchn_close(d, port);
		if (port % CLOSE_SLICE == CLOSE_SLICE - 1 && hypercall_should_preempt()) {
			WRITE_ONCE(*sweep, port + 1);
			return -ERESTART;
		}
	}
	WRITE_ONCE(*sweep, 0);
	return 0;
}

int evtchn_reset(struct domain *d)
{
	return d->evtchn ? close_all(d, &d->evtchn->sweep) : -EINVAL;
}

/* --- the table --- */

int evtchn_domain_init(struct domain *d)
{
	struct evtchn_table *t = kmalloc(sizeof(*t));
	u32 most = d->is_privileged ? EVTCHN_PORTS - 1 : d->max_evtchn_port;

	if (!t)
		return -ENOMEM;
	spin_lock_init(&t->lock, LOCK_EVTCHN);
	t->limit = min(most, EVTCHN_PORTS - 1) + 1;
	t->lowest_free = 1;
	d->evtchn = t;
	return 0;
}

int evtchn_domain_destroy(struct domain *d)
{
	struct evtchn_table *t = d->evtchn;
	unsigned long flags;

	if (!t)
		return 0;
	if (!READ_ONCE(t->dying)) {
		flags = spin_lock_irqsave(&t->lock);
		t->dying = true;
		spin_unlock_irqrestore(&t->lock, flags);
		smp_mb(); /* see evtchn_publish(): either it sees this or we see its port */
	}
	return close_all(d, &t->final_sweep);
}

void evtchn_domain_free(struct domain *d)
{
	struct evtchn_table *t = d->evtchn;

	if (!t)
		return;
	for (u32 i = 0; i < EVTCHN_BUCKETS; i++)
		if (t->bucket[i])
			page_free(t->bucket[i]);
	d->evtchn = NULL;
	kfree(t);
}

void evtchn_check(struct domain *d)
{
	for (u32 port = 1; port < d->evtchn->limit; port++) {
		const struct evtchn *chn = evtchn_lookup(d, port), *peer;

		if (!chn)
			continue;
		PANIC_ON(chn->port != port || spin_is_locked(&chn->lock));
		PANIC_ON(chn->state == EVTCHN_FREE && port < d->evtchn->lowest_free);
		if (chn->state == EVTCHN_INTERDOMAIN) {
			peer = evtchn_lookup(chn->remote, chn->remote_port);
			PANIC_ON(!peer || peer->state != EVTCHN_INTERDOMAIN || peer->remote != d ||
				 peer->remote_port != port);
		}
		if (chn->state == EVTCHN_VIRQ) {
			const struct vcpu *v = domain_vcpu(
				d, virq_is_global(chn->virq) ? 0 : chn->vcpu);

			PANIC_ON(!v || v->virq_port[chn->virq] != port);
		}
	}
}

#define DUMP_MAX 128u

void evtchn_dump(struct domain *d)
{
	static const char *const names[] = {"free", "reserved", "unbound", "interdomain",
					    "pirq", "virq",     "ipi"};

	u32 shown = 0;

	for (u32 port = 1; port < d->evtchn->limit; port++) {
		const struct evtchn *chn = evtchn_lookup(d, port);

		if (!chn || chn->state == EVTCHN_FREE || ++shown > DUMP_MAX)
			continue;
		log_line("d%u port %u [%c%c] v%u %s", d->id, port,
			 level2_is_pending(d, port) ? 'p' : '-',
			 level2_is_masked(d, port) ? 'm' : '-', chn->vcpu, names[chn->state]);
	}
	if (shown > DUMP_MAX)
		log_line("d%u: %u more", d->id, shown - DUMP_MAX);
}
