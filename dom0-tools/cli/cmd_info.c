/* SPDX-License-Identifier: MIT */
/*
 * dais info: the host, in xl's words.
 */
#include <stdio.h>
#include <sys/utsname.h>

#include "commands.h"
#include "dom/machine.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'n', "numa", NULL, "NUMA topology as well"},
	{0, NULL, NULL, NULL},
};

static void print_info(const struct dais_machine *m)
{
	struct utsname u;

	uname(&u);
	printf("host                   : %s\n", u.nodename);
	printf("release                : %s\n", u.release);
	printf("version                : %s\n", u.version);
	printf("machine                : %s\n", u.machine);
	printf("nr_cpus                : %u\n", m->cpus);
	printf("nr_nodes               : %u\n", m->nodes);
	printf("cores_per_socket       : %u\n", m->cores_per_socket);
	printf("threads_per_core       : %u\n", m->threads_per_core);
	printf("cpu_mhz                : %u.%03u\n", m->cpu_khz / 1000, m->cpu_khz % 1000);
	printf("hw_caps                : %08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x\n", m->hw_caps[0],
	       m->hw_caps[1], m->hw_caps[2], m->hw_caps[3], m->hw_caps[4], m->hw_caps[5],
	       m->hw_caps[6], m->hw_caps[7]);
	printf("virt_caps              :%s%s%s%s\n", m->pv ? " pv" : "", m->hvm ? " hvm" : "",
	       m->grant_versions & 1 ? " gnttab-v1" : "",
	       m->grant_versions & 2 ? " gnttab-v2" : "");
	printf("total_memory           : %llu\n", (unsigned long long)(m->total_kb >> 10));
	printf("free_memory            : %llu\n", (unsigned long long)(m->free_kb >> 10));
	printf("outstanding_claims     : %llu\n", (unsigned long long)(m->claimed_kb >> 10));
	printf("xen_version            : %s\n", m->hypervisor);
	printf("xen_caps               : %s\n", m->capabilities);
	printf("xen_scheduler          : %s\n", m->scheduler);
	printf("xen_pagesize           : 4096\n");
	printf("xen_changeset          : %s\n", m->changeset);
	printf("xen_commandline        : %s\n", m->command_line);
	printf("cc_compiler            : %s\n", m->compiler);
	printf("cc_compile_date        : %s\n", m->build_date);
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
	return o;
}

static int add_nodes(struct cli *cli, struct json_object *o, struct dais_error *err)
{
	static uint32_t nodes[DAIS_CPUS_MAX];
	struct json_object *array;
	struct dais_topology topology;

	if (dais_topology(cli->host, &topology, nodes, err))
		return -1;
	array = json_object_new_array();
	for (uint32_t i = 0; i < topology.cpus; i++)
		json_append(array,
			    nodes[i] == UINT32_MAX ? JSON_NULL : json_object_new_int64(nodes[i]));
	json_set(o, "cpu_nodes", array);
	return 0;
}

static int print_topology(struct cli *cli)
{
	static uint32_t nodes[DAIS_CPUS_MAX];
	struct dais_topology topology;
	struct dais_error err;

	if (dais_topology(cli->host, &topology, nodes, &err))
		return cli_report(cli, &err);
	printf("cpu_topology           :\ncpu:    node\n");
	for (uint32_t i = 0; i < topology.cpus; i++) {
		if (nodes[i] == UINT32_MAX)
			printf("%3u:    offline\n", i);
		else
			printf("%3u:    %4u\n", i, nodes[i]);
	}
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
	if (cli->json) {
		struct json_object *o = info_json(&machine);

		if (numa && add_nodes(cli, o, &err)) {
			json_object_put(o);
			return cli_report(cli, &err);
		}
		return output_json("dais.info", o);
	}
	print_info(&machine);
	return numa ? print_topology(cli) : 0;
}

const struct command command_info = {
	.name = "info",
	.synopsis = "[OPTION...]",
	.summary = "Describe the host",
	.options = options,
	.run = run,
};
