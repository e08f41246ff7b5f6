// SPDX-License-Identifier: MIT
/*
 * Which domains there are: numbers and states from the hypervisor in one call, names from what
 * is remembered, or from the store.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "dom/host.h"
#include "export.h"
#include "hv/sysctl.h"

/* "domain-NUMBER". By hand: each create goes through all domains, and printf() is most of that. */
static void name_by_number(char *to, uint32_t domid)
{
	static const char word[] = "domain-";
	char digits[10];
	size_t n = 0;

	memcpy(to, word, sizeof(word) - 1);
	to += sizeof(word) - 1;
	do {
		digits[n++] = (char)('0' + domid % 10);
		domid /= 10;
	} while (domid);
	while (n)
		*to++ = digits[--n];
	*to = '\0';
}

void domain_convert(const struct xen_domctl_getdomaininfo *info, struct dais_domain *domain)
{
	memset(domain, 0, sizeof(*domain));
	domain->domid = info->domain;
	memcpy(domain->uuid, info->handle, sizeof(domain->uuid));
	if (info->domain)
		name_by_number(domain->name, info->domain);
	else
		memcpy(domain->name, DAIS_CONTROL_NAME, sizeof(DAIS_CONTROL_NAME));
	domain->running = info->flags & XEN_DOMINF_running;
	domain->blocked = info->flags & XEN_DOMINF_blocked;
	domain->paused = info->flags & XEN_DOMINF_paused;
	domain->dying = info->flags & XEN_DOMINF_dying;
	domain->shutdown = DAIS_SHUTDOWN_NONE;
	if (info->flags & XEN_DOMINF_shutdown)
		domain->shutdown = (enum dais_shutdown)((info->flags >> XEN_DOMINF_shutdownshift) &
							XEN_DOMINF_shutdownmask);
	domain->memory_kb = (info->tot_pages + info->outstanding_pages) << 2;
	/* A domain without a limit has a limit of (nearly) all ones. */
	domain->max_kb = info->max_pages >= UINT32_MAX ? UINT64_MAX : info->max_pages << 2;
	domain->cpu_ns = info->cpu_time;
	domain->vcpus = info->nr_online_vcpus;
	domain->max_vcpus = info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0
									 : info->max_vcpu_id + 1;
	domain->pool = info->cpupool;
}

/* As the store has them, in one round trip. */
static void add_names(struct dais *host, struct dais_domain *list, size_t count)
{
	autofree struct store_value *values = calloc(count, sizeof(*values));

	for (size_t i = 0; values && i < count; i++)
		store_ask(&host->store, &values[i], "/local/domain/%u/name", list[i].domid);
	store_wait(&host->store);
	for (size_t i = 0; values && i < count; i++) {
		autofree char *name = values[i].text;

		if (name && *name)
			snprintf(list[i].name, sizeof(list[i].name), "%s", name);
	}
}

static void add_name(struct dais *host, struct dais_domain *domain)
{
	add_names(host, domain, 1);
}

static int list_failed(struct dais_error *err, int errnum)
{
	return dais_fail_errno(err, DAIS_FAILED, errnum, "list the domains", NULL);
}

/* Without names. */
static int list_all(struct dais *host, struct dais_domain **list, size_t *count,
		    struct dais_error *err)
{
	struct dais_domain *all = NULL;
	size_t n = 0;
	uint32_t first = 0;
	bool behind = true;

	while (behind) {
		const struct xen_domctl_getdomaininfo *info;
		int got = hv_domain_list(&host->hv, first, &info, &behind);
		struct dais_domain *more;

		if (got < 0) {
			list_failed(err, errno);
			free(all);
			return -1;
		}
		more = realloc(all, (n + (size_t)got + 1) * sizeof(*all));
		if (!more) {
			free(all);
			return list_failed(err, ENOMEM);
		}
		all = more;
		for (int i = 0; i < got; i++)
			domain_convert(&info[i], &all[n++]);
		first = n ? all[n - 1].domid + 1 : 0;
	}
	*list = all;
	*count = n;
	return 0;
}

EXPORT int dais_list_bare(struct dais *host, struct dais_domain **list, size_t *count,
			  struct dais_error *err)
{
	return list_all(host, list, count, err);
}

EXPORT int dais_list(struct dais *host, struct dais_domain **list, size_t *count,
		     struct dais_error *err)
{
	if (list_all(host, list, count, err))
		return -1;
	names_fill(host, *list, *count);
	return 0;
}

EXPORT int dais_look(struct dais *host, uint32_t domid, struct dais_domain *domain,
		     struct dais_error *err)
{
	struct xen_domctl_getdomaininfo info;

	if (hv_domain_info(&host->hv, domid, &info))
		return domain_failed(err, "find the domain", domid);
	domain_convert(&info, domain);
	add_name(host, domain);
	return 0;
}

/* By what is remembered, and if that fails by reading every name. */
static bool find_name(struct dais *host, const char *name, struct dais_domain *list, size_t count,
		      struct dais_domain *domain)
{
	autoclose int lock = names_lock();
	int at = -1;

	for (size_t i = 0; i < count && at < 0; i++) {
		if (names_is(host, name, &list[i]))
			at = (int)i;
	}
	if (at < 0) {
		add_names(host, list, count);
		for (size_t i = 0; i < count && at < 0; i++) {
			if (!strcmp(list[i].name, name))
				at = (int)i;
		}
		names_note(host, list, count);
	}
	(void)lock;
	if (at < 0)
		return false;
	*domain = list[at];
	snprintf(domain->name, sizeof(domain->name), "%s", name);
	return true;
}

EXPORT int dais_find(struct dais *host, const char *who, struct dais_domain *domain,
		     struct dais_error *err)
{
	autofree struct dais_domain *list = NULL;
	uint8_t uuid[16];
	bool by_uuid = !dais_uuid_parse(who, uuid);
	size_t count;

	if (*who && !who[strspn(who, "0123456789")]) {
		unsigned long number = strtoul(who, NULL, 10);

		if (number < DAIS_DOMID_MAX) {
			if (dais_look(host, (uint32_t)number, domain, err))
				return dais_hint(err, "`dais list` shows the domains");
			return 0;
		}
	}
	if (list_all(host, &list, &count, err))
		return -1;
	if (!by_uuid && find_name(host, who, list, count, domain))
		return 0;
	for (size_t i = 0; i < count && by_uuid; i++) {
		if (memcmp(list[i].uuid, uuid, sizeof(uuid)))
			continue;
		add_name(host, &list[i]);
		*domain = list[i];
		return 0;
	}
	dais_fail(err, DAIS_NO_DOMAIN, "find the domain", who,
		  "it is an invalid domain identifier: nothing is called that");
	return dais_hint(err, "`dais list` shows the domains");
}

static int name_taken(const char *name, uint32_t domid, struct dais_error *err)
{
	dais_fail(err, DAIS_EXISTS, "name the domain", name, "domain %u is called that", domid);
	return dais_hint(err, "choose another name, or `dais destroy %s` first", name);
}

int name_free(struct dais *host, const char *name, uint32_t self, struct dais_error *err)
{
	uint32_t first = 0;
	bool behind = true;

	if (!name_proper(name, err))
		return -1;
	/* One by one: beside hundreds, memory for a list of them is most of what this costs. */
	while (behind) {
		const struct xen_domctl_getdomaininfo *info;
		int got = hv_domain_list(&host->hv, first, &info, &behind);

		if (got < 0)
			return list_failed(err, errno);
		for (int i = 0; i < got; i++) {
			struct dais_domain other;

			domain_convert(&info[i], &other);
			first = other.domid + 1;
			if (other.domid != self && names_is(host, name, &other))
				return name_taken(name, other.domid, err);
		}
	}
	return 0;
}

EXPORT const char *dais_state_name(const struct dais_domain *domain)
{
	if (domain->dying)
		return "dying";
	if (domain->shutdown == DAIS_SHUTDOWN_CRASH)
		return "crashed";
	if (domain->shutdown != DAIS_SHUTDOWN_NONE)
		return "shutdown";
	if (domain->paused)
		return "paused";
	return domain->running ? "running" : "blocked";
}

EXPORT const char *dais_shutdown_name(enum dais_shutdown reason)
{
	static const char *const names[] = {
		"poweroff", "reboot", "suspend", "crash", "watchdog", "soft-reset",
	};

	if (reason == DAIS_SHUTDOWN_NONE)
		return NULL;
	return (size_t)reason < sizeof(names) / sizeof(*names) ? names[reason] : "unknown";
}

EXPORT int64_t dais_uptime(struct dais *host, const struct dais_domain *domain)
{
	autofree char *start = NULL;
	struct timespec up;
	char uuid[37];

	if (!domain->domid)
		return clock_gettime(CLOCK_BOOTTIME, &up) ? -1 : up.tv_sec;
	start = store_read(&host->store, "/vm/%s/start_time", dais_uuid_text(domain->uuid, uuid));
	return start ? (int64_t)time(NULL) - strtoll(start, NULL, 10) : -1;
}

EXPORT int dais_vcpus(struct dais *host, uint32_t domid, struct dais_vcpu **list, size_t *count,
		      struct dais_error *err)
{
	struct xen_domctl_getdomaininfo info;
	struct dais_vcpu *all;
	uint32_t n;

	if (hv_domain_info(&host->hv, domid, &info))
		return domain_failed(err, "find the domain", domid);
	n = info.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info.max_vcpu_id + 1;
	all = calloc(n + 1, sizeof(*all));
	if (!all)
		return dais_fail_errno(err, DAIS_FAILED, ENOMEM, "list the vCPUs", NULL);
	*count = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct dais_vcpu *v = &all[*count];
		struct xen_domctl_getvcpuinfo vcpu;

		if (hv_vcpu_info(&host->hv, domid, i, &vcpu)) {
			/* Numbers may have gaps. */
			if (errno == ESRCH || errno == EINVAL)
				continue;
			free(all);
			return domain_failed(err, "ask about the vCPUs", domid);
		}
		v->id = i;
		v->cpu = vcpu.cpu;
		v->online = vcpu.online;
		v->blocked = vcpu.blocked;
		v->running = vcpu.running;
		v->cpu_ns = vcpu.cpu_time;
		if (hv_get_affinity(&host->hv, domid, i, &v->hard, &v->soft)) {
			free(all);
			return domain_failed(err, "ask where the vCPUs may run", domid);
		}
		(*count)++;
	}
	*list = all;
	return 0;
}

EXPORT int dais_node_affinity(struct dais *host, uint32_t domid, struct dais_cpumap *nodes,
			      struct dais_error *err)
{
	if (hv_node_affinity(&host->hv, domid, nodes))
		return domain_failed(err, "ask for the memory nodes of", domid);
	return 0;
}
