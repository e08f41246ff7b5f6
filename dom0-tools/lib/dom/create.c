// SPDX-License-Identifier: MIT
/*
 * From a configuration to a running domain. Steps that can fail without a domain come first;
 * from the domain's making on, any failure ends in domain_remove(), which takes away whatever
 * is there, so that no step has an undo of its own.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "build/build.h"
#include "cleanup.h"
#include "config/plain.h"
#include "dev/device.h"
#include "dev/model.h"
#include "dom/cpuid.h"
#include "dom/host.h"
#include "export.h"
#include "hv/memory.h"
#include "hv/sysctl.h"
#include "image/image.h"

/* What a domain may have beyond its memory: the pages that the hypervisor shares with it. */
#define SLACK_KB 1024u

struct creation {
	struct dais *host;
	struct dais_config *config;
	const struct dais_create *how;
	struct dais_error *err;
	struct dais_image image;
	struct dais_blob ramdisk;
	char *cmdline;
	struct disk_work *disks;
	struct nic_work *nics;
	struct plain_work *plain;
	struct model model;
	uint32_t scheduler; /* 0: not asked yet */
	struct build_guest guest;
	unsigned int steps; /* done so far */
	long fail_at; /* the step that a test makes fail; 0: none */
};

static void mark(struct creation *c, const char *name)
{
	timeline_mark(c->how->timeline, name, c->host->hv.calls, c->host->store.requests);
}

/*
 * Stands before every step. DAIS_FAIL_STEP=N in the environment makes the Nth fail, so that a
 * test can see each one undone.
 */
static int step(struct creation *c)
{
	if (++c->steps != c->fail_at)
		return 0;
	return dais_fail(c->err, DAIS_FAILED, "create the domain", c->config->name,
			 "step %u was asked to fail (DAIS_FAIL_STEP)", c->steps);
}

static int failed(struct creation *c, const char *what)
{
	return dais_fail_errno(c->err, DAIS_FAILED, errno, what, c->config->name);
}

/* ----- before there is a domain -------------------------------------------------------- */

static int open_images(struct creation *c)
{
	struct dais_image_options options = {.cache = c->how->image_cache};
	const char *kernel = dais_config_kernel(c->config);

	if (!kernel) {
		dais_fail(c->err, DAIS_CONFIG, "create the domain", c->config->name,
			  "the configuration names nothing to boot");
		return dais_hint(c->err, "set kernel, or firmware=\"pvgrub64\"");
	}
	if (dais_image_open(kernel, &options, &c->image, c->err))
		return -1;
	mark(c, "kernel image");
	if (c->config->ramdisk && *c->config->ramdisk &&
	    dais_blob_open(c->config->ramdisk, &c->ramdisk, c->err))
		return -1;
	c->cmdline = dais_config_cmdline(c->config);
	if (!c->cmdline)
		return failed(c, "put the command line together");
	return 0;
}

static int check_devices(struct creation *c)
{
	const struct dais_config *config = c->config;

	for (size_t i = 0; i < config->disk_count; i++) {
		if (disk_check(c->host, &config->disks[i], c->err))
			return -1;
	}
	for (size_t i = 0; i < config->nic_count; i++) {
		if (nic_check(c->host, &config->nics[i], c->err))
			return -1;
	}
	for (size_t i = 0; i < config->plain_count; i++) {
		if (plain_check(c->host, &config->plain[i], c->err))
			return -1;
	}
	return model_check(config, c->err);
}

/* So that a create that cannot work is refused before anything is done for it. */
static int check_memory(struct creation *c, const struct xen_sysctl_physinfo *host)
{
	uint64_t free_kb = (host->free_pages - host->outstanding_pages) << 2;

	if (c->config->memory_kb <= free_kb)
		return 0;
	dais_fail(c->err, DAIS_NO_MEMORY, "create the domain", c->config->name,
		  "it wants %" PRIu64 " MiB, the host has %" PRIu64 " MiB free",
		  c->config->memory_kb >> 10, free_kb >> 10);
	return dais_hint(c->err, "stop a domain, give some of dom0's back (`dais mem-set 0 SIZE`), "
				 "or set memory to less");
}

/* ----- the domain ---------------------------------------------------------------------- */

static int pool_number(struct creation *c, uint32_t *pool)
{
	const char *name = c->config->pool;
	struct xen_sysctl_cpupool_op info;
	struct dais_cpumap cpus;

	*pool = 0;
	if (!name)
		return 0;
	for (uint32_t id = 0; !hv_cpupool(&c->host->hv, id, &info, &cpus); id = *pool + 1) {
		autofree char *has = NULL;
		char number[16];

		*pool = info.cpupool_id;
		snprintf(number, sizeof(number), "%u", *pool);
		has = store_read(&c->host->store, "/local/pool/%u/name", *pool);
		if (!strcmp(name, number) || (has && !strcmp(has, name)))
			return 0;
	}
	dais_fail(c->err, DAIS_CONFIG, "create the domain in CPU pool", name,
		  "there is no such pool");
	return dais_hint(c->err, "`dais cpupool-list` shows them");
}

static int make_domain(struct creation *c, const struct xen_sysctl_physinfo *host)
{
	const struct dais_config *config = c->config;
	struct xen_domctl_createdomain how = {
		.max_vcpus = config->maxvcpus,
		.max_evtchn_port = config->event_channels >= 0 ? (uint32_t)config->event_channels
							       : 1023,
		.max_grant_frames = (int32_t)config->max_grant_frames,
		.max_maptrack_frames = (int32_t)config->max_maptrack_frames,
	};
	uint32_t version = 0, domid = 0;

	if (host->capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v1)
		version = 1;
	if (host->capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2)
		version = 2;
	if (config->max_grant_version >= 0)
		version = (uint32_t)config->max_grant_version;
	how.grant_opts = XEN_DOMCTL_GRANT_version(version);
	memcpy(how.handle, config->uuid, sizeof(how.handle));
	if (pool_number(c, &how.cpupool_id))
		return -1;
	if (hv_create_domain(&c->host->hv, &how, &domid))
		return failed(c, "create the domain");
	c->guest.domid = domid;
	return 0;
}

static int set_affinity(struct creation *c)
{
	const struct dais_config *config = c->config;
	size_t most = config->cpus_count > config->cpus_soft_count ? config->cpus_count
								   : config->cpus_soft_count;

	if (!most)
		return 0;
	for (uint32_t vcpu = 0; vcpu < config->maxvcpus; vcpu++) {
		struct dais_cpumap hard, soft;
		size_t h = config->cpus_each ? vcpu : 0, s = config->cpus_soft_each ? vcpu : 0;
		bool has_hard = h < config->cpus_count, has_soft = s < config->cpus_soft_count;

		if (has_hard && dais_cpulist_parse(config->cpus[h], NULL, &hard, c->err))
			return -1;
		if (has_soft && dais_cpulist_parse(config->cpus_soft[s], NULL, &soft, c->err))
			return -1;
		if ((has_hard || has_soft) &&
		    hv_set_affinity(&c->host->hv, c->guest.domid, vcpu, has_hard ? &hard : NULL,
				    has_soft ? &soft : NULL)) {
			failed(c, "pin the vCPUs of");
			return dais_hint(c->err, "cpus and cpus_soft must name CPUs that are "
						 "online: `dais info`");
		}
	}
	return 0;
}

static int grant_hardware(struct creation *c)
{
	const struct dais_config *config = c->config;
	struct hv *hv = &c->host->hv;
	uint32_t domid = c->guest.domid;

	for (size_t i = 0; i < config->ioport_count; i++) {
		const struct dais_number_range *r = &config->ioports[i];

		if (hv_ioports(hv, domid, (uint32_t)r->first, (uint32_t)r->count, true))
			return failed(c, "give I/O ports to");
	}
	for (size_t i = 0; i < config->iomem_count; i++) {
		if (hv_iomem(hv, domid, config->iomem[i].first, config->iomem[i].count, true))
			return failed(c, "give memory of devices to");
	}
	for (size_t i = 0; i < config->irq_count; i++) {
		if (hv_irq(hv, domid, (uint32_t)config->irqs[i].first, true))
			return failed(c, "give an interrupt to");
	}
	return 0;
}

static int64_t time_offset(const struct dais_config *config)
{
	int64_t offset = config->has_rtc_timeoffset ? config->rtc_timeoffset : 0;

	if (config->localtime == DAIS_YES) {
		time_t now = time(NULL);
		struct tm local;

		if (localtime_r(&now, &local))
			offset += local.tm_gmtoff;
	}
	return offset;
}

static int set_scheduler(struct creation *c)
{
	const struct dais_config *config = c->config;
	int32_t weight = config->cpu_weight, cap = config->cap;

	if (weight < 0 && cap < 0)
		return 0;
	return dais_sched(c->host, c->guest.domid, &weight, &cap, c->err);
}

static int set_up(struct creation *c)
{
	const struct dais_config *config = c->config;
	struct hv *hv = &c->host->hv;
	uint32_t domid = c->guest.domid;
	int64_t offset = time_offset(config);
	int32_t tsc = config->tsc_mode == DAIS_TSC_UNSET ? 0 : (int32_t)config->tsc_mode;

	if (hv_max_vcpus(hv, domid, config->maxvcpus))
		return failed(c, "make the vCPUs of");
	if (hv_max_mem(hv, domid, config->maxmem_kb + SLACK_KB))
		return failed(c, "set the memory limit of");
	if (hv_memory_map(hv, domid, (config->maxmem_kb + SLACK_KB) << 10))
		return failed(c, "set the memory map of");
	if (hv_set_tsc(hv, domid, (uint32_t)tsc))
		return failed(c, "set the time-stamp counter of");
	/* As xl: a promise that holds on this host, or where the counter is emulated, alone. */
	if ((config->nomigrate == DAIS_YES || tsc == DAIS_TSC_ALWAYS_EMULATE) &&
	    hv_show_invariant_tsc(hv, domid))
		return failed(c, "set the processor's features of");
	if (cpuid_apply(hv, domid, config, c->err))
		return -1;
	if (offset && hv_set_time_offset(hv, domid, offset))
		return failed(c, "set the clock of");
	if (set_affinity(c) || grant_hardware(c))
		return -1;
	if (hv_alloc_port(hv, domid, c->guest.store_domid, &c->guest.store_port) ||
	    hv_alloc_port(hv, domid, c->guest.console_domid, &c->guest.console_port))
		return failed(c, "make the event channels of");
	return 0;
}

static int build(struct creation *c)
{
	struct build_guest *g = &c->guest;

	g->elf = &c->image.elf;
	g->ramdisk = c->ramdisk.fd >= 0 ? &c->ramdisk : NULL;
	g->cmdline = c->cmdline;
	g->pages = c->config->memory_kb >> 2;
	g->claim = c->config->claim_mode != DAIS_NO;
	return build_guest(&c->host->hv, g, c->how->timeline, c->err);
}

/* ----- the store ----------------------------------------------------------------------- */

static void write_vm(struct creation *c, const char *uuid)
{
	struct store_dir vm;

	store_dir_at(&vm, &c->host->store, "/vm/%s", uuid);
	store_dir_write(&vm, "", "%s", "");
	store_dir_perms(&vm, "", 0, c->guest.domid);
	store_dir_write(&vm, "name", "%s", c->config->name);
	store_dir_write(&vm, "uuid", "%s", uuid);
	store_dir_write(&vm, "start_time", "%lld.00", (long long)time(NULL));
	store_dir_write(&vm, "image/ostype", "linux");
	store_dir_write(&vm, "image/kernel", "%s", dais_config_kernel(c->config));
}

/*
 * The domain's place in the store, with its name: from here on it can be found by it. The nodes
 * that belong to the guest (abi-rows.md G.6) are made while the whole place does, because a new node
 * inherits that: half the requests of setting it for each.
 */
static void write_name(struct creation *c)
{
	static const char *const guests_own[] = {
		"control/shutdown",
		"control/feature-poweroff",
		"control/feature-reboot",
		"control/feature-suspend",
		"control/sysrq",
		"data",
		"drivers",
		"feature",
		"attr",
		"error",
		"device/suspend/event-channel",
	};
	static const char *const ours[] = {"", "control", "device", "device/suspend"};
	uint32_t domid = c->guest.domid;
	struct dais_domain now = {.domid = domid};
	struct store_dir dir;

	store_dir_at(&dir, &c->host->store, "/local/domain/%u", domid);
	/* A domain of the same number may have left nodes: nothing of it is inherited. */
	store_remove(&c->host->store, "%s", dir.path);
	store_dir_write(&dir, "", "%s", "");
	store_dir_perms(&dir, "", domid, domid);
	for (size_t i = 0; i < sizeof(guests_own) / sizeof(*guests_own); i++)
		store_dir_write(&dir, guests_own[i], "%s", "");
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		store_dir_perms(&dir, ours[i], 0, domid);
	store_dir_write(&dir, "name", "%s", c->config->name);
	memcpy(now.uuid, c->config->uuid, sizeof(now.uuid));
	snprintf(now.name, sizeof(now.name), "%s", c->config->name);
	/* Noted, it is taken for everybody; else it must stand before the lock is let go. */
	if (!names_note(c->host, &now, 1))
		store_wait(&c->host->store);
}

/* The nodes of abi-rows.md G.6 beside the name. */
static void write_domain(struct creation *c)
{
	const struct dais_config *config = c->config;
	const struct build_guest *g = &c->guest;
	struct store_dir dir, libxl;
	char uuid[37];

	dais_uuid_text(config->uuid, uuid);
	store_dir_at(&dir, &c->host->store, "/local/domain/%u", g->domid);
	store_dir_write(&dir, "vm", "/vm/%s", uuid);
	store_dir_write(&dir, "domid", "%u", g->domid);
	store_dir_write(&dir, "memory/static-max", "%" PRIu64, config->maxmem_kb);
	store_dir_write(&dir, "memory/target", "%" PRIu64, config->memory_kb);
	store_dir_write(&dir, "memory/videoram", "0");
	for (uint32_t i = 0; i < config->maxvcpus; i++) {
		char name[40];

		snprintf(name, sizeof(name), "cpu/%u/availability", i);
		store_dir_write(&dir, name, i < config->vcpus ? "online" : "offline");
	}
	store_dir_write(&dir, "control/platform-feature-multiprocessor-suspend", "1");
	store_dir_write(&dir, "control/platform-feature-xs_reset_watches", "1");
	store_dir_write(&dir, "store/port", "%u", g->store_port);
	store_dir_write(&dir, "store/ring-ref", "%" PRIu64, (uint64_t)g->store_mfn);
	write_vm(c, uuid);
	store_dir_at(&libxl, &c->host->store, "/libxl/%u", g->domid);
	store_dir_write(&libxl, "type", "pv");
	console_publish(c->host, g->domid, g->console_port, g->console_mfn, &dir);
}

/* ----- devices ------------------------------------------------------------------------- */

static int publish_devices(struct creation *c)
{
	struct dais_config *config = c->config;

	c->disks = calloc(config->disk_count + 1, sizeof(*c->disks));
	c->nics = calloc(config->nic_count + 1, sizeof(*c->nics));
	c->plain = calloc(config->plain_count + 1, sizeof(*c->plain));
	if (!c->disks || !c->nics || !c->plain)
		return failed(c, "set up the devices of");
	for (size_t i = 0; i < config->disk_count; i++)
		c->disks[i].loop = -1;
	for (size_t i = 0; i < config->disk_count; i++) {
		if (step(c) ||
		    disk_publish(c->host, c->guest.domid, &config->disks[i], &c->disks[i], c->err))
			return -1;
	}
	for (size_t i = 0; i < config->nic_count; i++) {
		if (step(c) || nic_publish(c->host, c->guest.domid, (uint32_t)i, &config->nics[i],
					   &c->nics[i], c->err))
			return -1;
	}
	for (size_t i = 0; i < config->vfb_count; i++) {
		if (step(c))
			return -1;
		fb_publish(c->host, c->guest.domid, i, &config->vfbs[i]);
	}
	for (size_t i = 0; i < config->channel_count; i++) {
		if (step(c))
			return -1;
		channel_publish(c->host, c->guest.domid, i, &config->channels[i]);
	}
	for (size_t i = 0; i < config->plain_count; i++) {
		if (step(c) || plain_publish(c->host, c->guest.domid, plain_devid(config, i),
					     &config->plain[i], &c->plain[i], c->err))
			return -1;
	}
	if (model_wanted(config) &&
	    (step(c) || model_start(c->host, c->guest.domid, config, &c->model, c->err)))
		return -1;
	/* With all that was written before: one round trip for a domain without devices. */
	return store_done(&c->host->store, c->err);
}

static int finish_devices(struct creation *c)
{
	struct dais_config *config = c->config;

	for (size_t i = 0; i < config->disk_count; i++) {
		if (step(c) || disk_finish(c->host, &c->disks[i], c->err))
			return -1;
	}
	for (size_t i = 0; i < config->nic_count; i++) {
		if (step(c) || nic_finish(c->host, &c->nics[i], c->err))
			return -1;
	}
	for (size_t i = 0; i < config->plain_count; i++) {
		if (step(c) || plain_finish(c->host, &c->plain[i], c->err))
			return -1;
	}
	if (model_wanted(config) &&
	    (step(c) || model_finish(c->host, c->guest.domid, config, &c->model, c->err)))
		return -1;
	return config->nic_count ? store_done(&c->host->store, c->err) : 0;
}

static void drop_devices(struct creation *c)
{
	model_drop(&c->model);
	for (size_t i = 0; c->disks && i < c->config->disk_count; i++)
		disk_drop(&c->disks[i]);
	free(c->disks);
	free(c->nics);
	free(c->plain);
}

/* ----- all of it ----------------------------------------------------------------------- */

/* From the domain's making to its start; the caller undoes it. */
static int bring_up(struct creation *c)
{
	struct dais *host = c->host;

	if (step(c) || set_up(c))
		return -1;
	mark(c, "set up");
	if (step(c) || build(c))
		return -1;
	mark(c, "build");
	if (step(c))
		return -1;
	write_domain(c);
	mark(c, "store");
	if (step(c))
		return -1;
	store_introduce(&host->store, c->guest.domid, c->guest.store_mfn, c->guest.store_port);
	mark(c, "introduce");
	if (publish_devices(c) || finish_devices(c))
		return -1;
	mark(c, "devices");
	if (step(c) || set_scheduler(c))
		return -1;
	if (step(c) || record_write(c->config->uuid, c->config, c->err))
		return -1;
	mark(c, "record");
	if (step(c))
		return -1;
	if (!c->how->paused && hv_unpause(&host->hv, c->guest.domid))
		return failed(c, "start");
	return 0;
}

/* Under the lock of names: until this one stands in the store anybody may find it free. */
static int make_named(struct creation *c, const struct xen_sysctl_physinfo *info)
{
	autoclose int lock = names_lock();

	(void)lock;
	if (step(c) || name_free(c->host, c->config->name, DAIS_DOMID_MAX, c->err))
		return -1;
	mark(c, "name");
	if (step(c) || make_domain(c, info))
		return -1;
	mark(c, "domain");
	if (step(c))
		return -1;
	write_name(c);
	return 0;
}

static int create(struct creation *c)
{
	struct xen_sysctl_physinfo info;

	if (step(c) || open_images(c))
		return -1;
	mark(c, "images");
	if (step(c) || check_devices(c))
		return -1;
	if (hv_physinfo(&c->host->hv, &info))
		return failed(c, "ask about the host");
	if (check_memory(c, &info))
		return -1;
	if (!make_named(c, &info) && !bring_up(c))
		return 0;
	if (c->guest.domid)
		domain_remove(c->host, c->guest.domid, c->config->uuid, NULL);
	return -1;
}

EXPORT int dais_create(struct dais *host, struct dais_config *config, const struct dais_create *how,
		       uint32_t *domid, struct dais_error *err)
{
	static const struct dais_create defaults;
	const char *fail_at = getenv("DAIS_FAIL_STEP");
	struct creation c = {
		.host = host,
		.config = config,
		.how = how ? how : &defaults,
		.err = err,
		.image.blob.fd = -1,
		.ramdisk.fd = -1,
		.model = MODEL_NONE,
		.fail_at = fail_at ? strtol(fail_at, NULL, 10) : 0,
	};
	int ret;

	timeline_start(c.how->timeline);
	dais_config_defaults(config);
	if (!config->name)
		return dais_fail(err, DAIS_CONFIG, "create the domain", config->path,
				 "the configuration gives it no name");
	if (!config->has_uuid) {
		dais_uuid_make(config->uuid);
		config->has_uuid = true;
	}
	ret = create(&c);
	mark(&c, ret ? "undone" : "started");
	*domid = c.guest.domid;
	drop_devices(&c);
	free(c.cmdline);
	dais_blob_close(&c.ramdisk);
	dais_image_close(&c.image);
	return ret;
}
