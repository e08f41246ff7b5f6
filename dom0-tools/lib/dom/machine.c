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

#include <xen/memory.h>
#include <xen/version.h>
#include <xen/xen.h>

#include "cleanup.h"
#include "dom/host.h"
#include "export.h"
#include "hv/inspect.h"
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

/* The words of xl for what guests may have. */
static void add_abilities(struct dais_machine *m, uint32_t capabilities)
{
	const uint32_t pv = XEN_SYSCTL_PHYSCAP_pv, hvm = XEN_SYSCTL_PHYSCAP_hvm,
		       direct = XEN_SYSCTL_PHYSCAP_directio;
	const struct {
		const char *word;
		uint32_t needs;
	} words[] = {
		{"pv", pv},
		{"hvm", hvm},
		{"hvm_directio", hvm | direct},
		{"pv_directio", pv | direct},
		{"hap", XEN_SYSCTL_PHYSCAP_hap},
		{"shadow", XEN_SYSCTL_PHYSCAP_shadow},
		{"iommu_hap_pt_share", XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share},
		{"vmtrace", XEN_SYSCTL_PHYSCAP_vmtrace},
		{"vpmu", XEN_SYSCTL_PHYSCAP_vpmu},
		{"gnttab-v1", XEN_SYSCTL_PHYSCAP_gnttab_v1},
		{"gnttab-v2", XEN_SYSCTL_PHYSCAP_gnttab_v2},
	};
	size_t used = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if ((capabilities & words[i].needs) == words[i].needs)
			used += (size_t)snprintf(m->abilities + used, sizeof(m->abilities) - used,
						 "%s%s", used ? " " : "", words[i].word);
	}
}

static void add_texts(struct hv *hv, struct dais_machine *m)
{
	struct xen_compile_info compile;
	struct xen_platform_parameters platform;
	unsigned int major = 0, minor = 0;

	/* A text that the hypervisor does not tell stays empty. */
	hv_version_text(hv, XENVER_extraversion, m->extra, sizeof(m->extra));
	hv_version_text(hv, XENVER_changeset, m->changeset, sizeof(m->changeset));
	hv_version_text(hv, XENVER_capabilities, m->capabilities, sizeof(m->capabilities));
	hv_version_text(hv, XENVER_commandline, m->command_line, sizeof(m->command_line));
	if (!hv_version(hv, &major, &minor))
		snprintf(m->hypervisor, sizeof(m->hypervisor), "%u.%u%s", major, minor, m->extra);
	m->major = major;
	m->minor = minor;
	if (!hv_version_answer(hv, XENVER_platform_parameters, &platform, sizeof(platform)))
		m->virt_start = platform.virt_start;
	hv_build_id(hv, m->build_id, sizeof(m->build_id));
	if (!hv_version_text(hv, XENVER_compile_info, NULL, 0)) {
		memcpy(&compile, hv->op, sizeof(compile));
		snprintf(m->compiler, sizeof(m->compiler), "%.*s",
			 (int)sizeof(compile.compiler) - 1, compile.compiler);
		snprintf(m->build_date, sizeof(m->build_date), "%.*s",
			 (int)sizeof(compile.compile_date) - 1, compile.compile_date);
		snprintf(m->built_by, sizeof(m->built_by), "%.*s",
			 (int)sizeof(compile.compile_by) - 1, compile.compile_by);
		snprintf(m->built_at, sizeof(m->built_at), "%.*s",
			 (int)sizeof(compile.compile_domain) - 1, compile.compile_domain);
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
	m->max_cpu_id = info.max_cpu_id;
	add_abilities(m, info.capabilities);
	m->free_cpus = hv_free_cpus(hv);
	m->shared_kb = hv_shared_pages(hv, XENMEM_get_sharing_shared_pages) << 2;
	m->sharing_freed_kb = hv_shared_pages(hv, XENMEM_get_sharing_freed_pages) << 2;
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

EXPORT int dais_cpus(struct dais *host, struct dais_cpu **list, size_t *count,
		     struct dais_error *err)
{
	autofree struct xen_sysctl_cputopo *cpus = calloc(DAIS_CPUS_MAX, sizeof(*cpus));
	autofree struct dais_cpu *all = calloc(DAIS_CPUS_MAX, sizeof(*all));
	int got = cpus && all ? hv_cpu_topology(&host->hv, cpus, DAIS_CPUS_MAX) : -1;

	if (got < 0)
		return host_failed(err, "ask about the CPUs");
	*count = got < DAIS_CPUS_MAX ? (size_t)got : DAIS_CPUS_MAX;
	for (size_t i = 0; i < *count; i++) {
		bool off = cpus[i].core == XEN_INVALID_CORE_ID;

		all[i] = (struct dais_cpu){cpus[i].core, cpus[i].socket,
					   off ? UINT32_MAX : cpus[i].node};
	}
	*list = steal_ptr(all);
	return 0;
}

EXPORT int dais_nodes(struct dais *host, struct dais_node **list, size_t *count,
		      struct dais_error *err)
{
	autofree struct dais_node *all = calloc(DAIS_NODES_MAX, sizeof(*all));
	const struct xen_sysctl_meminfo *memory;
	const uint32_t *distance;
	int got = all ? hv_nodes(&host->hv, &memory, &distance, DAIS_NODES_MAX) : -1;

	if (got < 0)
		return host_failed(err, "ask about the nodes");
	*count = (size_t)got;
	for (size_t i = 0; i < *count; i++) {
		/* One without memory says so. */
		if (memory[i].memsize != XEN_INVALID_MEM_SZ) {
			all[i].total_kb = memory[i].memsize >> 10;
			all[i].free_kb = memory[i].memfree >> 10;
		}
		for (size_t j = 0; j < *count; j++)
			all[i].distance[j] = distance[i * *count + j];
	}
	*list = steal_ptr(all);
	return 0;
}
