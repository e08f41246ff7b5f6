// SPDX-License-Identifier: MIT
/*
 * event_channel_op: the table of its operations.  Each copies its arguments once,
 * checks them, acts, and writes back what the caller wants to know.  A result that
 * cannot be written is the caller's own loss: the port stays bound.
 */
#include "domain/domain.h"
#include "domain/privilege.h"
#include "entry/dispatch.h"
#include "entry/guestaccess.h"
#include "evtchn/evtchn.h"
#include "lib/errno.h"
#include "machine/percpu.h"

#define READ_ARGS(op, arg)                                 \
	do {                                               \
		if (guest_fetch(&(op), (arg), sizeof(op))) \
			return -EFAULT;                    \
	} while (0)

static long reply(int ret, unsigned long arg, const void *op, size_t size)
{
	if (ret)
		return ret;
	return guest_store(arg, op, size) ? -EFAULT : 0;
}

/* The domain that an operation is about, with a reference, if the caller may. */
static int target(domid_t id, struct domain **out)
{
	struct domain *d = domain_get(id);

	/* Who has no rights is not told who exists. */
	if (!d)
		return current->domain->is_privileged ? -ESRCH : -EPERM;
	if (!privileged(current->domain, PRIV_EVENT_CHANNEL, d)) {
		domain_put(d);
		return -EPERM;
	}
	*out = d;
	return 0;
}

static long op_alloc_unbound(unsigned long arg)
{
	struct evtchn_alloc_unbound op;
	struct domain *d;
	int ret;

	READ_ARGS(op, arg);
	ret = target(op.dom, &d);
	if (ret)
		return ret;
	if (op.remote_dom == DOMID_SELF)
		op.remote_dom = current->domain->id;
	ret = evtchn_alloc_unbound(d, op.remote_dom, &op.port);
	domain_put(d);
	return reply(ret, arg, &op, sizeof(op));
}

static long op_bind_interdomain(unsigned long arg)
{
	struct evtchn_bind_interdomain op;
	struct domain *remote;
	int ret;

	READ_ARGS(op, arg);
	remote = domain_get(op.remote_dom);
	if (!remote)
		return -ESRCH;
	ret = evtchn_bind_interdomain(current->domain, remote, op.remote_port, &op.local_port);
	domain_put(remote);
	return reply(ret, arg, &op, sizeof(op));
}

static long op_bind_virq(unsigned long arg)
{
	struct evtchn_bind_virq op;
	int ret;

	READ_ARGS(op, arg);
	ret = evtchn_bind_virq(current->domain, op.virq, op.vcpu, &op.port);
	return reply(ret, arg, &op, sizeof(op));
}

static long op_bind_ipi(unsigned long arg)
{
	struct evtchn_bind_ipi op;
	int ret;

	READ_ARGS(op, arg);
	ret = evtchn_bind_ipi(current->domain, op.vcpu, &op.port);
	return reply(ret, arg, &op, sizeof(op));
}

static long op_bind_pirq(unsigned long arg)
{
	struct evtchn_bind_pirq op;
	int ret;

	READ_ARGS(op, arg);
	ret = evtchn_bind_pirq(current->domain, op.pirq, op.flags & BIND_PIRQ__WILL_SHARE,
			       &op.port);
	return reply(ret, arg, &op, sizeof(op));
}

static long op_close(unsigned long arg)
{
	struct evtchn_close op;

	READ_ARGS(op, arg);
	return evtchn_close(current->domain, op.port);
}

static long op_send(unsigned long arg)
{
	struct evtchn_send op;

	READ_ARGS(op, arg);
	return evtchn_send(current->domain, op.port);
}

static long op_status(unsigned long arg)
{
	struct evtchn_status op;
	struct domain *d;
	int ret;

	READ_ARGS(op, arg);
	ret = target(op.dom, &d);
	if (ret)
		return ret;
	ret = evtchn_status(d, op.port, &op);
	domain_put(d);
	return reply(ret, arg, &op, sizeof(op));
}

static long op_bind_vcpu(unsigned long arg)
{
	struct evtchn_bind_vcpu op;

	READ_ARGS(op, arg);
	return evtchn_bind_vcpu(current->domain, op.port, op.vcpu);
}

static long op_unmask(unsigned long arg)
{
	struct evtchn_unmask op;

	READ_ARGS(op, arg);
	return evtchn_unmask(current->domain, op.port);
}

static long op_reset(unsigned long arg)
{
	struct evtchn_reset op;
	struct domain *d;
	int ret;

	READ_ARGS(op, arg);
	ret = target(op.dom, &d);
	if (ret)
		return ret;
	ret = evtchn_reset(d);
	domain_put(d);
	return ret == -ERESTART ? hypercall_continue1(EVTCHNOP_reset) : ret;
}

static __attribute__((noinline)) long other_op(unsigned long cmd, unsigned long arg)
{
	switch ((unsigned int)cmd) {
	case EVTCHNOP_unmask:
		return op_unmask(arg);
	case EVTCHNOP_bind_interdomain:
		return op_bind_interdomain(arg);
	case EVTCHNOP_bind_virq:
		return op_bind_virq(arg);
	case EVTCHNOP_bind_pirq:
		return op_bind_pirq(arg);
	case EVTCHNOP_bind_ipi:
		return op_bind_ipi(arg);
	case EVTCHNOP_bind_vcpu:
		return op_bind_vcpu(arg);
	case EVTCHNOP_close:
		return op_close(arg);
	case EVTCHNOP_status:
		return op_status(arg);
	case EVTCHNOP_alloc_unbound:
		return op_alloc_unbound(arg);
	case EVTCHNOP_reset:
		return op_reset(arg);
	/*
	 * The FIFO layout (init_control, expand_array, set_priority) is not offered: guests
	 * take the two-level one, which has no lock-free queue shared with them.
	 */
	default:
		return -ENOSYS;
	}
}

long hc_event_channel_op(unsigned long cmd, unsigned long arg)
{
	/* Nearly all calls are this one: it does not pay for the stack of the others. */
	return likely((unsigned int)cmd == EVTCHNOP_send) ? op_send(arg) : other_op(cmd, arg);
}
