/* SPDX-License-Identifier: MIT */
/*
 * dais block-list: the disks of domains.
 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

static void print_device(const struct dais_device *d)
{
	printf("%-5u  %-2u  %-6u %-5d %-6lld %-8s %-8s %-30s%s\n", d->devid, d->backend, 0u,
	       d->state, (long long)d->port, d->ring[0] ? d->ring : "-", d->name, d->target,
	       d->readonly ? " (read-only)" : "");
}

static void print_as_xl(const struct dais_device *d, uint32_t domid)
{
	printf("%-5u %-3u %-6u %-5d %-6lld %-8s /local/domain/%u/backend/vbd/%u/%u\n", d->devid,
	       d->backend, domid, d->state, (long long)d->port, d->ring[0] ? d->ring : "-1",
	       d->backend, domid, d->devid);
}

static int show(struct cli *cli, const char *who, struct json_object *array)
{
	struct dais_device *list;
	struct dais_domain domain;
	struct dais_error err;
	size_t count;

	if (host_domain(cli, who, &domain, &err) ||
	    dais_devices(cli->host, domain.domid, "vbd", &list, &count, &err))
		return cli_report(cli, &err);
	for (size_t i = 0; i < count; i++) {
		if (cli->json)
			json_append(array, device_json(&domain, &list[i]));
		else if (cli->as_xl)
			print_as_xl(&list[i], domain.domid);
		else
			print_device(&list[i]);
	}
	free(list);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct json_object *array;
	struct args args;
	int status = 0;

	if (!host_args(&args, cli, argc, argv, 1, 1 << 20))
		return args.status;
	array = json_object_new_array();
	if (!cli->json && cli->as_xl)
		printf("%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle", "state",
		       "evt-ch", "ring-ref", "BE-path");
	else if (!cli->json)
		printf("%-5s  %-2s  %-6s %-5s %-6s %-8s %-8s %-30s\n", "Vdev", "BE", "handle",
		       "state", "evt-ch", "ring-ref", "name", "target");
	for (int i = 0; i < args.count && !status; i++)
		status = show(cli, args.list[i], array);
	if (cli->json && !status)
		return output_json("dais.devices", array);
	json_object_put(array);
	return status;
}

const struct command command_block_list = {
	.name = "block-list",
	.synopsis = "DOMAIN...",
	.summary = "List the disks of domains",
	.arguments = ARGUMENT_DOMAINS,
	.run = run,
};
