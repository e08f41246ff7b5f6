/* SPDX-License-Identifier: MIT */
/*
 * What dais shutdown and dais reboot have in common. With --json they show the domains as they
 * were when they were asked: afterwards there may be none.
 */
#include "down.h"

#include <stdlib.h>

#include "commands.h"
#include "host.h"
#include "json.h"
#include "output.h"

struct request {
	const char *reason;
	bool all;
	unsigned int wait; /* 1: until a domain is down or gone, 2: until it is gone */
	struct dais_domain *list; /* without domain 0 */
	size_t count;
};

/* Those that were named, or all. -1 with @err. */
static int find(struct cli *cli, struct request *r, const struct args *args, struct dais_error *err)
{
	size_t all = 0;

	if (r->all) {
		if (dais_list(cli->host, &r->list, &all, err))
			return -1;
		for (size_t i = 0; i < all; i++) {
			if (r->list[i].domid)
				r->list[r->count++] = r->list[i];
		}
		return 0;
	}
	r->list = host_room(args->count, err);
	if (!r->list)
		return -1;
	for (; r->count < (size_t)args->count; r->count++) {
		struct dais_domain *domain = &r->list[r->count];

		if (dais_find(cli->host, args->list[r->count], domain, err))
			return -1;
		/* By name it can be meant only by mistake; -a passes it by. */
		if (!domain->domid && dais_shutdown(cli->host, 0, r->reason, err))
			return -1;
	}
	return 0;
}

static int wait_down(struct cli *cli, const struct request *r, uint32_t domid,
		     struct dais_error *err)
{
	struct dais_domain domain;
	struct dais_event event;

	for (;;) {
		if (dais_look(cli->host, domid, &domain, err))
			return err->code == DAIS_NO_DOMAIN ? 0 : -1;
		if (domain.dying || (r->wait == 1 && domain.shutdown != DAIS_SHUTDOWN_NONE))
			return 0;
		if (dais_event_wait(cli->host, &event, -1, err) < 0)
			return -1;
	}
}

static int ask(struct cli *cli, const struct request *r)
{
	struct dais_error err;
	int status = 0;

	for (size_t i = 0; i < r->count; i++) {
		/* All are asked; of several faults one is the document. */
		if (dais_shutdown(cli->host, r->list[i].domid, r->reason, &err) &&
		    (!status || !cli->json))
			status = cli_report(cli, &err);
	}
	for (size_t i = 0; i < r->count && r->wait && !status; i++) {
		progress_begin(cli, "waiting for the domain to go down");
		if (wait_down(cli, r, r->list[i].domid, &err))
			status = cli_report(cli, &err);
		progress_end();
	}
	return status;
}

static int show(const struct request *r)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < r->count; i++)
		json_append(array, domain_json(&r->list[i]));
	return output_json("dais.domains", array);
}

int down_run(struct cli *cli, int argc, char **argv, const char *reason)
{
	struct request r = {.reason = reason};
	struct dais_error err;
	struct args args;
	int id, status;

	args_begin(&args, cli, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == 'a')
			r.all = true;
		else if (id == 'w')
			r.wait++;
		else if (id == ARGS_STOP)
			return args.status;
	}
	if (!args_counted(&args, r.all ? 0 : 1, r.all ? 0 : 1 << 20))
		return args.status;
	if (host_open(cli, &err) || find(cli, &r, &args, &err))
		status = cli_report(cli, &err);
	else
		status = ask(cli, &r);
	if (!status && cli->json)
		status = show(&r);
	free(r.list);
	return status;
}
