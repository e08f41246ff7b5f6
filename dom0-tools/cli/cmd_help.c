/* SPDX-License-Identifier: MIT */
/*
 * dais help: the commands, or one of them. --complete prints what the shell's completion needs.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "commands.h"
#include "json.h"
#include "output.h"

#define ID_COMPLETE OPTION_LONG
#define ID_LONG (OPTION_LONG + 1)

static const struct option_row options[] = {
	{ID_COMPLETE, "complete", NULL, "print names for the shell's completion"},
	{ID_LONG, "long", NULL, "all commands, which it always lists (xl's option)"},
	{0, NULL, NULL, NULL},
};

static void list_commands(const struct cli *cli)
{
	const struct command *const *command;

	printf("Usage: %s [-v] COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n", cli->program);
	for (command = commands; *command; command++)
		printf("  %-18s %s\n", (*command)->name, (*command)->summary);
	printf("\n`%s help COMMAND` and the man page %s(1) say more.\n", cli->program, "dais");
}

/* What a row's names are written with in a list for the shell: "=", and what the argument is. */
static void complete_option(const struct option_row *row)
{
	const char *equals = row->argument ? "=" : "", *wants = row->argument ? row->argument : "";

	if (row->id < OPTION_LONG)
		printf("-%c%s%s ", row->id, equals, wants);
	if (row->name)
		printf("--%s%s%s ", row->name, equals, wants);
}

/* The words that the synopsis offers behind the domain: "up|down", of "VCPU|all" the second. */
static void complete_second(const char *synopsis)
{
	const char *at = strstr(synopsis, "DOMAIN ");

	if (!at)
		return;
	at += strlen("DOMAIN ");
	for (size_t n; (n = strcspn(at, "| ")) > 0; at += n + 1) {
		if (islower((unsigned char)*at))
			printf("%.*s ", (int)n, at);
		if (at[n] != '|')
			return;
	}
}

/* Three lines: the kind of arguments, all options, words for the argument behind a domain. */
static void complete(const struct command *command)
{
	const struct option_row *row;

	puts(args_kind(command));
	for (row = command->options; row && row->id; row++)
		complete_option(row);
	puts("--json --help");
	complete_second(command->synopsis);
	putchar('\n');
}

static int all(const struct cli *cli, bool for_shell)
{
	const struct command *const *command;
	struct json_object *list;

	if (!cli->json && !for_shell) {
		list_commands(cli);
		return 0;
	}
	list = json_object_new_array();
	for (command = commands; *command; command++) {
		if (cli->json)
			json_append(list, args_describe(*command));
		else
			puts((*command)->name);
	}
	if (cli->json)
		return output_json("dais.help", list);
	json_object_put(list);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	const struct command *command;
	bool for_shell = false;
	struct args args;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == ARGS_STOP)
			return args.status;
		for_shell |= id == ID_COMPLETE;
	}
	if (!args_counted(&args, 0, 1))
		return args.status;
	if (!args.count)
		return all(cli, for_shell);
	command = command_find(args.list[0]);
	if (!command)
		return cli_usage(cli, "there is no command \"%s\"", args.list[0]);
	if (!for_shell || cli->json)
		return args_help(cli, command);
	complete(command);
	return 0;
}

const struct command command_help = {
	.name = "help",
	.synopsis = "[OPTION...] [COMMAND]",
	.summary = "List the commands, or describe one",
	.options = options,
	.arguments = ARGUMENT_COMMAND,
	.run = run,
};
