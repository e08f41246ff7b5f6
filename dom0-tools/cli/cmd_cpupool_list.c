/* SPDX-License-Identifier: MIT */
/*
 * dais cpupool-list: the CPU pools.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "dom/machine.h"
#include "host.h"
#include "json.h"
#include "output.h"

static const struct option_row options[] = {
	{'c', "cpus", NULL, "list the CPUs instead of counting them"},
	{0, NULL, NULL, NULL},
};

static unsigned int count_cpus(const struct dais_cpumap *map)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < DAIS_CPUS_MAX; i++)
		n += map->bits[i / 8] >> (i % 8) & 1;
	return n;
}

static struct json_object *pool_json(const struct dais_pool *pool)
{
	struct json_object *o = json_object_new_object();
	char cpus[512];

	json_set(o, "id", json_object_new_int64(pool->id));
	json_set(o, "name", json_object_new_string(pool->name));
	json_set(o, "scheduler", json_object_new_string(pool->scheduler));
	json_set(o, "domains", json_object_new_int64(pool->domains));
	dais_cpulist_text(&pool->cpus, DAIS_CPUS_MAX, cpus, sizeof(cpus));
	json_set(o, "cpus", json_object_new_string(cpus));
	return o;
}

static void print_pools(const struct dais_pool *list, size_t count, bool cpus)
{
	static const char *const titles[] = {"Name",   ">CPUs",         "Sched",
					     "Active", ">Domain count", NULL};
	struct table table;

	table_begin(&table, titles);
	for (size_t i = 0; i < count; i++) {
		char text[512];

		table_add(&table, "%s", list[i].name);
		if (cpus)
			table_add(&table, "%s",
				  dais_cpulist_text(&list[i].cpus, DAIS_CPUS_MAX, text,
						    sizeof(text)));
		else
			table_add(&table, "%u", count_cpus(&list[i].cpus));
		table_add(&table, "%s", list[i].scheduler);
		table_add(&table, "y");
		table_add(&table, "%u", list[i].domains);
	}
	table_end(&table);
}

static void print_as_xl(const struct dais_pool *list, size_t count, bool cpus)
{
	printf("%-19s%s\n", "Name", cpus ? "CPU list" : "CPUs   Sched     Active   Domain count");
	for (size_t i = 0; i < count; i++) {
		const char *comma = "";

		printf("%-19s", list[i].name);
		for (unsigned int cpu = 0; cpus && cpu < DAIS_CPUS_MAX; cpu++) {
			if (list[i].cpus.bits[cpu / 8] >> (cpu % 8) & 1) {
				printf("%s%u", comma, cpu);
				comma = ",";
			}
		}
		if (!cpus)
			printf("%3u %9s       y       %4u", count_cpus(&list[i].cpus),
			       list[i].scheduler, list[i].domains);
		putchar('\n');
	}
}

/* Leaves only the pool of that name or number. False: there is none. */
static bool keep(struct dais_pool *list, size_t *count, const char *name)
{
	for (size_t i = 0; i < *count; i++) {
		char number[16];

		snprintf(number, sizeof(number), "%u", list[i].id);
		if (strcmp(list[i].name, name) && strcmp(number, name))
			continue;
		list[0] = list[i];
		*count = 1;
		return true;
	}
	return false;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct dais_pool *list;
	struct dais_error err;
	struct args args;
	bool cpus = false;
	size_t count;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id != 'c')
			return args.status;
		cpus = true;
	}
	if (!args_counted(&args, 0, 1))
		return args.status;
	if (host_open(cli, &err) || dais_pools(cli->host, &list, &count, &err))
		return cli_report(cli, &err);
	if (args.count && !keep(list, &count, args.list[0])) {
		free(list);
		dais_fail(&err, DAIS_USAGE, "find the CPU pool", args.list[0],
			  "there is no such pool");
		return cli_report(cli, &err);
	}
	if (cli->json) {
		struct json_object *array = json_object_new_array();

		for (size_t i = 0; i < count; i++)
			json_append(array, pool_json(&list[i]));
		free(list);
		return output_json("dais.cpupools", array);
	}
	if (cli->as_xl)
		print_as_xl(list, count, cpus);
	else
		print_pools(list, count, cpus);
	free(list);
	return 0;
}

const struct command command_cpupool_list = {
	.name = "cpupool-list",
	.synopsis = "[OPTION...] [POOL]",
	.summary = "List CPU pools",
	.options = options,
	.run = run,
};
