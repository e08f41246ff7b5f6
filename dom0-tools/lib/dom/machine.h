/* SPDX-License-Identifier: MIT */
/*
 * The host as a whole: what it is, what its hypervisor says, its CPU pools. Errors as in
 * dom/domain.h.
 */
#ifndef DAIS_DOM_MACHINE_H
#define DAIS_DOM_MACHINE_H

#include "dom/domain.h"

struct dais_machine {
	char hypervisor[64]; /* "4.17.7", as it says itself */
	char extra[32], changeset[64], compiler[64], build_date[32], capabilities[256];
	char command_line[1024];
	const char *scheduler; /* "credit2" */
	uint32_t cpus, nodes, threads_per_core, cores_per_socket, cpu_khz;
	uint64_t total_kb, free_kb, claimed_kb;
	bool pv, hvm; /* kinds of guests */
	uint32_t grant_versions; /* bit 0: 1, bit 1: 2 */
	uint32_t hw_caps[8];
	uint32_t major, minor; /* of the hypervisor */
	uint32_t max_cpu_id, free_cpus; /* free: in no pool */
	uint64_t shared_kb, sharing_freed_kb; /* one page of several domains */
	uint64_t virt_start; /* where the hypervisor's part of address spaces begins */
	char built_by[16], built_at[32], build_id[65]; /* who, in which mail domain; in hex */
	char abilities[160]; /* "pv hvm hap gnttab-v1", as xl has them */
};
int dais_machine(struct dais *host, struct dais_machine *machine, struct dais_error *err);

/*
 * The hypervisor's log, which the caller frees; @size is its length, and there is a NUL behind
 * it. @index: 0 for all of it, then what the last call left there, for what came since.
 */
int dais_log_read(struct dais *host, bool clear, uint32_t *index, char **text, size_t *size,
		  struct dais_error *err);
int dais_debug_keys(struct dais *host, const char *keys, struct dais_error *err);

struct dais_pool {
	uint32_t id, domains;
	char name[64];
	const char *scheduler;
	struct dais_cpumap cpus;
};
/* The caller frees @list. */
int dais_pools(struct dais *host, struct dais_pool **list, size_t *count, struct dais_error *err);

/*
 * The least time in microseconds that a vCPU of the pool runs before another gets its turn.
 * Below 0: only asked; what is in force comes back.
 */
int dais_ratelimit(struct dais *host, uint32_t pool, int64_t *us, struct dais_error *err);

struct dais_cpu {
	uint32_t core, socket, node; /* node UINT32_MAX: it is off */
};
struct dais_node {
	uint64_t total_kb, free_kb;
	uint32_t distance[DAIS_NODES_MAX]; /* to each node; 10: to itself */
};
/* The caller frees @list. */
int dais_cpus(struct dais *host, struct dais_cpu **list, size_t *count, struct dais_error *err);
int dais_nodes(struct dais *host, struct dais_node **list, size_t *count, struct dais_error *err);

/* Nodes of CPUs, for dais_cpulist_parse(). @node_of has room for DAIS_CPUS_MAX. */
int dais_topology(struct dais *host, struct dais_topology *topology, uint32_t *node_of,
		  struct dais_error *err);

#endif
