/* SPDX-License-Identifier: MIT */
/*
 * dais debug-keys: has the hypervisor report about itself, into its log.
 */
#include "commands.h"
#include "dom/machine.h"
#include "host.h"
#include "output.h"

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_error err;
	struct args args;

	if (!host_args(&args, cli, argc, argv, 1, 1))
		return args.status;
	if (host_open(cli, &err) || dais_debug_keys(cli->host, args.list[0], &err))
		return cli_report(cli, &err);
	return output_done(cli);
}

const struct command command_debug_keys = {
	.name = "debug-keys",
	.synopsis = "KEYS",
	.summary = "Send debug keys to the hypervisor",
	.run = run,
};
