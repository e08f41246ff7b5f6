/* SPDX-License-Identifier: MIT */
/*
 * dais sched: the share of the CPUs that domains get, and on which. Known to xl as
 * sched-credit2, which leaves out the latter.
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
	{'d', "domain", "DOMAIN", "of this domain; all if not given"},
	{'w', "weight", "WEIGHT", "set its share against the others (256)"},
	{'c', "cap", "CAP", "set the most it gets, in percent of a CPU (0: no limit)"},
	{'a', "affinity", "CPUS", "set where all its vCPUs may run (0-3,^1)"},
	{'p', "cpupool", "POOL", "only domains of this CPU pool; with -s the pool itself"},
	{'s', "schedparam", NULL, "show or set what holds for a whole pool"},
	{'r', "ratelimit_us", "US",
	 "with -s: no switch is planned sooner, in microseconds (0, 100 to 500000)"},
	{0, NULL, NULL, NULL},
};

struct request {
	const char *who, *pool, *affinity;
	int64_t weight, cap, ratelimit;
	bool pools;
};

/* xl has no such column. */
static bool shows_affinity(const struct cli *cli)
{
	return !cli->as_xl && cli->command == &command_sched;
}

/* Where the vCPUs of a domain may run, "-" when that is not the same for all. -1 with @err. */
static int affinity_text(struct cli *cli, uint32_t domid, char *text, size_t size,
			 struct dais_error *err)
{
	struct dais_machine machine;
	struct dais_vcpu *list;
	size_t count, i;

	if (dais_machine(cli->host, &machine, err) ||
	    dais_vcpus(cli->host, domid, &list, &count, err))
		return -1;
	for (i = 1; i < count && !memcmp(&list[i].hard, &list[0].hard, sizeof(list[0].hard)); i++)
		;
	if (count && i >= count)
		dais_cpulist_text(&list[0].hard, machine.cpus, text, size);
	else
		snprintf(text, size, "-");
	free(list);
	return 0;
}

static int show(struct cli *cli, const struct dais_domain *d, struct json_object *array)
{
	int32_t weight = -1, cap = -1;
	struct json_object *o;
	struct dais_error err;
	char affinity[256];

	if (dais_sched(cli->host, d->domid, &weight, &cap, &err) ||
	    affinity_text(cli, d->domid, affinity, sizeof(affinity), &err))
		return cli_report(cli, &err);
	if (!cli->json) {
		printf("%-33s %4u %6d %4d", d->name, d->domid, weight, cap);
		if (shows_affinity(cli))
			printf("  %s", affinity);
		printf("\n");
		return 0;
	}
	o = json_object_new_object();
	json_set(o, "domid", json_object_new_int64(d->domid));
	json_set(o, "name", json_object_new_string(d->name));
	json_set(o, "weight", json_object_new_int(weight));
	json_set(o, "cap", json_object_new_int(cap));
	json_set(o, "affinity",
		 strcmp(affinity, "-") ? json_object_new_string(affinity) : JSON_NULL);
	json_append(array, o);
	return 0;
}

/* A pool is named by its name or number. */
static bool is_pool(const struct dais_pool *pool, const char *name)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", pool->id);
	return !name || !strcmp(name, pool->name) || !strcmp(name, number);
}

/* The number of the pool in @found; false with @err if there is none. */
static bool find_pool(struct cli *cli, const char *name, uint32_t *found, struct dais_error *err)
{
	struct dais_pool *list;
	size_t count, i;

	if (dais_pools(cli->host, &list, &count, err))
		return false;
	for (i = 0; i < count && !is_pool(&list[i], name); i++)
		;
	if (i < count)
		*found = list[i].id;
	free(list);
	if (i < count)
		return true;
	dais_fail(err, DAIS_USAGE, "find the CPU pool", name, "there is no such pool");
	dais_hint(err, "`dais cpupool-list` shows them");
	return false;
}

/* -s: each pool, or the one that was named. */
static int run_pools(struct cli *cli, struct request *r)
{
	struct json_object *array;
	struct dais_pool *list;
	struct dais_error err;
	size_t count;
	uint32_t one;
	int status = 0;

	/* xl means the first pool when it is to be set. */
	if (!r->pool && r->ratelimit >= 0)
		r->pool = "0";
	if (r->pool && !find_pool(cli, r->pool, &one, &err))
		return cli_report(cli, &err);
	if (dais_pools(cli->host, &list, &count, &err))
		return cli_report(cli, &err);
	array = json_object_new_array();
	for (size_t i = 0; i < count && !status; i++) {
		struct json_object *o;
		int64_t us = r->ratelimit;

		if (r->pool && list[i].id != one)
			continue;
		if (dais_ratelimit(cli->host, list[i].id, &us, &err)) {
			status = cli_report(cli, &err);
		} else if (cli->json) {
			o = json_object_new_object();
			json_set(o, "pool", json_object_new_string(list[i].name));
			json_set(o, "ratelimit_us", json_object_new_int64(us));
			json_append(array, o);
		} else if (r->ratelimit < 0) {
			printf("Cpupool %s: ratelimit=%lldus\n", list[i].name, (long long)us);
		}
	}
	free(list);
	if (cli->json && !status)
		return output_json("dais.sched", array);
	json_object_put(array);
	return status;
}

static int set(struct cli *cli, const struct request *r, uint32_t domid, struct dais_error *err)
{
	static uint32_t nodes[DAIS_CPUS_MAX];
	int32_t weight = (int32_t)r->weight, cap = (int32_t)r->cap;
	struct dais_topology topology;
	struct dais_cpumap cpus;

	/* All is read before anything is set. */
	if (r->affinity && (dais_topology(cli->host, &topology, nodes, err) ||
			    dais_cpulist_parse(r->affinity, &topology, &cpus, err)))
		return -1;
	if ((weight >= 0 || cap >= 0) && dais_sched(cli->host, domid, &weight, &cap, err))
		return -1;
	return r->affinity ? dais_vcpu_pin(cli->host, domid, UINT32_MAX, &cpus, NULL, err) : 0;
}

static bool sets(const struct request *r)
{
	return r->weight >= 0 || r->cap >= 0 || r->affinity;
}

/* xl shows pool by pool, and of each what -s shows as well. */
static int show_as_xl(struct cli *cli, const struct request *r)
{
	struct dais_domain *list = NULL;
	struct dais_pool *pools = NULL;
	struct dais_error err;
	size_t count = 0, pool_count = 0;
	uint32_t one = 0;
	int status = 0;

	if ((r->pool && !find_pool(cli, r->pool, &one, &err)) ||
	    dais_pools(cli->host, &pools, &pool_count, &err) ||
	    dais_list(cli->host, &list, &count, &err))
		status = cli_report(cli, &err);
	for (size_t i = 0; i < pool_count && !status; i++) {
		int64_t us = -1;

		if (r->pool && pools[i].id != one)
			continue;
		if (dais_ratelimit(cli->host, pools[i].id, &us, &err)) {
			status = cli_report(cli, &err);
			break;
		}
		printf("Cpupool %s: ratelimit=%lldus\n"
		       "Name                                ID Weight  Cap\n",
		       pools[i].name, (long long)us);
		for (size_t j = 0; j < count && !status; j++) {
			if (list[j].pool == pools[i].id)
				status = show(cli, &list[j], NULL);
		}
	}
	free(pools);
	free(list);
	return status;
}

static int run_domains(struct cli *cli, const struct request *r)
{
	struct dais_domain *list = NULL, one;
	struct json_object *array;
	struct dais_error err;
	uint32_t pool = 0;
	size_t count = 0;
	int status = 0;

	if (!r->who && cli->as_xl && !cli->json)
		return show_as_xl(cli, r);
	if ((r->pool && !find_pool(cli, r->pool, &pool, &err)) ||
	    (r->who && dais_find(cli->host, r->who, &one, &err)) ||
	    (!r->who && dais_list(cli->host, &list, &count, &err)))
		return cli_report(cli, &err);
	array = json_object_new_array();
	if (!cli->json && !sets(r))
		printf("Name                                ID Weight  Cap%s\n",
		       shows_affinity(cli) ? "  Affinity" : "");
	if (r->who) {
		if (sets(r) && set(cli, r, one.domid, &err))
			status = cli_report(cli, &err);
		/* Setting says nothing; asking does. */
		else if (!sets(r) || cli->json)
			status = show(cli, &one, array);
	}
	for (size_t i = 0; i < count && !status; i++) {
		if (!r->pool || list[i].pool == pool)
			status = show(cli, &list[i], array);
	}
	free(list);
	if (cli->json && !status)
		return output_json("dais.sched", array);
	json_object_put(array);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct request r = {.weight = -1, .cap = -1, .ratelimit = -1};
	struct dais_error err;
	struct args args;
	int id;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == ARGS_STOP)
			return args.status;
		if (id == 'd')
			r.who = args.value;
		else if (id == 'p')
			r.pool = args.value;
		else if (id == 'a')
			r.affinity = args.value;
		else if (id == 's')
			r.pools = true;
		else if (id == 'w' && !args_number(args.value, 1, 65535, &r.weight))
			return cli_usage(cli, "a weight is 1 to 65535");
		else if (id == 'c' && !args_number(args.value, 0, 65535, &r.cap))
			return cli_usage(cli, "a cap is 0 to 65535 percent");
		else if (id == 'r' && (!args_number(args.value, 0, 500000, &r.ratelimit) ||
				       (r.ratelimit && r.ratelimit < 100)))
			return cli_usage(cli, "a rate limit is 0, or 100 to 500000 microseconds");
	}
	if (!args_counted(&args, 0, 0))
		return args.status;
	if (!r.who && sets(&r))
		return cli_usage(cli, "say with -d which domain to set");
	if (r.who && (r.pool || r.pools))
		return cli_usage(cli, "-d is for a domain, -p and -s are for a pool");
	if (!r.pools && r.ratelimit >= 0)
		return cli_usage(cli, "-r is set with -s");
	if (host_open(cli, &err))
		return cli_report(cli, &err);
	return r.pools ? run_pools(cli, &r) : run_domains(cli, &r);
}

const struct command command_sched = {
	.name = "sched",
	.synopsis = "[OPTION...]",
	.summary = "Show or set domains' share of the CPUs",
	.options = options,
	.run = run,
};

const struct command command_sched_credit2 = {
	.name = "sched-credit2",
	.synopsis = "[OPTION...]",
	.summary = "The same by xl's name",
	.options = options,
	.run = run,
};
