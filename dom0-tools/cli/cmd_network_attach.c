/* SPDX-License-Identifier: MIT */
/*
 * dais network-attach: gives a running domain another network interface.
 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

/* xl -N: what would be attached, and nothing done. */
static int dry_run(const struct cli *cli, const struct dais_nic *nic)
{
	char *text;

	if (cli->json) {
		struct json_object *list = json_object_new_array(), *o = json_object_new_object();

		json_append(list, dais_nic_json(nic));
		json_set(o, "nics", list);
		return output_json("dais.config", o);
	}
	text = dais_nic_text(nic);
	if (!text)
		return DAIS_FAILED;
	printf("vif = [\"%s\"]\n", text);
	free(text);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_nic nic = {0};
	struct dais_domain domain;
	struct dais_error err;
	struct args args;
	char *spec;
	uint32_t devid;
	int status = 0;

	if (!host_args(&args, cli, argc, argv, 1, 16))
		return args.status;
	spec = args_joined(args.list + 1, args.count - 1);
	if (!spec)
		return DAIS_FAILED;
	progress_begin(cli, "attaching the network interface");
	if (dais_nic_parse(spec, &nic, &err) || host_domain(cli, args.list[0], &domain, &err) ||
	    (!cli->dry_run && dais_nic_attach(cli->host, domain.domid, &nic, &devid, &err)))
		status = cli_report(cli, &err);
	progress_end();
	free(spec);
	if (!status && cli->dry_run)
		status = dry_run(cli, &nic);
	dais_nic_free(&nic);
	return status || cli->dry_run ? status : host_done(cli, domain.domid);
}

const struct command command_network_attach = {
	.name = "network-attach",
	.synopsis = "DOMAIN [KEY=VALUE...]",
	.summary = "Attach a network interface to a domain",
	.arguments = ARGUMENT_DOMAIN,
	.run = run,
};
