/* SPDX-License-Identifier: MIT */
/*
 * dais mem-max: sets how much memory a domain may have.
 */
#include "commands.h"
#include "host.h"
#include "output.h"

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain domain;
	struct dais_error err;
	struct args args;
	uint64_t kib;

	if (!host_args(&args, cli, argc, argv, 2, 2))
		return args.status;
	if (!args_memory(args.list[1], &kib) || !kib)
		return cli_usage(cli, "\"%s\" is no size: 512, 512m, 2g", args.list[1]);
	if (host_domain(cli, args.list[0], &domain, &err) ||
	    dais_memory_max(cli->host, domain.domid, kib, &err))
		return cli_report(cli, &err);
	return host_done(cli, domain.domid);
}

const struct command command_mem_max = {
	.name = "mem-max",
	.synopsis = "DOMAIN SIZE",
	.summary = "Set how much memory a domain may have",
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
