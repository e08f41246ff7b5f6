/* SPDX-License-Identifier: MIT */
/*
 * dais, the command line: finds the command in the table and runs it. Called by the name xl it
 * takes xl's options and answers with xl's exit status; all that is the same, it does the same.
 *
 * With -c URI another program takes over, dais-remote, which is this one with a table of its own
 * over libvirt: a library that no other command should have to load.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cli.h"
#include "commands.h"
#include "dom/domain.h"
#include "json.h"
#include "log.h"
#include "output.h"

const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include COMMANDS_DEF
#undef COMMAND
	NULL,
};

const struct command *command_find(const char *name)
{
	const struct command *const *command;

	for (command = commands; *command; command++) {
		if (!strcmp((*command)->name, name))
			return *command;
	}
	return NULL;
}

int cli_status(const struct cli *cli, enum dais_code code)
{
	if (cli->as_xl && code != DAIS_OK)
		return 1;
	return (int)code;
}

static void report_json(const struct dais_error *err)
{
	struct json_object *o = json_object_new_object();

	json_set(o, "code", json_object_new_string(dais_code_name(err->code)));
	json_set(o, "status", json_object_new_int((int)err->code));
	json_set(o, "what", json_object_new_string(err->what));
	json_set(o, "object", json_object_new_string(err->object));
	json_set(o, "why", json_object_new_string(err->why));
	json_set(o, "hint", json_object_new_string(dais_advice(err)));
	json_set(o, "errno", json_object_new_int(err->errnum));
	output_json("dais.error", o);
}

int cli_report(const struct cli *cli, const struct dais_error *err)
{
	char text[DAIS_WHAT_MAX + DAIS_OBJECT_MAX + DAIS_WHY_MAX + 16];

	progress_end();
	fflush(stdout);
	fprintf(stderr, "%s: %s\n  %s\n", cli->program, dais_error_text(err, text, sizeof(text)),
		dais_advice(err));
	if (cli->json)
		report_json(err);
	return cli_status(cli, err->code == DAIS_OK ? DAIS_FAILED : err->code);
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	const struct command *command = cli->command;
	struct dais_error err;
	char why[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	dais_fail(&err, DAIS_USAGE, "run", command ? command->name : cli->program, "%s", why);
	if (command)
		dais_hint(&err, "Usage: %s %s %s", cli->program, command->name, command->synopsis);
	else
		dais_hint(&err, "`%s help` lists the commands.", cli->program);
	return cli_report(cli, &err);
}

/* The other program, beside this one or where it is installed. Returns only when it is not there. */
static int run_remote(const struct cli *cli, char **argv)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("dais-remote"));
	struct dais_error err;
	char *slash;

	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		strcpy(slash ? slash + 1 : path, "dais-remote");
		execv(path, argv);
	}
	execv(DAIS_LIBEXEC "/dais-remote", argv);
	dais_fail_errno(&err, DAIS_FAILED, errno, "run", "dais-remote");
	dais_hint(&err, "Build with libvirt (configure --with-libvirt) for -c URI.");
	return cli_report(cli, &err);
}

/* Options before the command: those of xl (-v -f -N -t -T), and --json, --help, --version. */
static int global_options(struct cli *cli, int argc, char **argv, const char **name)
{
	int i;

	*name = "help";
	for (i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (*word != '-') {
			*name = word;
			return i;
		}
		if (!strcmp(word, "-c") && i + 1 < argc) {
			cli->uri = argv[++i];
		} else if (!strcmp(word, "--json")) {
			cli->json = true;
		} else if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
			return i;
		} else if (!strcmp(word, "--version")) {
			*name = "version";
			return i;
		} else if (word[1] && !word[1 + strspn(word + 1, "vfNtT")]) {
			for (word++; *word; word++) {
				cli->verbose += *word == 'v';
				cli->force = cli->force || *word == 'f';
				cli->dry_run = cli->dry_run || *word == 'N';
			}
		} else {
			return -cli_usage(cli, "unknown option %s", word);
		}
	}
	return argc - 1;
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *called = slash ? slash + 1 : argc ? argv[0] : "dais";
	struct cli cli = {.as_xl = !strcmp(called, "xl")};
	const char *name;
	int at, status;

	cli.program = cli.as_xl ? "xl" : "dais";
	at = global_options(&cli, argc, argv, &name);
	if (at < 0)
		return -at;
	if (cli.uri && !IS_REMOTE)
		return run_remote(&cli, argv);
	if (cli.verbose)
		dais_log_to(NULL, NULL, cli.verbose > 1 ? DAIS_LOG_DEBUG : DAIS_LOG_INFO);
	cli.command = command_find(name);
	if (!cli.command)
		return cli_usage(&cli, "there is no command \"%s\"", name);
	argv[at] = (char *)(uintptr_t)name;
	status = cli.command->run(&cli, argc - at, argv + at);
	progress_end();
	dais_leave(cli.host);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "%s: cannot write to standard output\n", cli.program);
		return status ? status : DAIS_FAILED;
	}
	return status;
}
