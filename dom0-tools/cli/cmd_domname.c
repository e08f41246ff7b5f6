/* SPDX-License-Identifier: MIT */
/*
 * dais domname: the name of a domain.
 */
#include <stdio.h>

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
	if (host_domain(cli, args.list[0], &domain, &err))
		return cli_report(cli, &err);
	if (cli->json)
		return host_done(cli, domain.domid);
	printf("%s\n", domain.name);
	return 0;
}

const struct command command_domname = {
	.name = "domname",
	.synopsis = "DOMAIN",
	.summary = "Show the name of a domain",
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
