/* SPDX-License-Identifier: MIT */
/*
 * getopt_long behind the command's own table, so that what is parsed, what the help says and
 * what the shell completes cannot differ.
 */
#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "output.h"

#define ID_JSON 1
#define ID_HELP 2

static void add_name(struct args *args, size_t *count, const char *name, int has_arg, int id)
{
	args->names[(*count)++] = (struct option){name, has_arg, NULL, id};
}

void args_begin(struct args *args, struct cli *cli, int argc, char **argv)
{
	const struct option_row *row = cli->command->options;
	size_t letters = 0, names = 0;
	bool own_help = false;

	memset(args, 0, sizeof(*args));
	args->cli = cli;
	args->argc = argc;
	args->argv = argv;
	args->letters[letters++] = ':'; /* a missing argument is told apart */
	for (; row && row->id && names < ARGS_OPTIONS_MAX; row++) {
		if (row->id < OPTION_LONG) {
			args->letters[letters++] = (char)row->id;
			if (row->argument)
				args->letters[letters++] = ':';
		}
		own_help = own_help || row->id == 'h';
		if (row->name)
			add_name(args, &names, row->name,
				 row->argument ? required_argument : no_argument, row->id);
	}
	if (!own_help)
		args->letters[letters++] = 'h';
	add_name(args, &names, "json", no_argument, ID_JSON);
	add_name(args, &names, "help", no_argument, ID_HELP);
	optind = 0; /* the library's own state: start anew */
	opterr = 0;
}

static int stop(struct args *args, int status)
{
	args->status = status;
	return ARGS_STOP;
}

static bool has_letter(const struct command *command, int letter)
{
	const struct option_row *row;

	for (row = command->options; row && row->id; row++) {
		if (row->id == letter)
			return true;
	}
	return false;
}

int args_next(struct args *args)
{
	struct cli *cli = args->cli;

	for (;;) {
		int id = getopt_long(args->argc, args->argv, args->letters, args->names, NULL);

		args->value = optarg;
		if (id == -1) {
			args->count = args->argc - optind;
			args->list = args->argv + optind;
			return ARGS_END;
		}
		if (id == ID_JSON) {
			cli->json = true;
			continue;
		}
		if (id == ID_HELP || (id == 'h' && !has_letter(cli->command, 'h'))) {
			/* Whatever else is wrong with the line. */
			for (int i = optind; i < args->argc; i++)
				cli->json = cli->json || !strcmp(args->argv[i], "--json");
			return stop(args, args_help(cli, cli->command));
		}
		if (id == ':')
			cli_usage(cli, "option %s needs an argument", args->argv[optind - 1]);
		else if (id == '?' && optopt)
			cli_usage(cli, "unknown option -%c", optopt);
		else if (id == '?')
			cli_usage(cli, "unknown option %s", args->argv[optind - 1]);
		else
			return id;
		return stop(args, DAIS_USAGE); /* xl's status, too */
	}
}

bool args_counted(struct args *args, int least, int most)
{
	if (args->count >= least && args->count <= most)
		return true;
	if (args->count < least)
		cli_usage(args->cli, "%s is missing",
			  least - args->count == 1 ? "an argument" : "more than one argument");
	else
		cli_usage(args->cli, "\"%s\" is one argument too many", args->list[most]);
	args->status = DAIS_USAGE; /* xl's status, too */
	return false;
}

bool args_number(const char *text, int64_t least, int64_t most, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, strncmp(text, "0x", 2) ? 10 : 16);
	return !errno && end != text && !*end && *value >= least && *value <= most;
}

bool args_memory(const char *text, uint64_t *kib)
{
	unsigned long long number;
	unsigned int shift = 10; /* MiB to KiB */
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	switch (*end) {
	case 'b':
	case 'B':
		*kib = number / 1024;
		return !errno && !end[1];
	case 'k':
	case 'K':
		shift = 0;
		break;
	case '\0':
	case 'm':
	case 'M':
		break;
	case 'g':
	case 'G':
		shift = 20;
		break;
	case 't':
	case 'T':
		shift = 30;
		break;
	default:
		return false;
	}
	if (errno || (*end && end[1]) || number > (UINT64_MAX >> 10) >> shift)
		return false;
	*kib = number << shift;
	return true;
}

char *args_joined(char **words, int count)
{
	size_t size = 1;
	char *text, *at;

	for (int i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	text = at = malloc(size);
	for (int i = 0; text && i < count; i++)
		at += sprintf(at, "%s%s", i ? "," : "", words[i]);
	if (text && !count)
		*text = 0;
	return text;
}

const char *args_kind(const struct command *command)
{
	static const char *const kinds[] = {
		[ARGUMENT_NONE] = "none",       [ARGUMENT_DOMAIN] = "domain",
		[ARGUMENT_DOMAINS] = "domains", [ARGUMENT_DOMAIN_FILE] = "domain-file",
		[ARGUMENT_FILE] = "file",       [ARGUMENT_ANY] = "any",
		[ARGUMENT_COMMAND] = "command",
	};

	return kinds[command->arguments];
}

struct json_object *args_describe(const struct command *command)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	const struct option_row *row;

	json_set(o, "name", json_object_new_string(command->name));
	json_set(o, "synopsis", json_object_new_string(command->synopsis));
	json_set(o, "summary", json_object_new_string(command->summary));
	json_set(o, "arguments", json_object_new_string(args_kind(command)));
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

int args_help(const struct cli *cli, const struct command *command)
{
	const struct option_row *row;
	char left[64];

	if (cli->json)
		return output_json("dais.help", args_describe(command));
	printf("Usage: %s %s%s%s\n\n%s.\n\nOptions:\n", cli->program, command->name,
	       *command->synopsis ? " " : "", command->synopsis, command->summary);
	for (row = command->options; row && row->id; row++) {
		if (row->id >= OPTION_LONG)
			snprintf(left, sizeof(left), "    --%s%s%s", row->name,
				 row->argument ? "=" : "", row->argument ? row->argument : "");
		else
			snprintf(left, sizeof(left), "-%c%s%s%s%s", row->id,
				 row->name ? ", --" : "", row->name ? row->name : "",
				 row->argument ? (row->name ? "=" : " ") : "",
				 row->argument ? row->argument : "");
		printf("  %-26s %s\n", left, row->help);
	}
	printf("  %-26s %s\n", "    --json", "one JSON document instead of text (docs/json.md)");
	printf("  %-26s %s\n", has_letter(command, 'h') ? "    --help" : "-h, --help", "this text");
	return 0;
}
