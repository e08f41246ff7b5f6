// SPDX-License-Identifier: MIT
/*
 * Every allocation fails once: each operation that allocates is done again and again, the first
 * time with its first allocation failing, then the second, until none fails.  Each failure has to
 * be told to the caller, and leave as many objects and frames in use as there were before.  On
 * the build with --enable-fail-always (make check-failing), whose debug keys F and f do it.
 */
#include "control.h"
#include "failing.h"
#include "test.h"

#define ROUNDS_MAX 200
#define ENOMEM -12

static domid_t other;
static uint64_t own; /* a frame of ours to exchange */
static xen_pfn_t list[512];

/* --- operations: what each needs, does, and how it is taken back --- */

static void make_other(void)
{
	if (domain_make(&other, 2))
		panic("createdomain");
}

static void make_vcpus(void)
{
	struct xen_domctl op = {.u.max_vcpus.max = 2};

	make_other();
	if (domctl(&op, XEN_DOMCTL_max_vcpus, other))
		panic("max_vcpus");
}

static void destroy_other(void)
{
	if (other && domain_destroy(other))
		panic("destroydomain");
	other = 0;
}

static long create(void)
{
	return domain_make(&other, 2);
}

static long add_vcpus(void)
{
	struct xen_domctl op = {.u.max_vcpus.max = 2};

	return domctl(&op, XEN_DOMCTL_max_vcpus, other);
}

static long populate(void)
{
	return domain_populate(other, list, 4) == 4 ? 0 : ENOMEM;
}

static long populate_large(void)
{
	struct xen_memory_reservation r = {.nr_extents = 1, .extent_order = 9, .domid = other};

	list[0] = 0;
	set_xen_guest_handle(r.extent_start, list);
	return memory_op(XENMEM_populate_physmap, &r) == 1 ? 0 : ENOMEM;
}

static long context_in(void)
{
	static struct vcpu_guest_context ctx;
	struct xen_domctl op = {0};

	set_xen_guest_handle(op.u.vcpucontext.ctxt, (vcpu_guest_context_t *)&ctx);
	/* One that no vCPU can have: what matters is that it was read. */
	return domctl(&op, XEN_DOMCTL_setvcpucontext, other) == ENOMEM ? ENOMEM : 0;
}

static long port(void)
{
	struct evtchn_alloc_unbound a = {.dom = other, .remote_dom = 0};

	return evtchn_op(EVTCHNOP_alloc_unbound, &a);
}

static long grant_pages(void)
{
	struct xen_mem_acquire_resource a = {
		.domid = other, .type = XENMEM_resource_grant_table, .nr_frames = 4};

	set_xen_guest_handle(a.frame_list, list);
	return memory_op(XENMEM_acquire_resource, &a);
}

static long memory_map(void)
{
	static struct {
		uint64_t start, size;
		uint32_t type;
	} __attribute__((packed)) e820 = {0, 1 << 20, 1};
	struct xen_foreign_memory_map f = {.domid = other, .map.nr_entries = 1};

	set_xen_guest_handle(f.map.buffer, &e820);
	return memory_op(XENMEM_set_memory_map, &f);
}

static long device_ports(void)
{
	struct xen_domctl op = {
		.u.ioport_permission = {.first_port = 0x1f0, .nr_ports = 8, .allow_access = 1}};

	return domctl(&op, XEN_DOMCTL_ioport_permission, other);
}

static long exchange(void)
{
	xen_pfn_t in = own, out = CHILD_PAGES;
	struct xen_memory_exchange x = {.in = {.nr_extents = 1, .domid = DOMID_SELF},
					.out = {.nr_extents = 1, .domid = DOMID_SELF}};
	long rc;

	set_xen_guest_handle(x.in.extent_start, &in);
	set_xen_guest_handle(x.out.extent_start, &out);
	rc = memory_op(XENMEM_exchange, &x);
	if (!rc)
		own = out;
	return rc;
}

static long second_vcpu(void)
{
	static struct vcpu_guest_context ctx;

	return vcpu_op(VCPUOP_initialise, 1, &ctx) == ENOMEM ? ENOMEM : 0;
}

static void nothing(void)
{
}

static const struct operation {
	const char *name;
	void (*prepare)(void);
	long (*act)(void);
	void (*undo)(void);
} operations[] = {
	{"h36.1 createdomain", nothing, create, destroy_other},
	{"h36.15 max_vcpus", make_other, add_vcpus, destroy_other},
	{"h36.12 setvcpucontext", make_vcpus, context_in, destroy_other},
	{"h12.6 populate_physmap", make_other, populate, destroy_other},
	{"h12.6 of 2 MiB", make_other, populate_large, destroy_other},
	{"h32.6 alloc_unbound", make_other, port, destroy_other},
	{"h12.28 a grant table's pages", make_other, grant_pages, destroy_other},
	{"h12.13 set_memory_map", make_other, memory_map, destroy_other},
	{"h36.21 ioport_permission", make_other, device_ports, destroy_other},
	{"h12.11 exchange", nothing, exchange, nothing},
	{"h24.0 initialise", nothing, second_vcpu, nothing},
};

static void exhaust(const struct operation *o)
{
	struct failing before, now, left;
	bool told = true, same = true;
	unsigned int rounds = 0;
	char name[100];
	long rc;

	o->prepare();
	o->undo();
	before = failing_end();
	do {
		o->prepare();
		debug_keys("F");
		rc = o->act();
		now = failing_end();
		if (now.failed)
			told &= rc == ENOMEM;
		o->undo();
		left = failing_end();
		same &= left.objects == before.objects && left.frames == before.frames;
	} while (now.failed && ++rounds < ROUNDS_MAX);
	print_to(name, sizeof(name), "%s goes well in the end, after %u failures", o->name, rounds);
	is(name, rc, 0);
	print_to(name, sizeof(name), "%s: failures there were, each told as one", o->name);
	ok(told && rounds && rounds < ROUNDS_MAX, name);
	print_to(name, sizeof(name), "%s: nothing stays behind", o->name);
	ok(same, name);
}

/* The room for handles is there to stay once it was needed. */
static void first_map(void)
{
	struct gnttab_map_grant_ref m;
	uintptr_t spot = map_reserve(1);
	unsigned int failures = 0;
	struct failing now;
	grant_ref_t ref;
	bool told = true;
	long rc;

	grants_init();
	ref = grant_access(0, virt_to_mfn(page_alloc()), false);
	do {
		debug_keys("F");
		rc = grant_map(0, ref, spot, GNTMAP_host_map, &m);
		now = failing_end();
		failures += now.failed;
		told &= now.failed ? rc < 0 : !rc;
	} while (now.failed && failures < ROUNDS_MAX);
	ok(told && failures, "h20.0 the first map: each failure is told");
	is("h20.0 and the grant is not in use more often than once", grant_unmap(m.handle, spot),
	   0);
	ok(grant_end(ref), "h20.0 and is free then");
}

int guest_main(void)
{
	void *page = page_alloc();

	own = virt_to_mfn(page);
	update_va_mapping(page, 0, UVMF_INVLPG); /* only what nobody maps can be exchanged */
	first_map();
	for (unsigned int i = 0; i < ARRAY_SIZE(operations); i++)
		exhaust(&operations[i]);
	return test_end();
}
