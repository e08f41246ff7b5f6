/* SPDX-License-Identifier: MIT */
/*
 * dais version: of the tools, and whose commands they speak.
 */
#include <stdio.h>

#include "args.h"
#include "commands.h"
#include "json.h"
#include "output.h"
#include "version.h"

static int run(struct cli *cli, int argc, char **argv)
{
	struct args args;

	args_begin(&args, cli, argc, argv);
	while (args_next(&args) != ARGS_END)
		return args.status;
	if (!args_counted(&args, 0, 0))
		return args.status;
	if (cli->json) {
		struct json_object *o = json_object_new_object();

		json_set(o, "tools", json_object_new_string(dais_version()));
		json_set(o, "domctl", json_object_new_int(DAIS_DOMCTL_VERSION));
		json_set(o, "sysctl", json_object_new_int(DAIS_SYSCTL_VERSION));
		return output_json("dais.version", o);
	}
	printf("dais %s (domctl 0x%x, sysctl 0x%x)\n", dais_version(), DAIS_DOMCTL_VERSION,
	       DAIS_SYSCTL_VERSION);
	return 0;
}

const struct command command_version = {
	.name = "version",
	.synopsis = "[OPTION...]",
	.summary = "Show the version of the tools",
	.run = run,
};
