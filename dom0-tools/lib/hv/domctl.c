// SPDX-License-Identifier: MIT
/*
 * One thin function per domctl. Each fills the handle's argument page, calls, and copies out
 * what came back; arrays travel through the rest of that page or the bulk buffer.
 */
#include "hv/domctl.h"

#include <errno.h>
#include <string.h>

#include <xen/event_channel.h>

#include "hv/call.h"

/* What follows the structure in its page: for the small arrays that go along. */
#define TAIL_OFFSET 1024
_Static_assert(sizeof(struct xen_domctl) <= TAIL_OFFSET, "the argument fits its place");

int hv_create_domain(struct hv *hv, const struct xen_domctl_createdomain *how, uint32_t *domid)
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_createdomain, *domid);

	op->u.createdomain = *how;
	if (domctl_call(hv))
		return -1;
	*domid = op->domain;
	return 0;
}

int hv_destroy_domain(struct hv *hv, uint32_t domid)
{
	int ret;

	/* A slice at a time, should the hypervisor not go on by itself. */
	do {
		domctl_start(hv, XEN_DOMCTL_destroydomain, domid);
		ret = domctl_call(hv);
	} while (ret && errno == EAGAIN);
	return ret;
}

int hv_pause(struct hv *hv, uint32_t domid)
{
	domctl_start(hv, XEN_DOMCTL_pausedomain, domid);
	return domctl_call(hv);
}

int hv_unpause(struct hv *hv, uint32_t domid)
{
	domctl_start(hv, XEN_DOMCTL_unpausedomain, domid);
	return domctl_call(hv);
}

int hv_domain_info(struct hv *hv, uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_getdomaininfo, domid);

	if (domctl_call(hv))
		return -1;
	/* The call answers for the first domain at or above the number. */
	if (op->u.getdomaininfo.domain != domid) {
		errno = ESRCH;
		return -1;
	}
	*info = op->u.getdomaininfo;
	return 0;
}

int hv_max_mem(struct hv *hv, uint32_t domid, uint64_t kb)
{
	domctl_start(hv, XEN_DOMCTL_max_mem, domid)->u.max_mem.max_memkb = kb;
	return domctl_call(hv);
}

int hv_max_vcpus(struct hv *hv, uint32_t domid, uint32_t count)
{
	domctl_start(hv, XEN_DOMCTL_max_vcpus, domid)->u.max_vcpus.max = count;
	return domctl_call(hv);
}

int hv_set_address_size(struct hv *hv, uint32_t domid, uint32_t bits)
{
	domctl_start(hv, XEN_DOMCTL_set_address_size, domid)->u.address_size.size = bits;
	return domctl_call(hv);
}

int hv_set_tsc(struct hv *hv, uint32_t domid, uint32_t mode)
{
	domctl_start(hv, XEN_DOMCTL_settscinfo, domid)->u.tsc_info.tsc_mode = mode;
	return domctl_call(hv);
}

int hv_show_invariant_tsc(struct hv *hv, uint32_t domid)
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_set_cpu_policy, domid);
	xen_cpuid_leaf_t *leaf = (xen_cpuid_leaf_t *)((uint8_t *)hv->op + TAIL_OFFSET);

	*leaf = (xen_cpuid_leaf_t){
		.leaf = 0x80000007,
		.subleaf = XEN_CPUID_NO_SUBLEAF,
		.d = 1u << 8,
	};
	op->u.cpu_policy.nr_leaves = 1;
	set_xen_guest_handle(op->u.cpu_policy.leaves, leaf);
	return domctl_call(hv);
}

int hv_set_time_offset(struct hv *hv, uint32_t domid, int64_t seconds)
{
	domctl_start(hv, XEN_DOMCTL_settimeoffset, domid)->u.settimeoffset.time_offset_seconds =
		seconds;
	return domctl_call(hv);
}

int hv_hypercall_page(struct hv *hv, uint32_t domid, xen_pfn_t mfn)
{
	domctl_start(hv, XEN_DOMCTL_hypercall_init, domid)->u.hypercall_init.gmfn = mfn;
	return domctl_call(hv);
}

int hv_set_uuid(struct hv *hv, uint32_t domid, const uint8_t uuid[16])
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_setdomainhandle, domid);

	memcpy(op->u.setdomainhandle.handle, uuid, sizeof(op->u.setdomainhandle.handle));
	return domctl_call(hv);
}

int hv_set_context(struct hv *hv, uint32_t domid, uint32_t vcpu,
		   const struct vcpu_guest_context *context)
{
	struct vcpu_guest_context *copy = hv_bulk(hv, sizeof(*copy));
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_setvcpucontext, domid);

	_Static_assert(sizeof(*copy) <= HV_BULK_SIZE, "a context fits the bulk buffer");
	if (!copy)
		return -1;
	*copy = *context;
	op->u.vcpucontext.vcpu = vcpu;
	set_xen_guest_handle(op->u.vcpucontext.ctxt, copy);
	return domctl_call(hv);
}

int hv_vcpu_info(struct hv *hv, uint32_t domid, uint32_t vcpu, struct xen_domctl_getvcpuinfo *info)
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_getvcpuinfo, domid);

	op->u.getvcpuinfo.vcpu = vcpu;
	if (domctl_call(hv))
		return -1;
	*info = op->u.getvcpuinfo;
	return 0;
}

static struct xen_domctl *affinity_start(struct hv *hv, uint32_t cmd, uint32_t domid, uint32_t vcpu)
{
	struct xen_domctl *op = domctl_start(hv, cmd, domid);
	struct xen_domctl_vcpuaffinity *to = &op->u.vcpuaffinity;
	uint8_t *tail = (uint8_t *)hv->op + TAIL_OFFSET;

	memset(tail, 0, 2 * sizeof(struct dais_cpumap));
	to->vcpu = vcpu;
	set_xen_guest_handle(to->cpumap_hard.bitmap, tail);
	to->cpumap_hard.nr_bits = DAIS_CPUS_MAX;
	set_xen_guest_handle(to->cpumap_soft.bitmap, tail + sizeof(struct dais_cpumap));
	to->cpumap_soft.nr_bits = DAIS_CPUS_MAX;
	return op;
}

int hv_get_affinity(struct hv *hv, uint32_t domid, uint32_t vcpu, struct dais_cpumap *hard,
		    struct dais_cpumap *soft)
{
	struct xen_domctl *op = affinity_start(hv, XEN_DOMCTL_getvcpuaffinity, domid, vcpu);
	const uint8_t *tail = (const uint8_t *)hv->op + TAIL_OFFSET;

	op->u.vcpuaffinity.flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) |
				   (soft ? XEN_VCPUAFFINITY_SOFT : 0);
	if (domctl_call(hv))
		return -1;
	if (hard)
		memcpy(hard, tail, sizeof(*hard));
	if (soft)
		memcpy(soft, tail + sizeof(*soft), sizeof(*soft));
	return 0;
}

int hv_node_affinity(struct hv *hv, uint32_t domid, struct dais_cpumap *nodes)
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_getnodeaffinity, domid);
	uint8_t *tail = (uint8_t *)hv->op + TAIL_OFFSET;

	memset(nodes, 0, sizeof(*nodes));
	memset(tail, 0, DAIS_NODES_MAX / 8);
	set_xen_guest_handle(op->u.nodeaffinity.nodemap.bitmap, tail);
	op->u.nodeaffinity.nodemap.nr_bits = DAIS_NODES_MAX;
	if (domctl_call(hv))
		return -1;
	memcpy(nodes, tail, DAIS_NODES_MAX / 8);
	return 0;
}

int hv_set_affinity(struct hv *hv, uint32_t domid, uint32_t vcpu, const struct dais_cpumap *hard,
		    const struct dais_cpumap *soft)
{
	struct xen_domctl *op = affinity_start(hv, XEN_DOMCTL_setvcpuaffinity, domid, vcpu);
	uint8_t *tail = (uint8_t *)hv->op + TAIL_OFFSET;

	op->u.vcpuaffinity.flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) |
				   (soft ? XEN_VCPUAFFINITY_SOFT : 0);
	if (hard)
		memcpy(tail, hard, sizeof(*hard));
	if (soft)
		memcpy(tail + sizeof(*soft), soft, sizeof(*soft));
	return domctl_call(hv);
}

/* The credit schedulers' parameters have the same shape, in a union. */
static struct xen_domctl *sched_start(struct hv *hv, uint32_t domid, uint32_t scheduler,
				      uint32_t cmd)
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_scheduler_op, domid);

	op->u.scheduler_op.sched_id = scheduler;
	op->u.scheduler_op.cmd = cmd;
	return op;
}

int hv_sched_get(struct hv *hv, uint32_t domid, uint32_t scheduler, uint16_t *weight, uint16_t *cap)
{
	struct xen_domctl *op = sched_start(hv, domid, scheduler, XEN_DOMCTL_SCHEDOP_getinfo);

	if (domctl_call(hv))
		return -1;
	*weight = op->u.scheduler_op.u.credit2.weight;
	*cap = op->u.scheduler_op.u.credit2.cap;
	return 0;
}

int hv_sched_put(struct hv *hv, uint32_t domid, uint32_t scheduler, uint16_t weight, uint16_t cap)
{
	struct xen_domctl *op = sched_start(hv, domid, scheduler, XEN_DOMCTL_SCHEDOP_putinfo);

	op->u.scheduler_op.u.credit2.weight = weight;
	op->u.scheduler_op.u.credit2.cap = cap;
	return domctl_call(hv);
}

int hv_trigger(struct hv *hv, uint32_t domid, uint32_t vcpu, uint32_t trigger)
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_sendtrigger, domid);

	op->u.sendtrigger.vcpu = vcpu;
	op->u.sendtrigger.trigger = trigger;
	return domctl_call(hv);
}

int hv_ioports(struct hv *hv, uint32_t domid, uint32_t first, uint32_t count, bool allow)
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_ioport_permission, domid);

	op->u.ioport_permission.first_port = first;
	op->u.ioport_permission.nr_ports = count;
	op->u.ioport_permission.allow_access = allow;
	return domctl_call(hv);
}

int hv_iomem(struct hv *hv, uint32_t domid, uint64_t first, uint64_t count, bool allow)
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_iomem_permission, domid);

	op->u.iomem_permission.first_mfn = first;
	op->u.iomem_permission.nr_mfns = count;
	op->u.iomem_permission.allow_access = allow;
	return domctl_call(hv);
}

int hv_irq(struct hv *hv, uint32_t domid, uint32_t pirq, bool allow)
{
	struct xen_domctl *op = domctl_start(hv, XEN_DOMCTL_irq_permission, domid);

	op->u.irq_permission.pirq = pirq;
	op->u.irq_permission.allow_access = allow;
	return domctl_call(hv);
}

int hv_alloc_port(struct hv *hv, uint32_t domid, uint32_t remote, uint32_t *port)
{
	struct evtchn_alloc_unbound *op = hv->op;

	memset(op, 0, sizeof(*op));
	op->dom = (domid_t)domid;
	op->remote_dom = (domid_t)remote;
	hv->calls++;
	if (xencall2(hv->call, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
		     (uintptr_t)op) < 0)
		return -1;
	*port = op->port;
	return 0;
}
