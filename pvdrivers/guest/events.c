// SPDX-License-Identifier: MIT
/*
 * Event channels, two-level layout.  Every port starts masked; event_bind() opens one.  Handlers
 * run in the upcall with this vCPU's events masked, or from events_dispatch() when polled.
 */
#include "pvrt.h"

#define PORTS 4096

static struct {
	event_handler *fn;
	void *data;
} handlers[PORTS];

static inline bool test_and_clear(unsigned long *words, unsigned int bit)
{
	bool was;

	__asm__ volatile("lock btrq %2, %0"
			 : "+m"(words[bit / 64]), "=@ccc"(was)
			 : "r"((unsigned long)bit % 64)
			 : "memory");
	return was;
}

static inline void set(unsigned long *words, unsigned int bit)
{
	__asm__ volatile("lock btsq %1, %0"
			 : "+m"(words[bit / 64])
			 : "r"((unsigned long)bit % 64)
			 : "memory");
}

static inline bool test(const unsigned long *words, unsigned int bit)
{
	return READ_ONCE(words[bit / 64]) >> bit % 64 & 1;
}

void events_init(void)
{
	for (unsigned int i = 0; i < 64; i++)
		shared_info->evtchn_mask[i] = ~0UL;
}

void events_disable(void)
{
	WRITE_ONCE(vcpu_info(this_cpu())->evtchn_upcall_mask, 1);
	barrier();
}

void events_enable(void)
{
	struct vcpu_info *v = vcpu_info(this_cpu());

	barrier();
	WRITE_ONCE(v->evtchn_upcall_mask, 0);
	barrier();
	/* Pending since before: any hypercall has the upcall made on its way out. */
	if (READ_ONCE(v->evtchn_upcall_pending))
		version_op(XENVER_version, NULL);
}

void events_dispatch(void)
{
	unsigned int cpu = this_cpu();
	struct vcpu_info *v = vcpu_info(cpu);
	unsigned long selector;

	while (READ_ONCE(v->evtchn_upcall_pending)) {
		WRITE_ONCE(v->evtchn_upcall_pending, 0);
		selector = __atomic_exchange_n(&v->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
		for (unsigned int w = 0; w < 64; w++) {
			unsigned long bits;

			if (!(selector >> w & 1))
				continue;
			bits = READ_ONCE(shared_info->evtchn_pending[w]) &
			       ~READ_ONCE(shared_info->evtchn_mask[w]);
			for (unsigned int b = 0; b < 64; b++) {
				unsigned int port = w * 64 + b;

				if (!(bits >> b & 1) ||
				    !test_and_clear(shared_info->evtchn_pending, port))
					continue;
				if (handlers[port].fn)
					handlers[port].fn(port, handlers[port].data);
			}
		}
	}
}

void event_mask(evtchn_port_t port)
{
	set(shared_info->evtchn_mask, port);
}

void event_unmask(evtchn_port_t port)
{
	struct evtchn_unmask u = {.port = port};

	evtchn_op(EVTCHNOP_unmask, &u);
}

bool event_pending(evtchn_port_t port)
{
	return test(shared_info->evtchn_pending, port);
}

void event_clear(evtchn_port_t port)
{
	test_and_clear(shared_info->evtchn_pending, port);
}

void event_bind(evtchn_port_t port, event_handler *handler, void *data)
{
	if (port >= PORTS)
		panic("port %u", port);
	handlers[port].data = data;
	handlers[port].fn = handler;
	event_unmask(port);
}

void event_unbind(evtchn_port_t port)
{
	struct evtchn_close c = {.port = port};

	event_mask(port);
	handlers[port].fn = NULL;
	evtchn_op(EVTCHNOP_close, &c);
	event_clear(port);
}

evtchn_port_t event_bind_virq(unsigned int virq, event_handler *handler, void *data)
{
	struct evtchn_bind_virq b = {.virq = virq, .vcpu = this_cpu()};
	long rc = evtchn_op(EVTCHNOP_bind_virq, &b);

	if (rc)
		panic("bind_virq %u: %ld", virq, rc);
	event_bind(b.port, handler, data);
	return b.port;
}

evtchn_port_t event_bind_ipi(unsigned int cpu, event_handler *handler, void *data)
{
	struct evtchn_bind_ipi b = {.vcpu = cpu};
	long rc = evtchn_op(EVTCHNOP_bind_ipi, &b);

	if (rc)
		panic("bind_ipi %u: %ld", cpu, rc);
	event_bind(b.port, handler, data);
	return b.port;
}

evtchn_port_t event_alloc_unbound(domid_t remote)
{
	struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = remote};
	long rc = evtchn_op(EVTCHNOP_alloc_unbound, &a);

	if (rc)
		panic("alloc_unbound: %ld", rc);
	return a.port;
}

evtchn_port_t event_bind_interdomain(domid_t remote, evtchn_port_t port, event_handler *handler,
				     void *data)
{
	struct evtchn_bind_interdomain b = {.remote_dom = remote, .remote_port = port};
	long rc = evtchn_op(EVTCHNOP_bind_interdomain, &b);

	if (rc)
		panic("bind_interdomain %u:%u: %ld", remote, port, rc);
	event_bind(b.local_port, handler, data);
	return b.local_port;
}

long event_send(evtchn_port_t port)
{
	struct evtchn_send s = {.port = port};

	return evtchn_op(EVTCHNOP_send, &s);
}
