/* SPDX-License-Identifier: MIT */
/*
 * dais sched: the share of the CPUs that domains get. Known to xl as sched-credit2.
 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'d', "domain", "DOMAIN", "of this domain; all if not given"},
	{'w', "weight", "WEIGHT", "set its share against the others (256)"},
	{'c', "cap", "CAP", "set the most it gets, in percent of a CPU (0: no limit)"},
	{0, NULL, NULL, NULL},
};

static int show(struct cli *cli, const struct dais_domain *d, int32_t weight, int32_t cap,
		struct json_object *array)
{
	struct json_object *o;
	struct dais_error err;

	if (dais_sched(cli->host, d->domid, &weight, &cap, &err))
		return cli_report(cli, &err);
	if (!cli->json) {
		printf("%-33s %4u %6d %4d\n", d->name, d->domid, weight, cap);
		return 0;
	}
	o = json_object_new_object();
	json_set(o, "domid", json_object_new_int64(d->domid));
	json_set(o, "name", json_object_new_string(d->name));
	json_set(o, "weight", json_object_new_int(weight));
	json_set(o, "cap", json_object_new_int(cap));
	json_append(array, o);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain *list = NULL, one;
	int64_t weight = -1, cap = -1;
	const char *who = NULL;
	struct json_object *array;
	struct dais_error err;
	struct args args;
	size_t count = 0;
	int id, status = 0;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == 'd')
			who = args.value;
		else if (id == 'w' && !args_number(args.value, 1, 65535, &weight))
			return cli_usage(cli, "a weight is 1 to 65535");
		else if (id == 'c' && !args_number(args.value, 0, 65535, &cap))
			return cli_usage(cli, "a cap is 0 to 65535 percent");
		else if (id == ARGS_STOP)
			return args.status;
	}
	if (!args_counted(&args, 0, 0))
		return args.status;
	if (!who && (weight >= 0 || cap >= 0))
		return cli_usage(cli, "say with -d which domain to set");
	if (host_open(cli, &err) || (who && dais_find(cli->host, who, &one, &err)) ||
	    (!who && dais_list(cli->host, &list, &count, &err)))
		return cli_report(cli, &err);
	array = json_object_new_array();
	if (!cli->json && weight < 0 && cap < 0)
		printf("Name                                ID Weight  Cap\n");
	if (who) {
		int32_t w = (int32_t)weight, c = (int32_t)cap;

		/* Setting says nothing; asking does. */
		if (weight < 0 && cap < 0)
			status = show(cli, &one, -1, -1, array);
		else if (dais_sched(cli->host, one.domid, &w, &c, &err))
			status = cli_report(cli, &err);
		else if (cli->json)
			status = show(cli, &one, -1, -1, array);
	}
	for (size_t i = 0; i < count && !status; i++)
		status = show(cli, &list[i], -1, -1, array);
	free(list);
	if (cli->json && !status)
		return output_json("dais.sched", array);
	json_object_put(array);
	return status;
}

const struct command command_sched = {
	.name = "sched",
	.synopsis = "[OPTION...]",
	.summary = "Show or set domains' share of the CPUs",
	.options = options,
	.run = run,
};

const struct command command_sched_credit2 = {
	.name = "sched-credit2",
	.synopsis = "[OPTION...]",
	.summary = "The same by xl's name",
	.options = options,
	.run = run,
};
