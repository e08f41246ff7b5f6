// SPDX-License-Identifier: MIT
/*
 * The end of a domain, and of one that was only half made: everything that may be there is
 * removed, in an order in which nobody is left waiting for what is gone. What is written in
 * the store says what there is, so that it can be done by anybody, at any time, again.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "config/plain.h"
#include "dev/device.h"
#include "dev/model.h"
#include "dev/script.h"
#include "dom/host.h"
#include "export.h"

/* xl's notes about domains: PLACE/userdata-d.DOMID.UUID.NAME. */
#define XL_NOTES "/var/lib/xen"
#define LOOK_MS 500

struct removal {
	struct dais *host;
	struct dais_error *err;
	int ret;
	bool stopped; /* its QEMU, if there was one */
};

/* The place of a kind of its back-ends in another domain, once the last is gone. */
static void remove_if_empty(struct dais *host, const struct device_id *id)
{
	unsigned int count = 0;
	autofree char **left = NULL;

	store_wait(&host->store);
	left = store_list(&host->store, &count, "/local/domain/%u/backend/%s/%u", id->backend,
			  device_back_kind(id), id->domid);
	if (left && !count)
		store_remove(&host->store, "/local/domain/%u/backend/%s/%u", id->backend,
			     device_back_kind(id), id->domid);
}

/* Whether QEMU serves it: screens, keyboards, shares, consoles beside the first, and disks of xl's. */
static bool is_emulated(const struct device_id *id)
{
	const char *kind = device_back_kind(id);

	if (id->backend)
		return false;
	return !strcmp(kind, "vfb") || !strcmp(kind, "vkbd") || !strcmp(kind, "qdisk") ||
	       !strcmp(kind, "9pfs") || (!strcmp(kind, "console") && id->devid);
}

/* Back-ends of plain devices need not be there at all: one that is not has nothing to let go. */
static bool is_unserved(struct removal *r, const struct device_id *id)
{
	return plain_kind_in_store(id->kind) && device_is_ignored(id, &r->host->store);
}

static int close_device(const struct device_id *id, void *arg)
{
	struct removal *r = arg;

	if (is_emulated(id) && !r->stopped) {
		if (model_stop(r->host, id->domid, r->err))
			r->ret = -1;
		r->stopped = true;
	}
	/* The console daemon goes by the domain and not by states; QEMU has gone. */
	if (!strcmp(id->kind, "console") || is_emulated(id))
		store_remove(&r->host->store, "/local/domain/%u/backend/%s/%u", id->backend,
			     device_back_kind(id), id->domid);
	else if (is_unserved(r, id))
		store_remove(&r->host->store, "/local/domain/%u/backend/%s/%u/%u", id->backend,
			     device_back_kind(id), id->domid, id->devid);
	else if (device_remove(id, &r->host->store, true, DEVICE_TIMEOUT_MS, script_closed, r->err))
		r->ret = -1;
	if (id->backend || (plain_kind_in_store(id->kind) && !is_emulated(id)))
		remove_if_empty(r->host, id);
	return 0;
}

/* The places of its back-ends, empty by now, which only clutter. */
static void remove_backend_dirs(struct dais *host, uint32_t domid)
{
	static const char *const kinds[] = {"vbd", "vif", "console"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		store_remove(&host->store, "/local/domain/0/backend/%s/%u", kinds[i], domid);
}

static void remove_xl_notes(uint32_t domid, const char *uuid)
{
	autodir DIR *dir = opendir(XL_NOTES);
	struct dirent *entry;
	char name[64];
	int length = snprintf(name, sizeof(name), "userdata-d.%u.%s.", domid, uuid);

	while (dir && (entry = readdir(dir))) {
		if (!strncmp(entry->d_name, name, (size_t)length))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
}

int domain_remove(struct dais *host, uint32_t domid, const uint8_t uuid[16], struct dais_error *err)
{
	struct removal r = {.host = host, .err = err};
	char text[37];

	/* What a create had still queued is written now, to be removed. */
	store_done(&host->store, NULL);
	/* So that it does nothing with devices that vanish; ESRCH: it is gone already. */
	hv_pause(&host->hv, domid);
	device_for_each(&host->store, domid, NULL, close_device, &r);
	remove_backend_dirs(host, domid);
	if (hv_destroy_domain(&host->hv, domid) && errno != ESRCH && !r.ret)
		r.ret = domain_failed(err, "destroy the domain", domid);
	/* Somebody may have been putting another in the place of one that died. */
	if (r.stopped && model_stop(host, domid, err))
		r.ret = -1;
	store_release(&host->store, domid);
	store_remove(&host->store, "/libxl/%u", domid);
	store_remove(&host->store, "/vm/%s", dais_uuid_text(uuid, text));
	store_remove(&host->store, "/local/domain/%u", domid);
	store_wait(&host->store);
	record_remove(uuid);
	remove_xl_notes(domid, text);
	return r.ret;
}

/* Of two with one UUID, the older may be there as long as others have its memory mapped. */
static bool has_domain(struct dais *host, const uint8_t uuid[16])
{
	autofree struct dais_domain *list = NULL;
	size_t count = 0;

	if (dais_list_bare(host, &list, &count, NULL))
		return true; /* who knows */
	for (size_t i = 0; i < count; i++) {
		if (!list[i].dying && !memcmp(list[i].uuid, uuid, sizeof(list[i].uuid)))
			return true;
	}
	return false;
}

EXPORT bool dais_forget_begin(struct dais *host, const uint8_t uuid[16], struct dais_config *rest)
{
	/* As a rule nothing is left. Then nobody need be asked which domains there are. */
	if (!record_is_there(uuid) || has_domain(host, uuid))
		return false;
	if (dais_record_load(uuid, rest, NULL))
		dais_config_init(rest);
	/* At once: the next domain of that UUID may write its own while sockets are waited for. */
	record_remove(uuid);
	if (dais_forget_more(rest))
		return true;
	dais_config_free(rest);
	return false;
}

/* The domain is gone before its QEMU is, at times. */
EXPORT bool dais_forget_more(const struct dais_config *rest)
{
	return !model_forget(rest);
}

EXPORT void dais_forget(struct dais *host, const uint8_t uuid[16])
{
	struct dais_config rest;

	if (!dais_forget_begin(host, uuid, &rest))
		return;
	for (unsigned int waited = 0; waited < DAIS_FORGET_SECONDS * 1000; waited += LOOK_MS) {
		poll(NULL, 0, LOOK_MS);
		if (!dais_forget_more(&rest))
			break;
	}
	dais_config_free(&rest);
}

EXPORT int dais_destroy(struct dais *host, uint32_t domid, struct dais_error *err)
{
	struct xen_domctl_getdomaininfo info;

	if (!domid) {
		dais_fail(err, DAIS_STATE, "destroy the domain", "domain 0",
			  "it is the control domain");
		return dais_hint(err, "to switch the machine off: poweroff");
	}
	if (hv_domain_info(&host->hv, domid, &info))
		return domain_failed(err, "destroy the domain", domid);
	return domain_remove(host, domid, info.handle, err);
}
