// SPDX-License-Identifier: MIT
/*
 * domctl: who may call it, what createdomain refuses, contexts and when they may be set,
 * policies, affinities, rights that are passed on, and what each row answers for a vCPU or a
 * domain that is not there.
 */
#include "ctlmock.h"

#include "evtchn/evtchn.h"

#include "check.h"

static struct xen_domctl op;

static long call(u32 cmd, domid_t id)
{
	long rc;

	op.cmd = cmd;
	op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op.domain = id;
	do {
		rc = hc_domctl((unsigned long)&op);
	} while (rc == -ERESTART);
	return rc;
}

static void config_ok(void)
{
	memset(&op, 0, sizeof(op));
	op.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = 2,
		.max_evtchn_port = 1023,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = 1,
	};
}

static void reap(void)
{
	if (reaper_due)
		reaper_fn(NULL);
	reaper_due = false;
}

static domid_t make(void)
{
	config_ok();
	CHECK_EQ(call(XEN_DOMCTL_createdomain, 0), 0);
	return op.domain;
}

static void end(domid_t id)
{
	CHECK_EQ(call(XEN_DOMCTL_destroydomain, id), 0);
	reap();
	CHECK_EQ(call(XEN_DOMCTL_destroydomain, id), -ESRCH);
}

static void test_rights(void)
{
	domid_t id = make();
	struct domain *d = domain_get(id);

	op.cmd = XEN_DOMCTL_pausedomain;
	op.interface_version++;
	CHECK_EQ(hc_domctl((unsigned long)&op), -EACCES);
	CHECK_EQ(hc_domctl(0), -EFAULT);
	/* A guest: the version first, then nothing at all, not even about itself. */
	control_vcpu.domain = d;
	CHECK_EQ(hc_domctl((unsigned long)&op), -EACCES);
	CHECK_EQ(call(XEN_DOMCTL_getdomaininfo, DOMID_SELF), -EPERM);
	CHECK_EQ(call(XEN_DOMCTL_createdomain, 0), -EPERM);
	control_vcpu.domain = &control;
	CHECK_EQ(call(999, id), -ENOSYS);
	CHECK_EQ(call(XEN_DOMCTL_pausedomain, 0x7000), -ESRCH);
	/* The control domain cannot do to itself what would leave nobody to undo it. */
	CHECK_EQ(call(XEN_DOMCTL_pausedomain, 0), -EINVAL);
	CHECK_EQ(call(XEN_DOMCTL_destroydomain, DOMID_SELF), -EINVAL);
	CHECK_EQ(call(XEN_DOMCTL_resumedomain, 0), -EINVAL);
	CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, 0), -EINVAL);
	CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, 0), -EINVAL);
	CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, 0), -EINVAL);
	domain_put(d);
	end(id);
}

static void refused(long why)
{
	CHECK_EQ(call(XEN_DOMCTL_createdomain, 0), why);
	config_ok();
}

static void test_create(void)
{
	struct xen_domctl_createdomain *c = &op.u.createdomain;
	unsigned int rooms = rooms_up;
	domid_t id;

	config_ok();
	c->flags = XEN_DOMCTL_CDF_hvm;
	refused(-EINVAL);
	c->flags = 1u << 31;
	refused(-EINVAL);
	c->iommu_opts = 1;
	refused(-EINVAL);
	c->vmtrace_size = 4096;
	refused(-EINVAL);
	c->arch.emulation_flags = XEN_X86_EMU_LAPIC;
	refused(-EINVAL);
	c->arch.misc_flags = 2;
	refused(-EINVAL);
	c->grant_opts = 0;
	refused(-EINVAL);
	c->grant_opts = 0x11;
	refused(-EINVAL);
	c->max_vcpus = 0;
	refused(-EINVAL);
	c->max_vcpus = MAX_VCPUS + 1;
	refused(-EINVAL);
	c->max_grant_frames = 0;
	refused(-EINVAL);
	c->max_grant_frames = GRANT_FRAMES_LIMIT + 1;
	refused(-EINVAL);
	c->max_maptrack_frames = MAPTRACK_FRAMES_LIMIT + 1;
	refused(-EINVAL);
	c->cpupool_id = 1;
	refused(-ESRCH);
	/* Every failure on the way gives back what was taken. */
	for (unsigned int n = 0; n < 8; n++) {
		rooms_allowed = rooms + n;
		CHECK_EQ(call(XEN_DOMCTL_createdomain, 0), -ENOMEM);
		CHECK_EQ(rooms_up, rooms);
	}
	rooms_allowed = ~0u;
	c->arch.misc_flags = XEN_X86_MSR_RELAXED;
	CHECK_EQ(call(XEN_DOMCTL_createdomain, 77), 0);
	CHECK(op.domain == 77 && test_policy.msr_relaxed);
	config_ok();
	CHECK_EQ(call(XEN_DOMCTL_createdomain, 77), -EEXIST);
	id = make();
	CHECK_EQ(id, 78);
	/* Exists paused, without vCPUs; the first at or above an id is told. */
	CHECK_EQ(call(XEN_DOMCTL_getdomaininfo, 1), 0);
	CHECK(op.domain == 77 && op.u.getdomaininfo.domain == 77);
	CHECK(op.u.getdomaininfo.flags & XEN_DOMINF_paused);
	CHECK_EQ(op.u.getdomaininfo.max_vcpu_id, XEN_INVALID_MAX_VCPU_ID);
	CHECK_EQ(call(XEN_DOMCTL_getdomaininfo, 79), -ESRCH);
	end(77);
	end(78);
	CHECK_EQ(rooms_up, rooms);
}

static void test_pauses(void)
{
	domid_t id = make();

	for (unsigned int n = 0; n < 254; n++)
		CHECK_EQ(call(XEN_DOMCTL_pausedomain, id), 0);
	CHECK_EQ(call(XEN_DOMCTL_pausedomain, id), -E2BIG);
	for (unsigned int n = 0; n < 255; n++)
		CHECK_EQ(call(XEN_DOMCTL_unpausedomain, id), 0);
	CHECK_EQ(call(XEN_DOMCTL_unpausedomain, id), -EINVAL);
	end(id);
}

/* A vCPU of a domain that is paused, not yet out of the call by which it starts another one. */
static void start_vcpu(struct domain *d)
{
	if (d->vcpu[0]->initialised)
		vcpu_wake_flags(d->vcpu[0], VPF_DOWN);
}

static void test_contexts(void)
{
	static struct vcpu_guest_context c, back;
	domid_t id = make();
	struct domain *d = domain_get(id);

	op.u.max_vcpus.max = 3;
	CHECK_EQ(call(XEN_DOMCTL_max_vcpus, id), -EINVAL);
	op.u.max_vcpus.max = 2;
	CHECK_EQ(call(XEN_DOMCTL_max_vcpus, id), 0);
	CHECK_EQ(call(XEN_DOMCTL_max_vcpus, id), 0);
	CHECK(domain_vcpu(d, 1) != NULL);

	op.u.vcpucontext.vcpu = 0;
	op.u.vcpucontext.ctxt.p = &back;
	CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, id), -ENODATA);
	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel | VGCF_online;
	c.user_regs.rip = 0x1000;
	c.ctrlreg[3] = xen_pfn_to_cr3(10);
	op.u.vcpucontext.ctxt.p = &c;
	/* Not while it could run. */
	CHECK_EQ(call(XEN_DOMCTL_unpausedomain, id), 0);
	CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, id), -EINVAL);
	CHECK_EQ(call(XEN_DOMCTL_pausedomain, id), 0);
	c.ctrlreg[3] = xen_pfn_to_cr3(11); /* no L4 */
	CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, id), -EINVAL);
	c.ctrlreg[3] = xen_pfn_to_cr3(10);
	CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, id), 0);
	CHECK(!(d->vcpu[0]->pause_flags & VPF_DOWN) && d->vcpu[0]->initialised);
	op.u.vcpucontext.ctxt.p = &back;
	CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, id), 0);
	CHECK(back.user_regs.rip == 0x1000 && back.ctrlreg[3] == xen_pfn_to_cr3(10));
	CHECK(back.flags & VGCF_online);
	op.u.vcpucontext.ctxt.p = (void *)1;
	CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, id), -EFAULT);
	CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, id), -EFAULT);
	/* A domain that shut down is not off its processors at once, and any vCPU may be at it. */
	op.u.vcpucontext.ctxt.p = &c;
	waits = 0;
	CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, id), 0);
	CHECK_EQ(waits, 2);
	op.u.vcpucontext.ctxt.p = NULL;
	while_waiting = start_vcpu;
	CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, id), 0);
	while_waiting = NULL;
	CHECK(!d->vcpu[0]->initialised && (d->vcpu[0]->pause_flags & VPF_DOWN));
	CHECK_EQ(d->pause_count, 1);
	op.u.vcpucontext.vcpu = 2;
	CHECK_EQ(call(XEN_DOMCTL_getvcpucontext, id), -ESRCH);
	CHECK_EQ(call(XEN_DOMCTL_setvcpucontext, id), -EINVAL);
	CHECK_EQ(ctl_paused, 0);
	domain_put(d);
	end(id);
}

static void test_policies(void)
{
	static struct xen_cpuid_leaf leaves[128];
	struct xen_msr_entry msr = {.idx = 0xce};
	struct xen_domctl_cpu_policy *p = &op.u.cpu_policy;
	domid_t id = make();

	test_policy.count = 3;
	memset(&op, 0, sizeof(op));
	p->nr_leaves = 3;
	p->leaves.p = leaves;
	CHECK_EQ(call(XEN_DOMCTL_get_cpu_policy, id), -ENOBUFS);
	/* Room for what the tools add to it. */
	CHECK(p->nr_leaves > 3 && p->nr_leaves < 128);
	CHECK_EQ(call(XEN_DOMCTL_get_cpu_policy, id), 0);
	p->nr_msrs = 0;
	CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, id), 0);
	CHECK_EQ(ctl_leaves_set, p->nr_leaves);
	/* Nothing is changed when one is bad, and it is named. */
	ctl_leaves_set = 0;
	leaves[2].leaf = ctl_bad_leaf = 0x55;
	leaves[2].subleaf = 4;
	CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, id), -EINVAL);
	CHECK(p->err_leaf == 0x55 && p->err_subleaf == 4 && p->err_msr == ~0u && !ctl_leaves_set);
	ctl_bad_leaf = 0;
	p->nr_msrs = 1;
	p->msrs.p = &msr;
	CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, id), 0);
	msr.val = 1;
	CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, id), -EINVAL);
	CHECK(p->err_msr == 0xce && p->err_leaf == ~0u);
	p->nr_leaves = 100000;
	CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, id), -E2BIG);
	p->nr_leaves = 1;
	p->leaves.p = NULL;
	p->nr_msrs = 0;
	CHECK_EQ(call(XEN_DOMCTL_set_cpu_policy, id), -EFAULT);
	end(id);
}

static void test_place(void)
{
	struct xen_domctl_vcpuaffinity *a = &op.u.vcpuaffinity;
	u8 hard[4] = {0x6}, soft[4] = {0xc, 0xff};
	domid_t id = make();

	op.u.max_vcpus.max = 2;
	CHECK_EQ(call(XEN_DOMCTL_max_vcpus, id), 0);
	*a = (struct xen_domctl_vcpuaffinity){.vcpu = 1};
	CHECK_EQ(call(XEN_DOMCTL_setvcpuaffinity, id), -EINVAL);
	a->flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
	a->cpumap_hard.bitmap.p = hard;
	a->cpumap_hard.nr_bits = 8;
	a->cpumap_soft.bitmap.p = soft;
	a->cpumap_soft.nr_bits = 32;
	CHECK_EQ(call(XEN_DOMCTL_setvcpuaffinity, id), 0);
	/* What takes effect is told: soft within hard within what is online. */
	CHECK(hard[0] == 0x6 && soft[0] == 0x4 && soft[1] == 0);
	CHECK_EQ(call(XEN_DOMCTL_getvcpuaffinity, id), 0);
	CHECK(hard[0] == 0x6 && soft[0] == 0xc && soft[1] == 0xff);
	hard[0] = 0xf0;
	a->flags = XEN_VCPUAFFINITY_HARD;
	CHECK_EQ(call(XEN_DOMCTL_setvcpuaffinity, id), -EINVAL);
	/* Lengths that nobody has: what is there is filled, then the memory ends. */
	guest_first = (unsigned long)hard;
	guest_last = (unsigned long)hard + sizeof(hard) - 1;
	CHECK_EQ(hc_domctl((unsigned long)&op), -EFAULT);
	guest_first = GUEST_FLOOR;
	guest_last = ~0UL;
	a->vcpu = 7;
	CHECK_EQ(call(XEN_DOMCTL_getvcpuaffinity, id), -ESRCH);

	op.u.scheduler_op = (struct xen_domctl_scheduler_op){.sched_id = 6, .cmd = 1};
	CHECK_EQ(call(XEN_DOMCTL_scheduler_op, id), 0);
	CHECK_EQ(op.u.scheduler_op.u.credit2.weight, 256);
	op.u.scheduler_op.cmd = 0;
	op.u.scheduler_op.u.credit2.weight = 0;
	op.u.scheduler_op.u.credit2.cap = 50;
	CHECK_EQ(call(XEN_DOMCTL_scheduler_op, id), 0);
	CHECK(ctl_weight == 256 && ctl_cap == 50);
	op.u.scheduler_op.cmd = 2;
	CHECK_EQ(call(XEN_DOMCTL_scheduler_op, id), -EINVAL);
	op.u.scheduler_op.sched_id = 5;
	CHECK_EQ(call(XEN_DOMCTL_scheduler_op, id), -EINVAL);
	end(id);
}

static void test_resources(void)
{
	domid_t id = make();

	op.u.iomem_permission = (struct xen_domctl_iomem_permission){0xff0, 0x10, 1};
	CHECK_EQ(call(XEN_DOMCTL_iomem_permission, id), 0);
	CHECK_EQ(ctl_iomem_end, 0x1000);
	op.u.iomem_permission.nr_mfns = 0x11;
	CHECK_EQ(call(XEN_DOMCTL_iomem_permission, id), -EPERM);
	op.u.iomem_permission.nr_mfns = ~0UL;
	CHECK_EQ(call(XEN_DOMCTL_iomem_permission, id), -EINVAL);
	op.u.iomem_permission.nr_mfns = 0;
	CHECK_EQ(call(XEN_DOMCTL_iomem_permission, id), -EINVAL);
	op.u.ioport_permission = (struct xen_domctl_ioport_permission){0x3ff8, 8, 1};
	CHECK_EQ(call(XEN_DOMCTL_ioport_permission, id), 0);
	CHECK_EQ(ctl_ports_end, 0x4000);
	op.u.ioport_permission.nr_ports = 9;
	CHECK_EQ(call(XEN_DOMCTL_ioport_permission, id), -EPERM);
	op.u.ioport_permission.nr_ports = 0xffffffff;
	CHECK_EQ(call(XEN_DOMCTL_ioport_permission, id), -EINVAL);
	op.u.irq_permission = (struct xen_domctl_irq_permission){.pirq = 255, .allow_access = 1};
	CHECK_EQ(call(XEN_DOMCTL_irq_permission, id), 0);
	CHECK_EQ(ctl_pirq_end, 256);
	op.u.irq_permission.pirq = 256;
	CHECK_EQ(call(XEN_DOMCTL_irq_permission, id), -EINVAL);
	CHECK_EQ(call(XEN_DOMCTL_assign_device, id), -EOPNOTSUPP);
	end(id);
}

/* Ports 1 to 63 of a domain, for calls that take one. */
static struct evtchn some_ports[EVTCHN_PER_BUCKET];
static struct evtchn_table ports = {.limit = 64, .bucket = {some_ports}};

static void test_small(void)
{
	xen_pfn_t frames[2] = {10, 999};
	u8 nodes[2] = {0xff, 0xff};
	domid_t id = make();
	struct domain *d = domain_get(id);

	op.u.max_mem.max_memkb = 4096;
	CHECK_EQ(call(XEN_DOMCTL_max_mem, id), 0);
	CHECK_EQ(d->mem.max_pages, 1024);
	op.u.address_size.size = 32;
	CHECK_EQ(call(XEN_DOMCTL_set_address_size, id), -EINVAL);
	op.u.address_size.size = 64;
	CHECK_EQ(call(XEN_DOMCTL_set_address_size, id), 0);
	op.u.tsc_info = (struct xen_domctl_tsc_info){.tsc_mode = 3};
	CHECK_EQ(call(XEN_DOMCTL_settscinfo, id), -EINVAL);
	op.u.tsc_info = (struct xen_domctl_tsc_info){.tsc_mode = 2, .incarnation = 5};
	CHECK_EQ(call(XEN_DOMCTL_settscinfo, id), 0);
	CHECK_EQ(d->pause_count, 1);
	CHECK_EQ(call(XEN_DOMCTL_gettscinfo, id), 0);
	CHECK(op.u.tsc_info.gtsc_khz == 1000000 && op.u.tsc_info.incarnation == 5);
	frame_of(MFN(10))->ref = (u64)id << FRAME_OWNER_SHIFT | 1;
	frame_of(MFN(10))->type = FRAME_TYPE_L4 | FRAME_PINNED | FRAME_VALIDATED | 1;
	op.u.getpageframeinfo3.num = 2;
	op.u.getpageframeinfo3.array.p = frames;
	frames[1] = 11;
	frame_of(MFN(11))->ref = (u64)DOMID_XEN << FRAME_OWNER_SHIFT | 1;
	CHECK_EQ(call(XEN_DOMCTL_getpageframeinfo3, id), 0);
	CHECK_EQ(frames[0], XEN_DOMCTL_PFINFO_L4TAB | XEN_DOMCTL_PFINFO_LPINTAB);
	CHECK_EQ(frames[1], XEN_DOMCTL_PFINFO_XTAB);
	frame_of(MFN(10))->ref = frame_of(MFN(11))->ref = 0;
	frame_of(MFN(10))->type = 0;
	op.u.getpageframeinfo3.num = 1025;
	CHECK_EQ(call(XEN_DOMCTL_getpageframeinfo3, id), -E2BIG);
	op.u.nodeaffinity.nodemap.bitmap.p = nodes;
	op.u.nodeaffinity.nodemap.nr_bits = 16;
	CHECK_EQ(call(XEN_DOMCTL_setnodeaffinity, id), 0);
	CHECK_EQ(call(XEN_DOMCTL_getnodeaffinity, id), 0);
	CHECK(nodes[0] == 1 && nodes[1] == 0);
	nodes[0] = 2;
	CHECK_EQ(call(XEN_DOMCTL_setnodeaffinity, id), -EINVAL);
	d->evtchn = &ports;
	op.u.subscribe.port = 64;
	CHECK_EQ(call(XEN_DOMCTL_subscribe, id), -EINVAL);
	op.u.subscribe.port = 3;
	CHECK_EQ(call(XEN_DOMCTL_subscribe, id), 0);
	CHECK_EQ(d->suspend_port, 3);
	d->evtchn = NULL;
	CHECK_EQ(call(XEN_DOMCTL_resumedomain, id), -EINVAL);
	domain_put(d);
	end(id);
}

int main(void)
{
	rooms_allowed = ~0u;
	cpu_info()->running = &control_vcpu;
	control_vcpu.domain = &control;
	world_memory(64);
	memset(frame_of(MFN(0)), 0, 64 * sizeof(struct frame));
	domain_table_init();
	test_rights();
	test_create();
	test_pauses();
	test_contexts();
	test_policies();
	test_place();
	test_resources();
	test_small();
	return check_done("t_domctl");
}
