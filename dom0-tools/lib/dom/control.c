// SPDX-License-Identifier: MIT
/*
 * Steering domains: a hypercall or a node in the store each. What needs the guest's help is
 * only asked for here; whether it happened is seen by dais_look() and dais_event_wait().
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dom/host.h"
#include "export.h"
#include "hv/sysctl.h"

EXPORT int dais_pause(struct dais *host, uint32_t domid, struct dais_error *err)
{
	if (!domid)
		return dais_fail(err, DAIS_STATE, "pause the domain", "domain 0",
				 "nobody could unpause it");
	return hv_pause(&host->hv, domid) ? domain_failed(err, "pause the domain", domid) : 0;
}

EXPORT int dais_unpause(struct dais *host, uint32_t domid, struct dais_error *err)
{
	return hv_unpause(&host->hv, domid) ? domain_failed(err, "unpause the domain", domid) : 0;
}

/* Writes to a node that the guest listens to; a guest that is not there has none. */
static int tell_guest(struct dais *host, uint32_t domid, const char *name, const char *value,
		      const char *what, struct dais_error *err)
{
	struct xen_domctl_getdomaininfo info;
	struct store_dir dir;
	char label[24];

	if (hv_domain_info(&host->hv, domid, &info))
		return domain_failed(err, what, domid);
	store_dir_at(&dir, &host->store, "/local/domain/%u", domid);
	store_dir_write(&dir, name, "%s", value);
	if (store_done(&host->store, err))
		return dais_while(err, what, domain_label(domid, label));
	return 0;
}

EXPORT int dais_shutdown(struct dais *host, uint32_t domid, const char *how, struct dais_error *err)
{
	struct xen_domctl_getdomaininfo info;
	char label[24];
	long listens;

	if (hv_domain_info(&host->hv, domid, &info))
		return domain_failed(err, "shut the domain down", domid);
	domain_label(domid, label);
	if (!domid) {
		dais_fail(err, DAIS_STATE, "shut the domain down", label,
			  "it is the control domain");
		return dais_hint(err, "to switch the machine off: poweroff");
	}
	if (info.flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying)) {
		dais_fail(err, DAIS_STATE, "shut the domain down", label, "it is down already");
		return dais_hint(err, "`dais destroy %u` removes what is left of it", domid);
	}
	listens = store_read_number(&host->store, 0, "/local/domain/%u/control/feature-%s", domid,
				    strcmp(how, "halt") ? how : "poweroff");
	if (!listens) {
		dais_fail(err, DAIS_STATE, "shut the domain down", label,
			  "its kernel does not (or not yet) listen to \"%s\"", how);
		return dais_hint(err, "wait until it has booted, or `dais destroy %u`", domid);
	}
	return tell_guest(host, domid, "control/shutdown", how, "shut the domain down", err);
}

EXPORT int dais_sysrq(struct dais *host, uint32_t domid, char key, struct dais_error *err)
{
	char value[2] = {key, 0};

	return tell_guest(host, domid, "control/sysrq", value, "send the key to", err);
}

EXPORT int dais_trigger(struct dais *host, uint32_t domid, const char *trigger, uint32_t vcpu,
			struct dais_error *err)
{
	static const char *const names[] = {
		[XEN_DOMCTL_SENDTRIGGER_NMI] = "nmi",     [XEN_DOMCTL_SENDTRIGGER_RESET] = "reset",
		[XEN_DOMCTL_SENDTRIGGER_INIT] = "init",   [XEN_DOMCTL_SENDTRIGGER_POWER] = "power",
		[XEN_DOMCTL_SENDTRIGGER_SLEEP] = "sleep",
	};
	bool known = !strcmp(trigger, "s3resume"); /* to xl; no hypervisor has it as a trigger */

	for (uint32_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], trigger))
			continue;
		if (!hv_trigger(&host->hv, domid, vcpu, i))
			return 0;
		if (errno != ENOSYS && errno != EOPNOTSUPP)
			return domain_failed(err, "trigger", domid);
		known = true;
	}
	if (!known)
		return dais_fail(err, DAIS_USAGE, "trigger", trigger,
				 "there are nmi, reset, init, power, sleep and s3resume");
	dais_fail(err, DAIS_STATE, "trigger", trigger, "the hypervisor has none for PV guests");
	if (!strcmp(trigger, "power"))
		dais_hint(err, "`dais shutdown %u` asks the guest to end.", domid);
	if (!strcmp(trigger, "reset"))
		dais_hint(err, "`dais reboot %u` asks the guest to start again.", domid);
	return -1;
}

#define COMMITS_MOST 100

/* The two places of a name change together. */
static int write_names(struct store *store, uint32_t domid, const uint8_t uuid[16],
		       const char *name, struct dais_error *err)
{
	char text[37];

	for (unsigned int turn = 0; turn < COMMITS_MOST; turn++) {
		struct store_dir domain, vm;

		if (store_begin(store))
			break;
		store_dir_at(&domain, store, "/local/domain/%u", domid);
		store_dir_write(&domain, "name", "%s", name);
		store_dir_at(&vm, store, "/vm/%s", dais_uuid_text(uuid, text));
		store_dir_write(&vm, "name", "%s", name);
		if (store_done(store, err)) {
			store_abort(store);
			return dais_while(err, "rename the domain", name);
		}
		if (!store_commit(store))
			return 0;
		if (errno != EAGAIN)
			break;
	}
	return dais_fail_errno(err, DAIS_FAILED, errno, "rename the domain", name);
}

EXPORT int dais_rename(struct dais *host, uint32_t domid, const char *name, struct dais_error *err)
{
	struct dais_domain now = {.domid = domid};
	struct xen_domctl_getdomaininfo info;
	autoclose int lock = -1;

	if (!domid)
		return dais_fail(err, DAIS_STATE, "rename the domain", "domain 0",
				 "it is the control domain");
	if (hv_domain_info(&host->hv, domid, &info))
		return domain_failed(err, "rename the domain", domid);
	lock = names_lock();
	if (name_free(host, name, domid, err))
		return -1;
	if (write_names(&host->store, domid, info.handle, name, err))
		return -1;
	memcpy(now.uuid, info.handle, sizeof(now.uuid));
	snprintf(now.name, sizeof(now.name), "%s", name);
	names_note(host, &now, 1);
	return 0;
}

EXPORT int dais_vcpu_set(struct dais *host, uint32_t domid, uint32_t count, struct dais_error *err)
{
	struct xen_domctl_getdomaininfo info;
	struct store_dir dir;
	char label[24];

	if (hv_domain_info(&host->hv, domid, &info))
		return domain_failed(err, "set the vCPUs of", domid);
	if (!count || info.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID || count > info.max_vcpu_id + 1) {
		dais_fail(err, DAIS_USAGE, "set the vCPUs of", domain_label(domid, label),
			  "it can have 1 to %u", info.max_vcpu_id + 1);
		return dais_hint(err, "maxvcpus in its configuration sets the most");
	}
	store_dir_at(&dir, &host->store, "/local/domain/%u/cpu", domid);
	for (uint32_t i = 0; i <= info.max_vcpu_id; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%u/availability", i);
		store_dir_write(&dir, name, i < count ? "online" : "offline");
	}
	return store_done(&host->store, err);
}

EXPORT int dais_vcpu_pin(struct dais *host, uint32_t domid, uint32_t vcpu,
			 const struct dais_cpumap *hard, const struct dais_cpumap *soft,
			 struct dais_error *err)
{
	struct xen_domctl_getdomaininfo info;
	uint32_t first = vcpu, last = vcpu;

	if (hv_domain_info(&host->hv, domid, &info))
		return domain_failed(err, "pin the vCPUs of", domid);
	if (vcpu == UINT32_MAX) {
		first = 0;
		last = info.max_vcpu_id;
	}
	for (uint32_t i = first; i <= last; i++) {
		if (!hv_set_affinity(&host->hv, domid, i, hard, soft))
			continue;
		if (errno == EINVAL) {
			char label[24];

			dais_fail(err, DAIS_USAGE, "pin the vCPUs of", domain_label(domid, label),
				  "there is no vCPU %u, or none of these CPUs is online", i);
			return dais_hint(err, "`dais vcpu-list %u` and `dais info` tell", domid);
		}
		return domain_failed(err, "pin the vCPUs of", domid);
	}
	return 0;
}

static int write_kb(struct dais *host, uint32_t domid, const char *name, uint64_t kb,
		    struct dais_error *err)
{
	struct store_dir dir;

	store_dir_at(&dir, &host->store, "/local/domain/%u/memory", domid);
	store_dir_write(&dir, name, "%" PRIu64, kb);
	return store_done(&host->store, err);
}

#define SLACK_KB 1024u

EXPORT int dais_memory_set(struct dais *host, uint32_t domid, uint64_t kb, struct dais_error *err)
{
	struct xen_domctl_getdomaininfo info;
	long most;
	char label[24];

	if (hv_domain_info(&host->hv, domid, &info))
		return domain_failed(err, "set the memory of", domid);
	domain_label(domid, label);
	most = store_read_number(&host->store, 0, "/local/domain/%u/memory/static-max", domid);
	if (most > 0 && kb > (uint64_t)most) {
		dais_fail(err, DAIS_USAGE, "set the memory of", label,
			  "it can have at most %ld MiB", most >> 10);
		return dais_hint(err, "`dais mem-max` raises that as far as maxmem was");
	}
	/* The limit first when it grows; a guest that shrinks keeps it until it has. */
	if (hv_max_mem(&host->hv, domid, kb + SLACK_KB))
		return domain_failed(err, "set the memory limit of", domid);
	return write_kb(host, domid, "target", kb, err);
}

EXPORT int dais_memory_max(struct dais *host, uint32_t domid, uint64_t kb, struct dais_error *err)
{
	long target;
	char label[24];

	target = store_read_number(&host->store, 0, "/local/domain/%u/memory/target", domid);
	if (target > 0 && kb < (uint64_t)target)
		return dais_fail(err, DAIS_USAGE, "set the memory limit of",
				 domain_label(domid, label), "its target is %ld MiB", target >> 10);
	if (hv_max_mem(&host->hv, domid, kb + SLACK_KB))
		return domain_failed(err, "set the memory limit of", domid);
	return write_kb(host, domid, "static-max", kb, err);
}

EXPORT int dais_sched(struct dais *host, uint32_t domid, int32_t *weight, int32_t *cap,
		      struct dais_error *err)
{
	uint32_t scheduler;
	uint16_t w, c;

	if (hv_sched_id(&host->hv, &scheduler) || hv_sched_get(&host->hv, domid, scheduler, &w, &c))
		return domain_failed(err, "ask the scheduler about", domid);
	if (*weight >= 0 || *cap >= 0) {
		w = *weight >= 0 ? (uint16_t)*weight : w;
		c = *cap >= 0 ? (uint16_t)*cap : c;
		if (hv_sched_put(&host->hv, domid, scheduler, w, c))
			return domain_failed(err, "set the scheduling of", domid);
	}
	*weight = w;
	*cap = c;
	return 0;
}
