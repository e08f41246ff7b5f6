/* SPDX-License-Identifier: MIT */
/*
 * dais check: every fault of a configuration in one go, each with its line, key, reason and
 * remedy; then whether the files that it names can be used. Nothing is created or changed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "commands.h"
#include "config/config.h"
#include "image/image.h"
#include "json.h"
#include "output.h"

#define ID_NO_FILES OPTION_LONG

static const struct option_row options[] = {
	{'q', "quiet", NULL, "only errors, no warnings"},
	{ID_NO_FILES, "no-files", NULL, "do not look at kernel, ramdisk and disks"},
	{0, NULL, NULL, NULL},
};

/* What is in it, if it is there. */
static void check_kernel(const struct dais_config *config, struct dais_faults *faults)
{
	const char *path = dais_config_kernel(config), *key = dais_config_kernel_key(config);
	struct dais_image image;
	struct dais_error err;

	for (size_t i = 0; i < faults->count; i++) {
		const struct dais_fault *fault = &faults->list[i];

		if (!fault->warning && fault->key && !strcmp(fault->key, key))
			return;
	}
	if (!path)
		return;
	if (dais_image_open(path, NULL, &image, &err))
		dais_faults_add(faults, false, config->kernel_line, key, dais_advice(&err),
				"%s: %s", path, err.why);
	else
		dais_image_close(&image);
}

static void print_faults(const char *path, const struct dais_faults *faults, bool quiet)
{
	size_t i;

	for (i = 0; i < faults->count; i++) {
		const struct dais_fault *fault = &faults->list[i];

		if (quiet && fault->warning)
			continue;
		if (fault->line)
			printf("%s:%u: ", path, fault->line);
		else
			printf("%s: ", path);
		printf("%s: %s%s%s\n", fault->warning ? "warning" : "error",
		       fault->key ? fault->key : "", fault->key ? ": " : "", fault->reason);
		if (fault->remedy)
			printf("    %s\n", fault->remedy);
	}
}

/* Fewer than there are if memory ran out. */
static size_t shown_errors(const struct dais_faults *faults)
{
	size_t errors = 0;

	for (size_t i = 0; i < faults->count; i++)
		errors += !faults->list[i].warning;
	return errors;
}

static int report(const struct cli *cli, const char *path, const struct dais_config *config,
		  const struct dais_faults *faults, bool quiet)
{
	size_t warnings = faults->count - shown_errors(faults);
	int status = cli_status(cli, faults->errors ? DAIS_CONFIG : DAIS_OK);

	if (cli->json && faults->errors > shown_errors(faults)) {
		struct dais_error err;

		dais_fail_errno(&err, DAIS_FAILED, ENOMEM, "show the faults of", path);
		return cli_report(cli, &err);
	}
	if (cli->json) {
		struct json_object *o = json_object_new_object();

		json_set(o, "file", json_object_new_string(path));
		if (config->name)
			json_set(o, "name", json_object_new_string(config->name));
		json_set(o, "errors", json_object_new_int64((int64_t)faults->errors));
		json_set(o, "warnings", json_object_new_int64((int64_t)warnings));
		json_set(o, "faults", dais_faults_json(faults));
		return output_json("dais.check", o) ? DAIS_FAILED : status;
	}
	print_faults(path, faults, quiet);
	if (faults->errors > shown_errors(faults))
		printf("%s: error: %zu more, and no memory to show them\n", path,
		       faults->errors - shown_errors(faults));
	if (faults->errors || (warnings && !quiet))
		printf("%s: %zu error%s, %zu warning%s\n", path, faults->errors,
		       faults->errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
	else
		printf("%s: no faults\n", path);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_faults faults = {.list = NULL};
	bool quiet = false, files = true;
	struct dais_config config;
	struct dais_error err;
	struct args args;
	int id, status;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == 'q')
			quiet = true;
		else if (id == ID_NO_FILES)
			files = false;
		else
			return args.status;
	}
	if (!args_counted(&args, 1, 4096))
		return args.status;
	if (dais_config_load(args.list[0], (const char *const *)args.list + 1,
			     (size_t)args.count - 1, &config, &faults, &err) &&
	    (!faults.errors || err.errnum == ENOMEM)) {
		dais_faults_free(&faults);
		dais_config_free(&config);
		return cli_report(cli, &err);
	}
	if (files) {
		dais_config_check_files(&config, &faults);
		progress_begin(cli, "looking at the kernel");
		check_kernel(&config, &faults);
		progress_end();
	}
	status = report(cli, args.list[0], &config, &faults, quiet);
	dais_faults_free(&faults);
	dais_config_free(&config);
	return status;
}

const struct command command_check = {
	.name = "check",
	.synopsis = "[OPTION...] FILE [KEY=VALUE...]",
	.summary = "Show every fault of a configuration, with its remedy",
	.options = options,
	.arguments = ARGUMENT_FILE,
	.run = run,
};
