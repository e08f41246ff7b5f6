// SPDX-License-Identifier: MIT
/*
 * One thin function per sysctl, and the version queries. Lists come into the bulk buffer in
 * one call each, so that a look at the host costs the same with one domain as with hundreds.
 */
#include "hv/sysctl.h"

#include <errno.h>
#include <string.h>

#include <xen/version.h>

#include "hv/call.h"

#define TAIL_OFFSET 1024
_Static_assert(sizeof(struct xen_sysctl) <= TAIL_OFFSET, "the argument fits its place");

int hv_physinfo(struct hv *hv, struct xen_sysctl_physinfo *info)
{
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_physinfo);

	if (sysctl_call(hv))
		return -1;
	*info = op->u.physinfo;
	return 0;
}

int hv_sched_id(struct hv *hv, uint32_t *scheduler)
{
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_sched_id);

	if (sysctl_call(hv))
		return -1;
	*scheduler = op->u.sched_id.sched_id;
	return 0;
}

int hv_ratelimit(struct hv *hv, uint32_t pool, uint32_t *us, bool set)
{
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_scheduler_op);

	op->u.scheduler_op.cpupool_id = pool;
	op->u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	op->u.scheduler_op.cmd = set ? XEN_SYSCTL_SCHEDOP_putinfo : XEN_SYSCTL_SCHEDOP_getinfo;
	if (set)
		op->u.scheduler_op.u.sched_credit2.ratelimit_us = *us;
	if (sysctl_call(hv))
		return -1;
	*us = op->u.scheduler_op.u.sched_credit2.ratelimit_us;
	return 0;
}

/* Few hosts have more domains than the small buffer takes: the large one is for those behind. */
int hv_domain_list(struct hv *hv, uint32_t first, const struct xen_domctl_getdomaininfo **list,
		   bool *more)
{
	size_t size = first || hv->bulk ? HV_BULK_SIZE : HV_FEW_SIZE;
	struct xen_domctl_getdomaininfo *buffer = hv_bulk(hv, size);
	uint32_t most = (uint32_t)(size / sizeof(*buffer));
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_getdomaininfolist);

	if (!buffer)
		return -1;
	op->u.getdomaininfolist.first_domain = (domid_t)first;
	op->u.getdomaininfolist.max_domains = most;
	set_xen_guest_handle(op->u.getdomaininfolist.buffer, buffer);
	if (sysctl_call(hv))
		return -1;
	*list = buffer;
	*more = op->u.getdomaininfolist.num_domains >= most;
	return (int)op->u.getdomaininfolist.num_domains;
}

int hv_read_console(struct hv *hv, char *buf, uint32_t size, bool clear, bool incremental,
		    uint32_t *index)
{
	char *bulk = hv_bulk(hv, HV_BULK_SIZE);
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_readconsole);

	if (!bulk)
		return -1;
	if (size > HV_BULK_SIZE)
		size = HV_BULK_SIZE;
	op->u.readconsole.clear = clear;
	op->u.readconsole.incremental = incremental;
	op->u.readconsole.index = *index;
	op->u.readconsole.count = size;
	set_xen_guest_handle(op->u.readconsole.buffer, bulk);
	if (sysctl_call(hv))
		return -1;
	*index = op->u.readconsole.index;
	if (op->u.readconsole.count < size)
		size = op->u.readconsole.count;
	memcpy(buf, bulk, size);
	return (int)size;
}

int hv_debug_keys(struct hv *hv, const char *keys)
{
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_debug_keys);
	char *tail = (char *)hv->op + TAIL_OFFSET;
	size_t length = strlen(keys);

	if (length > 4096 - TAIL_OFFSET) {
		errno = E2BIG;
		return -1;
	}
	memcpy(tail, keys, length);
	set_xen_guest_handle(op->u.debug_keys.keys, tail);
	op->u.debug_keys.nr_keys = (uint32_t)length;
	return sysctl_call(hv);
}

int hv_cpupool(struct hv *hv, uint32_t id, struct xen_sysctl_cpupool_op *info,
	       struct dais_cpumap *cpus)
{
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_cpupool_op);
	uint8_t *tail = (uint8_t *)hv->op + TAIL_OFFSET;

	memset(tail, 0, sizeof(*cpus));
	op->u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
	op->u.cpupool_op.cpupool_id = id;
	set_xen_guest_handle(op->u.cpupool_op.cpumap.bitmap, tail);
	op->u.cpupool_op.cpumap.nr_bits = DAIS_CPUS_MAX;
	if (sysctl_call(hv))
		return -1;
	*info = op->u.cpupool_op;
	memcpy(cpus, tail, sizeof(*cpus));
	return 0;
}

uint32_t hv_free_cpus(struct hv *hv)
{
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_cpupool_op);
	uint8_t *tail = (uint8_t *)hv->op + TAIL_OFFSET;
	uint32_t count = 0;

	memset(tail, 0, DAIS_CPUS_MAX / 8);
	op->u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
	set_xen_guest_handle(op->u.cpupool_op.cpumap.bitmap, tail);
	op->u.cpupool_op.cpumap.nr_bits = DAIS_CPUS_MAX;
	if (sysctl_call(hv))
		return 0;
	for (size_t i = 0; i < DAIS_CPUS_MAX / 8; i++)
		count += (uint32_t)__builtin_popcount(tail[i]);
	return count;
}

int hv_cpu_topology(struct hv *hv, struct xen_sysctl_cputopo *cpus, uint32_t max)
{
	struct xen_sysctl_cputopo *bulk = hv_bulk(hv, HV_BULK_SIZE);
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_cputopoinfo);
	uint32_t count;

	if (!bulk)
		return -1;
	if (max > HV_BULK_SIZE / sizeof(*bulk))
		max = HV_BULK_SIZE / sizeof(*bulk);
	op->u.cputopoinfo.num_cpus = max;
	set_xen_guest_handle(op->u.cputopoinfo.cputopo, bulk);
	if (sysctl_call(hv))
		return -1;
	count = op->u.cputopoinfo.num_cpus;
	memcpy(cpus, bulk, (count < max ? count : max) * sizeof(*cpus));
	return (int)count;
}

int hv_nodes(struct hv *hv, const struct xen_sysctl_meminfo **memory, const uint32_t **distance,
	     uint32_t max)
{
	struct xen_sysctl_meminfo *bulk = hv_bulk(hv, HV_BULK_SIZE);
	struct xen_sysctl *op = sysctl_start(hv, XEN_SYSCTL_numainfo);
	uint32_t *far = bulk ? (uint32_t *)(void *)(bulk + max) : NULL;

	if (!bulk)
		return -1;
	if (max * sizeof(*bulk) + max * max * sizeof(*far) > HV_BULK_SIZE) {
		errno = E2BIG;
		return -1;
	}
	op->u.numainfo.num_nodes = max;
	set_xen_guest_handle(op->u.numainfo.meminfo, bulk);
	set_xen_guest_handle(op->u.numainfo.distance, far);
	if (sysctl_call(hv))
		return -1;
	*memory = bulk;
	*distance = far;
	return op->u.numainfo.num_nodes < max ? (int)op->u.numainfo.num_nodes : (int)max;
}

int hv_version_text(struct hv *hv, unsigned int cmd, char *buf, size_t size)
{
	char *text = hv->op;

	memset(text, 0, 4096);
	hv->calls++;
	if (xencall2(hv->call, __HYPERVISOR_xen_version, cmd, (uintptr_t)text) < 0)
		return -1;
	text[4095] = 0;
	if (size) {
		size_t length = strlen(text);

		length = length < size ? length : size - 1;
		memcpy(buf, text, length);
		buf[length] = 0;
	}
	return 0;
}

int hv_version(struct hv *hv, unsigned int *major, unsigned int *minor)
{
	int ret = xencall2(hv->call, __HYPERVISOR_xen_version, XENVER_version, 0);

	hv->calls++;
	if (ret < 0)
		return -1;
	*major = (unsigned int)ret >> 16;
	*minor = (unsigned int)ret & 0xffff;
	return 0;
}
