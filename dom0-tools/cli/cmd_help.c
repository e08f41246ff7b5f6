/* SPDX-License-Identifier: MIT */
/*
 * dais help: the commands, or one of them. --complete prints what the shell's completion needs.
 */
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

static const char *const kinds[] = {
	[ARGUMENT_NONE] = "none", [ARGUMENT_DOMAIN] = "domain",   [ARGUMENT_DOMAINS] = "domains",
	[ARGUMENT_FILE] = "file", [ARGUMENT_COMMAND] = "command",
};

static void list_commands(const struct cli *cli)
{
	const struct command *const *command;

	printf("Usage: %s [-v] COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n", cli->program);
	for (command = commands; *command; command++)
		printf("  %-18s %s\n", (*command)->name, (*command)->summary);
	printf("\n`%s help COMMAND` and the man page %s(1) say more.\n", cli->program, "dais");
}

/* One line: the kind of arguments, then all options. */
static void complete(const struct command *command)
{
	const struct option_row *row;

	printf("%s", kinds[command->arguments]);
	for (row = command->options; row && row->id; row++) {
		if (row->id < OPTION_LONG)
			printf(" -%c", row->id);
		if (row->name)
			printf(" --%s%s", row->name, row->argument ? "=" : "");
	}
	printf(" --json --help\n");
}

static struct json_object *describe(const struct command *command)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	const struct option_row *row;

	json_set(o, "name", json_object_new_string(command->name));
	json_set(o, "synopsis", json_object_new_string(command->synopsis));
	json_set(o, "summary", json_object_new_string(command->summary));
	json_set(o, "arguments", json_object_new_string(kinds[command->arguments]));
	for (row = command->options; row && row->id; row++) {
		struct json_object *entry = json_object_new_object();
		char letter[2] = {row->id < OPTION_LONG ? (char)row->id : '\0', '\0'};

		json_set(entry, "letter", json_object_new_string(letter));
		json_set(entry, "name", json_object_new_string(row->name ? row->name : ""));
		json_set(entry, "argument",
			 row->argument ? json_object_new_string(row->argument) : JSON_NULL);
		json_set(entry, "help", json_object_new_string(row->help));
		json_append(list, entry);
	}
	json_set(o, "options", list);
	return o;
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
			json_append(list, describe(*command));
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
	if (cli->json)
		return output_json("dais.help", describe(command));
	if (for_shell)
		complete(command);
	else
		args_help(cli, command);
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
