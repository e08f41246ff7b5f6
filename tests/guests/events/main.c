// SPDX-License-Identifier: MIT
/*
 * Event channels: the states of a port, every error, and delivery.  Rows h32, D1, D2, D6, D7,
 * D20, D26, g7.
 */
#include "test.h"

static unsigned int calls;

static void count(evtchn_port_t port, void *data)
{
	(void)port;
	(void)data;
	calls++;
}

static int state(evtchn_port_t port)
{
	struct evtchn_status s = {.dom = DOMID_SELF, .port = port};
	long rc = evtchn_op(EVTCHNOP_status, &s);

	return rc ? (int)rc : (int)s.status;
}

static long close_port(evtchn_port_t port)
{
	struct evtchn_close c = {.port = port};

	return evtchn_op(EVTCHNOP_close, &c);
}

static void allocation(void)
{
	struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
	evtchn_port_t first;

	is("h32 port 0 is closed", state(0), EVTCHNSTAT_closed);
	is("h32 status beyond the end", state(1000000), -22);
	is("h32.3 close of port 0", close_port(0), -22);
	is("h32.3 close of what is closed", close_port(100), -22);
	is("h32.4 send to what is closed", event_send(100), -22);
	is("h32.4 send out of range", event_send(0x7fffffff), -22);
	is("h32.6 alloc_unbound", evtchn_op(EVTCHNOP_alloc_unbound, &a), 0);
	first = a.port;
	is("h32 the lowest free port", first, 1);
	is("h32.5 it is unbound", state(first), EVTCHNSTAT_unbound);
	is("h32.4 send on an unbound port is dropped", event_send(first), 0);
	evtchn_op(EVTCHNOP_alloc_unbound, &a);
	is("h32 the next one", a.port, 2);
	close_port(first);
	evtchn_op(EVTCHNOP_alloc_unbound, &a);
	is("h32 a closed one is used again", a.port, first);
	close_port(1);
	close_port(2);
	a.remote_dom = 99;
	is("h32.6 for a domain that is not there (yet)", evtchn_op(EVTCHNOP_alloc_unbound, &a), 0);
	close_port(a.port);
	a.dom = 99;
	is("h32.6 in a domain that is not there", evtchn_op(EVTCHNOP_alloc_unbound, &a), -3);
}

static void interdomain(void)
{
	evtchn_port_t a = event_alloc_unbound(DOMID_SELF);
	struct evtchn_bind_interdomain b = {.remote_dom = DOMID_SELF, .remote_port = a};
	struct evtchn_status s = {.dom = DOMID_SELF};

	is("h32.0 bind to an own unbound port", evtchn_op(EVTCHNOP_bind_interdomain, &b), 0);
	is("h32.0 the new port starts pending", event_pending(b.local_port), true);
	is("h32.5 interdomain", state(a), EVTCHNSTAT_interdomain);
	s.port = b.local_port;
	evtchn_op(EVTCHNOP_status, &s);
	is("h32.5 it names its peer", s.u.interdomain.port, a);
	is("h32.5 and its domain", s.u.interdomain.dom, 0);
	event_clear(b.local_port);
	event_send(a);
	is("h32.4 a send arrives at the other end", event_pending(b.local_port), true);
	is("h32.4 and not at the own one", event_pending(a), false);
	is("h32.0 again to the same port", evtchn_op(EVTCHNOP_bind_interdomain, &b), -22);
	close_port(b.local_port);
	is("h32.3 the peer is unbound again", state(a), EVTCHNSTAT_unbound);
	close_port(a);
	b.remote_dom = 99;
	is("h32.0 no such domain", evtchn_op(EVTCHNOP_bind_interdomain, &b), -3);
	b.remote_dom = DOMID_SELF;
	b.remote_port = 4000;
	is("h32.0 no such port", evtchn_op(EVTCHNOP_bind_interdomain, &b), -22);
}

static void virqs(void)
{
	struct evtchn_bind_virq v = {.virq = VIRQ_TIMER};
	struct evtchn_bind_vcpu m = {0};
	evtchn_port_t port;

	is("h32.1 bind a VIRQ", evtchn_op(EVTCHNOP_bind_virq, &v), 0);
	port = v.port;
	is("h32.5 a VIRQ's port", state(port), EVTCHNSTAT_virq);
	is("h32.1 the same one again", evtchn_op(EVTCHNOP_bind_virq, &v), -17);
	is("h32.4 send on a VIRQ's port", event_send(port), -22);
	m.port = port;
	is("h32.8 a per-vCPU VIRQ does not move", evtchn_op(EVTCHNOP_bind_vcpu, &m), -22);
	close_port(port);
	v.virq = 24;
	is("h32.1 number 24", evtchn_op(EVTCHNOP_bind_virq, &v), -22);
	v.virq = 5;
	is("h32.1 number 5 is accepted", evtchn_op(EVTCHNOP_bind_virq, &v), 0);
	close_port(v.port);
	v.virq = VIRQ_TIMER;
	v.vcpu = 99;
	is("h32.1 no such vCPU", evtchn_op(EVTCHNOP_bind_virq, &v), -2);
	v.virq = VIRQ_DOM_EXC;
	v.vcpu = 1;
	is("h32.1 a global VIRQ elsewhere", evtchn_op(EVTCHNOP_bind_virq, &v), -22);
	v.vcpu = 0;
	is("D26 pcpu_state", evtchn_op(EVTCHNOP_bind_virq, (v.virq = 9, &v)), 0);
	m.port = v.port;
	m.vcpu = 0;
	is("h32.8 a global one may move", evtchn_op(EVTCHNOP_bind_vcpu, &m), 0);
	m.vcpu = 99;
	is("h32.8 not to a vCPU that is not there", evtchn_op(EVTCHNOP_bind_vcpu, &m), -2);
	close_port(v.port);
}

static void ipis(void)
{
	struct evtchn_bind_ipi b = {.vcpu = 99};
	struct evtchn_bind_vcpu m = {0};
	struct evtchn_set_priority p = {.priority = 0};
	struct evtchn_bind_pirq q = {.pirq = 100000};

	is("h32.7 no such vCPU", evtchn_op(EVTCHNOP_bind_ipi, &b), -2);
	b.vcpu = 0;
	is("h32.7 bind", evtchn_op(EVTCHNOP_bind_ipi, &b), 0);
	is("h32.5 an IPI's port", state(b.port), EVTCHNSTAT_ipi);
	m.port = b.port;
	is("h32.8 an IPI does not move", evtchn_op(EVTCHNOP_bind_vcpu, &m), -22);
	p.port = b.port;
	is("h32.13 priority in the two-level layout", evtchn_op(EVTCHNOP_set_priority, &p), -38);
	is("h32.2 a pirq that cannot be", evtchn_op(EVTCHNOP_bind_pirq, &q), -22);
	close_port(b.port);
}

static void delivery(void)
{
	struct vcpu_info *v = vcpu_info(0);
	evtchn_port_t port = event_bind_ipi(0, count, NULL);
	struct evtchn_unmask u = {.port = port};

	calls = 0;
	event_send(port);
	is("D1 masked upcall: the port is pending", event_pending(port), true);
	is("D1 ... and the vCPU told", v->evtchn_upcall_pending, 1);
	is("D1 ... and its word selected", v->evtchn_pending_sel & 1, 1);
	is("D6 no upcall while masked", calls, 0);
	WRITE_ONCE(v->evtchn_upcall_mask, 0);
	version_op(XENVER_version, NULL);
	is("g7 any hypercall delivers", calls, 1);
	event_send(port);
	is("D1 with the mask open at once", calls, 2);
	is("D1 mask open behind the upcall", v->evtchn_upcall_mask, 0);

	event_mask(port);
	event_send(port);
	is("D2 a masked port: no upcall", calls, 2);
	is("D2 ... but pending", event_pending(port), true);
	evtchn_op(EVTCHNOP_unmask, &u);
	is("h32.9 unmask of a pending port delivers", calls, 3);
	evtchn_op(EVTCHNOP_unmask, &u);
	is("h32.9 unmask of one that is not delivers nothing", calls, 3);

	/* By hand, as Linux does in its check of lost edges. */
	__atomic_or_fetch(&shared_info->evtchn_pending[port / 64], 1UL << port % 64,
			  __ATOMIC_SEQ_CST);
	v->evtchn_pending_sel |= 1UL << port / 64;
	v->evtchn_upcall_pending = 1;
	version_op(XENVER_version, NULL);
	is("D2 bits that the guest set itself count", calls, 4);

	is("h29.1 block with something pending returns", ({
		   events_disable();
		   event_send(port);
		   sched_op(SCHEDOP_block, NULL);
	   }),
	   0);
	is("D7 block opened the mask and delivered", calls, 5);
	is("D7 it is open still", v->evtchn_upcall_mask, 0);
	events_disable();
	event_unbind(port);
	is("h32.3 closed", state(port), EVTCHNSTAT_closed);
}

static void polling(void)
{
	evtchn_port_t port = event_alloc_unbound(DOMID_SELF), other;
	struct sched_poll p = {.nr_ports = 1, .timeout = 1};
	uint64_t before;

	set_xen_guest_handle(p.ports, &port);
	is("h29.3 poll with a timeout in the past", sched_op(SCHEDOP_poll, &p), 0);
	before = clock_ns();
	p.timeout = before + 3000000;
	is("h29.3 poll waits", sched_op(SCHEDOP_poll, &p), 0);
	ok(clock_ns() >= before + 3000000, "h29.3 until its time");
	other = event_bind_interdomain(DOMID_SELF, port, NULL, NULL);
	event_mask(other);
	event_send(port);
	event_mask(port);
	event_send(other);
	p.timeout = 0;
	is("h29.3 a pending port, masked, ends it at once", sched_op(SCHEDOP_poll, &p), 0);
	p.nr_ports = 200;
	is("h29.3 too many ports", sched_op(SCHEDOP_poll, &p), -22);
	close_port(other);
	close_port(port);
}

static void timer(void)
{
	evtchn_port_t port = event_bind_virq(VIRQ_TIMER, count, NULL);
	struct vcpu_set_singleshot_timer t = {0};
	uint64_t start;
	bool early = true;

	/* An event of a timer set before may still come, once. */
	for (unsigned int turn = 0; turn < 3 && early; turn++) {
		calls = 0;
		start = clock_ns();
		t.timeout_abs_ns = start + 5000000;
		vcpu_op(VCPUOP_set_singleshot_timer, 0, &t);
		do {
			sched_op(SCHEDOP_block, NULL);
			events_disable();
		} while (!calls && clock_ns() < start + 1000000000);
		early = clock_ns() < start + 4900000;
	}
	ok(calls >= 1, "D20 the timer ends a block");
	ok(!early, "D41 not early");
	events_disable();
	event_unbind(port);
}

int guest_main(void)
{
	part(allocation);
	part(interdomain);
	part(virqs);
	part(ipis);
	part(delivery);
	part(polling);
	part(timer);
	return test_end();
}
