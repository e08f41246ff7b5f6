// SPDX-License-Identifier: MIT
/*
 * sysctl on processors, the one pool of them, features and policies: what the tools ask before
 * they make a domain, with buffers that are too small, too long, or not there.
 */
#include "ctlmock.h"

#include "check.h"
#include "ctl/sysctl.h"

static struct xen_sysctl op;

struct cpuid_result cpuid_count(u32 leaf, u32 subleaf __unused)
{
	return (struct cpuid_result){leaf, 1, 2, 3};
}

static long call(u32 cmd)
{
	op.cmd = cmd;
	op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return hc_sysctl((unsigned long)&op);
}

static void test_rights(void)
{
	struct domain guest = {.id = 3, .refs = 1};

	CHECK_EQ(hc_sysctl(0), -EFAULT);
	op.interface_version = 0x16;
	control_vcpu.domain = &guest;
	CHECK_EQ(hc_sysctl((unsigned long)&op), -EACCES);
	CHECK_EQ(call(XEN_SYSCTL_physinfo), -EPERM);
	control_vcpu.domain = &control;
	CHECK_EQ(call(999), -ENOSYS);
	CHECK_EQ(call(XEN_SYSCTL_psr_cmt_op), -ENOSYS);
}

static void test_physinfo(void)
{
	CHECK_EQ(call(XEN_SYSCTL_physinfo), 0);
	CHECK(op.u.physinfo.free_pages == 1000 && op.u.physinfo.total_pages == 4000);
	CHECK_EQ(op.u.physinfo.outstanding_pages, 10);
	CHECK_EQ(op.u.physinfo.nr_cpus, 4);
	/* Both grant bits clear would have the tools ask for version 0. */
	CHECK_EQ(op.u.physinfo.capabilities, XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1);
	CHECK_EQ(call(XEN_SYSCTL_sched_id), 0);
	CHECK_EQ(op.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2);
	op.u.availheap = (struct xen_sysctl_availheap){.node = -1};
	CHECK_EQ(call(XEN_SYSCTL_availheap), 0);
	CHECK_EQ(op.u.availheap.avail_bytes, 1000 * PAGE_SIZE);
	op.u.availheap.node = 1;
	CHECK_EQ(call(XEN_SYSCTL_availheap), -EINVAL);
}

static void test_pool(void)
{
	struct xen_sysctl_cpupool_op *p = &op.u.cpupool_op;
	u8 map[16];

	memset(map, 0xff, sizeof(map));
	*p = (struct xen_sysctl_cpupool_op){.op = XEN_SYSCTL_CPUPOOL_OP_INFO};
	p->cpumap.bitmap.p = map;
	p->cpumap.nr_bits = 64;
	CHECK_EQ(call(XEN_SYSCTL_cpupool_op), 0);
	CHECK(map[0] == 0xf && map[7] == 0 && map[8] == 0xff);
	CHECK(p->sched_id == XEN_SCHEDULER_CREDIT2 && p->cpupool_id == 0);
	p->cpupool_id = 1;
	CHECK_EQ(call(XEN_SYSCTL_cpupool_op), -ENOENT);
	p->op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
	CHECK_EQ(call(XEN_SYSCTL_cpupool_op), 0);
	CHECK_EQ(map[0], 0);
	p->op = XEN_SYSCTL_CPUPOOL_OP_RMCPU;
	CHECK_EQ(call(XEN_SYSCTL_cpupool_op), -ENOENT);
	p->cpupool_id = 0;
	CHECK_EQ(call(XEN_SYSCTL_cpupool_op), -EBUSY);
	p->op = XEN_SYSCTL_CPUPOOL_OP_CREATE;
	CHECK_EQ(call(XEN_SYSCTL_cpupool_op), -EOPNOTSUPP);
	p->op = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN;
	p->domid = 55;
	CHECK_EQ(call(XEN_SYSCTL_cpupool_op), -ESRCH);
	p->op = 8;
	CHECK_EQ(call(XEN_SYSCTL_cpupool_op), -ENOSYS);
	/* A map that is not there, and one that is longer than all memory. */
	p->op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
	p->cpumap.bitmap.p = NULL;
	CHECK_EQ(call(XEN_SYSCTL_cpupool_op), -EFAULT);
	guest_first = (unsigned long)map;
	guest_last = guest_first + sizeof(map) - 1;
	CHECK_EQ(ctlbitmap_write(&(struct xenctl_bitmap){{map}, ~0u}, (u64[4]){1}, 256), -EFAULT);
	guest_first = GUEST_FLOOR;
	guest_last = ~0UL;

	op.u.scheduler_op = (struct xen_sysctl_scheduler_op){.sched_id = XEN_SCHEDULER_CREDIT2,
							     .cmd = XEN_SYSCTL_SCHEDOP_getinfo};
	CHECK_EQ(call(XEN_SYSCTL_scheduler_op), 0);
	op.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
	CHECK_EQ(call(XEN_SYSCTL_scheduler_op), 0);
	static const struct {
		u32 us;
		int ret;
	} limits[] = {{99, -EINVAL},     {100, 0},     {500000, 0},
		      {500001, -EINVAL}, {1, -EINVAL}, {0, 0}};
	for (unsigned int i = 0; i < ARRAY_SIZE(limits); i++) {
		op.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
		op.u.scheduler_op.u.sched_credit2.ratelimit_us = limits[i].us;
		CHECK_EQ(call(XEN_SYSCTL_scheduler_op), limits[i].ret);
		op.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
		CHECK_EQ(call(XEN_SYSCTL_scheduler_op), 0);
		CHECK_EQ(op.u.scheduler_op.u.sched_credit2.ratelimit_us == limits[i].us,
			 !limits[i].ret);
	}
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
	CHECK_EQ(call(XEN_SYSCTL_scheduler_op), -EINVAL);
}

static void test_features(void)
{
	struct xen_sysctl_cpu_featureset *f = &op.u.cpu_featureset;
	struct xen_sysctl_cpu_policy *p = &op.u.cpu_policy;
	static struct xen_cpuid_leaf leaves[200];
	struct xen_msr_entry msrs[2];
	u32 words[32] = {0};

	*f = (struct xen_sysctl_cpu_featureset){.index = XEN_SYSCTL_cpu_featureset_host};
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_featureset), 0);
	CHECK_EQ(f->nr_features, CPU_FEATURE_WORDS);
	/* Older tools know fewer words: they get those, and are told. */
	f->features.p = words;
	f->nr_features = 9;
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_featureset), -ENOBUFS);
	CHECK(words[8] == 9 && words[9] == 0 && f->nr_features == CPU_FEATURE_WORDS);
	f->nr_features = 32;
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_featureset), 0);
	CHECK(words[17] == 18 && words[18] == 0);
	f->index = XEN_SYSCTL_cpu_featureset_hvm_max;
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_featureset), -EOPNOTSUPP);
	f->index = 6;
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_featureset), -EINVAL);

	test_policy.count = 40;
	*p = (struct xen_sysctl_cpu_policy){.index = XEN_SYSCTL_cpu_policy_pv_default};
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_policy), 0);
	CHECK(p->nr_leaves > 100 && p->nr_leaves <= 200 && p->nr_msrs == 2);
	p->leaves.p = leaves;
	p->msrs.p = msrs;
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_policy), 0);
	CHECK(p->nr_leaves > 40 && p->nr_msrs == 1 && msrs[0].idx == 0xce);
	CHECK_EQ(leaves[40].leaf, 0x40000000);
	p->nr_leaves = 1;
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_policy), -ENOBUFS);
	p->_rsvd = 1;
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_policy), -EINVAL);
	p->_rsvd = 0;
	p->index = XEN_SYSCTL_cpu_policy_hvm_max;
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_policy), -EOPNOTSUPP);
	p->index = 6;
	CHECK_EQ(call(XEN_SYSCTL_get_cpu_policy), -EINVAL);
}

static void test_devices(void)
{
	struct physdev_pci_device devs[2] = {{.devfn = 8}, {.devfn = 9}};
	u32 nodes[2] = {0};

	op.u.pcitopoinfo = (struct xen_sysctl_pcitopoinfo){.num_devs = 2};
	CHECK_EQ(call(XEN_SYSCTL_pcitopoinfo), -EINVAL);
	op.u.pcitopoinfo.devs.p = devs;
	op.u.pcitopoinfo.nodes.p = nodes;
	CHECK_EQ(call(XEN_SYSCTL_pcitopoinfo), 0);
	CHECK(nodes[0] == XEN_INVALID_NODE_ID && nodes[1] == XEN_INVALID_DEV);
	op.u.pcitopoinfo.num_devs = ~0u;
	CHECK_EQ(call(XEN_SYSCTL_pcitopoinfo), -E2BIG);
}

int main(void)
{
	cpu_info()->running = &control_vcpu;
	control_vcpu.domain = &control;
	domain_table_init();
	test_rights();
	test_physinfo();
	test_pool();
	test_features();
	test_devices();
	return check_done("t_sysctl");
}
