/* SPDX-License-Identifier: MIT */
/*
 * dais shutdown: asks domains to switch off, and waits for it with -w.
 */
#include <stdlib.h>

#include "commands.h"
#include "host.h"
#include "output.h"

static const struct option_row options[] = {
	{'a', "all", NULL, "all domains but domain 0"},
	{'w', "wait", NULL, "wait until it is done"},
	{'F', NULL, NULL, "no use to PV guests; accepted for xl's sake"},
	{0, NULL, NULL, NULL},
};

/* Until the domain is down or gone. */
static int wait_down(struct cli *cli, uint32_t domid, struct dais_error *err)
{
	struct dais_domain domain;
	struct dais_event event;

	for (;;) {
		if (dais_look(cli->host, domid, &domain, err))
			return err->code == DAIS_NO_DOMAIN ? 0 : -1;
		if (domain.dying || domain.shutdown != DAIS_SHUTDOWN_NONE)
			return 0;
		if (dais_event_wait(cli->host, &event, -1, err) < 0)
			return -1;
	}
}

static int ask(struct cli *cli, const struct dais_domain *list, size_t count, bool wait)
{
	struct dais_error err;
	int status = 0;

	for (size_t i = 0; i < count; i++) {
		if (list[i].domid && dais_shutdown(cli->host, list[i].domid, "poweroff", &err))
			status = cli_report(cli, &err);
	}
	for (size_t i = 0; i < count && wait && !status; i++) {
		progress_begin(cli, "waiting for the domain to go down");
		if (list[i].domid && wait_down(cli, list[i].domid, &err))
			status = cli_report(cli, &err);
		progress_end();
	}
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain *list = NULL;
	bool all = false, wait = false;
	struct dais_error err;
	struct args args;
	size_t count = 0;
	int id, status;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == 'a')
			all = true;
		else if (id == 'w')
			wait = true;
		else if (id == ARGS_STOP)
			return args.status;
	}
	if (!args_counted(&args, all ? 0 : 1, all ? 0 : 1 << 20))
		return args.status;
	if (host_open(cli, &err) || (all && dais_list(cli->host, &list, &count, &err)))
		return cli_report(cli, &err);
	if (!all)
		list = host_room(args.count, &err);
	if (!all && !list)
		return cli_report(cli, &err);
	for (; !all && count < (size_t)args.count; count++) {
		if (dais_find(cli->host, args.list[count], &list[count], &err)) {
			free(list);
			return cli_report(cli, &err);
		}
		/* By name it can be meant only by mistake; -a passes it by. */
		if (!list[count].domid && dais_shutdown(cli->host, 0, "poweroff", &err)) {
			free(list);
			return cli_report(cli, &err);
		}
	}
	status = ask(cli, list, count, wait);
	free(list);
	return status;
}

const struct command command_shutdown = {
	.name = "shutdown",
	.synopsis = "[OPTION...] -a|DOMAIN...",
	.summary = "Shut down domains",
	.options = options,
	.arguments = ARGUMENT_DOMAINS,
	.run = run,
};
