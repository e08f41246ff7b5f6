/* SPDX-License-Identifier: MIT */
/*
 * dais unpause: lets a paused domain go on.
 */
#include "commands.h"
#include "host.h"
#include "output.h"

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain domain;
	struct dais_error err;
	struct args args;

	if (!host_args(&args, cli, argc, argv, 1, 1))
		return args.status;
	if (host_domain(cli, args.list[0], &domain, &err) ||
	    dais_unpause(cli->host, domain.domid, &err))
		return cli_report(cli, &err);
	return host_done(cli, domain.domid);
}

const struct command command_unpause = {
	.name = "unpause",
	.synopsis = "DOMAIN",
	.summary = "Let a paused domain go on",
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
