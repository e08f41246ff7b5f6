/* SPDX-License-Identifier: MIT */
/*
 * dais config: a configuration as it is understood, as text in xl.cfg syntax or as JSON; of a
 * file, or of a domain that is there, completed with what was chosen for it.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "config/config.h"
#include "host.h"
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

/* A word without a slash that is no file is a domain's name, number or UUID. */
static bool is_domain(const char *word)
{
	return strcmp(word, "-") != 0 && !strchr(word, '/') && access(word, F_OK) != 0;
}

static int load(struct cli *cli, const struct args *args, struct dais_config *config,
		struct dais_faults *faults, struct dais_error *err)
{
	struct dais_domain domain;

	dais_config_init(config);
	if (!is_domain(args->list[0]))
		return dais_config_load(args->list[0], (const char *const *)args->list + 1,
					(size_t)args->count - 1, config, faults, err);
	if (host_domain(cli, args->list[0], &domain, err)) {
		if (err->code == DAIS_NO_DOMAIN)
			dais_hint(err, "There is no file of that name either.");
		return -1;
	}
	if (!dais_record_load(domain.uuid, config, err))
		return 0;
	dais_fail(err, DAIS_NO_DOMAIN, "show the configuration of", domain.name,
		  "it was not made by dais");
	return dais_hint(err, "For xl's domains: `xl list -l`.");
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
	if (load(cli, &args, &config, &faults, &err)) {
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
	.synopsis = "[OPTION...] DOMAIN|FILE [KEY=VALUE...]",
	.summary = "Show a configuration as it is understood, as text or JSON",
	.options = options,
	.arguments = ARGUMENT_ANY,
	.run = run,
};
