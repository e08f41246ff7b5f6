// SPDX-License-Identifier: MIT
/*
 * evtchn/ through its hypercall and its interfaces to the other rooms: results of
 * every operation as guests rely on them, delivery rules of the two-level layout,
 * polling, closing from either end, limits, sliced reset and destroy, and a random
 * walk with the invariants checked after each step.
 */
#include "evtchn_host.h"

#include "check.h"

static bool pending(unsigned int d, u32 port)
{
	return bit_test((u64 *)doms[d].shared.evtchn_pending, port);
}

static void set_mask(unsigned int d, u32 port, bool on)
{
	u64 *word = (u64 *)doms[d].shared.evtchn_mask + port / 64;

	*word = on ? *word | BIT(port % 64) : *word & ~BIT(port % 64);
}

/* What a guest does in its upcall. */
static void consume(unsigned int d)
{
	for (unsigned int n = 0; n < VCPUS; n++) {
		doms[d].shared.vcpu_info[n].evtchn_upcall_pending = 0;
		doms[d].shared.vcpu_info[n].evtchn_pending_sel = 0;
	}
	memset(doms[d].shared.evtchn_pending, 0, sizeof(doms[d].shared.evtchn_pending));
}

static bool upcall(unsigned int d, unsigned int v)
{
	return doms[d].shared.vcpu_info[v].evtchn_upcall_pending;
}

static long call(unsigned int op, void *arg)
{
	return hc_event_channel_op(op, (unsigned long)arg);
}

static long alloc_unbound(domid_t dom, domid_t remote, u32 *port)
{
	struct evtchn_alloc_unbound op = {.dom = dom, .remote_dom = remote};
	long ret = call(EVTCHNOP_alloc_unbound, &op);

	*port = op.port;
	return ret;
}

static long bind_inter(domid_t dom, u32 remote_port, u32 *port)
{
	struct evtchn_bind_interdomain op = {.remote_dom = dom, .remote_port = remote_port};
	long ret = call(EVTCHNOP_bind_interdomain, &op);

	*port = op.local_port;
	return ret;
}

static long bind_virq(u32 virq, u32 vcpu, u32 *port)
{
	struct evtchn_bind_virq op = {.virq = virq, .vcpu = vcpu};
	long ret = call(EVTCHNOP_bind_virq, &op);

	*port = op.port;
	return ret;
}

static long send(u32 port)
{
	struct evtchn_send op = {.port = port};

	return call(EVTCHNOP_send, &op);
}

static long close_port(u32 port)
{
	struct evtchn_close op = {.port = port};

	return call(EVTCHNOP_close, &op);
}

static long unmask(u32 port)
{
	struct evtchn_unmask op = {.port = port};

	return call(EVTCHNOP_unmask, &op);
}

static long bind_vcpu(u32 port, u32 vcpu)
{
	struct evtchn_bind_vcpu op = {.port = port, .vcpu = vcpu};

	return call(EVTCHNOP_bind_vcpu, &op);
}

static struct evtchn_status status(domid_t dom, u32 port, long want)
{
	struct evtchn_status op = {.dom = dom, .port = port};

	CHECK_EQ(call(EVTCHNOP_status, &op), want);
	return op;
}

static void begin(void)
{
	hosts_create(1023);
}

static void end(void)
{
	for (unsigned int i = DOMAINS; i > 0; i--) {
		host_destroy(i - 1);
		hosts_check();
	}
}

static void test_interdomain(void)
{
	struct evtchn_status st;
	u32 a, b, c;

	begin();
	/* A new port goes to the lowest free number. */
	CHECK_EQ(alloc_unbound(DOMID_SELF, 1, &a), 0);
	CHECK_EQ(a, 1);
	CHECK_EQ(alloc_unbound(DOMID_SELF, 99, &b), 0); /* need not exist */
	CHECK_EQ(b, 2);
	CHECK_EQ(send(a), 0); /* dropped */
	st = status(DOMID_SELF, a, 0);
	CHECK(st.status == EVTCHNSTAT_unbound && st.u.unbound.dom == 1);

	/* Others may not have it; nor may a bad port or domain. */
	run_as(2, 0);
	CHECK_EQ(bind_inter(0, a, &c), -EINVAL);
	run_as(1, 0);
	CHECK_EQ(bind_inter(0, b, &c), -EINVAL);
	CHECK_EQ(bind_inter(0, 500, &c), -EINVAL);
	CHECK_EQ(bind_inter(0, 0, &c), -EINVAL);
	CHECK_EQ(bind_inter(0, ~0u, &c), -EINVAL);
	CHECK_EQ(bind_inter(77, a, &c), -ESRCH);
	CHECK_EQ(bind_inter(0, a, &c), 0);
	CHECK_EQ(c, 1);
	CHECK(pending(1, c) && upcall(1, 0)); /* starts pending */
	CHECK_EQ(bind_inter(0, a, &b), -EINVAL); /* taken */
	st = status(DOMID_SELF, c, 0);
	CHECK(st.status == EVTCHNSTAT_interdomain && st.u.interdomain.dom == 0 &&
	      st.u.interdomain.port == a);

	CHECK_EQ(send(c), 0);
	CHECK(pending(0, a) && upcall(0, 0) && !upcall(0, 1));
	CHECK_EQ(doms[0].shared.vcpu_info[0].evtchn_pending_sel, 1);
	consume(0);
	run_as(0, 0);
	CHECK_EQ(bind_vcpu(a, 1), 0);
	CHECK_EQ(bind_vcpu(a, 2), -ENOENT);
	run_as(1, 0);
	CHECK_EQ(send(c), 0);
	CHECK(!upcall(0, 0) && upcall(0, 1));
	hosts_check();

	/* Closing one end leaves the other waiting for us; it can be bound again. */
	CHECK_EQ(close_port(c), 0);
	CHECK(!pending(1, c));
	CHECK_EQ(close_port(c), -EINVAL);
	CHECK_EQ(send(c), -EINVAL);
	run_as(0, 0);
	st = status(DOMID_SELF, a, 0);
	CHECK(st.status == EVTCHNSTAT_unbound && st.u.unbound.dom == 1);
	CHECK_EQ(send(a), 0);
	run_as(1, 0);
	CHECK_EQ(bind_inter(0, a, &c), 0);
	hosts_check();
	/* And from the other end. */
	run_as(0, 0);
	CHECK_EQ(close_port(a), 0);
	st = status(1, c, 0);
	CHECK(st.status == EVTCHNSTAT_unbound && st.u.unbound.dom == 0);

	/* Loopback. */
	CHECK_EQ(alloc_unbound(DOMID_SELF, DOMID_SELF, &a), 0);
	CHECK_EQ(bind_inter(DOMID_SELF, a, &b), 0);
	consume(0);
	CHECK_EQ(send(b), 0);
	CHECK(pending(0, a) && !pending(0, b));
	CHECK_EQ(send(a), 0);
	CHECK(pending(0, b));
	end();
}

static void test_masks(void)
{
	u32 a, b;

	begin();
	alloc_unbound(DOMID_SELF, DOMID_SELF, &a);
	bind_inter(DOMID_SELF, a, &b);
	consume(0);
	set_mask(0, a, true);
	kicked = 0;
	CHECK_EQ(send(b), 0);
	CHECK(pending(0, a) && !upcall(0, 0) && !kicked);
	CHECK_EQ(unmask(a), 0);
	CHECK(upcall(0, 0) && kicked == 1);
	CHECK_EQ(doms[0].shared.vcpu_info[0].evtchn_pending_sel, 1);
	/* One upcall, however many events before it is taken. */
	CHECK_EQ(send(b), 0);
	CHECK_EQ(unmask(a), 0);
	CHECK_EQ(kicked, 1);
	/* Unmasking what is not pending raises nothing. */
	consume(0);
	set_mask(0, a, true);
	CHECK_EQ(unmask(a), 0);
	CHECK(!upcall(0, 0));
	CHECK_EQ(unmask(0), -EINVAL);
	CHECK_EQ(unmask(4096), -EINVAL);
	end();
}

static void test_virqs(void)
{
	struct evtchn_bind_ipi ipi = {.vcpu = 1};
	u32 a, b, c;

	begin();
	run_as(1, 0);
	CHECK_EQ(bind_virq(VIRQ_TIMER, 1, &a), 0);
	CHECK_EQ(bind_virq(VIRQ_TIMER, 1, &b), -EEXIST);
	CHECK_EQ(bind_virq(VIRQ_TIMER, 0, &b), 0);
	CHECK_EQ(b, a + 1); /* the failure gave its port back */
	CHECK_EQ(bind_virq(24, 0, &c), -EINVAL);
	CHECK_EQ(bind_virq(~0u, 0, &c), -EINVAL);
	CHECK_EQ(bind_virq(VIRQ_CONSOLE, 1, &c), -EINVAL);
	CHECK_EQ(bind_virq(VIRQ_DEBUG, 2, &c), -ENOENT);
	CHECK_EQ(bind_virq(5, 0, &c), 0);
	CHECK_EQ(bind_vcpu(a, 0), -EINVAL);
	CHECK_EQ(bind_vcpu(c, 1), 0); /* global: may move */
	virq_send_vcpu(&doms[1].vcpu[1], VIRQ_TIMER);
	CHECK(pending(1, a) && upcall(1, 1) && !upcall(1, 0));
	virq_send_vcpu(&doms[1].vcpu[0], VIRQ_DEBUG); /* not bound */
	CHECK(!upcall(1, 0));
	CHECK_EQ(send(a), -EINVAL);
	CHECK_EQ(status(DOMID_SELF, c, 0).u.virq, 5);
	CHECK_EQ(close_port(c), 0);
	CHECK_EQ(bind_virq(5, 0, &c), 0);
	CHECK_EQ(close_port(a), 0);
	virq_send_vcpu(&doms[1].vcpu[1], VIRQ_TIMER);
	CHECK(!pending(1, a));

	run_as(0, 0);
	virq_send_global(VIRQ_DOM_EXC);
	CHECK_EQ(bind_virq(VIRQ_DOM_EXC, 0, &a), 0);
	CHECK_EQ(bind_vcpu(a, 1), 0);
	virq_send_global(VIRQ_DOM_EXC);
	CHECK(pending(0, a) && upcall(0, 1));
	hosts_check();

	CHECK_EQ(call(EVTCHNOP_bind_ipi, &ipi), 0);
	CHECK_EQ(status(DOMID_SELF, ipi.port, 0).status, EVTCHNSTAT_ipi);
	CHECK_EQ(bind_vcpu(ipi.port, 0), -EINVAL);
	consume(0);
	CHECK_EQ(send(ipi.port), 0);
	CHECK(upcall(0, 1) && pending(0, ipi.port));
	ipi.vcpu = 7;
	CHECK_EQ(call(EVTCHNOP_bind_ipi, &ipi), -ENOENT);
	end();
}

static void test_pirqs(void)
{
	struct evtchn_bind_pirq op = {.pirq = 3};

	begin();
	CHECK_EQ(call(EVTCHNOP_bind_pirq, &op), 0);
	CHECK_EQ(doms[0].pirq_port[3], op.port);
	consume(0);
	pirq_event(&doms[0].d, op.port);
	CHECK(pending(0, op.port));
	CHECK_EQ(status(DOMID_SELF, op.port, 0).u.pirq, 3);
	CHECK_EQ(close_port(op.port), 0);
	CHECK_EQ(doms[0].pirq_port[3], 0);
	consume(0);
	pirq_event(&doms[0].d, op.port);
	CHECK(!pending(0, op.port));
	op.pirq = 1000;
	CHECK_EQ(call(EVTCHNOP_bind_pirq, &op), -EINVAL);
	run_as(1, 0);
	op.pirq = 3;
	CHECK_EQ(call(EVTCHNOP_bind_pirq, &op), -EPERM);
	end();
}

static void test_refusals(void)
{
	struct evtchn_reset reset = {.dom = 0};
	struct evtchn_status st = {.dom = 0, .port = 1};
	u32 a;

	begin();
	for (unsigned int op = 0; op <= 10; op++)
		CHECK_EQ(call(op, NULL), -EFAULT);
	for (unsigned int op = 11; op < 16; op++)
		CHECK_EQ(call(op, NULL), -ENOSYS); /* guests then take the two-level layout */
	CHECK_EQ(status(DOMID_SELF, 0, 0).status, EVTCHNSTAT_closed);
	CHECK_EQ(close_port(0), -EINVAL);
	CHECK_EQ(send(0), -EINVAL);
	status(DOMID_SELF, 4096, -EINVAL);
	CHECK_EQ(alloc_unbound(55, 0, &a), -ESRCH);
	CHECK_EQ(alloc_unbound(1, 0, &a), 0); /* the toolstack, for a guest */
	CHECK_EQ(a, 1);
	run_as(1, 0);
	CHECK_EQ(alloc_unbound(0, 1, &a), -EPERM);
	CHECK_EQ(call(EVTCHNOP_status, &st), -EPERM);
	CHECK_EQ(call(EVTCHNOP_reset, &reset), -EPERM);
	end();
}

static void test_limit(void)
{
	u32 port, last = 0;

	hosts_create(200);
	run_as(1, 0);
	for (unsigned int i = 1; i <= 200; i++) {
		CHECK_EQ(alloc_unbound(DOMID_SELF, 0, &port), 0);
		CHECK_EQ(port, i);
	}
	CHECK_EQ(alloc_unbound(DOMID_SELF, 0, &last), -ENOSPC);
	CHECK_EQ(close_port(77), 0);
	CHECK_EQ(alloc_unbound(DOMID_SELF, 0, &port), 0);
	CHECK_EQ(port, 77);
	end();

	hosts_create(~0u);
	for (unsigned int i = 1; i < 4096; i++)
		CHECK_EQ(alloc_unbound(DOMID_SELF, 0, &port), 0);
	CHECK_EQ(port, 4095);
	CHECK_EQ(alloc_unbound(DOMID_SELF, 0, &port), -ENOSPC);
	end();
}

static void test_reset_in_slices(void)
{
	struct evtchn_reset op = {.dom = DOMID_SELF};
	unsigned int slices = 0;
	u32 port;
	long ret;

	begin();
	run_as(1, 0);
	for (unsigned int i = 0; i < 1000; i++)
		alloc_unbound(DOMID_SELF, 0, &port);
	do {
		cpu_info()->deferred = 1; /* somebody always wants to run */
		ret = call(EVTCHNOP_reset, &op);
		hosts_check();
		slices++;
	} while (ret == -ERESTART);
	CHECK_EQ(ret, 0);
	CHECK(slices > 10);
	cpu_info()->deferred = 0;
	CHECK_EQ(alloc_unbound(DOMID_SELF, 0, &port), 0);
	CHECK_EQ(port, 1);

	/* Destroyed: nothing can be bound in it or to it any more. */
	while (evtchn_domain_destroy(&doms[1].d) == -ERESTART)
		;
	run_as(0, 0);
	CHECK_EQ(alloc_unbound(1, 0, &port), -ESRCH);
	end();
}

static void test_poll(void)
{
	struct vcpu *v = &doms[1].vcpu[1];
	u32 a, b;

	begin();
	run_as(1, 1);
	alloc_unbound(DOMID_SELF, DOMID_SELF, &a);
	bind_inter(DOMID_SELF, a, &b);
	consume(1);
	CHECK_EQ(evtchn_port_poll_pending(&doms[1].d, a), 0);
	CHECK_EQ(evtchn_port_poll_pending(&doms[1].d, 17), -EINVAL);
	CHECK_EQ(evtchn_port_poll_pending(&doms[1].d, 0), -EINVAL);
	set_mask(1, a, true);
	set_mask(1, b, true);
	v->pause_flags = VPF_BLOCKED | VPF_POLLING;
	v->poll_port = b;
	evtchn_poll_begin(v);
	CHECK_EQ(send(b), 0); /* arrives at a */
	CHECK(v->pause_flags);
	CHECK_EQ(evtchn_port_poll_pending(&doms[1].d, a), 1);
	CHECK_EQ(send(a), 0);
	CHECK_EQ(v->pause_flags, 0);
	/* Any port; and a plain block is not ended. */
	consume(1);
	v->pause_flags = VPF_BLOCKED | VPF_POLLING;
	v->poll_port = 0;
	CHECK_EQ(send(b), 0);
	CHECK_EQ(v->pause_flags, 0);
	consume(1);
	v->pause_flags = VPF_BLOCKED;
	CHECK_EQ(send(b), 0);
	CHECK_EQ(v->pause_flags, VPF_BLOCKED);
	evtchn_poll_end(v);
	consume(1);
	v->pause_flags = VPF_BLOCKED | VPF_POLLING;
	CHECK_EQ(send(b), 0);
	CHECK_EQ(v->pause_flags, VPF_BLOCKED | VPF_POLLING);
	end();
}

static void test_random(void)
{
	u32 port;

	hosts_create(90);
	srand(11);
	for (unsigned int i = 0; i < 100000; i++) {
		u32 r = (u32)rand() % 100, s = (u32)rand() % 30;
		domid_t d = (domid_t)(rand() % DOMAINS);

		run_as((unsigned int)rand() % DOMAINS, (unsigned int)rand() % VCPUS);
		switch (rand() % 10) {
		case 0:
			alloc_unbound(rand() % 2 ? DOMID_SELF : d, (domid_t)(rand() % DOMAINS),
				      &port);
			break;
		case 1:
		case 2:
			bind_inter(d, s, &port);
			break;
		case 3:
			bind_virq(s, r % 3, &port);
			break;
		case 4:
			close_port(s);
			break;
		case 5:
			send(s);
			break;
		case 6:
			bind_vcpu(s, r % 3);
			break;
		case 7:
			unmask(s);
			break;
		case 8:
			if (!(r % 50))
				evtchn_reset(current->domain);
			break;
		default:
			consume(d);
			break;
		}
		hosts_check();
		CHECK(!host_irqs_off);
	}
	end();
}

/* A lock that other CPUs always hold, one after the other, and which is never free between. */
static struct spinlock *busy;
static unsigned int turns;

static void next_turn(void)
{
	if (!busy)
		return;
	busy->head++;
	busy->tail++;
	if (++turns == 1000) { /* so that who only tries it gets through at last */
		busy->head = busy->tail;
		busy = NULL;
	}
}

static void keep_busy(unsigned int d, u32 port)
{
	busy = &evtchn_lookup(&doms[d].d, port)->lock;
	busy->tail++;
	turns = 0;
	host_others = next_turn;
}

/* True when the one who wanted it had to wait for his turn, and for no more. */
static bool had_one_turn(void)
{
	if (busy)
		busy->head = busy->tail;
	busy = NULL;
	host_others = NULL;
	return turns && turns < 10;
}

/* Two ports' locks are waited for in line, whichever of them is the first in their order. */
static void test_busy_peer(void)
{
	begin();
	for (unsigned int d = 0; d < 2; d++) {
		unsigned int e = 1 - d;
		u32 far, near;

		for (unsigned int closer = 0; closer < 2; closer++) {
			run_as(e, 0);
			CHECK_EQ(alloc_unbound(DOMID_SELF, (domid_t)d, &far), 0);
			run_as(d, 0);
			keep_busy(e, far);
			CHECK_EQ(bind_inter((domid_t)e, far, &near), 0);
			CHECK(had_one_turn());
			run_as(closer ? e : d, 0);
			keep_busy(closer ? d : e, closer ? near : far);
			CHECK_EQ(close_port(closer ? far : near), 0);
			CHECK(had_one_turn());
			run_as(closer ? d : e, 0);
			CHECK_EQ(close_port(closer ? near : far), 0);
		}
	}
	end();
}

/* A reset that somebody began does not have a destroy leave ports open. */
static void test_reset_and_destroy(void)
{
	u32 port[300];

	begin();
	run_as(1, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(port); i++)
		CHECK_EQ(alloc_unbound(DOMID_SELF, 0, &port[i]), 0);
	cpu_info()->deferred = 1;
	CHECK_EQ(evtchn_domain_destroy(&doms[1].d), -ERESTART);
	doms[1].d.evtchn->sweep = 280;
	while (evtchn_domain_destroy(&doms[1].d) == -ERESTART)
		;
	for (unsigned int i = 0; i < ARRAY_SIZE(port); i++)
		CHECK_EQ(evtchn_lookup(&doms[1].d, port[i])->state, EVTCHN_FREE);
	cpu_info()->deferred = 0;
	end();
}

/*
 * Who was about to bind or to close a port of a domain that another CPU has destroyed meanwhile
 * finds its pages gone.
 */
static void test_gone_meanwhile(void)
{
	struct evtchn *binding, *closing;

	begin();
	run_as(1, 0);
	CHECK_EQ(evtchn_reserve(&doms[1].d, &binding), 0);
	CHECK_EQ(evtchn_reserve(&doms[1].d, &closing), 0);
	while (evtchn_domain_destroy(&doms[1].d) == -ERESTART)
		;
	doms[1].d.shared_info = NULL;
	CHECK_EQ(evtchn_publish(&doms[1].d, binding, EVTCHN_UNBOUND, 0), -ESRCH);
	evtchn_release(&doms[1].d, closing);
	CHECK_EQ(binding->state, EVTCHN_FREE);
	CHECK_EQ(closing->state, EVTCHN_FREE);
	doms[1].d.shared_info = &doms[1].shared;
	end();
}

int main(void)
{
	test_interdomain();
	test_masks();
	test_virqs();
	test_pirqs();
	test_refusals();
	test_limit();
	test_reset_in_slices();
	test_poll();
	test_busy_peer();
	test_reset_and_destroy();
	test_gone_meanwhile();
	test_random();
	return check_done("evtchn");
}
