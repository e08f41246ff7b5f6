/* SPDX-License-Identifier: MIT */
/*
 * dais destroy: ends domains at once, without asking them.
 */

#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'f', "force", NULL, "domain 0 as well (it never does)"},
	{0, NULL, NULL, NULL},
};

static int run(struct cli *cli, int argc, char **argv)
{
	struct json_object *done;
	struct dais_domain domain;
	struct dais_error err;
	struct args args;
	int id, status = 0;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id != 'f')
			return args.status;
	}
	if (!args_counted(&args, 1, 1 << 20))
		return args.status;
	done = json_object_new_array();
	progress_begin(cli, "ending the domain");
	for (int i = 0; i < args.count && !status; i++) {
		if (host_domain(cli, args.list[i], &domain, &err) ||
		    dais_destroy(cli->host, domain.domid, &err))
			status = cli_report(cli, &err);
		else
			json_append(done, domain_json(&domain));
	}
	progress_end();
	if (!status && cli->json)
		return output_json("dais.domains", done);
	json_object_put(done);
	return status;
}

const struct command command_destroy = {
	.name = "destroy",
	.synopsis = "DOMAIN...",
	.summary = "End domains at once",
	.options = options,
	.arguments = ARGUMENT_DOMAINS,
	.run = run,
};
