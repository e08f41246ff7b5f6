/* SPDX-License-Identifier: MIT */
/*
 * dais network-detach: takes a network interface from a running domain.
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

/* By its number or its MAC address. */
static int find_nic(struct cli *cli, uint32_t domid, const char *text, uint32_t *devid,
		    struct dais_error *err)
{
	struct dais_device *list;
	int64_t number;
	size_t count;
	int ret = -1;

	if (args_number(text, 0, UINT32_MAX, &number)) {
		*devid = (uint32_t)number;
		return 0;
	}
	if (dais_devices(cli->host, domid, "vif", &list, &count, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!strcasecmp(list[i].mac, text)) {
			*devid = list[i].devid;
			ret = 0;
		}
	}
	free(list);
	if (!ret)
		return 0;
	dais_fail(err, DAIS_USAGE, "detach the network interface", text, "there is no such one");
	return dais_hint(err, "`dais network-list` shows numbers and MAC addresses");
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
	    find_nic(cli, domain.domid, args.list[1], &devid, &err) ||
	    dais_nic_detach(cli->host, domain.domid, devid, force || args.count == 3, &err))
		return cli_report(cli, &err);
	progress_end();
	return host_done(cli, domain.domid);
}

const struct command command_network_detach = {
	.name = "network-detach",
	.synopsis = "[OPTION...] DOMAIN DEVICE",
	.summary = "Detach a network interface from a domain",
	.options = options,
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
