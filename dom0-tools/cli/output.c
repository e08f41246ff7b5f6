/* SPDX-License-Identifier: MIT */
/*
 * Tables are held back until they are whole, so that columns fit their contents. Progress is
 * drawn by a thread, and only on a terminal: no signal interrupts the work's own waiting.
 */
#include "output.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

int output_json(const char *schema, struct json_object *data)
{
	struct json_object *document = json_object_new_object();
	autofree char *text = NULL;

	json_set(document, "schema", json_object_new_string(schema));
	json_set(document, "version", json_object_new_int(1));
	json_set(document, "data", data);
	text = json_text(document, JSON_PRETTY);
	if (!text) {
		fputs("dais: cannot print the answer: there is no memory for it\n", stderr);
		return DAIS_FAILED;
	}
	puts(text);
	return 0;
}

int output_done(const struct cli *cli)
{
	return cli->json ? output_json("dais.done", json_object_new_object()) : 0;
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
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	char text[120];
	bool active, stop;
} progress = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void put(const char *text, size_t length)
{
	if (write(STDERR_FILENO, text, length) < 0)
		return; /* a terminal that went away is not worth a word */
}

/* Waits so long or for the end. false: it is the end. Called with the lock. */
static bool nap(long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!progress.stop &&
	       pthread_cond_timedwait(&progress.changed, &progress.lock, &until) == 0)
		;
	return !progress.stop;
}

static void *draw(void *arg)
{
	static const char spin[] = "|/-\\";
	bool drawn = false;
	char line[160];
	unsigned int turn = 0;
	int n;

	pthread_mutex_lock(&progress.lock);
	for (bool on = nap(1000); on; on = nap(200)) {
		n = snprintf(line, sizeof(line), "\r%c %s\033[K", spin[turn++ % 4], progress.text);
		put(line, (size_t)n);
		drawn = true;
	}
	pthread_mutex_unlock(&progress.lock);
	if (drawn)
		put("\r\033[K", 4);
	return arg;
}

void progress_step(const char *what)
{
	pthread_mutex_lock(&progress.lock);
	snprintf(progress.text, sizeof(progress.text), "%s", what);
	pthread_mutex_unlock(&progress.lock);
}

void progress_begin(const struct cli *cli, const char *what)
{
	sigset_t all, before;

	progress_step(what);
	if (cli->json || progress.active || !isatty(STDERR_FILENO))
		return;
	/* Signals are the command's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	progress.stop = false;
	progress.active = !pthread_create(&progress.thread, NULL, draw, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void progress_end(void)
{
	if (!progress.active)
		return;
	pthread_mutex_lock(&progress.lock);
	progress.stop = true;
	pthread_cond_signal(&progress.changed);
	pthread_mutex_unlock(&progress.lock);
	pthread_join(progress.thread, NULL);
	progress.active = false;
}
