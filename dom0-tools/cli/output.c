/* SPDX-License-Identifier: MIT */
/*
 * Tables are held back until they are whole, so that columns fit their contents. Progress is
 * drawn from a timer's signal with write(2) alone: the work itself need not know of it.
 */
#include "output.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

int output_json(const char *schema, struct json_object *data)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "schema", json_object_new_string(schema));
	json_object_object_add(document, "version", json_object_new_int(1));
	json_object_object_add(document, "data", data);
	puts(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_SPACED |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(document);
	return 0;
}

void table_begin(struct table *table, const char *const *titles)
{
	memset(table, 0, sizeof(*table));
	for (; titles[table->columns] && table->columns < TABLE_COLUMNS_MAX; table->columns++) {
		const char *title = titles[table->columns];

		table->right[table->columns] = *title == '>';
		table->title[table->columns] = title + (*title == '>');
	}
}

void table_add(struct table *table, const char *fmt, ...)
{
	va_list args;

	if (table->count == table->room) {
		size_t room = table->room ? 2 * table->room : 64;
		char **cells = realloc(table->cells, room * sizeof(*cells));

		if (!cells)
			return;
		table->cells = cells;
		table->room = room;
	}
	va_start(args, fmt);
	if (vasprintf(&table->cells[table->count], fmt, args) >= 0)
		table->count++;
	va_end(args);
}

static void print_row(const struct table *table, const int *width, const char *const *cells)
{
	unsigned int i;

	for (i = 0; i < table->columns; i++) {
		if (table->right[i])
			printf("%*s", width[i], cells[i]);
		else if (i + 1 < table->columns)
			printf("%-*s", width[i], cells[i]);
		else
			fputs(cells[i], stdout);
		fputs(i + 1 < table->columns ? "  " : "\n", stdout);
	}
}

void table_end(struct table *table)
{
	int width[TABLE_COLUMNS_MAX];
	unsigned int column;
	size_t i;

	for (column = 0; column < table->columns; column++)
		width[column] = (int)strlen(table->title[column]);
	for (i = 0; i < table->count; i++) {
		int length = (int)strlen(table->cells[i]);

		column = (unsigned int)(i % table->columns);
		width[column] = length > width[column] ? length : width[column];
	}
	print_row(table, width, table->title);
	for (i = 0; i + table->columns <= table->count; i += table->columns)
		print_row(table, width, (const char *const *)table->cells + i);
	for (i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	memset(table, 0, sizeof(*table));
}

static struct {
	char text[2][120]; /* one is shown while the other is written */
	volatile sig_atomic_t current;
	bool active, quiet;
} progress;

static void draw(int signal_number)
{
	static const char spin[] = "|/-\\";
	static unsigned int turn;
	char line[140] = "\r";
	const char *text = progress.text[progress.current];
	size_t length = 1;

	(void)signal_number;
	line[length++] = spin[turn++ % 4];
	line[length++] = ' ';
	while (*text && length < sizeof(line) - 4)
		line[length++] = *text++;
	memcpy(line + length, "\033[K", 3);
	if (write(STDERR_FILENO, line, length + 3) < 0)
		return;
}

void progress_step(const char *what)
{
	int next = !progress.current;

	snprintf(progress.text[next], sizeof(progress.text[next]), "%s", what);
	progress.current = next;
}

void progress_begin(const struct cli *cli, const char *what)
{
	const struct itimerval every = {.it_value = {1, 0}, .it_interval = {0, 200000}};
	struct sigaction action = {.sa_handler = draw, .sa_flags = SA_RESTART};

	progress_step(what);
	if (cli->json || !isatty(STDERR_FILENO) || progress.active)
		return;
	progress.active = true;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

void progress_end(void)
{
	static const struct itimerval never;
	struct sigaction action = {.sa_handler = SIG_IGN};

	if (!progress.active)
		return;
	progress.active = false;
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &action, NULL);
	if (write(STDERR_FILENO, "\r\033[K", 4) < 0)
		return;
}
