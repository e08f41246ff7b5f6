/* SPDX-License-Identifier: MIT */
/*
 * The table of routes and what each does. Each thread has its own handle to the host. An answer
 * is the document that the command of the same purpose prints with --json; a fault is a
 * "dais.error" document with the HTTP status that is nearest.
 */
#include "routes.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "intent.h"
#include "journal.h"
#include "json.h"
#include "metrics.h"
#include "version.h"

/* Each handler returns 0 with an answer, or -1 with r->err. */
typedef int handler_fn(struct request *r);

static const char *parameter(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

static int answer(struct request *r, const char *schema, struct json_object *data)
{
	r->status = r->status ? r->status : MHD_HTTP_OK;
	r->schema = schema;
	r->data = data;
	return 0;
}

static int need_number(struct request *r, const char *name, uint64_t most, uint64_t *number)
{
	const char *text = parameter(r, name);
	char *end;

	errno = 0;
	*number = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : most + 1;
	if (errno || *number > most || *end)
		return dais_fail(&r->err, DAIS_USAGE, "read the parameter", name,
				 "a number up to %llu is needed", (unsigned long long)most);
	return 0;
}

static int find(struct request *r, struct dais_domain *domain)
{
	return dais_find(r->host, r->who, domain, &r->err);
}

static int show(struct request *r, uint32_t domid)
{
	struct dais_domain domain;

	if (dais_look(r->host, domid, &domain, &r->err))
		return -1;
	return answer(r, "dais.domain", dais_domain_json(&domain));
}

/* ----- looking ----- */

static int get_version(struct request *r)
{
	struct json_object *o = json_object_new_object();

	json_set(o, "tools", json_object_new_string(dais_version()));
	json_set(o, "domctl", json_object_new_int(DAIS_DOMCTL_VERSION));
	json_set(o, "sysctl", json_object_new_int(DAIS_SYSCTL_VERSION));
	return answer(r, "dais.version", o);
}

static int get_domains(struct request *r)
{
	autofree struct dais_domain *list = NULL;
	struct json_object *array;
	size_t count = 0;

	if (dais_list(r->host, &list, &count, &r->err))
		return -1;
	array = json_object_new_array();
	for (size_t i = 0; i < count; i++)
		json_append(array, dais_domain_json(&list[i]));
	return answer(r, "dais.domains", array);
}

static int get_domain(struct request *r)
{
	struct dais_domain domain;

	return find(r, &domain) ? -1 : answer(r, "dais.domain", dais_domain_json(&domain));
}

static int get_config(struct request *r)
{
	struct dais_domain domain;
	struct json_object *config;

	if (find(r, &domain))
		return -1;
	config = dais_record(domain.uuid);
	if (!config)
		return dais_fail(&r->err, DAIS_NO_DOMAIN, "show the configuration of", r->who,
				 "it was not made by dais");
	return answer(r, "dais.config", config);
}

static int get_devices(struct request *r)
{
	autofree struct dais_device *list = NULL;
	struct dais_domain domain;
	struct json_object *array;
	size_t count = 0;

	if (find(r, &domain) ||
	    dais_devices(r->host, domain.domid, parameter(r, "kind"), &list, &count, &r->err))
		return -1;
	array = json_object_new_array();
	for (size_t i = 0; i < count; i++)
		json_append(array, dais_device_json(domain.domid, &list[i]));
	return answer(r, "dais.devices", array);
}

static int get_journal(struct request *r)
{
	uint64_t count = 1000;

	if (parameter(r, "count") && need_number(r, "count", 100000, &count))
		return -1;
	return answer(r, "dais.journal", journal_read(parameter(r, "name"), count));
}

static int get_metrics(struct request *r)
{
	r->text = metrics_text(r->host, &r->err);
	r->type = METRICS_TYPE;
	r->status = MHD_HTTP_OK;
	return r->text ? 0 : -1;
}

/* ----- making and ending ----- */

static void note(const struct dais_config *config, uint32_t domid)
{
	const struct journal_entry entry = {.event = "create",
					    .name = config->name,
					    .uuid = config->uuid,
					    .domid = domid,
					    .detail = "asked by the API"};

	journal_add(&entry);
}

static int create(struct request *r, struct dais_config *config)
{
	const char *paused = parameter(r, "paused");
	struct dais_create how = {.paused = paused && *paused == '1'};
	uint32_t domid;
	int rc;

	if (!config->has_uuid)
		dais_uuid_make(config->uuid);
	config->has_uuid = true;
	/* If we are killed meanwhile, the next daemon clears up and makes it. */
	if (!how.paused)
		intent_add(config, 0, true);
	rc = dais_create(r->host, config, &how, &domid, &r->err);
	intent_done(config->uuid);
	if (rc)
		return -1;
	note(config, domid);
	r->status = MHD_HTTP_CREATED;
	return show(r, domid);
}

/* The body is a configuration in xl.cfg syntax; or ?file=PATH names one on the host. */
static int post_domains(struct request *r)
{
	const char *file = parameter(r, "file");
	struct dais_faults faults = {.list = NULL};
	struct dais_config config;
	int rc;

	if (file)
		rc = dais_config_load(file, NULL, 0, &config, &faults, &r->err);
	else
		rc = dais_config_parse("the request", r->body ? r->body : "", r->size, NULL, 0,
				       &config, &faults, &r->err);
	if (!rc)
		rc = create(r, &config);
	else if (faults.errors)
		r->data = dais_faults_json(&faults);
	dais_config_free(&config);
	dais_faults_free(&faults);
	return rc;
}

static int post_check(struct request *r)
{
	struct dais_faults faults = {.list = NULL};
	struct dais_config config;
	struct json_object *o = json_object_new_object();

	dais_config_parse("the request", r->body ? r->body : "", r->size, NULL, 0, &config, &faults,
			  NULL);
	dais_config_check_files(&config, &faults);
	json_set(o, "file", json_object_new_string("the request"));
	if (config.name)
		json_set(o, "name", json_object_new_string(config.name));
	json_set(o, "errors", json_object_new_int64((int64_t)faults.errors));
	json_set(o, "warnings", json_object_new_int64((int64_t)(faults.count - faults.errors)));
	json_set(o, "faults", dais_faults_json(&faults));
	dais_config_free(&config);
	dais_faults_free(&faults);
	return answer(r, "dais.check", o);
}

static int delete_domain(struct request *r)
{
	struct dais_domain domain;
	bool waiting = intent_cancel(r->who);

	if (find(r, &domain)) {
		if (!waiting || r->err.code != DAIS_NO_DOMAIN)
			return -1;
	} else if (dais_destroy(r->host, domain.domid, &r->err)) {
		return -1;
	}
	return answer(r, "dais.done", json_object_new_object());
}

/* ----- steering ----- */

static int post_pause(struct request *r)
{
	struct dais_domain d;

	return find(r, &d) || dais_pause(r->host, d.domid, &r->err) ? -1 : show(r, d.domid);
}

static int post_unpause(struct request *r)
{
	struct dais_domain d;

	return find(r, &d) || dais_unpause(r->host, d.domid, &r->err) ? -1 : show(r, d.domid);
}

static int post_shutdown(struct request *r)
{
	struct dais_domain d;

	if (find(r, &d) || dais_shutdown(r->host, d.domid, "poweroff", &r->err))
		return -1;
	r->status = MHD_HTTP_ACCEPTED;
	return show(r, d.domid);
}

static int post_reboot(struct request *r)
{
	struct dais_domain d;

	if (find(r, &d) || dais_shutdown(r->host, d.domid, "reboot", &r->err))
		return -1;
	r->status = MHD_HTTP_ACCEPTED;
	return show(r, d.domid);
}

static int post_rename(struct request *r)
{
	const char *name = parameter(r, "name");
	struct dais_domain d;

	if (!name)
		return dais_fail(&r->err, DAIS_USAGE, "rename", r->who, "name= is missing");
	return find(r, &d) || dais_rename(r->host, d.domid, name, &r->err) ? -1 : show(r, d.domid);
}

static int post_memory(struct request *r)
{
	struct dais_domain d;
	uint64_t kb;

	if (need_number(r, "kb", 1ull << 40, &kb) || find(r, &d) ||
	    dais_memory_set(r->host, d.domid, kb, &r->err))
		return -1;
	r->status = MHD_HTTP_ACCEPTED;
	return show(r, d.domid);
}

static int post_vcpus(struct request *r)
{
	struct dais_domain d;
	uint64_t count;

	if (need_number(r, "count", 8192, &count) || find(r, &d) ||
	    dais_vcpu_set(r->host, d.domid, (uint32_t)count, &r->err))
		return -1;
	r->status = MHD_HTTP_ACCEPTED;
	return show(r, d.domid);
}

/* ----- the table ----- */

/* A star stands for a domain: its name, number or UUID. */
static const struct {
	const char *method, *path;
	handler_fn *handler;
	bool no_host; /* answers also where there is no hypervisor */
} routes[] = {
	{"GET", "/v1/version", get_version, true},
	{"GET", "/v1/domains", get_domains, false},
	{"POST", "/v1/domains", post_domains, false},
	{"GET", "/v1/domains/*", get_domain, false},
	{"DELETE", "/v1/domains/*", delete_domain, false},
	{"GET", "/v1/domains/*/config", get_config, false},
	{"GET", "/v1/domains/*/devices", get_devices, false},
	{"POST", "/v1/domains/*/pause", post_pause, false},
	{"POST", "/v1/domains/*/unpause", post_unpause, false},
	{"POST", "/v1/domains/*/shutdown", post_shutdown, false},
	{"POST", "/v1/domains/*/reboot", post_reboot, false},
	{"POST", "/v1/domains/*/rename", post_rename, false},
	{"POST", "/v1/domains/*/memory", post_memory, false},
	{"POST", "/v1/domains/*/vcpus", post_vcpus, false},
	{"POST", "/v1/check", post_check, true},
	{"GET", "/v1/journal", get_journal, true},
	{"GET", "/metrics", get_metrics, false},
};

/* Does @path fit @pattern? The part at the star goes to @who. */
static bool fits(const char *pattern, const char *path, char who[DAIS_NAME_MAX + 1])
{
	const char *star = strchr(pattern, '*');
	size_t before = star ? (size_t)(star - pattern) : strlen(pattern), length;

	if (strncmp(path, pattern, before) != 0)
		return false;
	if (!star)
		return !path[before];
	length = strcspn(path + before, "/");
	if (!length || length > DAIS_NAME_MAX || strcmp(path + before + length, star + 1) != 0)
		return false;
	memcpy(who, path + before, length);
	who[length] = '\0';
	return true;
}

static unsigned int status_of(enum dais_code code)
{
	switch (code) {
	case DAIS_USAGE:
	case DAIS_CONFIG:
	case DAIS_IMAGE:
		return MHD_HTTP_BAD_REQUEST;
	case DAIS_NO_DOMAIN:
		return MHD_HTTP_NOT_FOUND;
	case DAIS_EXISTS:
	case DAIS_STATE:
		return MHD_HTTP_CONFLICT;
	case DAIS_NO_HOST:
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	case DAIS_NO_MEMORY:
		return MHD_HTTP_INSUFFICIENT_STORAGE;
	case DAIS_PERMISSION:
		return MHD_HTTP_FORBIDDEN;
	case DAIS_TIMEOUT:
		return MHD_HTTP_GATEWAY_TIMEOUT;
	default:
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

void route_error(struct request *r)
{
	struct json_object *o = json_object_new_object(), *faults = r->data;

	if (!r->status || r->status < 400)
		r->status = status_of(r->err.code);
	json_set(o, "code", json_object_new_string(dais_code_name(r->err.code)));
	json_set(o, "status", json_object_new_int((int)r->err.code));
	json_set(o, "what", json_object_new_string(r->err.what));
	json_set(o, "object", json_object_new_string(r->err.object));
	json_set(o, "why", json_object_new_string(r->err.why));
	json_set(o, "hint", json_object_new_string(dais_advice(&r->err)));
	json_set(o, "errno", json_object_new_int(r->err.errnum));
	if (faults)
		json_set(o, "faults", faults);
	r->schema = "dais.error";
	r->data = o;
}

static _Thread_local struct dais *thread_host;

/* This thread's handle; a broken one is opened anew. */
static struct dais *get_host(struct dais_error *err)
{
	if (!thread_host)
		dais_open(&thread_host, err);
	return thread_host;
}

void route(struct request *r, const char *method, const char *path)
{
	char who[DAIS_NAME_MAX + 1];
	bool known = false;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!fits(routes[i].path, path, who))
			continue;
		known = true;
		if (strcmp(routes[i].method, method) != 0)
			continue;
		r->who = who;
		if (!routes[i].no_host)
			r->host = get_host(&r->err);
		if ((routes[i].no_host || r->host) && !routes[i].handler(r))
			return;
		if (r->err.code == DAIS_NO_HOST && thread_host) {
			dais_close(thread_host);
			thread_host = NULL;
		}
		route_error(r);
		return;
	}
	dais_fail(&r->err, DAIS_USAGE, known ? "use this method for" : "find", path,
		  known ? "another is needed" : "there is no such place");
	r->status = known ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND;
	route_error(r);
}
