/* SPDX-License-Identifier: MIT */
/*
 * dais rename: gives a domain another name.
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
	if (host_domain(cli, args.list[0], &domain, &err) ||
	    dais_rename(cli->host, domain.domid, args.list[1], &err))
		return cli_report(cli, &err);
	return host_done(cli, domain.domid);
}

const struct command command_rename = {
	.name = "rename",
	.synopsis = "DOMAIN NAME",
	.summary = "Rename a domain",
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
