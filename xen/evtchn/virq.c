// SPDX-License-Identifier: MIT
/*
 * Ports that the hypervisor itself raises: virtual interrupts, per vCPU or global,
 * interrupts of devices, and the ports that a domain's vCPUs call one another by.
 */
#include "domain/domain.h"
#include "evtchn/evtchn.h"
#include "irq/pirq.h"
#include "lib/errno.h"
#include "machine/barrier.h"

bool virq_is_global(u32 virq)
{
	switch (virq) {
	case VIRQ_TIMER:
	case VIRQ_DEBUG:
	case VIRQ_XENOPROF:
	case VIRQ_XENPMU:
		return false;
	default:
		return true;
	}
}

int evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu, u32 *port)
{
	struct vcpu *v = domain_vcpu(d, vcpu);
	struct evtchn *chn;
	unsigned long flags;
	u32 none = 0;
	int ret;

	if (virq >= NR_VIRQS_USED || (virq_is_global(virq) && vcpu))
		return -EINVAL;
	if (!v)
		return -ENOENT;
	virq = (u32)index_nospec(virq, NR_VIRQS_USED);
	ret = evtchn_reserve(d, &chn);
	if (ret)
		return ret;
	*port = chn->port;
	chn->virq = (u8)virq;
	/* Published under the port's lock together with its entry at the vCPU. */
	flags = spin_lock_irqsave(&chn->lock);
	if (READ_ONCE(d->evtchn->dying)) {
		ret = -ESRCH;
	} else if (!__atomic_compare_exchange_n(&v->virq_port[virq], &none, chn->port, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
		ret = -EEXIST;
	} else {
		chn->vcpu = (u16)vcpu;
		chn->state = EVTCHN_VIRQ;
	}
	spin_unlock_irqrestore(&chn->lock, flags);
	if (ret)
		evtchn_release(d, chn);
	return ret;
}

int evtchn_bind_ipi(struct domain *d, u32 vcpu, u32 *port)
{
	struct evtchn *chn;
	int ret;

	if (!domain_vcpu(d, vcpu))
		return -ENOENT;
	ret = evtchn_reserve(d, &chn);
	if (ret)
		return ret;
	*port = chn->port;
	return evtchn_publish(d, chn, EVTCHN_IPI, vcpu);
}

int evtchn_bind_pirq(struct domain *d, u32 pirq, bool share, u32 *port)
{
	struct evtchn *chn;
	int ret = evtchn_reserve(d, &chn);

	if (ret)
		return ret;
	*port = chn->port;
	chn->pirq = pirq;
	ret = pirq_bind(d, pirq, chn->port, share);
	if (ret) {
		evtchn_release(d, chn);
		return ret;
	}
	ret = evtchn_publish(d, chn, EVTCHN_PIRQ, 0);
	if (ret) {
		pirq_unbind(d, pirq);
		return ret;
	}
	/* An interrupt that came before the port was there was not delivered: ask again. */
	pirq_event(d, *port);
	return 0;
}

/* Raises chn if it (still) is what the caller takes it for. */
static void raise_if(struct domain *d, u32 port, enum evtchn_state state, u32 virq)
{
	struct evtchn *chn = evtchn_lookup(d, port);
	unsigned long flags;

	if (!chn)
		return;
	flags = spin_lock_irqsave(&chn->lock);
	if (chn->state == state && (state != EVTCHN_VIRQ || chn->virq == virq))
		evtchn_raise_locked(d, chn);
	spin_unlock_irqrestore(&chn->lock, flags);
}

void virq_send_vcpu(struct vcpu *v, u32 virq)
{
	u32 port = READ_ONCE(v->virq_port[virq]);

	if (port)
		raise_if(v->domain, port, EVTCHN_VIRQ, virq);
}

void virq_send_global(u32 virq)
{
	struct vcpu *v = dom0 && dom0->vcpu ? domain_vcpu(dom0, 0) : NULL;

	if (v)
		virq_send_vcpu(v, virq);
}

void pirq_event(struct domain *d, u32 port)
{
	raise_if(d, port, EVTCHN_PIRQ, 0);
}
