/* SPDX-License-Identifier: MIT */
/*
 * The host is opened by the first command that needs it, so that `dais help` works anywhere.
 */
#include "host.h"

#include <json-c/json.h>
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
	struct json_object *o = json_object_new_object();
	const char *reason = dais_shutdown_name(domain->shutdown);
	char uuid[37];

	json_object_object_add(o, "domid", json_object_new_int64(domain->domid));
	json_object_object_add(o, "name", json_object_new_string(domain->name));
	json_object_object_add(o, "uuid",
			       json_object_new_string(dais_uuid_text(domain->uuid, uuid)));
	json_object_object_add(o, "state", json_object_new_string(dais_state_name(domain)));
	json_object_object_add(o, "paused", json_object_new_boolean(domain->paused));
	json_object_object_add(o, "shutdown_reason",
			       reason ? json_object_new_string(reason) : NULL);
	json_object_object_add(o, "memory_kb", json_object_new_int64((int64_t)domain->memory_kb));
	json_object_object_add(o, "max_memory_kb",
			       domain->max_kb == UINT64_MAX
				       ? NULL
				       : json_object_new_int64((int64_t)domain->max_kb));
	json_object_object_add(o, "vcpus", json_object_new_int64(domain->vcpus));
	json_object_object_add(o, "max_vcpus", json_object_new_int64(domain->max_vcpus));
	json_object_object_add(o, "cpu_ns", json_object_new_int64((int64_t)domain->cpu_ns));
	json_object_object_add(o, "cpupool", json_object_new_int64(domain->pool));
	return o;
}

struct json_object *device_json(const struct dais_domain *domain, const struct dais_device *device)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "domid", json_object_new_int64(domain->domid));
	json_object_object_add(o, "kind", json_object_new_string(device->kind));
	json_object_object_add(o, "devid", json_object_new_int64(device->devid));
	json_object_object_add(o, "backend", json_object_new_int64(device->backend));
	json_object_object_add(o, "name", json_object_new_string(device->name));
	json_object_object_add(o, "target", json_object_new_string(device->target));
	json_object_object_add(o, "mac",
			       device->mac[0] ? json_object_new_string(device->mac) : NULL);
	json_object_object_add(o, "readonly", json_object_new_boolean(device->readonly));
	json_object_object_add(o, "state", json_object_new_int(device->state));
	json_object_object_add(o, "connected", json_object_new_boolean(device->state == 4));
	return o;
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
