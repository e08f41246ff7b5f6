// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/dom/destroy.c: what is forgotten of a domain that another tool destroyed, beside
 * one that is made with the same UUID at that moment.
 */
#include "check.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../../dom0-tools/lib/config/plain.h"
#include "../../dom0-tools/lib/dev/model.h"
#include "../../dom0-tools/lib/dev/script.h"
#include "../../dom0-tools/lib/dom/host.h"

/* ----- what it asks of others ----- */

static const uint8_t uuid[16] = {1, 2, 3}, other[16] = {1, 2, 4};
static struct dais_domain there[2];
static size_t nr_there;
static bool list_fails, made_meanwhile;
static unsigned int lists;
static enum { NO_RECORD, OLD_RECORD, NEW_RECORD } record;
static unsigned int forgotten;

int dais_list_bare(struct dais *host, struct dais_domain **list, size_t *count,
		   struct dais_error *err)
{
	(void)host;
	(void)err;
	lists++;
	if (list_fails)
		return -1;
	*list = malloc(sizeof(there));
	memcpy(*list, there, sizeof(there));
	*count = nr_there;
	return 0;
}

int dais_record_load(const uint8_t id[16], struct dais_config *config, struct dais_error *err)
{
	(void)err;
	CHECK(!memcmp(id, uuid, sizeof(uuid)));
	*config = (struct dais_config){0};
	return record == NO_RECORD ? -1 : 0;
}

void record_remove(const uint8_t id[16])
{
	CHECK(!memcmp(id, uuid, sizeof(uuid)));
	record = NO_RECORD;
}

bool record_is_there(const uint8_t id[16])
{
	CHECK(!memcmp(id, uuid, sizeof(uuid)));
	return record != NO_RECORD;
}

/* So often somebody listens at a channel. */
static unsigned int listened;

bool model_forget(const struct dais_config *config)
{
	(void)config;
	forgotten++;
	if (!listened)
		return true;
	listened--;
	return false;
}

/* In place of time that passes; long enough for a create. */
static int passed_ms;

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	CHECK(!fds && !count && timeout_ms > 0);
	passed_ms += timeout_ms;
	if (made_meanwhile)
		record = NEW_RECORD;
	return 0;
}

static unsigned int freed;

void dais_config_init(struct dais_config *config)
{
	*config = (struct dais_config){0};
}

void dais_config_free(struct dais_config *config)
{
	(void)config;
	freed++;
}

char *dais_uuid_text(const uint8_t id[16], char buf[37])
{
	(void)id;
	buf[0] = '\0';
	return buf;
}

int domain_failed(struct dais_error *err, const char *what, uint32_t domid)
{
	(void)err;
	(void)what;
	(void)domid;
	return -1;
}

int device_for_each(struct store *store, uint32_t domid, const char *kind,
		    int (*each)(const struct device_id *id, void *arg), void *arg)
{
	(void)store;
	(void)domid;
	(void)kind;
	(void)each;
	(void)arg;
	return 0;
}

int device_remove(const struct device_id *id, struct store *store, bool force,
		  unsigned int timeout_ms,
		  void (*closed)(const struct device_id *id, struct store *store),
		  struct dais_error *err)
{
	(void)id;
	(void)store;
	(void)force;
	(void)timeout_ms;
	(void)closed;
	(void)err;
	return 0;
}

const char *device_back_kind(const struct device_id *id)
{
	return id->kind;
}

bool device_is_ignored(const struct device_id *id, struct store *store)
{
	(void)id;
	(void)store;
	return false;
}

const struct plain_kind *plain_kind_in_store(const char *store)
{
	(void)store;
	return NULL;
}

void script_closed(const struct device_id *id, struct store *store)
{
	(void)id;
	(void)store;
}

int hv_destroy_domain(struct hv *hv, uint32_t domid)
{
	(void)hv;
	(void)domid;
	return 0;
}

int hv_pause(struct hv *hv, uint32_t domid)
{
	(void)hv;
	(void)domid;
	return 0;
}

int hv_domain_info(struct hv *hv, uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
	(void)hv;
	(void)domid;
	(void)info;
	return -1;
}

int model_stop(struct dais *host, uint32_t domid, struct dais_error *err)
{
	(void)host;
	(void)domid;
	(void)err;
	return 0;
}

int store_done(struct store *store, struct dais_error *err)
{
	(void)store;
	(void)err;
	return 0;
}

char **store_list(struct store *store, unsigned int *count, const char *path_fmt, ...)
{
	(void)store;
	(void)path_fmt;
	*count = 0;
	return NULL;
}

void store_release(struct store *store, uint32_t domid)
{
	(void)store;
	(void)domid;
}

void store_remove(struct store *store, const char *path_fmt, ...)
{
	(void)store;
	(void)path_fmt;
}

void store_wait(struct store *store)
{
	(void)store;
}

/* ----- the test ----- */

static void put(size_t i, const uint8_t id[16], bool dying)
{
	there[i] = (struct dais_domain){.domid = (uint32_t)i + 1, .dying = dying};
	memcpy(there[i].uuid, id, sizeof(there[i].uuid));
	nr_there = i + 1;
}

int main(void)
{
	struct dais_config rest;
	struct dais host = {0};

	/* Nobody else, or others: all of it goes. */
	record = OLD_RECORD;
	dais_forget(&host, uuid);
	CHECK(record == NO_RECORD && forgotten == 1);
	/* As a rule there is nothing, and none are listed for it. */
	lists = 0;
	dais_forget(&host, uuid);
	CHECK(record == NO_RECORD && forgotten == 1 && !lists);
	put(0, other, false);
	put(1, uuid, true);
	record = OLD_RECORD;
	dais_forget(&host, uuid);
	CHECK(record == NO_RECORD && forgotten == 2);
	/* One of that UUID lives, beside what is left of the older; or nobody can say. */
	put(0, uuid, true);
	put(1, uuid, false);
	record = OLD_RECORD;
	dais_forget(&host, uuid);
	CHECK(record == OLD_RECORD && forgotten == 2);
	nr_there = 0;
	list_fails = true;
	dais_forget(&host, uuid);
	CHECK(record == OLD_RECORD && forgotten == 2);
	list_fails = false;
	/* The next writes its record while the sockets of this one are waited for. */
	made_meanwhile = true;
	listened = 2;
	CHECK_EQ(passed_ms, 0);
	dais_forget(&host, uuid);
	CHECK(record == NEW_RECORD && forgotten == 5 && passed_ms == 1000);
	made_meanwhile = false;
	/* For a while, however many listen. */
	listened = 1000;
	passed_ms = 0;
	dais_forget(&host, uuid);
	CHECK_EQ(passed_ms, DAIS_FORGET_SECONDS * 1000);
	/* Whoever cannot wait need not. */
	passed_ms = 0;
	record = OLD_RECORD;
	listened = 2;
	freed = 0;
	CHECK(dais_forget_begin(&host, uuid, &rest) && record == NO_RECORD && !freed);
	CHECK(dais_forget_more(&rest) && !dais_forget_more(&rest) && !passed_ms && !freed);
	record = OLD_RECORD;
	CHECK(!dais_forget_begin(&host, uuid, &rest) && freed == 1);
	CHECK(!dais_forget_begin(&host, uuid, &rest) && freed == 1);
	return check_done("t_destroy");
}
