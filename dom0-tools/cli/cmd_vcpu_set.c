/* SPDX-License-Identifier: MIT */
/*
 * dais vcpu-set: how many vCPUs a domain uses.
 */
#include "commands.h"
#include "dom/machine.h"
#include "host.h"

static const struct option_row options[] = {
	{'i', "ignore-host", NULL, "as xl: more than the host has CPUs (dais always allows it)"},
	{0, NULL, NULL, NULL},
};

/* What xl refuses: scripts rely on it. -1 with @err. */
static int check_host(struct cli *cli, int64_t count, struct dais_error *err)
{
	struct dais_machine machine;

	if (host_open(cli, err) || dais_machine(cli->host, &machine, err))
		return -1;
	if (count <= machine.cpus)
		return 0;
	dais_fail(err, DAIS_FAILED, "set the vCPUs", NULL, "the host has only %u CPUs",
		  machine.cpus);
	return dais_hint(err, "With --ignore-host a domain may have more.");
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain domain;
	struct dais_error err;
	struct args args;
	bool limited = cli->as_xl;
	int64_t count;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id != 'i')
			return args.status;
		limited = false;
	}
	if (!args_counted(&args, 2, 2))
		return args.status;
	if (!args_number(args.list[1], 1, 4096, &count))
		return cli_usage(cli, "\"%s\" is no number of vCPUs", args.list[1]);
	if ((limited && check_host(cli, count, &err)) ||
	    host_domain(cli, args.list[0], &domain, &err) ||
	    dais_vcpu_set(cli->host, domain.domid, (uint32_t)count, &err))
		return cli_report(cli, &err);
	return host_done(cli, domain.domid);
}

const struct command command_vcpu_set = {
	.name = "vcpu-set",
	.synopsis = "[OPTION...] DOMAIN COUNT",
	.summary = "Set how many vCPUs a domain uses",
	.options = options,
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
