// SPDX-License-Identifier: MIT
/*
 * Sequences of event_channel_op calls by three domains, with arguments at will,
 * mixed with signals from the hypervisor, writes of the guests' to their shared
 * pages, and the end of a domain.  The invariants of the room are checked after
 * each step, and in the end all must be given back.
 */
#include "../unit/evtchn_host.h"

static const u8 *input;
static size_t left;

static u32 take(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

/* Mostly small numbers, now and then any. */
static u32 number(void)
{
	u32 n = take();

	if (n < 240)
		return n % 48;
	return n < 248 ? take() << 4 | take() : take() << 24 | take() << 16 | take();
}

static domid_t some_domid(void)
{
	u32 n = take();

	return (domid_t)(n < 128 ? n % DOMAINS : n < 230 ? DOMID_SELF : 0x7f00 + n);
}

static void one_call(void)
{
	union {
		struct evtchn_alloc_unbound alloc;
		struct evtchn_bind_interdomain inter;
		struct evtchn_bind_virq virq;
		struct evtchn_bind_pirq pirq;
		struct evtchn_bind_ipi ipi;
		struct evtchn_status status;
		struct evtchn_bind_vcpu vcpu;
		struct evtchn_reset reset;
		u8 room[64];
	} op;
	u32 cmd = take() % 16;
	long ret;

	memset(&op, 0, sizeof(op));
	switch (cmd) {
	case EVTCHNOP_alloc_unbound:
		op.alloc.dom = some_domid();
		op.alloc.remote_dom = some_domid();
		break;
	case EVTCHNOP_bind_interdomain:
		op.inter.remote_dom = some_domid();
		op.inter.remote_port = number();
		break;
	case EVTCHNOP_status:
		op.status.dom = some_domid();
		op.status.port = number();
		break;
	case EVTCHNOP_reset:
		op.reset.dom = some_domid();
		break;
	default: /* all others begin with one or two numbers */
		op.virq.virq = number();
		op.virq.vcpu = number();
		break;
	}
	do {
		ret = hc_event_channel_op(cmd, (unsigned long)&op);
		cpu_info()->deferred = 0;
	} while (ret == -ERESTART);
	if (ret > 0 || ret < -4095)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	input = data;
	left = size;
	hosts_create(100 + take() * 16);
	while (left) {
		u32 what = take();
		unsigned int who = what % DOMAINS;

		if (!doms[who].d.evtchn)
			who = 0;
		run_as(who, what / 4 % VCPUS);
		if (what < 200) {
			one_call();
		} else if (what < 215) {
			virq_send_vcpu(current, take() % NR_VIRQS_USED);
			virq_send_global(take() % NR_VIRQS_USED);
		} else if (what < 225) {
			pirq_event(current->domain, number());
		} else if (what < 245) {
			((u8 *)&doms[who].shared)[(take() << 8 | take()) %
						  sizeof(struct shared_info)] = (u8)take();
		} else if (what < 252) {
			cpu_info()->deferred = 1; /* the next long operation is cut short */
		} else if (who) {
			/* Ended in slices; meanwhile others still act on it. */
			evtchn_domain_destroy(&doms[who].d);
			cpu_info()->deferred = 0;
		}
		hosts_check();
		if (host_irqs_off)
			abort();
	}
	for (unsigned int i = DOMAINS; i > 0; i--) {
		host_destroy(i - 1);
		hosts_check();
	}
	return 0;
}
