/* SPDX-License-Identifier: MIT */
/*
 * dais dmesg: the hypervisor's log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "dom/machine.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'c', "clear", NULL, "empty it afterwards"},
	{'f', "follow", NULL, "go on with what comes"},
	{0, NULL, NULL, NULL},
};

static int run(struct cli *cli, int argc, char **argv)
{
	bool clear = false, follow = false;
	struct dais_error err;
	struct args args;
	uint32_t index = 0;
	size_t size;
	char *text;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == 'c')
			clear = true;
		else if (id == 'f')
			follow = true;
		else
			return args.status;
	}
	if (!args_counted(&args, 0, 0))
		return args.status;
	if (host_open(cli, &err))
		return cli_report(cli, &err);
	do {
		if (dais_log_read(cli->host, clear, &index, &text, &size, &err))
			return cli_report(cli, &err);
		if (cli->json) {
			struct json_object *o = json_object_new_object();

			json_set(o, "text", json_object_new_string(text));
			free(text);
			return output_json("dais.dmesg", o);
		}
		fwrite(text, 1, size, stdout);
		free(text);
		if (fflush(stdout))
			return DAIS_FAILED;
	} while (follow && !sleep(1));
	return 0;
}

const struct command command_dmesg = {
	.name = "dmesg",
	.synopsis = "[OPTION...]",
	.summary = "Show the hypervisor's log",
	.options = options,
	.run = run,
};
