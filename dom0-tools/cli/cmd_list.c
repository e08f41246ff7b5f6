/* SPDX-License-Identifier: MIT */
/*
 * dais list: the domains, in xl's columns; -l shows their configurations.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "commands.h"
#include "dom/machine.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'l', "long", NULL, "configurations, as JSON"},
	{'v', "verbose", NULL, "UUID and shutdown reason as well"},
	{'c', "cpupool", NULL, "CPU pool as well"},
	{'n', "numa", NULL, "nodes whose memory it is given as well"},
	{'Z', "context", NULL, "security label as well (there are none)"},
	{0, NULL, NULL, NULL},
};

struct view {
	bool full, uuid, pool, label, nodes;
};

/* xl's word for all, or the nodes. */
static void print_nodes(struct cli *cli, const struct dais_domain *d)
{
	static struct dais_machine machine;
	struct dais_cpumap nodes;
	char text[256];

	if ((!machine.nodes && dais_machine(cli->host, &machine, NULL)) ||
	    dais_node_affinity(cli->host, d->domid, &nodes, NULL))
		printf(" -");
	else
		printf(" %s", dais_cpulist_text(&nodes, machine.nodes, text, sizeof(text)));
}

/* By its name, for which the host is asked once; or by its number where that is not told. */
static void print_pool(struct cli *cli, uint32_t id)
{
	static struct dais_pool *list;
	static size_t count;
	struct dais_error err;
	char number[16];
	size_t i;

	if (!list && dais_pools(cli->host, &list, &count, &err))
		count = 0;
	for (i = 0; i < count && list[i].id != id; i++)
		;
	snprintf(number, sizeof(number), "%u", id);
	printf("%16s", i < count ? list[i].name : number);
}

static void print_row(struct cli *cli, const struct dais_domain *d, const struct view *view)
{
	const char *reason = dais_shutdown_name(d->shutdown);
	char flags[7], uuid[37], number[16];

	printf("%-40s %5u %5llu %5u     %s  %8.1f", d->name, d->domid,
	       (unsigned long long)(d->memory_kb >> 10), d->vcpus, domain_flags(d, flags),
	       (double)d->cpu_ns / 1e9);
	/* xl has a number there. */
	snprintf(number, sizeof(number), "%x", (unsigned int)d->shutdown);
	if (view->uuid)
		printf(" %s %8s", dais_uuid_text(d->uuid, uuid),
		       !reason      ? "-"
		       : cli->as_xl ? number
				    : reason);
	if (view->label || view->uuid)
		printf(" %16s", "-");
	if (view->pool)
		print_pool(cli, d->pool);
	if (view->nodes)
		print_nodes(cli, d);
	putchar('\n');
}

static void print_table(struct cli *cli, const struct dais_domain *list, size_t count,
			const struct view *view)
{
	printf("Name                                        ID   Mem VCPUs\tState\tTime(s)%s%s%s%s\n",
	       view->uuid ? "   UUID                            Reason-Code\tSecurity Label" : "",
	       view->label && !view->uuid ? "   Security Label" : "",
	       view->pool ? "         Cpupool" : "", view->nodes ? " NODE Affinity" : "");
	for (size_t i = 0; i < count; i++)
		print_row(cli, &list[i], view);
}

/* Where its screen and channels are, beside its configuration. */
static void add_served(struct json_object *o, struct json_object *served)
{
	struct json_object *value;

	if (!served) {
		json_set(o, "vnc", NULL);
		return;
	}
	json_object_object_foreach(served, key, each)
	{
		value = each ? json_object_get(each) : JSON_NULL;
		json_set(o, key, value);
	}
	json_object_put(served);
}

static struct json_object *make_json(struct cli *cli, const struct dais_domain *list, size_t count,
				     const struct view *view)
{
	struct json_object *array = json_object_new_array_ext((int)count);

	for (size_t i = 0; i < count; i++) {
		struct json_object *o = domain_json(&list[i]);

		if (view->full) {
			struct json_object *config = dais_record(list[i].uuid);

			json_set(o, "config", config ? config : JSON_NULL);
			add_served(o, dais_served_json(cli->host, list[i].domid));
		}
		json_append(array, o);
	}
	return array;
}

static int show(struct cli *cli, const struct dais_domain *list, size_t count,
		const struct view *view)
{
	struct dais_error err;

	if (cli->json)
		return output_json("dais.domains", make_json(cli, list, count, view));
	if (view->full) {
		autofree char *text = json_text(make_json(cli, list, count, view), JSON_PRETTY);

		if (!text) {
			dais_fail_errno(&err, DAIS_FAILED, ENOMEM, "list the domains", NULL);
			return cli_report(cli, &err);
		}
		puts(text);
		return 0;
	}
	print_table(cli, list, count, view);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct view view = {0};
	struct dais_domain *list = NULL;
	struct dais_error err;
	struct args args;
	size_t count = 0;
	int id, status;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == 'l')
			view.full = true;
		else if (id == 'v')
			view.uuid = true;
		else if (id == 'c')
			view.pool = true;
		else if (id == 'n')
			view.nodes = true;
		else if (id == 'Z')
			view.label = true;
		else
			return args.status;
	}
	if (host_open(cli, &err))
		return cli_report(cli, &err);
	if (!args.count) {
		if (dais_list(cli->host, &list, &count, &err))
			return cli_report(cli, &err);
	} else {
		list = host_room(args.count, &err);
		if (!list)
			return cli_report(cli, &err);
		for (; count < (size_t)args.count; count++) {
			if (dais_find(cli->host, args.list[count], &list[count], &err)) {
				free(list);
				return cli_report(cli, &err);
			}
		}
	}
	status = show(cli, list, count, &view);
	free(list);
	return status;
}

const struct command command_list = {
	.name = "list",
	.synopsis = "[OPTION...] [DOMAIN...]",
	.summary = "List domains",
	.options = options,
	.arguments = ARGUMENT_DOMAINS,
	.run = run,
};
