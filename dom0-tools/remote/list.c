/* SPDX-License-Identifier: MIT */
/*
 * dais -c URI list, info, domid, domname: what there is on another host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "connect.h"
#include "json.h"
#include "output.h"

static const struct option_row list_options[] = {
	{'a', "all", NULL, "also those that are defined but not there"},
	{0, NULL, NULL, NULL},
};

static void print_domain(virDomainPtr domain, struct table *table)
{
	unsigned int id = virDomainGetID(domain);
	virDomainInfo info;

	if (virDomainGetInfo(domain, &info))
		return;
	table_add(table, "%s", virDomainGetName(domain));
	if (id == (unsigned int)-1)
		table_add(table, "-");
	else
		table_add(table, "%u", id);
	table_add(table, "%lu", info.memory >> 10);
	table_add(table, "%u", info.nrVirtCpu);
	table_add(table, "%s", remote_state_name(info.state));
	table_add(table, "%.1f", (double)info.cpuTime / 1e9);
}

static int show_all(struct cli *cli, virDomainPtr *list, int count)
{
	static const char *const titles[] = {"Name",  ">ID",      ">Mem", ">VCPUs",
					     "State", ">Time(s)", NULL};
	struct json_object *array = json_object_new_array(), *o;
	struct dais_error err;
	struct table table;
	int i;

	table_begin(&table, titles);
	for (i = 0; i < count; i++) {
		o = cli->json ? remote_domain_json(list[i], &err) : NULL;
		if (o)
			json_append(array, o);
		if (!cli->json)
			print_domain(list[i], &table);
	}
	if (cli->json)
		return output_json("dais.domains", array);
	json_object_put(array);
	table_end(&table);
	return 0;
}

/* Domains of the host into @list, which the caller frees, or just @who: how many. -1 with @err. */
static int list_domains(const struct cli *cli, virConnectPtr host, const char *who,
			unsigned int which, virDomainPtr **list, struct dais_error *err)
{
	int count;

	if (!who) {
		count = virConnectListAllDomains(host, list, which);
		if (count < 0)
			remote_failed(err, "list the domains of", cli->uri);
		return count;
	}
	*list = malloc(sizeof(**list));
	if (!*list) {
		dais_fail(err, DAIS_NO_MEMORY, "list the domain", who, "no memory left");
		return -1;
	}
	**list = remote_find(cli, who, err);
	return **list ? 1 : -1;
}

static int list_run(struct cli *cli, int argc, char **argv)
{
	unsigned int which = VIR_CONNECT_LIST_DOMAINS_ACTIVE;
	virDomainPtr *list = NULL;
	struct dais_error err;
	virConnectPtr host;
	struct args args;
	int i, id, count, status;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id != 'a')
			return args.status;
		which |= VIR_CONNECT_LIST_DOMAINS_INACTIVE;
	}
	if (!args_counted(&args, 0, 1))
		return args.status;
	host = remote_open(cli, &err);
	count = host ? list_domains(cli, host, args.count ? args.list[0] : NULL, which, &list, &err)
		     : -1;
	if (count < 0) {
		free(list);
		return cli_report(cli, &err);
	}
	status = show_all(cli, list, count);
	for (i = 0; i < count; i++)
		virDomainFree(list[i]);
	free(list);
	return status;
}

const struct command command_list = {
	.name = "list",
	.synopsis = "[OPTION...] [DOMAIN]",
	.summary = "List the domains of another host",
	.options = list_options,
	.run = list_run,
};

static int info_run(struct cli *cli, int argc, char **argv)
{
	unsigned long version = 0;
	struct json_object *o;
	struct dais_error err;
	virConnectPtr host;
	virNodeInfo node;
	struct args args;

	args_begin(&args, cli, argc, argv);
	if (args_next(&args) != ARGS_END || !args_counted(&args, 0, 0))
		return args.status;
	host = remote_open(cli, &err);
	if (!host)
		return cli_report(cli, &err);
	if (virNodeGetInfo(host, &node)) {
		remote_failed(&err, "look at", cli->uri);
		return cli_report(cli, &err);
	}
	virConnectGetVersion(host, &version);
	if (!cli->json) {
		printf("hypervisor  %s %lu.%lu.%lu\nmodel       %s\ncpus        %u\n"
		       "memory      %lu MiB\n",
		       virConnectGetType(host), version / 1000000, version / 1000 % 1000,
		       version % 1000, node.model, node.cpus, node.memory >> 10);
		return 0;
	}
	o = json_object_new_object();
	json_set(o, "hypervisor", json_object_new_string(virConnectGetType(host)));
	json_set(o, "hypervisor_version", json_object_new_int64((int64_t)version));
	json_set(o, "model", json_object_new_string(node.model));
	json_set(o, "cpus", json_object_new_int64(node.cpus));
	json_set(o, "memory_kb", json_object_new_int64((int64_t)node.memory));
	return output_json("dais.remote", o);
}

const struct command command_info = {
	.name = "info",
	.synopsis = "[OPTION...]",
	.summary = "Describe another host",
	.run = info_run,
};

static int name_or_id(struct cli *cli, int argc, char **argv)
{
	virDomainPtr domain;
	struct dais_error err;
	struct args args;
	int status = 0;

	args_begin(&args, cli, argc, argv);
	if (args_next(&args) != ARGS_END || !args_counted(&args, 1, 1))
		return args.status;
	domain = remote_find(cli, args.list[0], &err);
	if (!domain)
		return cli_report(cli, &err);
	if (cli->json)
		status = remote_done(cli, domain);
	else if (!strcmp(argv[0], "domid"))
		printf("%d\n", (int)virDomainGetID(domain));
	else
		puts(virDomainGetName(domain));
	virDomainFree(domain);
	return status;
}

const struct command command_domid = {
	.name = "domid",
	.synopsis = "DOMAIN",
	.summary = "Show the number of a domain",
	.arguments = ARGUMENT_DOMAIN,
	.run = name_or_id,
};

const struct command command_domname = {
	.name = "domname",
	.synopsis = "DOMAIN",
	.summary = "Show the name of a domain",
	.arguments = ARGUMENT_DOMAIN,
	.run = name_or_id,
};
