/* SPDX-License-Identifier: MIT */
/*
 * dais block-detach: takes a disk from a running domain.
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "host.h"
#include "output.h"

static const struct option_row options[] = {
	{'f', "force", NULL, "also if the guest does not let go"},
	{0, NULL, NULL, NULL},
};

static int find_disk(const char *text, uint32_t *devid, struct dais_error *err)
{
	if (!dais_vdev_number(text, devid))
		return 0;
	dais_fail(err, DAIS_USAGE, "detach the disk", text, "that names no disk");
	return dais_hint(err, "say xvdb, or its number from `dais block-list`");
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_domain domain;
	struct dais_error err;
	struct args args;
	bool force = false;
	uint32_t devid = 0;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id != 'f')
			return args.status;
		force = true;
	}
	if (!args_counted(&args, 2, 3))
		return args.status;
	if (args.count == 3 && strcmp(args.list[2], "--force"))
		return cli_usage(cli, "\"%s\" is one argument too many", args.list[2]);
	progress_begin(cli, "waiting for the guest to let go");
	if (host_domain(cli, args.list[0], &domain, &err) ||
	    find_disk(args.list[1], &devid, &err) ||
	    dais_disk_detach(cli->host, domain.domid, devid, force || args.count == 3, &err))
		return cli_report(cli, &err);
	progress_end();
	return host_done(cli, domain.domid);
}

const struct command command_block_detach = {
	.name = "block-detach",
	.synopsis = "[OPTION...] DOMAIN DEVICE",
	.summary = "Detach a disk from a domain",
	.options = options,
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
