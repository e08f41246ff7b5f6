/* SPDX-License-Identifier: MIT */
/*
 * dais vcpu-pin: sets the CPUs that a vCPU may, and should, run on.
 */
#include <string.h>

#include "commands.h"
#include "dom/machine.h"
#include "host.h"

#define ID_IGNORE_MASKS OPTION_LONG

static const struct option_row options[] = {
	{'f', "force", NULL, "over a pinning of the hypervisor's own (not needed)"},
	{ID_IGNORE_MASKS, "ignore-global-affinity-masks", NULL, "always so: xl.conf is not read"},
	{0, NULL, NULL, NULL},
};

/* "-" leaves that map as it is. */
static int read_map(const char *text, const struct dais_topology *topology, struct dais_cpumap *map,
		    const struct dais_cpumap **out, struct dais_error *err)
{
	*out = NULL;
	if (!strcmp(text, "-"))
		return 0;
	if (dais_cpulist_parse(text, topology, map, err))
		return -1;
	*out = map;
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	static uint32_t nodes[DAIS_CPUS_MAX];
	const struct dais_cpumap *hard = NULL, *soft = NULL;
	struct dais_cpumap hard_map, soft_map;
	struct dais_topology topology;
	struct dais_domain domain;
	struct dais_error err;
	struct args args;
	int64_t vcpu = UINT32_MAX;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == ARGS_STOP)
			return args.status;
	}
	if (!args_counted(&args, 3, 4))
		return args.status;
	if (strcmp(args.list[1], "all") && !args_number(args.list[1], 0, 4095, &vcpu))
		return cli_usage(cli, "\"%s\" is neither a vCPU nor \"all\"", args.list[1]);
	if (host_domain(cli, args.list[0], &domain, &err) ||
	    dais_topology(cli->host, &topology, nodes, &err) ||
	    read_map(args.list[2], &topology, &hard_map, &hard, &err) ||
	    (args.count == 4 && read_map(args.list[3], &topology, &soft_map, &soft, &err)) ||
	    dais_vcpu_pin(cli->host, domain.domid, (uint32_t)vcpu, hard, soft, &err))
		return cli_report(cli, &err);
	return host_done(cli, domain.domid);
}

const struct command command_vcpu_pin = {
	.name = "vcpu-pin",
	.synopsis = "[OPTION...] DOMAIN VCPU|all CPUS|- [SOFT-CPUS|-]",
	.summary = "Set where vCPUs may run",
	.options = options,
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
