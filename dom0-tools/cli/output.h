/* SPDX-License-Identifier: MIT */
/*
 * What commands print: aligned tables, and JSON documents with the name and version of their
 * schema. A command that prints nothing else can be read by a program with --json.
 */
#ifndef DAIS_CLI_OUTPUT_H
#define DAIS_CLI_OUTPUT_H

#include "cli.h"

struct json_object;

/*
 * Prints {"schema": @schema, "version": 1, "data": @data} and drops @data. The exit status:
 * not 0 if there is no memory for it.
 */
int output_json(const char *schema, struct json_object *data);

/* With --json the document that says so, for what leaves nothing else to be shown. The status. */
int output_done(const struct cli *cli);

/* ----- tables ----- */

#define TABLE_COLUMNS_MAX 16

struct table {
	unsigned int columns;
	const char *title[TABLE_COLUMNS_MAX];
	bool right[TABLE_COLUMNS_MAX]; /* numbers */
	char **cells; /* row after row */
	size_t count, room;
};

/* @titles: names of columns, NULL behind the last; one that starts with ">" stands right. */
void table_begin(struct table *table, const char *const *titles);
/* The next cell, from left to right and row after row. */
void table_add(struct table *table, const char *fmt, ...) DAIS_PRINTF(2, 3);
/* Prints the whole to standard output, each column as wide as it needs, and frees it. */
void table_end(struct table *table);

/* ----- progress ----- */

/*
 * On a terminal a line of standard error that says what takes so long; it appears one second
 * after progress_begin() at the earliest, and is gone after progress_end().
 */
void progress_begin(const struct cli *cli, const char *what);
void progress_step(const char *what);
void progress_end(void);

#endif
