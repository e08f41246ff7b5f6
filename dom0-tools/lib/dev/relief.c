// SPDX-License-Identifier: MIT
/*
 * Another QEMU in the place of one that died. The guest's ends know nothing of it: their pages and
 * ports are still theirs, and a back-end that begins anew finds them by the same nodes. Only the
 * back-ends' own state must say again that nobody serves them, or QEMU leaves them alone.
 *
 * A guest may be what kills its QEMU, so that is done a few times and not for ever. How often is
 * noted in the store: it holds for whoever does it next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "config/plain.h"
#include "dev/model.h"
#include "dom/host.h"
#include "export.h"

#define RESTARTS_MAX 5
#define CALM_SECONDS 600
#define NOTE_FMT "/libxl/%u/model"

EXPORT bool dais_model_lost(struct dais *host, uint32_t domid)
{
	autoclose int alive = -1;

	if (!model_runs(&host->store, domid) || model_pid(&host->store, domid) <= 1)
		return false;
	alive = model_find(&host->store, domid);
	return alive < 0;
}

long model_restarts(struct dais *host, uint32_t domid)
{
	return store_read_number(&host->store, 0, NOTE_FMT "/restarts", domid);
}

/* One more; -1: they were too many. */
static int note_restart(struct dais *host, const struct dais_domain *domain, struct dais_error *err)
{
	long in_row = store_read_number(&host->store, 0, NOTE_FMT "/in-row", domain->domid);
	long last = store_read_number(&host->store, 0, NOTE_FMT "/last", domain->domid);
	long now = (long)time(NULL), all = model_restarts(host, domain->domid);
	struct store_dir note;

	if (now < last || now - last >= CALM_SECONDS)
		in_row = 0;
	if (in_row >= RESTARTS_MAX) {
		dais_fail(err, DAIS_STATE, "start the device model again of", domain->name,
			  "QEMU died %d times, with less than %d s in between", RESTARTS_MAX + 1,
			  CALM_SECONDS);
		return dais_hint(err,
				 "what it said is in /var/log/dais/qemu-NAME.log and .log.1; the "
				 "guest goes on without its screen and channels");
	}
	store_dir_at(&note, &host->store, NOTE_FMT, domain->domid);
	store_dir_write(&note, "restarts", "%ld", all + 1);
	store_dir_write(&note, "in-row", "%ld", in_row + 1);
	store_dir_write(&note, "last", "%ld", now);
	return store_done(&host->store, err);
}

static void free_backend(struct dais *host, uint32_t domid, const char *kind, size_t devid)
{
	struct store_dir back;

	store_dir_at(&back, &host->store, "/local/domain/0/backend/%s/%u/%zu", kind, domid, devid);
	store_dir_write(&back, "state", "%d", DEVICE_INITIALISING);
}

static void free_backends(struct dais *host, uint32_t domid, const struct dais_config *config)
{
	for (size_t i = 0; i < config->vfb_count; i++) {
		free_backend(host, domid, "vfb", i);
		free_backend(host, domid, "vkbd", i);
	}
	for (size_t i = 0; i < config->channel_count; i++)
		free_backend(host, domid, "console", i + 1);
	for (size_t i = 0; i < config->plain_count; i++) {
		if (plain_is_emulated(&config->plain[i]))
			free_backend(host, domid, plain_back_kind(&config->plain[i]),
				     plain_devid(config, i));
	}
}

/*
 * One that was started while the domain was removed has no place any more. Who removes looks for
 * one a second time when the domain is gone, so that either of both finds it.
 */
static int check_domain(struct dais *host, uint32_t domid, struct dais_error *err)
{
	struct dais_domain domain;

	if (!dais_look(host, domid, &domain, err) && !domain.dying)
		return 0;
	model_stop(host, domid, NULL);
	store_remove(&host->store, "/local/domain/0/backend/vfb/%u", domid);
	store_remove(&host->store, "/local/domain/0/backend/vkbd/%u", domid);
	store_remove(&host->store, "/local/domain/0/backend/9pfs/%u", domid);
	store_remove(&host->store, "/local/domain/0/backend/console/%u", domid);
	store_remove(&host->store, "/libxl/%u", domid);
	store_remove(&host->store, "/local/domain/%u", domid);
	store_done(&host->store, NULL);
	return domain_failed(err, "start the device model again of", domid);
}

static int restart(struct dais *host, const struct dais_domain *domain,
		   const struct dais_config *config, struct dais_error *err)
{
	struct model m = MODEL_NONE;
	int ret;

	if (note_restart(host, domain, err))
		return -1;
	model_keep_log(config);
	free_backends(host, domain->domid, config);
	ret = model_start(host, domain->domid, config, &m, err);
	if (!ret)
		ret = model_finish(host, domain->domid, config, &m, err);
	model_drop(&m);
	if (ret) {
		model_stop(host, domain->domid, NULL);
		store_done(&host->store, NULL);
	}
	return check_domain(host, domain->domid, ret ? NULL : err) ? -1 : ret;
}

EXPORT int dais_model_restart(struct dais *host, uint32_t domid, struct dais_error *err)
{
	struct dais_config config = {0};
	struct dais_domain domain;
	int ret = -1;

	if (dais_look(host, domid, &domain, err))
		return -1;
	if (dais_record_load(domain.uuid, &config, NULL) || !model_wanted(&config)) {
		dais_fail(err, DAIS_STATE, "start the device model again of", domain.name,
			  "its QEMU was not started by dais");
		dais_hint(err, "destroy the domain and create it again");
	} else if (dais_model_lost(host, domid)) {
		ret = restart(host, &domain, &config, err);
	} else {
		ret = 0;
	}
	dais_config_free(&config);
	return ret;
}
