/* SPDX-License-Identifier: MIT */
/*
 * dais sysrq: a SysRq key for a domain's kernel.
 */
#include "commands.h"
#include "host.h"
#include "output.h"

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain domain;
	struct dais_error err;
	struct args args;

	if (!host_args(&args, cli, argc, argv, 2, 2))
		return args.status;
	if (!args.list[1][0] || args.list[1][1])
		return cli_usage(cli, "\"%s\" is not one key", args.list[1]);
	if (host_domain(cli, args.list[0], &domain, &err) ||
	    dais_sysrq(cli->host, domain.domid, args.list[1][0], &err))
		return cli_report(cli, &err);
	return host_done(cli, domain.domid);
}

const struct command command_sysrq = {
	.name = "sysrq",
	.synopsis = "DOMAIN KEY",
	.summary = "Send a SysRq key to a domain",
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
