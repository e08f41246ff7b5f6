/* SPDX-License-Identifier: MIT */
/*
 * dais top: what the domains use, refreshed; -b prints plain tables instead of a screen.
 */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "dom/machine.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'b', "batch", NULL, "print tables, no screen"},
	{'d', "delay", "SECONDS", "between two looks (3)"},
	{'i', "iterations", "NUMBER", "end after so many looks"},
	{0, NULL, NULL, NULL},
};

/* One look at the host; shares of CPU come from comparing two. */
struct look {
	struct dais_domain *list;
	size_t count;
	int64_t at_ns;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Percent of one CPU since @before; a new domain has no past. */
static double share(const struct dais_domain *d, int64_t at_ns, const struct look *before)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct dais_domain *old = &before->list[i];

		if (old->domid == d->domid && !memcmp(old->uuid, d->uuid, sizeof(d->uuid)) &&
		    d->cpu_ns >= old->cpu_ns && at_ns > before->at_ns)
			return 100.0 * (double)(d->cpu_ns - old->cpu_ns) /
			       (double)(at_ns - before->at_ns);
	}
	return 0;
}

static void row_text(const struct dais_domain *d, double percent, uint64_t total_kb, char *buf,
		     size_t size)
{
	char flags[7];

	snprintf(buf, size, "%-24.24s %5u %s %10.1f %6.1f %10llu %5.1f %5u", d->name, d->domid,
		 domain_flags(d, flags), (double)d->cpu_ns / 1e9, percent,
		 (unsigned long long)d->memory_kb,
		 total_kb ? 100.0 * (double)d->memory_kb / (double)total_kb : 0.0, d->vcpus);
}

#define TITLE "NAME                        ID STATE     CPU(s)   CPU%    MEM(KiB)  MEM% VCPUS"

static void head_text(const struct dais_machine *m, size_t domains, char *buf, size_t size)
{
	snprintf(buf, size, "dais top: %zu domains, %u CPUs at %u MHz, %llu MiB, %llu MiB free",
		 domains, m->cpus, m->cpu_khz / 1000, (unsigned long long)(m->total_kb >> 10),
		 (unsigned long long)(m->free_kb >> 10));
}

static void draw(bool screen, const struct dais_machine *m, const struct look *look,
		 const struct look *before)
{
	char line[160];

	head_text(m, look->count, line, sizeof(line));
	if (screen) {
		erase();
		mvaddstr(0, 0, line);
		attron(A_REVERSE);
		mvaddstr(2, 0, TITLE);
		attroff(A_REVERSE);
	} else {
		printf("%s\n%s\n", line, TITLE);
	}
	for (size_t i = 0; i < look->count; i++) {
		row_text(&look->list[i], share(&look->list[i], look->at_ns, before), m->total_kb,
			 line, sizeof(line));
		if (!screen)
			puts(line);
		else if ((int)i + 4 < LINES)
			mvaddstr((int)i + 3, 0, line);
	}
	if (screen) {
		mvaddstr(LINES - 1, 0, "q: quit");
		refresh();
	} else {
		fflush(stdout);
	}
}

static void add_json(struct json_object *array, const struct look *look, const struct look *before)
{
	for (size_t i = 0; i < look->count; i++) {
		struct json_object *o = domain_json(&look->list[i]);
		double percent = share(&look->list[i], look->at_ns, before);

		json_set(o, "cpu_percent", json_object_new_double(percent));
		json_append(array, o);
	}
}

/* True when it is time for the next look. */
static bool pause_between(bool screen, int64_t seconds)
{
	int key;

	if (!screen)
		return !sleep((unsigned int)seconds);
	timeout((int)seconds * 1000);
	key = getch();
	return key != 'q' && key != 'Q' && key != 27;
}

static int watch(struct cli *cli, bool screen, int64_t seconds, int64_t times)
{
	struct look before = {0};
	struct dais_error err = {0};
	struct dais_machine machine;
	int status = 0;

	/* The first look only measures, unless it is the only thing to show. */
	for (int64_t n = 0; times < 0 || n <= times; n++) {
		struct look look = {.at_ns = now_ns()};

		if (dais_machine(cli->host, &machine, &err) ||
		    dais_list(cli->host, &look.list, &look.count, &err)) {
			status = -1;
			break;
		}
		if (cli->json && n == times) {
			struct json_object *array = json_object_new_array();

			add_json(array, &look, &before);
			output_json("dais.top", array);
		} else if (!cli->json && (n || screen)) {
			draw(screen, &machine, &look, &before);
		}
		free(before.list);
		before = look;
		if (n == times || !pause_between(screen, n ? seconds : 1))
			break;
	}
	free(before.list);
	if (screen)
		endwin();
	return status ? cli_report(cli, &err) : 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int64_t seconds = 3, times = -1;
	struct dais_error err;
	bool screen = true;
	struct args args;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == 'b')
			screen = false;
		else if (id == 'd' && !args_number(args.value, 1, 3600, &seconds))
			return cli_usage(cli, "a delay is 1 to 3600 seconds");
		else if (id == 'i' && !args_number(args.value, 1, INT32_MAX, &times))
			return cli_usage(cli, "\"%s\" is no number", args.value);
		else if (id == ARGS_STOP)
			return args.status;
	}
	if (!args_counted(&args, 0, 0))
		return args.status;
	if (host_open(cli, &err))
		return cli_report(cli, &err);
	if (cli->json || !isatty(STDOUT_FILENO))
		screen = false;
	if (cli->json && times < 0)
		times = 1;
	if (screen) {
		if (!initscr())
			return DAIS_FAILED;
		cbreak();
		noecho();
		curs_set(0);
	}
	return watch(cli, screen, seconds, times);
}

const struct command command_top = {
	.name = "top",
	.synopsis = "[OPTION...]",
	.summary = "Show what domains use",
	.options = options,
	.run = run,
};
