/* SPDX-License-Identifier: MIT */
/*
 * dais dump-core: a domain's memory and registers in a file.
 */
#include "commands.h"
#include "host.h"
#include "output.h"

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain domain;
	struct dais_error err;
	struct args args;

	if (!host_args(&args, cli, argc, argv, 1, 2))
		return args.status;
	progress_begin(cli, "writing the core");
	if (host_domain(cli, args.list[0], &domain, &err) ||
	    dais_dump_core(cli->host, &domain, args.count > 1 ? args.list[1] : NULL, &err))
		return cli_report(cli, &err);
	progress_end();
	return host_done(cli, domain.domid);
}

const struct command command_dump_core = {
	.name = "dump-core",
	.synopsis = "DOMAIN [FILE]",
	.summary = "Write a core of a domain",
	.arguments = ARGUMENT_DOMAIN_FILE,
	.run = run,
};
