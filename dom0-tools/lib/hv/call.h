/* SPDX-License-Identifier: MIT */
/*
 * How this room calls: the argument is the handle's own page, zeroed and named by the first of two
 * functions, filled by who calls, handed over by the second. Only for files of hv/.
 */
#ifndef DAIS_HV_CALL_H
#define DAIS_HV_CALL_H

#include <stdint.h>
#include <string.h>

#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <xen/xen.h>

#include "hv/handle.h"

static inline struct xen_domctl *domctl_start(struct hv *hv, uint32_t cmd, uint32_t domid)
{
	struct xen_domctl *op = hv->op;

	memset(op, 0, sizeof(*op));
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = (domid_t)domid;
	return op;
}

static inline int domctl_call(struct hv *hv)
{
	hv->calls++;
	return xencall1(hv->call, __HYPERVISOR_domctl, (uintptr_t)hv->op) < 0 ? -1 : 0;
}

static inline struct xen_sysctl *sysctl_start(struct hv *hv, uint32_t cmd)
{
	struct xen_sysctl *op = hv->op;

	memset(op, 0, sizeof(*op));
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return op;
}

static inline int sysctl_call(struct hv *hv)
{
	hv->calls++;
	return xencall1(hv->call, __HYPERVISOR_sysctl, (uintptr_t)hv->op) < 0 ? -1 : 0;
}

/* Its arguments differ: who calls has zeroed the page. What the call returns, or -1 with errno. */
static inline long memory_op(struct hv *hv, unsigned int cmd)
{
	hv->calls++;
	return xencall2L(hv->call, __HYPERVISOR_memory_op, cmd, (uintptr_t)hv->op);
}

#endif
