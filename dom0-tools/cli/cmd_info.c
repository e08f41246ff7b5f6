/* SPDX-License-Identifier: MIT */
/*
 * dais info: the host, in xl's words and order.
 */
#include <stdio.h>
#include <sys/utsname.h>

#include "cleanup.h"
#include "commands.h"
#include "dom/machine.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'n', "numa", NULL, "NUMA topology as well"},
	{0, NULL, NULL, NULL},
};

/* xl's lines in xl's order: scripts cut them apart. */
static void print_host(const struct dais_machine *m)
{
	struct utsname u;

	uname(&u);
	printf("host                   : %s\n", u.nodename);
	printf("release                : %s\n", u.release);
	printf("version                : %s\n", u.version);
	printf("machine                : %s\n", u.machine);
	printf("nr_cpus                : %u\n", m->cpus);
	printf("max_cpu_id             : %u\n", m->max_cpu_id);
	printf("nr_nodes               : %u\n", m->nodes);
	printf("cores_per_socket       : %u\n", m->cores_per_socket);
	printf("threads_per_core       : %u\n", m->threads_per_core);
	printf("cpu_mhz                : %u.%03u\n", m->cpu_khz / 1000, m->cpu_khz % 1000);
	printf("hw_caps                : %08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x\n", m->hw_caps[0],
	       m->hw_caps[1], m->hw_caps[2], m->hw_caps[3], m->hw_caps[4], m->hw_caps[5],
	       m->hw_caps[6], m->hw_caps[7]);
	printf("virt_caps              :%s%s\n", *m->abilities ? " " : "", m->abilities);
	printf("total_memory           : %llu\n", (unsigned long long)(m->total_kb >> 10));
	printf("free_memory            : %llu\n", (unsigned long long)(m->free_kb >> 10));
	printf("sharing_freed_memory   : %llu\n", (unsigned long long)(m->sharing_freed_kb >> 10));
	printf("sharing_used_memory    : %llu\n", (unsigned long long)(m->shared_kb >> 10));
	printf("outstanding_claims     : %llu\n", (unsigned long long)(m->claimed_kb >> 10));
	printf("free_cpus              : %u\n", m->free_cpus);
}

static void print_hypervisor(const struct dais_machine *m)
{
	printf("xen_major              : %u\n", m->major);
	printf("xen_minor              : %u\n", m->minor);
	printf("xen_extra              : %s\n", m->extra);
	printf("xen_version            : %s\n", m->hypervisor);
	printf("xen_caps               : %s\n", m->capabilities);
	printf("xen_scheduler          : %s\n", m->scheduler);
	printf("xen_pagesize           : 4096\n");
	printf("platform_params        : virt_start=0x%llx\n", (unsigned long long)m->virt_start);
	printf("xen_changeset          : %s\n", m->changeset);
	printf("xen_commandline        : %s\n", m->command_line);
	printf("cc_compiler            : %s\n", m->compiler);
	printf("cc_compile_by          : %s\n", m->built_by);
	printf("cc_compile_domain      : %s\n", m->built_at);
	printf("cc_compile_date        : %s\n", m->build_date);
	printf("build_id               : %s\n", m->build_id);
	printf("xend_config_format     : 4\n");
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_set(o, key, json_object_new_string(text));
}

static void add_number(struct json_object *o, const char *key, uint64_t number)
{
	json_set(o, key, json_object_new_int64((int64_t)number));
}

static struct json_object *info_json(const struct dais_machine *m)
{
	struct json_object *o = json_object_new_object();
	struct utsname u;

	uname(&u);
	add_text(o, "host", u.nodename);
	add_text(o, "kernel", u.release);
	add_text(o, "hypervisor", m->hypervisor);
	add_text(o, "capabilities", m->capabilities);
	add_text(o, "changeset", m->changeset);
	add_text(o, "command_line", m->command_line);
	add_text(o, "scheduler", m->scheduler);
	add_number(o, "cpus", m->cpus);
	add_number(o, "nodes", m->nodes);
	add_number(o, "cores_per_socket", m->cores_per_socket);
	add_number(o, "threads_per_core", m->threads_per_core);
	add_number(o, "cpu_khz", m->cpu_khz);
	add_number(o, "memory_kb", m->total_kb);
	add_number(o, "free_kb", m->free_kb);
	add_number(o, "claimed_kb", m->claimed_kb);
	add_number(o, "max_cpu_id", m->max_cpu_id);
	add_number(o, "free_cpus", m->free_cpus);
	add_text(o, "abilities", m->abilities);
	add_text(o, "build_id", m->build_id);
	return o;
}

static void add_topology(struct json_object *o, const struct dais_cpu *cpus, size_t cpu_count,
			 const struct dais_node *nodes, size_t node_count)
{
	struct json_object *by_cpu = json_object_new_array(), *list = json_object_new_array();

	for (size_t i = 0; i < cpu_count; i++)
		json_append(by_cpu, cpus[i].node == UINT32_MAX
					    ? JSON_NULL
					    : json_object_new_int64(cpus[i].node));
	for (size_t i = 0; i < node_count; i++) {
		struct json_object *node = json_object_new_object();

		add_number(node, "memory_kb", nodes[i].total_kb);
		add_number(node, "free_kb", nodes[i].free_kb);
		json_append(list, node);
	}
	json_set(o, "cpu_nodes", by_cpu);
	json_set(o, "node_list", list);
}

static void print_topology(const struct dais_cpu *cpus, size_t cpu_count,
			   const struct dais_node *nodes, size_t node_count)
{
	printf("cpu_topology           :\ncpu:    core    socket     node\n");
	for (size_t i = 0; i < cpu_count; i++) {
		if (cpus[i].node != UINT32_MAX)
			printf("%3zu:    %4u     %4u     %4u\n", i, cpus[i].core, cpus[i].socket,
			       cpus[i].node);
	}
	printf("numa_info              :\nnode:    memsize    memfree    distances\n");
	for (size_t i = 0; i < node_count; i++) {
		printf("%4zu:    %6llu     %6llu      ", i,
		       (unsigned long long)(nodes[i].total_kb >> 10),
		       (unsigned long long)(nodes[i].free_kb >> 10));
		for (size_t j = 0; j < node_count; j++)
			printf("%s%u", j ? "," : "", nodes[i].distance[j]);
		putchar('\n');
	}
}

static int show(struct cli *cli, const struct dais_machine *machine, bool numa)
{
	autofree struct dais_cpu *cpus = NULL;
	autofree struct dais_node *nodes = NULL;
	size_t cpu_count = 0, node_count = 0;
	struct dais_error err;

	if (numa && (dais_cpus(cli->host, &cpus, &cpu_count, &err) ||
		     dais_nodes(cli->host, &nodes, &node_count, &err)))
		return cli_report(cli, &err);
	if (cli->json) {
		struct json_object *o = info_json(machine);

		if (numa)
			add_topology(o, cpus, cpu_count, nodes, node_count);
		return output_json("dais.info", o);
	}
	print_host(machine);
	if (numa)
		print_topology(cpus, cpu_count, nodes, node_count);
	print_hypervisor(machine);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_machine machine;
	struct dais_error err;
	struct args args;
	bool numa = false;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id != 'n')
			return args.status;
		numa = true;
	}
	if (!args_counted(&args, 0, 0))
		return args.status;
	if (host_open(cli, &err) || dais_machine(cli->host, &machine, &err))
		return cli_report(cli, &err);
	return show(cli, &machine, numa);
}

const struct command command_info = {
	.name = "info",
	.synopsis = "[OPTION...]",
	.summary = "Describe the host",
	.options = options,
	.run = run,
};
