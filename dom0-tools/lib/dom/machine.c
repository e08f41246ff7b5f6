// SPDX-License-Identifier: MIT
/*
 * The host's description, put together from a handful of calls.
 */
#include "dom/machine.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/version.h>
#include <xen/xen.h>

#include "cleanup.h"
#include "dom/host.h"
#include "export.h"
#include "hv/sysctl.h"

static const char *scheduler_name(uint32_t id)
{
	switch (id) {
	case XEN_SCHEDULER_CREDIT:
		return "credit";
	case XEN_SCHEDULER_CREDIT2:
		return "credit2";
	case XEN_SCHEDULER_ARINC653:
		return "arinc653";
	case XEN_SCHEDULER_RTDS:
		return "rtds";
	case XEN_SCHEDULER_NULL:
		return "null";
	default:
		return "unknown";
	}
}

static int host_failed(struct dais_error *err, const char *what)
{
	return dais_fail_errno(err, DAIS_FAILED, errno, what, NULL);
}

static void add_texts(struct hv *hv, struct dais_machine *m)
{
	struct xen_compile_info compile;
	unsigned int major = 0, minor = 0;

	/* A text that the hypervisor does not tell stays empty. */
	hv_version_text(hv, XENVER_extraversion, m->extra, sizeof(m->extra));
	hv_version_text(hv, XENVER_changeset, m->changeset, sizeof(m->changeset));
	hv_version_text(hv, XENVER_capabilities, m->capabilities, sizeof(m->capabilities));
	hv_version_text(hv, XENVER_commandline, m->command_line, sizeof(m->command_line));
	if (!hv_version(hv, &major, &minor))
		snprintf(m->hypervisor, sizeof(m->hypervisor), "%u.%u%s", major, minor, m->extra);
	if (!hv_version_text(hv, XENVER_compile_info, NULL, 0)) {
		memcpy(&compile, hv->op, sizeof(compile));
		snprintf(m->compiler, sizeof(m->compiler), "%.*s",
			 (int)sizeof(compile.compiler) - 1, compile.compiler);
		snprintf(m->build_date, sizeof(m->build_date), "%.*s",
			 (int)sizeof(compile.compile_date) - 1, compile.compile_date);
	}
}

EXPORT int dais_machine(struct dais *host, struct dais_machine *m, struct dais_error *err)
{
	struct hv *hv = &host->hv;
	struct xen_sysctl_physinfo info;
	uint32_t scheduler;

	memset(m, 0, sizeof(*m));
	if (hv_physinfo(hv, &info))
		return host_failed(err, "ask about the host");
	m->scheduler = hv_sched_id(hv, &scheduler) ? "unknown" : scheduler_name(scheduler);
	m->cpus = info.nr_cpus;
	m->nodes = info.nr_nodes;
	m->threads_per_core = info.threads_per_core;
	m->cores_per_socket = info.cores_per_socket;
	m->cpu_khz = info.cpu_khz;
	m->total_kb = info.total_pages << 2;
	m->free_kb = info.free_pages << 2;
	m->claimed_kb = info.outstanding_pages << 2;
	m->pv = info.capabilities & XEN_SYSCTL_PHYSCAP_pv;
	m->hvm = info.capabilities & XEN_SYSCTL_PHYSCAP_hvm;
	m->grant_versions = (info.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v1 ? 1u : 0u) |
			    (info.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2 ? 2u : 0u);
	memcpy(m->hw_caps, info.hw_cap, sizeof(m->hw_caps));
	add_texts(hv, m);
	return 0;
}

EXPORT int dais_log_read(struct dais *host, bool clear, uint32_t *index, char **text, size_t *size,
			 struct dais_error *err)
{
	char *all = NULL;
	size_t used = 0;
	bool more = *index;

	for (;;) {
		char *grown = realloc(all, used + HV_BULK_SIZE + 1);
		int got;

		if (!grown) {
			free(all);
			return dais_fail_errno(err, DAIS_FAILED, ENOMEM, "read the log", NULL);
		}
		all = grown;
		got = hv_read_console(&host->hv, all + used, HV_BULK_SIZE, clear, more, index);
		if (got < 0) {
			free(all);
			return host_failed(err, "read the hypervisor's log");
		}
		used += (size_t)got;
		/* The rest of a long log comes by its index. */
		if ((size_t)got < HV_BULK_SIZE || clear)
			break;
		more = true;
	}
	all[used] = 0;
	*text = all;
	*size = used;
	return 0;
}

EXPORT int dais_debug_keys(struct dais *host, const char *keys, struct dais_error *err)
{
	return hv_debug_keys(&host->hv, keys) ? host_failed(err, "send debug keys") : 0;
}

EXPORT int dais_pools(struct dais *host, struct dais_pool **list, size_t *count,
		      struct dais_error *err)
{
	struct dais_pool *all = NULL;
	struct xen_sysctl_cpupool_op info;
	struct dais_cpumap cpus;

	*count = 0;
	for (uint32_t id = 0; !hv_cpupool(&host->hv, id, &info, &cpus); id = info.cpupool_id + 1) {
		struct dais_pool *more = realloc(all, (*count + 1) * sizeof(*all));
		struct dais_pool *pool;
		autofree char *name = NULL;

		if (!more) {
			free(all);
			return dais_fail_errno(err, DAIS_FAILED, ENOMEM, "list the pools", NULL);
		}
		all = more;
		pool = &all[(*count)++];
		pool->id = info.cpupool_id;
		pool->domains = info.n_dom;
		pool->scheduler = scheduler_name(info.sched_id);
		pool->cpus = cpus;
		name = store_read(&host->store, "/local/pool/%u/name", pool->id);
		if (name && *name)
			snprintf(pool->name, sizeof(pool->name), "%s", name);
		else
			snprintf(pool->name, sizeof(pool->name), "Pool-%u", pool->id);
	}
	if (errno != ENOENT) {
		free(all);
		return host_failed(err, "list the pools");
	}
	*list = all;
	return 0;
}

EXPORT int dais_ratelimit(struct dais *host, uint32_t pool, int64_t *us, struct dais_error *err)
{
	uint32_t value = *us < 0 ? 0 : (uint32_t)*us;
	bool set = *us >= 0;

	if ((set && hv_ratelimit(&host->hv, pool, &value, true)) ||
	    hv_ratelimit(&host->hv, pool, &value, false))
		return host_failed(err, set ? "set the scheduler's rate limit"
					    : "ask for the scheduler's rate limit");
	*us = value;
	return 0;
}

EXPORT int dais_topology(struct dais *host, struct dais_topology *topology, uint32_t *node_of,
			 struct dais_error *err)
{
	autofree struct xen_sysctl_cputopo *cpus = calloc(DAIS_CPUS_MAX, sizeof(*cpus));
	int count = cpus ? hv_cpu_topology(&host->hv, cpus, DAIS_CPUS_MAX) : -1;

	if (count < 0)
		return host_failed(err, "ask about the CPUs");
	if (count > DAIS_CPUS_MAX)
		count = DAIS_CPUS_MAX;
	topology->cpus = (uint32_t)count;
	topology->nodes = 0;
	topology->node_of = node_of;
	for (int i = 0; i < count; i++) {
		bool offline = cpus[i].core == XEN_INVALID_CORE_ID;

		node_of[i] = offline ? UINT32_MAX : cpus[i].node;
		if (!offline && cpus[i].node + 1 > topology->nodes)
			topology->nodes = cpus[i].node + 1;
	}
	return 0;
}
