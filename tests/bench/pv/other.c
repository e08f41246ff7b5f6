// SPDX-License-Identifier: MIT
/*
 * Events between two domains.  Makes a second domain of five frames, whose one vCPU answers each
 * event by another (doors.S), and sends to and fro.  A round counts as two: each is a send, a
 * wake-up, a switch of domains (or of what the other CPU does) and the return from a poll.
 */
#include "bench.h"

#include <xen/domctl.h>

#define OTHER_VA 0x400000UL /* its code, data and stack: one page; the next shows its shared_info */
#define DATA_OFFSET 1024

enum { L4, L3, L2, L1, BODY, FRAMES };

extern char other_code[], other_code_end[];

/* What other_code works on; R12 to R15 name the parts (doors.S). */
struct other_data {
	struct sched_poll poll;
	struct evtchn_send send;
	evtchn_port_t port;
};

static domid_t id;
static xen_pfn_t frames[FRAMES];
static evtchn_port_t port;

static long domctl(struct xen_domctl *op)
{
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = id;
	return HC1(__HYPERVISOR_domctl, op);
}

static void simple(uint32_t cmd, const char *what)
{
	struct xen_domctl op = {.cmd = cmd};

	must(what, domctl(&op));
}

static void create(void)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_createdomain};
	struct xen_memory_reservation r = {.nr_extents = FRAMES};

	op.u.createdomain.max_vcpus = 1;
	op.u.createdomain.max_evtchn_port = 1023;
	op.u.createdomain.max_grant_frames = 4;
	op.u.createdomain.max_maptrack_frames = 4;
	op.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
	must("createdomain", domctl(&op));
	id = op.domain;

	op = (struct xen_domctl){.cmd = XEN_DOMCTL_max_vcpus};
	op.u.max_vcpus.max = 1;
	must("max_vcpus", domctl(&op));
	op = (struct xen_domctl){.cmd = XEN_DOMCTL_max_mem};
	op.u.max_mem.max_memkb = 4 * 64;
	must("max_mem", domctl(&op));

	r.domid = id;
	for (unsigned int i = 0; i < FRAMES; i++)
		frames[i] = i;
	set_xen_guest_handle(r.extent_start, frames);
	if (memory_op(XENMEM_populate_physmap, &r) != FRAMES)
		panic("no memory for the second domain");
}

static void *show(uintptr_t va, uint64_t mfn)
{
	must("map foreign", HC4(__HYPERVISOR_update_va_mapping_otherdomain, va,
				mfn << 12 | PTE_KERNEL, UVMF_INVLPG, id));
	return (void *)va;
}

static void hide(uintptr_t va)
{
	must("unmap foreign", update_va_mapping(va, 0, UVMF_TLB_FLUSH));
}

static uint64_t shared_frame(void)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_getdomaininfo};

	must("getdomaininfo", domctl(&op));
	return op.u.getdomaininfo.shared_info_frame;
}

static void fill(uintptr_t va, evtchn_port_t its_port)
{
	uint64_t shared = shared_frame();
	struct other_data *data;
	struct shared_info *info;
	uint64_t *t;

	for (unsigned int i = L4; i <= L2; i++) {
		t = show(va, frames[i]);
		memset(t, 0, PAGE_SIZE);
		/* Each table's entry 0 leads on; OTHER_VA is in the third entry of level 2. */
		t[i == L2 ? OTHER_VA >> 21 : 0] = frames[i + 1] << 12 | PTE_USER_RW;
		hide(va);
	}
	t = show(va, frames[L1]);
	memset(t, 0, PAGE_SIZE);
	t[0] = frames[BODY] << 12 | PTE_USER_RW;
	t[1] = shared << 12 | PTE_USER_RW;
	hide(va);

	t = show(va, frames[BODY]);
	memset(t, 0, PAGE_SIZE);
	memcpy(t, other_code, (size_t)(other_code_end - other_code));
	data = (struct other_data *)((char *)t + DATA_OFFSET);
	data->port = data->send.port = its_port;
	data->poll.nr_ports = 1;
	data->poll.ports.p = (void *)(OTHER_VA + DATA_OFFSET + offsetof(struct other_data, port));
	hide(va);

	info = show(va, shared);
	info->vcpu_info[0].evtchn_upcall_mask = 1;
	hide(va);
}

static void set_context(evtchn_port_t its_port)
{
	static struct vcpu_guest_context c;
	struct xen_domctl op = {.cmd = XEN_DOMCTL_setvcpucontext};

	c.flags = VGCF_in_kernel | VGCF_online;
	c.user_regs.rip = OTHER_VA;
	c.user_regs.rsp = OTHER_VA + PAGE_SIZE;
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = FLAT_KERNEL_SS;
	c.user_regs.rflags = 0x202;
	c.user_regs.r12 = its_port;
	c.user_regs.r13 = OTHER_VA + PAGE_SIZE + offsetof(struct shared_info, evtchn_pending);
	c.user_regs.r14 = OTHER_VA + DATA_OFFSET + offsetof(struct other_data, send);
	c.user_regs.r15 = OTHER_VA + DATA_OFFSET + offsetof(struct other_data, poll);
	c.kernel_ss = FLAT_KERNEL_SS;
	c.kernel_sp = OTHER_VA + PAGE_SIZE;
	c.ctrlreg[3] = frames[L4] << 12;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &c);
	must("setvcpucontext", domctl(&op));
}

static void stay_on(domid_t domain, unsigned int cpu)
{
	struct xen_domctl op = {.cmd = XEN_DOMCTL_setvcpuaffinity};
	uint8_t map = (uint8_t)(1u << cpu);
	domid_t keep = id;

	op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
	op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, &map);
	id = domain;
	must("setvcpuaffinity", domctl(&op));
	id = keep;
}

static void to_and_fro(void)
{
	struct sched_poll p = {.nr_ports = 1};

	set_xen_guest_handle(p.ports, &port);
	event_send(port);
	while (!event_pending(port))
		sched_op(SCHEDOP_poll, &p);
	event_clear(port);
}

void bench_other(unsigned int cpus)
{
	struct evtchn_alloc_unbound unbound = {.remote_dom = 0};
	struct evtchn_bind_interdomain bind;

	create();
	unbound.dom = bind.remote_dom = id;
	must("alloc_unbound", evtchn_op(EVTCHNOP_alloc_unbound, &unbound));
	bind.remote_port = unbound.port;
	must("bind_interdomain", evtchn_op(EVTCHNOP_bind_interdomain, &bind));
	port = bind.local_port;
	fill(map_reserve(1), unbound.port);
	set_context(unbound.port);
	if (cpus > 1) {
		stay_on(0, 0);
		stay_on(id, 1);
	}
	event_clear(port);
	simple(XEN_DOMCTL_unpausedomain, "unpause");
	measure(cpus > 1 ? "event between two domains, two CPUs"
			 : "event between two domains, one CPU",
		50, 2, to_and_fro);
	simple(XEN_DOMCTL_pausedomain, "pause");
}
