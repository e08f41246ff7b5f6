/* SPDX-License-Identifier: MIT */
/*
 * dais uptime: for how long domains have been there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'s', "short", NULL, "in one line each, as uptime(1) has it"},
	{0, NULL, NULL, NULL},
};

static void print_short(const struct dais_domain *d, int64_t seconds)
{
	long long s = seconds;
	time_t now = time(NULL);
	char clock[16];
	struct tm tm;

	if (!localtime_r(&now, &tm) || !strftime(clock, sizeof(clock), "%H:%M:%S", &tm))
		strcpy(clock, "-");
	printf(" %s up ", clock);
	if (seconds < 0)
		printf("unknown");
	else if (s >= 86400)
		printf("%lld day%s, %2lld:%02lld", s / 86400, s >= 172800 ? "s" : "", s / 3600 % 24,
		       s / 60 % 60);
	else
		printf("%2lld:%02lld", s / 3600, s / 60 % 60);
	printf(", %s (%u)\n", d->name, d->domid);
}

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
	bool short_lines = false;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id != 's')
			return args.status;
		short_lines = true;
	}
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
	if (!cli->json && !short_lines)
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
		} else if (short_lines) {
			print_short(&list[i], seconds);
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
	.synopsis = "[OPTION...] [DOMAIN...]",
	.summary = "Show for how long domains have been there",
	.options = options,
	.arguments = ARGUMENT_DOMAINS,
	.run = run,
};
