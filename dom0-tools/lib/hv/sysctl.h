/* SPDX-License-Identifier: MIT */
/*
 * The machine as a whole: a thin function per sysctl (<xen/sysctl.h>, abi-rows.md E.4) and per
 * version query. All return 0 or a count, or -1 with errno as the hypervisor gave it.
 */
#ifndef DAIS_HV_SYSCTL_H
#define DAIS_HV_SYSCTL_H

#include <stdbool.h>

#include <stdint.h>

#include <xen/sysctl.h>
#include <xen/xen.h>

#include "config/config.h"
#include "hv/handle.h"

int hv_physinfo(struct hv *hv, struct xen_sysctl_physinfo *info);
/* The least time in microseconds that a vCPU of the pool runs; asked or set. */
int hv_ratelimit(struct hv *hv, uint32_t pool, uint32_t *us, bool set);
int hv_sched_id(struct hv *hv, uint32_t *scheduler);

/*
 * The domains from number @first on. *@list points into the handle's buffer, good until its next
 * call. Returns how many; *@more tells that there may be others behind them.
 */
int hv_domain_list(struct hv *hv, uint32_t first, const struct xen_domctl_getdomaininfo **list,
		   bool *more);

/* Reads at most @size bytes of the log. @index is where to go on (0: the start), updated. */
int hv_read_console(struct hv *hv, char *buf, uint32_t size, bool clear, bool incremental,
		    uint32_t *index);
int hv_debug_keys(struct hv *hv, const char *keys);

/* The first CPU pool of number @id or more: ENOENT if there is none. */
int hv_cpupool(struct hv *hv, uint32_t id, struct xen_sysctl_cpupool_op *info,
	       struct dais_cpumap *cpus);

/* How many CPUs are in no pool; 0 if the hypervisor does not tell. */
uint32_t hv_free_cpus(struct hv *hv);

/* Node, socket and core of each CPU, at most @max; returns how many there are. */
int hv_cpu_topology(struct hv *hv, struct xen_sysctl_cputopo *cpus, uint32_t max);

/*
 * Memory of each node, at most @max, and distances between them: that of nodes i and j stands at
 * i * the result + j. Both good until the handle's next call.
 */
int hv_nodes(struct hv *hv, const struct xen_sysctl_meminfo **memory, const uint32_t **distance,
	     uint32_t max);

/* What XENVER_@cmd says, as text, into @buf. */
int hv_version_text(struct hv *hv, unsigned int cmd, char *buf, size_t size);
int hv_version(struct hv *hv, unsigned int *major, unsigned int *minor);

#endif
