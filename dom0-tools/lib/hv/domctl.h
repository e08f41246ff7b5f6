/* SPDX-License-Identifier: MIT */
/*
 * Control of one domain: a thin function per domctl (<xen/domctl.h>, abi-rows.md E.3) and per other
 * call made in a domain's name. All return 0, or -1 with errno as the hypervisor gave it.
 */
#ifndef DAIS_HV_DOMCTL_H
#define DAIS_HV_DOMCTL_H

#include <stdbool.h>

#include <stdint.h>

#include <xen/domctl.h>
#include <xen/xen.h>

#include "config/config.h"
#include "hv/handle.h"

/* Makes a domain with the lowest free number above those used lately; it goes to @domid. */
int hv_create_domain(struct hv *hv, const struct xen_domctl_createdomain *how, uint32_t *domid);
/* Returns once the domain's memory is on its way back; the number stays in use until all is. */
int hv_destroy_domain(struct hv *hv, uint32_t domid);
int hv_pause(struct hv *hv, uint32_t domid);
int hv_unpause(struct hv *hv, uint32_t domid);

/* Of exactly @domid: ESRCH if there is none of that number. */
int hv_domain_info(struct hv *hv, uint32_t domid, struct xen_domctl_getdomaininfo *info);

int hv_max_mem(struct hv *hv, uint32_t domid, uint64_t kb);
int hv_max_vcpus(struct hv *hv, uint32_t domid, uint32_t count);
int hv_set_address_size(struct hv *hv, uint32_t domid, uint32_t bits);
int hv_set_tsc(struct hv *hv, uint32_t domid, uint32_t mode);
/* CPUID says that the counter never changes its pace, where that holds on this machine. */
int hv_show_invariant_tsc(struct hv *hv, uint32_t domid);
int hv_set_time_offset(struct hv *hv, uint32_t domid, int64_t seconds);
int hv_hypercall_page(struct hv *hv, uint32_t domid, xen_pfn_t mfn);
int hv_set_uuid(struct hv *hv, uint32_t domid, const uint8_t uuid[16]);

int hv_set_context(struct hv *hv, uint32_t domid, uint32_t vcpu,
		   const struct vcpu_guest_context *context);
int hv_vcpu_info(struct hv *hv, uint32_t domid, uint32_t vcpu, struct xen_domctl_getvcpuinfo *info);
/* The nodes that its memory is taken from. */
int hv_node_affinity(struct hv *hv, uint32_t domid, struct dais_cpumap *nodes);

/* CPUs that a vCPU may run on, and those it should. Either may be NULL: not asked, not set. */
int hv_get_affinity(struct hv *hv, uint32_t domid, uint32_t vcpu, struct dais_cpumap *hard,
		    struct dais_cpumap *soft);
int hv_set_affinity(struct hv *hv, uint32_t domid, uint32_t vcpu, const struct dais_cpumap *hard,
		    const struct dais_cpumap *soft);

/* Weight and cap under the credit schedulers; @scheduler is what hv_sched_id() says. */
int hv_sched_get(struct hv *hv, uint32_t domid, uint32_t scheduler, uint16_t *weight,
		 uint16_t *cap);
int hv_sched_put(struct hv *hv, uint32_t domid, uint32_t scheduler, uint16_t weight, uint16_t cap);

int hv_trigger(struct hv *hv, uint32_t domid, uint32_t vcpu, uint32_t trigger);
int hv_ioports(struct hv *hv, uint32_t domid, uint32_t first, uint32_t count, bool allow);
int hv_iomem(struct hv *hv, uint32_t domid, uint64_t first, uint64_t count, bool allow);
int hv_irq(struct hv *hv, uint32_t domid, uint32_t pirq, bool allow);

/* A port of @domid's that @remote may bind to (event_channel_op, abi-rows.md D.1). */
int hv_alloc_port(struct hv *hv, uint32_t domid, uint32_t remote, uint32_t *port);

#endif
