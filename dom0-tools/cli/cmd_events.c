/* SPDX-License-Identifier: MIT */
/*
 * dais events: what happens to domains, a line each (with --json a document per line), until
 * interrupted.
 */
#include <stdio.h>
#include <time.h>

#include "cleanup.h"
#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'n', "count", "NUMBER", "end after so many"},
	{0, NULL, NULL, NULL},
};

static void print_event(const struct cli *cli, const struct dais_event *event)
{
	const char *reason = dais_shutdown_name(event->domain.shutdown);
	struct timespec now;
	struct tm tm;
	char when[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	if (cli->json) {
		struct json_object *o = json_object_new_object();
		autofree char *text = NULL;
		char full[48];

		snprintf(full, sizeof(full), "%s.%03ldZ", when, now.tv_nsec / 1000000);
		json_set(o, "schema", json_object_new_string("dais.event"));
		json_set(o, "version", json_object_new_int(1));
		json_set(o, "time", json_object_new_string(full));
		json_set(o, "event", json_object_new_string(dais_event_name(event->kind)));
		json_set(o, "domain", domain_json(&event->domain));
		text = json_text(o, JSON_LINE);
		if (text)
			puts(text);
		else
			fputs("dais: an event is left out: there is no memory to print it\n",
			      stderr);
	} else {
		printf("%s.%03ldZ %-10s %u %s%s%s\n", when, now.tv_nsec / 1000000,
		       dais_event_name(event->kind), event->domain.domid, event->domain.name,
		       event->kind == DAIS_EVENT_SHUTDOWN && reason ? " " : "",
		       event->kind == DAIS_EVENT_SHUTDOWN && reason ? reason : "");
	}
	fflush(stdout);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_event event;
	struct dais_error err;
	struct args args;
	int64_t left = -1;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == ARGS_STOP)
			return args.status;
		if (!args_number(args.value, 1, INT64_MAX, &left))
			return cli_usage(cli, "\"%s\" is no number", args.value);
	}
	if (!args_counted(&args, 0, 0))
		return args.status;
	if (host_open(cli, &err))
		return cli_report(cli, &err);
	for (; left; left -= left > 0) {
		if (dais_event_wait(cli->host, &event, -1, &err) < 0)
			return cli_report(cli, &err);
		print_event(cli, &event);
		if (ferror(stdout))
			return DAIS_FAILED;
	}
	return 0;
}

const struct command command_events = {
	.name = "events",
	.synopsis = "[OPTION...]",
	.summary = "Show what happens to domains",
	.options = options,
	.run = run,
};
