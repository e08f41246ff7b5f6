/* SPDX-License-Identifier: MIT */
/*
 * dais shutdown: asks domains to switch off, and waits for it with -w.
 */
#include "commands.h"
#include "down.h"

static const struct option_row options[] = {
	{'a', "all", NULL, "all domains but domain 0"},
	{'w', "wait", NULL, "wait until it is done; twice: until it is gone"},
	{'F', NULL, NULL, "no use to PV guests; accepted for xl's sake"},
	{0, NULL, NULL, NULL},
};

static int run(struct cli *cli, int argc, char **argv)
{
	return down_run(cli, argc, argv, "poweroff");
}

const struct command command_shutdown = {
	.name = "shutdown",
	.synopsis = "[OPTION...] -a|DOMAIN...",
	.summary = "Shut down domains",
	.options = options,
	.arguments = ARGUMENT_DOMAINS,
	.run = run,
};
