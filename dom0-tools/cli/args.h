/* SPDX-License-Identifier: MIT */
/*
 * Options and arguments of one command, by the table that it has for its help:
 *
 *	args_begin(&args, cli, argc, argv);
 *	while ((id = args_next(&args)) != ARGS_END) {
 *		switch (id) {
 *		case 'q': quiet = true; break;
 *		default: return args.status;	// help was shown, or the fault
 *		}
 *	}
 *	// args.count arguments in args.list
 */
#ifndef DAIS_CLI_ARGS_H
#define DAIS_CLI_ARGS_H

#include <getopt.h>
#include <stdint.h>

#include "cli.h"

#define ARGS_END (-1)
#define ARGS_STOP (-2)
#define ARGS_OPTIONS_MAX 32

struct args {
	struct cli *cli;
	int argc;
	char **argv;
	const char *value; /* argument of the option just returned; NULL: it has none */
	int status; /* exit status after ARGS_STOP */
	int count; /* after ARGS_END: arguments that are no options */
	char **list; /* these; NULL behind the last */
	char letters[3 * ARGS_OPTIONS_MAX];
	struct option names[ARGS_OPTIONS_MAX + 3];
};

void args_begin(struct args *args, struct cli *cli, int argc, char **argv);

/* The next option's id, ARGS_END, or ARGS_STOP; --json and --help are dealt with inside. */
int args_next(struct args *args);

/* After the options: false (with args->status set, all said) unless @least <= count <= @most. */
bool args_counted(struct args *args, int least, int most);

/* A whole decimal number (0x: hexadecimal) from @least to @most; false: none, nothing said. */
bool args_number(const char *text, int64_t least, int64_t most, int64_t *value);

/* "512", "512m", "2g", "1t", "4096k" to KiB; a bare number is MiB. false: none of these. */
bool args_memory(const char *text, uint64_t *kib);

/* One specification of the words that are parts of it, with commas between; NULL: no memory. */
char *args_joined(char **words, int count);

/* Synopsis and options, as for `dais help COMMAND`, to standard output. The exit status. */
int args_help(const struct cli *cli, const struct command *command);
struct json_object *args_describe(const struct command *command); /* the same for programs */
const char *args_kind(const struct command *command); /* of its arguments, as a word */

#endif
