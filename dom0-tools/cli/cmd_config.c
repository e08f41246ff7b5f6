/* SPDX-License-Identifier: MIT */
/*
 * dais config: a configuration as it is understood, as text in xl.cfg syntax or as JSON.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "commands.h"
#include "config/config.h"
#include "output.h"

static const struct option_row options[] = {
	{'d', "defaults", NULL, "fill in what the file does not say"},
	{0, NULL, NULL, NULL},
};

static int show(const struct cli *cli, const struct dais_config *config)
{
	struct dais_error err;
	char *text;

	if (cli->json)
		return output_json("dais.config", dais_config_json(config));
	text = dais_config_text(config);
	if (!text) {
		dais_fail(&err, DAIS_NO_MEMORY, "show", "the configuration", "no memory left");
		return cli_report(cli, &err);
	}
	fputs(text, stdout);
	free(text);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_faults faults = {.list = NULL};
	struct dais_config config;
	struct dais_error err;
	bool defaults = false;
	struct args args;
	int id, status;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id != 'd')
			return args.status;
		defaults = true;
	}
	if (!args_counted(&args, 1, 4096))
		return args.status;
	if (dais_config_load(args.list[0], (const char *const *)args.list + 1,
			     (size_t)args.count - 1, &config, &faults, &err)) {
		status = cli_report(cli, &err);
	} else {
		if (defaults)
			dais_config_defaults(&config);
		status = show(cli, &config);
	}
	dais_faults_free(&faults);
	dais_config_free(&config);
	return status;
}

const struct command command_config = {
	.name = "config",
	.synopsis = "[OPTION...] FILE [KEY=VALUE...]",
	.summary = "Show a configuration as it is understood, as text or JSON",
	.options = options,
	.arguments = ARGUMENT_FILE,
	.run = run,
};
