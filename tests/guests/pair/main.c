// SPDX-License-Identifier: MIT
/*
 * Two domains: this one, dom0, and one that it makes (lib/child.c).  What they may do to each
 * other: memory mapped from outside, events, grants of every kind, what a domU is refused, and
 * what is left when one of them goes (abi-rows.md h1, h12, h20, h22, h32, h36; security.md).
 *
 * Documented differences: kexec and transfer are not in Dais at all (-ENOSYS).
 */
#include "pair.h"

struct child c;
static uintptr_t spot; /* an address of ours for what is the child's */
static struct grant_entry_v1 *granted; /* the child's table, mapped here */
static struct shared_info *shared; /* the child's */

static bool foreign_pending(evtchn_port_t port)
{
	return READ_ONCE(shared->evtchn_pending[port / 64]) >> port % 64 & 1;
}

/* --- what it looks like from outside --- */

static void life(void)
{
	struct xen_domctl op = {0};
	struct xen_memory_domain who = {.domid = c.id};
	xen_pfn_t list = frame(9);
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = c.id};

	is("h36 getdomaininfo", domctl(&op, XEN_DOMCTL_getdomaininfo, c.id), 0);
	is("h36 of it", op.domain, c.id);
	is("h36 its pages", op.u.getdomaininfo.tot_pages, CHILD_PAGES);
	is("h36 one vCPU is up", op.u.getdomaininfo.nr_online_vcpus, 1);
	is("h36 two there can be", op.u.getdomaininfo.max_vcpu_id, 1);
	is("h36 a domain that is not", domctl(&op, XEN_DOMCTL_pausedomain, 77), ESRCH);
	is("h36 oneself cannot be destroyed", domctl(&op, XEN_DOMCTL_destroydomain, 0), EINVAL);
	is("h36 pause", domctl(&op, XEN_DOMCTL_pausedomain, c.id), 0);
	is("h36 unpause", domctl(&op, XEN_DOMCTL_unpausedomain, c.id), 0);
	is("h36 unpause once more", domctl(&op, XEN_DOMCTL_unpausedomain, c.id), EINVAL);
	is("h12.3 its pages", memory_op(XENMEM_current_reservation, &who), CHILD_PAGES);
	is("h12.4 its limit", memory_op(XENMEM_maximum_reservation, &who), CHILD_PAGES + 256);
	set_xen_guest_handle(r.extent_start, &list);
	is("h14 the child lets one go",
	   child_call(&c, __HYPERVISOR_update_va_mapping, place(9), 0, UVMF_INVLPG, 0), 0);
	is("h12.1 taking one of its frames", memory_op(XENMEM_decrease_reservation, &r), 1);
	is("h12.3 counts at once", memory_op(XENMEM_current_reservation, &who), CHILD_PAGES - 1);
	is("h12.1 and again", memory_op(XENMEM_decrease_reservation, &r), 0);
	list = c.spare + 9;
	if (memory_op(XENMEM_populate_physmap, &r) != 1) {
		ok(false, "h12.6 giving it another");
		list = c.spare + 9; /* without it the child would die of it below */
		memory_op(XENMEM_populate_physmap, &r);
	}
	is("h12.6 which the M2P shows", m2p(list), c.spare + 9);
	c.mfn[c.spare + 9] = list;
	is("h14 which the child maps",
	   child_call(&c, __HYPERVISOR_update_va_mapping, place(9), list << 12 | PTE_KERNEL,
		      UVMF_INVLPG, 0),
	   0);
	is("h14 and reads: zeroed", child_peek(&c, place(9)), 0);
	is("h24.3 the second vCPU is down",
	   child_call(&c, __HYPERVISOR_vcpu_op, VCPUOP_is_up, 1, 0, 0), 0);
}

static void foreign(void)
{
	uint64_t pte = frame(0) << 12 | PTE_KERNEL, own = virt_to_mfn(page_alloc());

	child_poke(&c, place(0), 0x1122334455667788);
	is("h1.0 a frame of the child", map_foreign(spot, pte, c.id), 0);
	is("h1.0 shows what it wrote", *(volatile uint64_t *)spot, 0x1122334455667788);
	*(volatile uint64_t *)spot = 4711;
	is("h1.0 and the other way", child_peek(&c, place(0)), 4711);
	is("h1.0 not in our own name", map_foreign(spot, frame(1) << 12 | PTE_KERNEL, DOMID_SELF),
	   -16);
	is("h1.0 the entry is as it was", *(volatile uint64_t *)spot, 4711);
	is("h1.0 ours in the child's name", map_foreign(spot, own << 12 | PTE_KERNEL, c.id), -16);
	is("h1.0 of a domain that is not", map_foreign(spot, pte, 77), ESRCH);
	is("h1.0 in nobody's name", map_foreign(spot, pte, DOMID_INVALID), ESRCH);
	is("h22 by address",
	   HC4(__HYPERVISOR_update_va_mapping_otherdomain, spot, frame(1) << 12 | PTE_KERNEL,
	       UVMF_INVLPG, c.id),
	   0);
	child_poke(&c, place(1), 99);
	is("h22 shows another page", *(volatile uint64_t *)spot, 99);
	is("h22 of a domain that is not",
	   HC4(__HYPERVISOR_update_va_mapping_otherdomain, spot, frame(1) << 12 | PTE_KERNEL,
	       UVMF_INVLPG, 77),
	   ESRCH);
	is("C8 a page table of the child, writable",
	   map_foreign(spot, c.l1_frame << 12 | PTE_KERNEL, c.id), -16);
	is("C8 read-only", map_foreign(spot, c.l1_frame << 12 | PTE_KERNEL_RO, c.id), 0);
	is("h1.0 and away", map_foreign(spot, 0, DOMID_SELF), 0);
}

/* --- events --- */

static void events(void)
{
	struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = c.id};
	struct evtchn_bind_interdomain b = {.remote_dom = 0};
	struct evtchn_status st = {.dom = DOMID_SELF};
	struct evtchn_close cl;
	struct evtchn_send s;
	struct evtchn_bind_virq v = {.virq = VIRQ_DOM_EXC};
	struct evtchn_reset reset = {.dom = 0};

	is("h32.6 a port for the child", evtchn_op(EVTCHNOP_alloc_unbound, &a), 0);
	b.remote_port = a.port;
	is("h32.0 the child binds it",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &b, sizeof(b), 0),
	   0);
	st.port = a.port;
	is("h32.5 status", evtchn_op(EVTCHNOP_status, &st), 0);
	is("h32.5 interdomain", st.status, EVTCHNSTAT_interdomain);
	is("h32.5 with the child", st.u.interdomain.dom, c.id);
	is("h32.5 at its port", st.u.interdomain.port, b.local_port);
	st = (struct evtchn_status){.dom = c.id, .port = b.local_port};
	is("h32.5 of the child's port", evtchn_op(EVTCHNOP_status, &st), 0);
	is("h32.5 with dom0", st.u.interdomain.dom, 0);
	event_clear(a.port);
	s.port = b.local_port;
	is("h32.4 the child sends",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_send, &s, sizeof(s), 0), 0);
	ok(event_pending(a.port), "h32.4 and it arrives");
	is("h32.4 dom0 sends", event_send(a.port), 0);
	ok(foreign_pending(b.local_port), "h32.4 and that arrives");
	b.local_port = 0;
	is("h32.0 bound already",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &b, sizeof(b), 0),
	   EINVAL);
	b.remote_port = 900;
	is("h32.0 no such port",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &b, sizeof(b), 0),
	   EINVAL);
	b.remote_dom = 77;
	is("h32.0 no such domain",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &b, sizeof(b), 0),
	   ESRCH);
	/* Closed by either side the other one is unbound, for the same peer again. */
	cl.port = st.port;
	is("h32.3 the child closes",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_close, &cl, sizeof(cl), 0), 0);
	st = (struct evtchn_status){.dom = DOMID_SELF, .port = a.port};
	evtchn_op(EVTCHNOP_status, &st);
	is("h32.3 ours is unbound", st.status, EVTCHNSTAT_unbound);
	is("h32.3 for the child", st.u.unbound.dom, c.id);
	is("h32.4 a send into it", event_send(a.port), 0);
	b = (struct evtchn_bind_interdomain){.remote_dom = 0, .remote_port = a.port};
	is("h32.0 bound again",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &b, sizeof(b), 0),
	   0);
	cl.port = a.port;
	is("h32.3 dom0 closes", evtchn_op(EVTCHNOP_close, &cl), 0);
	st = (struct evtchn_status){.dom = c.id, .port = b.local_port};
	evtchn_op(EVTCHNOP_status, &st);
	is("h32.3 the child's is unbound", st.status, EVTCHNSTAT_unbound);
	/* One that is for somebody else. */
	a = (struct evtchn_alloc_unbound){.dom = DOMID_SELF, .remote_dom = 77};
	evtchn_op(EVTCHNOP_alloc_unbound, &a);
	b = (struct evtchn_bind_interdomain){.remote_dom = 0, .remote_port = a.port};
	is("h32.0 a port for another domain",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &b, sizeof(b), 0),
	   EINVAL);
	/* Rights. */
	a = (struct evtchn_alloc_unbound){.dom = 0, .remote_dom = c.id};
	is("h32.6 the child makes one in dom0",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &a, sizeof(a), 0),
	   EPERM);
	st = (struct evtchn_status){.dom = 0, .port = 1};
	is("h32.5 and asks after dom0's",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_status, &st, sizeof(st), 0), EPERM);
	is("h32.10 and resets dom0",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_reset, &reset, sizeof(reset), 0),
	   EPERM);
	is("h32.1 a VIRQ of the machine: it will not hear of it",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &v, sizeof(v), 0), 0);
	v.virq = VIRQ_CONSOLE;
	is("h32.1 another",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &v, sizeof(v), 0), 0);
	v = (struct evtchn_bind_virq){.virq = VIRQ_DEBUG};
	is("h32.1 one of its own",
	   child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &v, sizeof(v), 0), 0);
}

/* --- grants --- */

static void grant(unsigned int ref, domid_t who, uint64_t mfn, uint16_t flags)
{
	granted[ref].domid = who;
	granted[ref].frame = (uint32_t)mfn;
	barrier();
	WRITE_ONCE(granted[ref].flags, flags);
}

static void child_grants(void)
{
	struct gnttab_map_grant_ref m;
	struct gnttab_query_size q = {.dom = c.id};

	grant(20, 0, frame(4), GTF_permit_access);
	grant(21, 0, frame(5), GTF_permit_access | GTF_readonly);
	grant(22, 77, frame(4), GTF_permit_access);
	grant(23, 0, virt_to_mfn(kernel_root()), GTF_permit_access);
	grant(24, 0, frame(4), GTF_invalid);
	child_poke(&c, place(4), 0xabcd);
	is("h20.0 map, writable", grant_map(c.id, 20, spot, GNTMAP_host_map, &m), GNTST_okay);
	is("h20.0 shows it", *(volatile uint64_t *)spot, 0xabcd);
	is("h20.0 marked", granted[20].flags & 0x18, 0x18);
	*(volatile uint64_t *)spot = 5;
	is("h20.0 and the child sees", child_peek(&c, place(4)), 5);
	is("h20.1 unmap", grant_unmap(m.handle, spot), GNTST_okay);
	is("h20.1 no longer marked", granted[20].flags & 0x18, 0);
	is("h20.0 map, read-only", grant_map(c.id, 20, spot, GNTMAP_host_map | GNTMAP_readonly, &m),
	   GNTST_okay);
	is("h20.0 marked as read", granted[20].flags & 0x18, 0x08);
	is("h20.1 unmap again", grant_unmap(m.handle, spot), GNTST_okay);
	is("h20.0 a read-only grant, writable", grant_map(c.id, 21, spot, GNTMAP_host_map, &m),
	   GNTST_general_error);
	is("h20.0 read-only", grant_map(c.id, 21, spot, GNTMAP_host_map | GNTMAP_readonly, &m),
	   GNTST_okay);
	is("h20.1 unmap", grant_unmap(m.handle, spot), GNTST_okay);
	is("h20.0 a grant to another domain", grant_map(c.id, 22, spot, GNTMAP_host_map, &m),
	   GNTST_general_error);
	ok(grant_map(c.id, 23, spot, GNTMAP_host_map, &m) < 0,
	   "h20.0 of a frame that is not its own");
	is("h20.0 one that is none", grant_map(c.id, 24, spot, GNTMAP_host_map, &m),
	   GNTST_general_error);
	is("h20.0 a reference out of range", grant_map(c.id, 100000, spot, GNTMAP_host_map, &m),
	   GNTST_bad_gntref);
	is("h20.0 a domain that is not", grant_map(77, 20, spot, GNTMAP_host_map, &m),
	   GNTST_bad_domain);
	is("h20.6 the size of its table", gnttab_op(GNTTABOP_query_size, &q, 1), 0);
	is("h20.6 one page of four", q.nr_frames << 8 | q.max_nr_frames, 1 << 8 | 4);
}

static int16_t copy(domid_t from, uint64_t source, domid_t to, uint64_t dest, unsigned int flags)
{
	struct gnttab_copy k = {.len = 8, .flags = (uint16_t)flags};

	k.source.domid = from;
	k.dest.domid = to;
	if (flags & GNTCOPY_source_gref)
		k.source.u.ref = (grant_ref_t)source;
	else
		k.source.u.gmfn = source;
	if (flags & GNTCOPY_dest_gref)
		k.dest.u.ref = (grant_ref_t)dest;
	else
		k.dest.u.gmfn = dest;
	gnttab_op(GNTTABOP_copy, &k, 1);
	return k.status;
}

static void copies(void)
{
	uint64_t *page = page_alloc(), mfn = virt_to_mfn(page);

	grant(20, 0, frame(4), GTF_permit_access);
	child_poke(&c, place(4), 0x77);
	is("h20.5 from the child", copy(c.id, 20, DOMID_SELF, mfn, GNTCOPY_source_gref),
	   GNTST_okay);
	is("h20.5 what it wrote", page[0], 0x77);
	page[0] = 0x88;
	is("h20.5 to the child", copy(DOMID_SELF, mfn, c.id, 20, GNTCOPY_dest_gref), GNTST_okay);
	is("h20.5 what we wrote", child_peek(&c, place(4)), 0x88);
	is("h20.5 within the child",
	   copy(c.id, 21, c.id, 20, GNTCOPY_source_gref | GNTCOPY_dest_gref), GNTST_okay);
	is("h20.5 to a read-only grant", copy(DOMID_SELF, mfn, c.id, 21, GNTCOPY_dest_gref),
	   GNTST_general_error);
	is("h20.5 to another domain's", copy(DOMID_SELF, mfn, c.id, 22, GNTCOPY_dest_gref),
	   GNTST_general_error);
	is("h20.5 its frame without a grant", copy(c.id, frame(4), DOMID_SELF, mfn, 0),
	   GNTST_permission_denied);
	is("h20.5 a domain that is not", copy(77, 20, DOMID_SELF, mfn, GNTCOPY_source_gref),
	   GNTST_bad_domain);
	is("h20.5 a bad reference", copy(c.id, 100000, DOMID_SELF, mfn, GNTCOPY_source_gref),
	   GNTST_bad_gntref);
}

static long child_gnttab(unsigned int cmd, void *op, size_t size)
{
	return child_op(&c, __HYPERVISOR_grant_table_op, cmd, op, size, 1);
}

static grant_ref_t given;

static void to_the_child(void)
{
	uint64_t *page = page_alloc(), mfn = virt_to_mfn(page);
	struct gnttab_map_grant_ref m = {.host_addr = place(6), .flags = GNTMAP_host_map, .dom = 0};
	struct gnttab_unmap_grant_ref u = {.host_addr = place(6)};
	struct gnttab_setup_table s = {.dom = 0, .nr_frames = 1};
	struct gnttab_query_size q = {.dom = 0};

	given = grant_access(c.id, mfn, false);
	page[0] = 0x1234;
	m.ref = given;
	is("h20.0 the child maps ours", child_gnttab(GNTTABOP_map_grant_ref, &m, sizeof(m)), 0);
	is("h20.0 with status", m.status, GNTST_okay);
	is("h20.0 and reads it", child_peek(&c, place(6)), 0x1234);
	child_poke(&c, place(6), 0x4321);
	is("h20.0 and writes it", page[0], 0x4321);
	ok(!grant_end(given), "h20.0 it is in use");
	u.handle = m.handle;
	u.host_addr = place(7);
	child_gnttab(GNTTABOP_unmap_grant_ref, &u, sizeof(u));
	ok(u.status < 0, "h20.1 the child unmaps elsewhere");
	u.host_addr = place(6);
	child_gnttab(GNTTABOP_unmap_grant_ref, &u, sizeof(u));
	is("h20.1 the child unmaps", u.status, GNTST_okay);
	ok(grant_end(given), "h20.1 it is free");
	given = grant_access(77, mfn, false);
	m = (struct gnttab_map_grant_ref){
		.host_addr = place(6), .flags = GNTMAP_host_map, .dom = 0, .ref = given};
	child_gnttab(GNTTABOP_map_grant_ref, &m, sizeof(m));
	is("h20.0 one for another domain", m.status, GNTST_general_error);
	grant_end(given);
	set_xen_guest_handle(s.frame_list, (xen_pfn_t *)place(2));
	child_gnttab(GNTTABOP_setup_table, &s, sizeof(s));
	is("h20.2 dom0's table", s.status, GNTST_permission_denied);
	child_gnttab(GNTTABOP_query_size, &q, sizeof(q));
	is("h20.6 its size", q.status, GNTST_permission_denied);
	/* One that it will hold when it goes. */
	given = grant_access(c.id, mfn, false);
	m = (struct gnttab_map_grant_ref){
		.host_addr = place(6), .flags = GNTMAP_host_map, .dom = 0, .ref = given};
	child_gnttab(GNTTABOP_map_grant_ref, &m, sizeof(m));
	is("h20.0 the child maps one and keeps it", m.status, GNTST_okay);
}

/* --- the end --- */

static unsigned long before; /* free frames, while there was no child */

static void death(void)
{
	struct gnttab_map_grant_ref m, n;
	struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = c.id};
	struct evtchn_bind_interdomain b = {.remote_dom = 0};
	struct evtchn_status st = {.dom = DOMID_SELF};
	struct xen_domctl op = {0};
	uintptr_t spare = map_reserve(1);

	evtchn_op(EVTCHNOP_alloc_unbound, &a);
	b.remote_port = a.port;
	child_op(&c, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &b, sizeof(b), 0);
	grant(20, 0, frame(4), GTF_permit_access);
	child_poke(&c, place(4), 0x5555);
	is("h20.0 one of the child's that we keep", grant_map(c.id, 20, spot, GNTMAP_host_map, &m),
	   GNTST_okay);
	map_foreign((uintptr_t)granted, 0, DOMID_SELF);
	map_foreign((uintptr_t)shared, 0, DOMID_SELF);
	child_end(&c);
	st.port = a.port;
	evtchn_op(EVTCHNOP_status, &st);
	is("h32.3 the peer is gone: unbound", st.status, EVTCHNSTAT_unbound);
	ok(grant_end(given), "h20 what it had mapped is free");
	is("h20 what we have mapped stays", *(volatile uint64_t *)spot, 0x5555);
	is("h36 it is there still, dying", domctl(&op, XEN_DOMCTL_getdomaininfo, c.id), 0);
	is("h36 with that id", op.domain, c.id);
	ok(op.u.getdomaininfo.flags & XEN_DOMINF_dying, "h36 and says so");
	/* On Xen it can still be mapped, and then stays. */
	if (on_dais())
		ok(grant_map(c.id, 20, spare, GNTMAP_host_map, &n) < 0, "h20.0 no new map");
	is("h20.1 unmap", grant_unmap(m.handle, spot), GNTST_okay);
	is("h36 memory is as before it was made", free_frames_settled(), before);
	is("h36 and it is gone", domctl(&op, XEN_DOMCTL_pausedomain, c.id), ESRCH);
}

static void birth(void)
{
	xen_pfn_t gframe;
	struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 1};
	struct gnttab_map_grant_ref m;
	grant_ref_t ref;

	/* What the hypervisor keeps for dom0 once it needs it: handles, buckets of ports. */
	child_start(&c);
	ref = grant_access(0, virt_to_mfn(page_alloc()), false);
	grant_map(0, ref, spot, GNTMAP_host_map, &m);
	grant_unmap(m.handle, spot);
	event_unbind(event_alloc_unbound(0));
	child_end(&c);
	before = free_frames_settled();
	child_start(&c);
	is("the child answers", child_call(&c, __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0),
	   0x40011);
	set_xen_guest_handle(s.frame_list, (xen_pfn_t *)place(2));
	is("h20.2 its grant table", child_gnttab(GNTTABOP_setup_table, &s, sizeof(s)), 0);
	gframe = child_peek(&c, place(2));
	is("h20.2 mapped", map_foreign((uintptr_t)granted, gframe << 12 | PTE_KERNEL, c.id), 0);
	is("h36 its shared_info, mapped",
	   map_foreign((uintptr_t)shared, c.shared_info << 12 | PTE_KERNEL, c.id), 0);
}

int guest_main(void)
{
	if (!is_dom0())
		puppet();
	spot = map_reserve(1);
	granted = (void *)map_reserve(1);
	shared = (void *)map_reserve(1);
	grants_init();
	birth();
	part(life);
	part(foreign);
	part(refused);
	part(events);
	part(child_grants);
	part(copies);
	part(to_the_child);
	part_once(death);
	return test_end();
}
