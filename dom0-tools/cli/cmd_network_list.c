/* SPDX-License-Identifier: MIT */
/*
 * dais network-list: the network interfaces of domains.
 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

static void print_device(const struct dais_device *d)
{
	printf("%-3u %-2u %-17s %-6u %-5d %-6lld %-13s %s\n", d->devid, d->backend, d->mac,
	       d->devid, d->state, (long long)d->port, d->name, d->target);
}

static void print_as_xl(const struct dais_device *d, uint32_t domid)
{
	printf("%-3u %-2u %-17s %5u %5d %6lld %5s/%-11s /local/domain/%u/backend/vif/%u/%u\n",
	       d->devid, d->backend, d->mac, d->devid, d->state, d->split ? -1 : (long long)d->port,
	       d->ring[0] ? d->ring : "-1", d->ring_rx[0] ? d->ring_rx : "-1", d->backend, domid,
	       d->devid);
}

static int show(struct cli *cli, const char *who, struct json_object *array)
{
	struct dais_device *list;
	struct dais_domain domain;
	struct dais_error err;
	size_t count;

	if (host_domain(cli, who, &domain, &err) ||
	    dais_devices(cli->host, domain.domid, "vif", &list, &count, &err))
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
		printf("%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-11s %-30s\n", "Idx", "BE", "Mac Addr.",
		       "handle", "state", "evt-ch", "tx-", "rx-ring-ref", "BE-path");
	else if (!cli->json)
		printf("%-3s %-2s %-17s %-6s %-5s %-6s %-13s %s\n", "Idx", "BE", "Mac Addr.",
		       "handle", "state", "evt-ch", "interface", "bridge");
	for (int i = 0; i < args.count && !status; i++)
		status = show(cli, args.list[i], array);
	if (cli->json && !status)
		return output_json("dais.devices", array);
	json_object_put(array);
	return status;
}

const struct command command_network_list = {
	.name = "network-list",
	.synopsis = "DOMAIN...",
	.summary = "List the network interfaces of domains",
	.arguments = ARGUMENT_DOMAINS,
	.run = run,
};
