/* SPDX-License-Identifier: MIT */
/*
 * The host is opened by the first command that needs it, so that `dais help` works anywhere.
 */
#include "host.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

int host_open(struct cli *cli, struct dais_error *err)
{
	return cli->host ? 0 : dais_open(&cli->host, err);
}

int host_domain(struct cli *cli, const char *who, struct dais_domain *domain,
		struct dais_error *err)
{
	return host_open(cli, err) ? -1 : dais_find(cli->host, who, domain, err);
}

bool host_args(struct args *args, struct cli *cli, int argc, char **argv, int least, int most)
{
	args_begin(args, cli, argc, argv);
	/* Without options of its own a command sees none but the end and the stop. */
	return args_next(args) == ARGS_END && args_counted(args, least, most);
}

struct json_object *domain_json(const struct dais_domain *domain)
{
	return dais_domain_json(domain);
}

struct json_object *device_json(const struct dais_domain *domain, const struct dais_device *device)
{
	return dais_device_json(domain->domid, device);
}

int host_done(struct cli *cli, uint32_t domid)
{
	struct dais_domain domain;
	struct dais_error err;

	if (!cli->json)
		return 0;
	if (dais_look(cli->host, domid, &domain, &err))
		return cli_report(cli, &err);
	return output_json("dais.domain", domain_json(&domain));
}

const char *domain_flags(const struct dais_domain *domain, char text[7])
{
	bool down = domain->shutdown != DAIS_SHUTDOWN_NONE;

	text[0] = domain->running ? 'r' : '-';
	text[1] = domain->blocked ? 'b' : '-';
	text[2] = domain->paused ? 'p' : '-';
	text[3] = down ? 's' : '-';
	text[4] = domain->shutdown == DAIS_SHUTDOWN_CRASH ? 'c' : '-';
	text[5] = domain->dying ? 'd' : '-';
	text[6] = 0;
	return text;
}

struct dais_domain *host_room(int count, struct dais_error *err)
{
	struct dais_domain *list = calloc((size_t)count, sizeof(*list));

	if (!list)
		dais_fail_errno(err, DAIS_FAILED, ENOMEM, "look for the domains", NULL);
	return list;
}
