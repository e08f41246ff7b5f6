/* SPDX-License-Identifier: MIT */
/*
 * What a command sees of the program around it. A command is one file, cmd_NAME.c, that
 * defines one `const struct command command_NAME`, and one row of the table in main.c: help,
 * bash completion and the test of the man pages are made from these.
 */
#ifndef DAIS_CLI_H
#define DAIS_CLI_H

#include <stddef.h>

#include "error.h"

struct dais; /* the library's handle to the host, hv/handle.h */
struct cli;

/* Ids of options without a letter start here; below are letters. */
#define OPTION_LONG 256

struct option_row {
	int id; /* its letter, or OPTION_LONG + n; 0 ends the table */
	const char *name; /* long name; NULL: only the letter */
	const char *argument; /* what stands for its argument in the help; NULL: it has none */
	const char *help;
};

/* What may stand where the synopsis has arguments, for completion. */
enum argument_kind {
	ARGUMENT_NONE,
	ARGUMENT_DOMAIN, /* one domain, then others of no known kind */
	ARGUMENT_DOMAINS, /* any number of domains */
	ARGUMENT_DOMAIN_FILE, /* one domain, then a file */
	ARGUMENT_FILE,
	ARGUMENT_ANY, /* a domain or a file */
	ARGUMENT_COMMAND,
};

struct command {
	const char *name;
	const char *synopsis; /* without program and name: "[OPTION...] DOMAIN" */
	const char *summary; /* a line without full stop */
	const struct option_row *options; /* beside --json and --help, which all have */
	enum argument_kind arguments;
	/* argv[0] is the command's name. Returns the exit status (enum dais_code). */
	int (*run)(struct cli *cli, int argc, char **argv);
};

struct cli {
	const char *program; /* "dais" or "xl" */
	bool as_xl; /* called as xl: its output and its exit status */
	bool json; /* --json before or behind the command */
	bool force; /* xl -f */
	bool dry_run; /* xl -N */
	int verbose; /* number of -v */
	const char *uri; /* -c: another host, through libvirt; NULL: this one */
	const struct command *command;
	struct dais *host; /* NULL until a command opens it; closed by main() */
};

/*
 * Prints @err (text to standard error; with --json also as a document to standard output) and
 * returns the exit status for it: `return cli_report(cli, &err)`.
 */
int cli_report(const struct cli *cli, const struct dais_error *err);

/* The same for a fault of the command line, with a pointer to the help. Returns the status. */
int cli_usage(const struct cli *cli, const char *fmt, ...) DAIS_PRINTF(2, 3);

/* The exit status of @code: itself, or, as xl, 1 for whatever failed. */
int cli_status(const struct cli *cli, enum dais_code code);

/* The table: all commands in the order of the help; NULL ends it. */
extern const struct command *const commands[];
const struct command *command_find(const char *name); /* NULL: there is none */

#endif
