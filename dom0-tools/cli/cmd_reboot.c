/* SPDX-License-Identifier: MIT */
/*
 * dais reboot: asks domains to restart, and waits for it with -w.
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
	return down_run(cli, argc, argv, "reboot");
}

const struct command command_reboot = {
	.name = "reboot",
	.synopsis = "[OPTION...] -a|DOMAIN...",
	.summary = "Restart domains",
	.options = options,
	.arguments = ARGUMENT_DOMAINS,
	.run = run,
};
