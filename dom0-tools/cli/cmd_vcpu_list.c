/* SPDX-License-Identifier: MIT */
/*
 * dais vcpu-list: the vCPUs of domains, where they run and where they may.
 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "dom/machine.h"
#include "host.h"
#include "json.h"
#include "output.h"

static void print_vcpu(const struct dais_domain *domain, const struct dais_vcpu *v, uint32_t cpus)
{
	char hard[256], soft[256];

	printf("%-32s %5u %5u", domain->name, domain->domid, v->id);
	if (v->online)
		printf("%5u   %c%c- ", v->cpu, v->running ? 'r' : '-', v->blocked ? 'b' : '-');
	else
		printf("    -   --p ");
	printf("%9.1f", (double)v->cpu_ns / 1e9);
	printf("  %s / %s\n", dais_cpulist_text(&v->hard, cpus, hard, sizeof(hard)),
	       dais_cpulist_text(&v->soft, cpus, soft, sizeof(soft)));
}

static struct json_object *vcpu_json(const struct dais_domain *domain, const struct dais_vcpu *v,
				     uint32_t cpus)
{
	struct json_object *o = json_object_new_object();
	char text[256];

	json_set(o, "domid", json_object_new_int64(domain->domid));
	json_set(o, "name", json_object_new_string(domain->name));
	json_set(o, "vcpu", json_object_new_int64(v->id));
	json_set(o, "cpu", v->online ? json_object_new_int64(v->cpu) : JSON_NULL);
	json_set(o, "online", json_object_new_boolean(v->online));
	json_set(o, "blocked", json_object_new_boolean(v->blocked));
	json_set(o, "running", json_object_new_boolean(v->running));
	json_set(o, "cpu_ns", json_object_new_int64((int64_t)v->cpu_ns));
	dais_cpulist_text(&v->hard, cpus, text, sizeof(text));
	json_set(o, "affinity", json_object_new_string(text));
	dais_cpulist_text(&v->soft, cpus, text, sizeof(text));
	json_set(o, "soft_affinity", json_object_new_string(text));
	return o;
}

static int show(struct cli *cli, const struct dais_domain *domain, uint32_t cpus,
		struct json_object *array)
{
	struct dais_vcpu *list;
	struct dais_error err;
	size_t count;

	if (dais_vcpus(cli->host, domain->domid, &list, &count, &err))
		return cli_report(cli, &err);
	for (size_t i = 0; i < count; i++) {
		if (cli->json)
			json_append(array, vcpu_json(domain, &list[i], cpus));
		else
			print_vcpu(domain, &list[i], cpus);
	}
	free(list);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct json_object *array;
	struct dais_machine machine;
	struct dais_domain *list = NULL, one;
	struct dais_error err;
	struct args args;
	size_t count = 0;
	int status = 0;

	if (!host_args(&args, cli, argc, argv, 0, 1 << 20))
		return args.status;
	if (host_open(cli, &err) || dais_machine(cli->host, &machine, &err) ||
	    (!args.count && dais_list(cli->host, &list, &count, &err)))
		return cli_report(cli, &err);
	array = json_object_new_array();
	if (!cli->json)
		printf("Name                                ID  VCPU   CPU State   Time(s) "
		       "Affinity (Hard / Soft)\n");
	for (size_t i = 0; i < count && !status; i++)
		status = show(cli, &list[i], machine.cpus, array);
	for (int i = 0; i < args.count && !status; i++) {
		if (dais_find(cli->host, args.list[i], &one, &err))
			status = cli_report(cli, &err);
		else
			status = show(cli, &one, machine.cpus, array);
	}
	free(list);
	if (cli->json && !status)
		return output_json("dais.vcpus", array);
	json_object_put(array);
	return status;
}

const struct command command_vcpu_list = {
	.name = "vcpu-list",
	.synopsis = "[DOMAIN...]",
	.summary = "List vCPUs",
	.arguments = ARGUMENT_DOMAINS,
	.run = run,
};
