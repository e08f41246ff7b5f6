/* SPDX-License-Identifier: MIT */
/*
 * One connection for the program's life. libvirt would print errors by itself; they are taken
 * from it and told once, with what to do.
 */
#include "connect.h"

#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "output.h"

static virConnectPtr connection;

static void ignore_error(void *arg, virErrorPtr error)
{
	(void)arg;
	(void)error;
}

static void close_connection(void)
{
	if (connection)
		virConnectClose(connection);
}

int remote_failed(struct dais_error *err, const char *what, const char *object)
{
	virErrorPtr said = virGetLastError();
	const char *why = said && said->message ? said->message : "libvirt does not say why";
	enum dais_code code = DAIS_FAILED;

	switch (said ? said->code : VIR_ERR_OK) {
	case VIR_ERR_NO_DOMAIN:
		code = DAIS_NO_DOMAIN;
		break;
	case VIR_ERR_NO_CONNECT:
	case VIR_ERR_INVALID_CONN:
	case VIR_ERR_SYSTEM_ERROR:
	case VIR_ERR_RPC:
		code = DAIS_NO_HOST;
		break;
	case VIR_ERR_AUTH_FAILED:
	case VIR_ERR_AUTH_CANCELLED:
	case VIR_ERR_OPERATION_DENIED:
	case VIR_ERR_ACCESS_DENIED:
		code = DAIS_PERMISSION;
		break;
	case VIR_ERR_OPERATION_INVALID:
		code = DAIS_STATE;
		break;
	case VIR_ERR_DOM_EXIST:
		code = DAIS_EXISTS;
		break;
	case VIR_ERR_NO_MEMORY:
		code = DAIS_NO_MEMORY;
		break;
	case VIR_ERR_OPERATION_TIMEOUT:
		code = DAIS_TIMEOUT;
		break;
	case VIR_ERR_XML_ERROR:
	case VIR_ERR_XML_DETAIL:
	case VIR_ERR_CONFIG_UNSUPPORTED:
		code = DAIS_CONFIG;
		break;
	default:
		break;
	}
	/* What follows the first line is drawn for a terminal's eyes. */
	return dais_fail(err, code, what, object, "%.*s", (int)strcspn(why, "\n"), why);
}

virConnectPtr remote_open(const struct cli *cli, struct dais_error *err)
{
	if (connection)
		return connection;
	virSetErrorFunc(NULL, ignore_error);
	connection = virConnectOpenAuth(cli->uri, virConnectAuthPtrDefault, 0);
	if (!connection) {
		remote_failed(err, "connect to", cli->uri);
		if (err->code == DAIS_FAILED)
			err->code = DAIS_NO_HOST;
		dais_hint(err, "URIs are such as xen+ssh://root@host/system; "
			       "is libvirtd running there?");
		return NULL;
	}
	atexit(close_connection);
	return connection;
}

virDomainPtr remote_find(const struct cli *cli, const char *who, struct dais_error *err)
{
	virConnectPtr host = remote_open(cli, err);
	virDomainPtr domain = NULL;

	if (!host)
		return NULL;
	if (*who && !who[strspn(who, "0123456789")])
		domain = virDomainLookupByID(host, atoi(who));
	if (!domain)
		domain = virDomainLookupByName(host, who);
	if (!domain)
		domain = virDomainLookupByUUIDString(host, who);
	if (domain)
		return domain;
	dais_fail(err, DAIS_NO_DOMAIN, "find the domain", who, "there is none on %s", cli->uri);
	dais_hint(err, "`dais -c %s list` shows the domains.", cli->uri);
	return NULL;
}

const char *remote_state_name(int state)
{
	switch (state) {
	case VIR_DOMAIN_RUNNING:
		return "running";
	case VIR_DOMAIN_BLOCKED:
		return "blocked";
	case VIR_DOMAIN_PAUSED:
	case VIR_DOMAIN_PMSUSPENDED:
		return "paused";
	case VIR_DOMAIN_SHUTDOWN:
		return "shutdown";
	case VIR_DOMAIN_SHUTOFF:
		return "shut-off";
	case VIR_DOMAIN_CRASHED:
		return "crashed";
	default:
		return "unknown";
	}
}

struct json_object *remote_domain_json(virDomainPtr domain, struct dais_error *err)
{
	char uuid[VIR_UUID_STRING_BUFLEN] = "";
	struct json_object *o;
	virDomainInfo info;
	unsigned int id = virDomainGetID(domain);

	if (virDomainGetInfo(domain, &info) || virDomainGetUUIDString(domain, uuid)) {
		remote_failed(err, "look at the domain", virDomainGetName(domain));
		return NULL;
	}
	o = json_object_new_object();
	json_set(o, "domid", id == (unsigned int)-1 ? JSON_NULL : json_object_new_int64(id));
	json_set(o, "name", json_object_new_string(virDomainGetName(domain)));
	json_set(o, "uuid", json_object_new_string(uuid));
	json_set(o, "state", json_object_new_string(remote_state_name(info.state)));
	json_set(o, "paused", json_object_new_boolean(info.state == VIR_DOMAIN_PAUSED));
	json_set(o, "memory_kb", json_object_new_int64((int64_t)info.memory));
	json_set(o, "max_memory_kb", json_object_new_int64((int64_t)info.maxMem));
	json_set(o, "vcpus", json_object_new_int64(info.nrVirtCpu));
	json_set(o, "cpu_ns", json_object_new_int64((int64_t)info.cpuTime));
	return o;
}

int remote_done(const struct cli *cli, virDomainPtr domain)
{
	struct json_object *o;
	struct dais_error err;

	if (!cli->json)
		return 0;
	o = remote_domain_json(domain, &err);
	return o ? output_json("dais.domain", o) : cli_report(cli, &err);
}
