/* SPDX-License-Identifier: MIT */
/*
 * dais uptime: for how long domains have been there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

static void print_uptime(const struct dais_domain *d, int64_t seconds)
{
	long long s = seconds;

	printf("%-33s %4u ", d->name, d->domid);
	if (seconds < 0)
		printf("unknown\n");
	else if (s >= 86400)
		printf("%lld day%s, %2lld:%02lld:%02lld\n", s / 86400, s >= 172800 ? "s" : "",
		       s / 3600 % 24, s / 60 % 60, s % 60);
	else
		printf("%2lld:%02lld:%02lld\n", s / 3600, s / 60 % 60, s % 60);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain *list = NULL;
	struct json_object *array;
	struct dais_error err;
	struct args args;
	size_t count = 0;

	if (!host_args(&args, cli, argc, argv, 0, 1 << 20))
		return args.status;
	if (host_open(cli, &err))
		return cli_report(cli, &err);
	if (args.count)
		list = host_room(args.count, &err);
	if ((args.count && !list) || (!args.count && dais_list(cli->host, &list, &count, &err)))
		return cli_report(cli, &err);
	for (; count < (size_t)args.count; count++) {
		if (dais_find(cli->host, args.list[count], &list[count], &err)) {
			free(list);
			return cli_report(cli, &err);
		}
	}
	array = json_object_new_array();
	if (!cli->json)
		printf("Name                                ID Uptime\n");
	for (size_t i = 0; i < count; i++) {
		int64_t seconds = dais_uptime(cli->host, &list[i]);

		if (cli->json) {
			struct json_object *o = json_object_new_object();

			json_set(o, "domid", json_object_new_int64(list[i].domid));
			json_set(o, "name", json_object_new_string(list[i].name));
			json_set(o, "seconds",
				 seconds < 0 ? JSON_NULL : json_object_new_int64(seconds));
			json_append(array, o);
		} else {
			print_uptime(&list[i], seconds);
		}
	}
	free(list);
	if (cli->json)
		return output_json("dais.uptime", array);
	json_object_put(array);
	return 0;
}

const struct command command_uptime = {
	.name = "uptime",
	.synopsis = "[DOMAIN...]",
	.summary = "Show for how long domains have been there",
	.arguments = ARGUMENT_DOMAINS,
	.run = run,
};
