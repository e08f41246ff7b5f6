// SPDX-License-Identifier: MIT
/*
 * Holes of the past in grants, events, interrupts and the door to it all, tried again, by the
 * number of their advisory (docs/security.md).  Races are tried with two vCPUs on two processors.
 */
#include "control.h"
#include "test.h"

#include <xen/domctl.h>
#include <xen/physdev.h>
#include <xen/sysctl.h>

#define HOLE 0xffff830000000000UL
#define ROUNDS 600u

static char *page, *table;
static uint64_t mfn;
static uintptr_t spot;

/* --- the other vCPU --- */

static volatile unsigned int stop, running;

static void end_other(void)
{
	stop = 1;
	while (running || vcpu_op(VCPUOP_is_up, 1, NULL) > 0)
		sched_op(SCHEDOP_yield, NULL);
}

static void run_other(void (*fn)(void *))
{
	if (running) /* left over from a part that gave up */
		end_other();
	stop = running = 0;
	if (smp_start(1, fn, NULL))
		panic("the other vCPU does not start");
	while (!running)
		__asm__ volatile("pause");
}

/* --- grants --- */

static volatile grant_handle_t shared_handle;
static volatile unsigned int unmapped;

static void unmapper(void *arg)
{
	(void)arg;
	running = 1;
	while (!stop)
		if (grant_unmap(shared_handle, spot) == GNTST_okay)
			__atomic_fetch_add(&unmapped, 1, __ATOMIC_SEQ_CST);
	running = 0;
}

/* Of two that unmap one handle exactly one does, and the page is let go once. */
static void races(grant_ref_t ref)
{
	struct gnttab_map_grant_ref m;
	unsigned int mapped = 0;

	shared_handle = ~0u;
	unmapped = 0;
	run_other(unmapper);
	for (unsigned int i = 0; i < repeats(ROUNDS); i++) {
		if (grant_map(0, ref, spot, GNTMAP_host_map, &m) != GNTST_okay)
			continue;
		mapped++;
		shared_handle = m.handle;
		if (grant_unmap(m.handle, spot) == GNTST_okay)
			__atomic_fetch_add(&unmapped, 1, __ATOMIC_SEQ_CST);
		/* A map over what is being unmapped would be this guest's own fault. */
		for (uint64_t end = clock_ns() + 20000000000; unmapped < mapped;)
			if (clock_ns() > end)
				break;
	}
	end_other();
	is("XSA-218 XSA-228 each map was unmapped once, by one of two", unmapped, mapped);
	is("XSA-230 XSA-236 none is marked", grant_table[ref].flags & 0x18, 0);
	is("XSA-218 the spot is free", *pte_of(spot), 0);
}

static int copy_status(uint32_t from_ref, uint64_t to, uint16_t flags)
{
	struct gnttab_copy c = {.source = {.u.ref = from_ref, .domid = DOMID_SELF},
				.dest = {.u.gmfn = to, .domid = DOMID_SELF},
				.len = 64,
				.flags = flags};

	return gnttab_op(GNTTABOP_copy, &c, 1) ? 1 : c.status;
}

static void copies(grant_ref_t ref, grant_ref_t readonly)
{
	struct gnttab_copy batch[3];

	memset(page, 0xff, PAGE_SIZE);
	ok(copy_status(ref, virt_to_mfn(table), GNTCOPY_source_gref) < 0,
	   "XSA-500 XSA-523 a copy into a page table");
	is("XSA-523 the table is empty still", *(uint64_t *)table, 0);
	ok(copy_status(ref, readonly, GNTCOPY_source_gref | GNTCOPY_dest_gref) < 0,
	   "XSA-523 a copy into what was granted for reading");
	ok(copy_status(ref, 0xfee00, GNTCOPY_source_gref) < 0,
	   "XSA-232 a copy into a frame without an owner");
	ok(copy_status(ref, 1UL << 40, GNTCOPY_source_gref) < 0,
	   "XSA-523 a copy into a frame beyond all");
	for (unsigned int i = 0; i < 3; i++)
		batch[i] = (struct gnttab_copy){
			.source = {.u.ref = ref, .domid = DOMID_SELF, .offset = 1},
			.dest = {.u.gmfn = mfn, .domid = DOMID_SELF},
			.len = (uint16_t)(i == 1 ? 4096 : 1),
			.flags = GNTCOPY_source_gref,
			.status = 77};
	is("XSA-318 a batch with one that is wrong", gnttab_op(GNTTABOP_copy, batch, 3), 0);
	ok(batch[0].status == 0 && batch[1].status < 0 && batch[2].status == 0,
	   "XSA-318 each has its own status");
}

static void versions(void)
{
	struct gnttab_set_version v = {.version = 2};
	struct gnttab_get_status_frames s = {.nr_frames = 1, .dom = DOMID_SELF};
	uint64_t frame = 0;

	if (on_dais()) {
		ok(gnttab_op(GNTTABOP_set_version, &v, 1) < 0,
		   "XSA-26 XSA-255 XSA-379 XSA-486 XSA-501 XSA-517 there is no version 2");
		v.version = 0;
		ok(gnttab_op(GNTTABOP_set_version, &v, 1) < 0, "XSA-134 nor none");
	}
	set_xen_guest_handle(s.frame_list, &frame);
	gnttab_op(GNTTABOP_get_status_frames, &s, 1);
	ok(s.status < 0, "XSA-379 status frames");
	ours(gnttab_op(GNTTABOP_transfer, &frame, 1) < 0, "XSA-284 no transfer");
	ok(gnttab_op(GNTTABOP_cache_flush, HOLE, 1) < 0, "XSA-520 cache_flush");
}

static void grants(void)
{
	struct gnttab_map_grant_ref m, many[40];
	grant_ref_t ref, readonly;
	unsigned int fine = 0;

	grants_init();
	ref = grant_access(0, mfn, false);
	readonly = grant_access(0, mfn, true);
	versions();
	grant_table[readonly].flags = GTF_transitive;
	ok(grant_map(0, readonly, spot, GNTMAP_host_map, &m) < 0,
	   "XSA-50 XSA-226 XSA-411 a transitive grant");
	ok(copy_status(readonly, mfn, GNTCOPY_source_gref) < 0, "XSA-226 a copy by one");
	grant_table[readonly].flags = GTF_permit_access | GTF_readonly;
	is("XSA-316 a map to where no table is",
	   grant_map(0, ref, 0x600000000000, GNTMAP_host_map, &m) < 0, true);
	is("XSA-316 no handle", m.handle == ~0u || !on_dais(), true);
	is("XSA-316 into the hole", grant_map(0, ref, HOLE, GNTMAP_host_map, &m) < 0, true);
	is("XSA-382 the first entry behind the table", grant_map(0, 512, spot, GNTMAP_host_map, &m),
	   GNTST_bad_gntref);
	is("XSA-382 the last number", grant_map(0, ~0u, spot, GNTMAP_host_map, &m),
	   GNTST_bad_gntref);
	for (unsigned int i = 0; i < ARRAY_SIZE(many); i++)
		fine += grant_map(0, ref, 0, GNTMAP_device_map, &many[i]) == GNTST_okay;
	is("XSA-380 mapped many times", fine, ARRAY_SIZE(many));
	for (unsigned int i = 0; i < ARRAY_SIZE(many); i++) {
		struct gnttab_unmap_grant_ref u = {.dev_bus_addr = many[i].dev_bus_addr,
						   .handle = many[i].handle};

		gnttab_op(GNTTABOP_unmap_grant_ref, &u, 1);
		fine -= u.status == GNTST_okay;
		gnttab_op(GNTTABOP_unmap_grant_ref, &u, 1);
		fine += u.status == GNTST_okay;
	}
	is("XSA-394 each unmapped once", fine, 0);
	is("XSA-394 not in use", grant_table[ref].flags & 0x18, 0);
	copies(ref, readonly);
	races(ref);
}

/* --- events --- */

static void talker(void *arg)
{
	struct evtchn_close c = {.port = 0};
	struct evtchn_send s;

	(void)arg;
	running = 1;
	while (!stop) {
		struct evtchn_bind_ipi b = {.vcpu = 1};

		evtchn_op(EVTCHNOP_bind_ipi, &b);
		s.port = b.port;
		evtchn_op(EVTCHNOP_send, &s);
		c.port = b.port;
		evtchn_op(EVTCHNOP_close, &c);
	}
	running = 0;
}

static unsigned int fill_ports(void)
{
	unsigned int n = 0;

	for (;;) {
		struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
		struct evtchn_bind_interdomain b = {.remote_dom = DOMID_SELF};

		if (evtchn_op(EVTCHNOP_alloc_unbound, &a))
			return n;
		n++;
		b.remote_port = a.port;
		if (evtchn_op(EVTCHNOP_bind_interdomain, &b))
			return n;
		n++;
	}
}

static void layouts(void)
{
	struct evtchn_init_control init = {.control_gfn = virt_to_mfn(page), .offset = 4093};
	struct evtchn_expand_array expand = {.array_gfn = virt_to_mfn(page)};
	struct evtchn_set_priority priority = {.port = 1, .priority = 99};

	ok(evtchn_op(EVTCHNOP_expand_array, &expand) < 0,
	   "XSA-107 XSA-188 XSA-505 an array before there is a control block");
	ok(evtchn_op(EVTCHNOP_init_control, &init) < 0,
	   "XSA-358 XSA-359 a control block over the end of its page");
	ok(evtchn_op(EVTCHNOP_set_priority, &priority) < 0, "XSA-107 a priority");
}

static void virqs(void)
{
	struct evtchn_bind_virq a = {.virq = VIRQ_DEBUG, .vcpu = 0}, b;
	struct evtchn_status s = {.dom = DOMID_SELF};

	is("XSA-496 bind of a VIRQ", evtchn_op(EVTCHNOP_bind_virq, &a), 0);
	b = a;
	is("XSA-496 the same again", evtchn_op(EVTCHNOP_bind_virq, &b), -17);
	b = (struct evtchn_bind_virq){.virq = VIRQ_DEBUG, .vcpu = 77};
	is("XSA-496 at a vCPU that is not there", evtchn_op(EVTCHNOP_bind_virq, &b), -2);
	b = (struct evtchn_bind_virq){.virq = VIRQ_DOM_EXC, .vcpu = 1};
	is("XSA-496 a global one elsewhere", evtchn_op(EVTCHNOP_bind_virq, &b), -22);
	b = (struct evtchn_bind_virq){.virq = 0x80000000, .vcpu = 0};
	is("XSA-496 number 2^31", evtchn_op(EVTCHNOP_bind_virq, &b), -22);
	s.port = a.port;
	evtchn_op(EVTCHNOP_status, &s);
	is("XSA-496 the first one is bound still", s.status, EVTCHNSTAT_virq);
}

static void events(void)
{
	struct evtchn_alloc_unbound u = {.dom = DOMID_SELF, .remote_dom = 77};
	struct evtchn_bind_interdomain i = {.remote_dom = DOMID_SELF};
	struct evtchn_reset r = {.dom = DOMID_SELF};
	struct evtchn_send s = {.port = 4096};
	struct evtchn_close c;
	unsigned int n, first;

	layouts();
	virqs();
	evtchn_op(EVTCHNOP_alloc_unbound, &u);
	i.remote_port = u.port;
	ok(evtchn_op(EVTCHNOP_bind_interdomain, &i) < 0,
	   "XSA-47 a bind to a port that waits for another");
	is("XSA-342 a port beyond the layout", evtchn_op(EVTCHNOP_send, &s), -22);
	s.port = ~0u;
	is("XSA-342 the last number", evtchn_op(EVTCHNOP_send, &s), -22);
	first = fill_ports();
	ok(first > 1000 && first < 200000, "XSA-344 all ports there are");
	c.port = 1;
	evtchn_op(EVTCHNOP_close, &c);
	is("XSA-338 a port that was closed, used", (s.port = 1, evtchn_op(EVTCHNOP_send, &s)), -22);
	is("XSA-344 all closed", evtchn_op(EVTCHNOP_reset, &r), 0);
	n = fill_ports();
	ok(n >= first, "XSA-344 as many again");
	is("XSA-344 closed again", evtchn_op(EVTCHNOP_reset, &r), 0);
	run_other(talker);
	for (unsigned int k = 0; k < repeats(200); k++) {
		evtchn_op(EVTCHNOP_alloc_unbound, &u);
		evtchn_op(EVTCHNOP_reset, &r);
	}
	end_other();
	ok(true, "XSA-340 XSA-343 ports are reset while another vCPU binds and sends");
}

/* --- interrupts --- */

static void interrupts(void)
{
	struct physdev_map_pirq m;
	unsigned int rounds = 0;

	for (unsigned int i = 0; i < 8; i++) {
		m = (struct physdev_map_pirq){.domid = DOMID_SELF,
					      .type = i & 1 ? MAP_PIRQ_TYPE_MULTI_MSI
							    : MAP_PIRQ_TYPE_MSI_SEG,
					      .index = -1,
					      .pirq = -1,
					      .bus = 0xfe,
					      .devfn = 0xff,
					      .entry_nr = (int)(i * i * i * 7) - 1};
		if (HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &m) >= 0)
			rounds++;
	}
	is("XSA-237 XSA-458 messages of a device that is not there", rounds, 0);
	for (rounds = 0; rounds < 300; rounds++) {
		struct evtchn_bind_pirq b = {.pirq = 10}, again = {.pirq = 10};
		struct evtchn_close c;
		struct physdev_unmap_pirq u = {.domid = DOMID_SELF, .pirq = 10};

		m = (struct physdev_map_pirq){
			.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 10, .pirq = 10};
		if (HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &m) ||
		    evtchn_op(EVTCHNOP_bind_pirq, &b))
			break;
		if (!evtchn_op(EVTCHNOP_bind_pirq, &again))
			break;
		c.port = b.port;
		evtchn_op(EVTCHNOP_close, &c);
		/* Xen takes the right to it away as well. */
		for (unsigned int i = 0; on_dais() && i < 2; i++)
			HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq, &u);
	}
	is("XSA-46 XSA-83 XSA-360 XSA-395 an interrupt bound, twice, and let go 300 times", rounds,
	   300);
}

/* --- the door --- */

static void control(void)
{
	struct xen_domctl d = {.cmd = XEN_DOMCTL_pausedomain,
			       .interface_version = XEN_DOMCTL_INTERFACE_VERSION};
	struct xen_sysctl s = {.cmd = 9999, .interface_version = XEN_SYSCTL_INTERFACE_VERSION};

	is("XSA-127 pausing oneself", HC1(__HYPERVISOR_domctl, &d), -22);
	d.cmd = XEN_DOMCTL_destroydomain;
	is("XSA-127 destroying oneself", HC1(__HYPERVISOR_domctl, &d), -22);
	d.cmd = XEN_DOMCTL_get_ext_vcpucontext;
	is("XSA-127 the callbacks of the vCPU that asks", HC1(__HYPERVISOR_domctl, &d), -3);
	d.cmd = XEN_DOMCTL_max_vcpus;
	d.u.max_vcpus.max = 1;
	ok(HC1(__HYPERVISOR_domctl, &d) < 0, "XSA-77 changing one's own vCPUs");
	d.cmd = XEN_DOMCTL_shadow_op;
	d.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY;
	ok(HC1(__HYPERVISOR_domctl, &d) < 0, "XSA-97 log-dirty mode for oneself");
	d.cmd = XEN_DOMCTL_memory_mapping;
	d.u.memory_mapping.nr_mfns = 1UL << 40;
	ok(HC1(__HYPERVISOR_domctl, &d) < 0, "XSA-125 device memory without end");
	d.cmd = 9999;
	is("XSA-74 a control call of no number", HC1(__HYPERVISOR_domctl, &d), -38);
	is("XSA-499 the same of the machine", HC1(__HYPERVISOR_sysctl, &s), -38);
	d.interface_version--;
	is("XSA-492 another version", HC1(__HYPERVISOR_domctl, &d), -13);
	ok(HC3(__HYPERVISOR_tmem_op, page, page, page) < 0, "XSA-15 tmem");
	ok(HC1(__HYPERVISOR_xsm_op, HOLE) < 0, "XSA-84 XSA-85 security modules");
	ok(HC2(__HYPERVISOR_xenoprof_op, 0, HOLE) < 0, "XSA-313 the profiler");
	ok(HC2(__HYPERVISOR_hvm_op, 77, page) < 0, "XSA-14 calls for another kind of guest");
}

static void batches(void)
{
	static struct multicall_entry m[2];

	m[0].op = __HYPERVISOR_memory_op;
	m[0].args[0] = XENMEM_populate_physmap | ~0UL << 6;
	m[0].args[1] = (unsigned long)page;
	m[1].op = __HYPERVISOR_memory_op;
	m[1].args[0] = 63;
	memset(page, 0, PAGE_SIZE);
	is("XSA-111 a batch of calls that say they were interrupted",
	   HC2(__HYPERVISOR_multicall, m, 2), 0);
	is("XSA-296 a sub-operation of no number in it", m[1].result, -38);
	ok(HC4(__HYPERVISOR_mmu_update, page, 0x80000001UL, HOLE, DOMID_SELF) < 0,
	   "XSA-111 a list that says it was interrupted, and its count in the hole");
	ok(HC3(__HYPERVISOR_grant_table_op, GNTTABOP_copy, page, ~0UL) != 0,
	   "XSA-24 a list of 2^32 - 1 copies");
	/* vCPU 3 was never up. */
	{
		struct vcpu_register_vcpu_info v = {.mfn = virt_to_mfn(page), .offset = 3};

		ok(vcpu_op(VCPUOP_register_vcpu_info, 3, &v) < 0, "XSA-327 not aligned");
		v.offset = 4095;
		ok(vcpu_op(VCPUOP_register_vcpu_info, 3, &v) < 0, "XSA-327 over the end");
		v = (struct vcpu_register_vcpu_info){.mfn = virt_to_mfn(table)};
		ok(vcpu_op(VCPUOP_register_vcpu_info, 3, &v) < 0, "XSA-327 on a page table");
	}
}

/* --- what it says about us --- */

static unsigned int count_in_log(const char *text, size_t length)
{
	static char ring[65536];
	struct xen_sysctl s = {.cmd = XEN_SYSCTL_readconsole,
			       .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
			       .u.readconsole.count = sizeof(ring)};
	unsigned int n = 0;

	set_xen_guest_handle(s.u.readconsole.buffer, ring);
	if (HC1(__HYPERVISOR_sysctl, &s))
		return ~0u;
	for (size_t i = 0; i + length <= s.u.readconsole.count; i++)
		n += !memcmp(ring + i, text, length);
	return n;
}

/* Of these bytes of an answer each is what we had there, or nothing. */
static bool unsaid(const void *from, const void *to)
{
	const uint8_t *p = from;

	while (p != (const uint8_t *)to && (!*p || *p == 0xa5))
		p++;
	return p == (const uint8_t *)to;
}

static void replies(void)
{
	static struct xen_domctl d;
	static struct xen_sysctl s;

	memset(&d.u, 0xa5, sizeof(d.u));
	/* Xen refuses it of the one that asks. */
	domctl(&d, XEN_DOMCTL_gettscinfo, 0);
	ok(unsaid(&d.u.tsc_info.pad, &d.u.tsc_info.elapsed_nsec) &&
		   unsaid(&d.u.tsc_info + 1, &d.u + 1),
	   "XSA-132 the clock of a domain, and no more");
	memset(&d.u, 0xa5, sizeof(d.u));
	is("XSA-132 a domain", domctl(&d, XEN_DOMCTL_getdomaininfo, 0), 0);
	ok(unsaid(&d.u.getdomaininfo.pad1, &d.u.getdomaininfo.flags) &&
		   unsaid(d.u.getdomaininfo.pad2, &d.u.getdomaininfo.arch_config) &&
		   unsaid(&d.u.getdomaininfo + 1, &d.u + 1),
	   "XSA-132 and no more");
	memset(&d.u, 0xa5, sizeof(d.u));
	d.u.getvcpuinfo.vcpu = 0;
	is("XSA-132 a vCPU", domctl(&d, XEN_DOMCTL_getvcpuinfo, 0), 0);
	ok(unsaid(&d.u.getvcpuinfo.running + 1, &d.u.getvcpuinfo.cpu_time) &&
		   unsaid(&d.u.getvcpuinfo.cpu + 1, &d.u + 1),
	   "XSA-132 and no more");
	memset(&s.u, 0xa5, sizeof(s.u));
	is("XSA-132 the machine", sysctl(&s, XEN_SYSCTL_physinfo), 0);
	ok(unsaid(&s.u.physinfo + 1, &s.u + 1), "XSA-132 and no more");
}

static void log_flood(void)
{
	static const char text[] = "RDMSR 0x123";
	unsigned int lines;

	for (unsigned int i = 0; i < 3000; i++)
		PROBE("rdmsr", ::"c"(0x12345678) : "eax", "edx");
	lines = count_in_log(text, sizeof(text) - 1);
	ours(lines > 0 && lines < 60, "XSA-152 3000 faults, few lines in the log");
	printk("secops: %u lines of 3000\n", lines);
}

int guest_main(void)
{
	page = page_alloc();
	mfn = virt_to_mfn(page);
	table = page_alloc();
	page_protect(table, false);
	pin(MMUEXT_PIN_L1_TABLE, table);
	spot = map_reserve(1);
	part(grants);
	part(control);
	part(batches);
	part(replies);
	part(log_flood);
	part(interrupts);
	part(events);
	return test_end();
}
