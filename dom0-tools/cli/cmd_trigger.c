/* SPDX-License-Identifier: MIT */
/*
 * dais trigger: an NMI for a domain, as if from its hardware.
 */
#include "commands.h"
#include "host.h"
#include "output.h"

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain domain;
	struct dais_error err;
	struct args args;
	int64_t vcpu = 0;

	if (!host_args(&args, cli, argc, argv, 2, 3))
		return args.status;
	if (args.count == 3 && !args_number(args.list[2], 0, 4095, &vcpu))
		return cli_usage(cli, "\"%s\" is no vCPU", args.list[2]);
	if (host_domain(cli, args.list[0], &domain, &err) ||
	    dais_trigger(cli->host, domain.domid, args.list[1], (uint32_t)vcpu, &err))
		return cli_report(cli, &err);
	return host_done(cli, domain.domid);
}

const struct command command_trigger = {
	.name = "trigger",
	.synopsis = "DOMAIN nmi|reset|init|power|sleep|s3resume [VCPU]",
	.summary = "Send a trigger (nmi) to a domain",
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
