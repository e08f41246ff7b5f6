// SPDX-License-Identifier: MIT
/*
 * Disks, served by Linux's blkback in dom0: a block device as it is, a file through a loop
 * device. The back-end waits for "physical-device", so that is written last; once it has the
 * device open, the loop device may be let go, which will then detach by itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "dev/device.h"
#include "dev/loop.h"
#include "dev/script.h"
#include "export.h"

#define KIND "vbd"

/* What a back-end outside dom0 is to run when the disk comes, as xl names it. */
#define FOREIGN_SCRIPT "/etc/xen/scripts/block"

int disk_check(struct dais *host, const struct dais_disk *disk, struct dais_error *err)
{
	const char *target = disk->target ? disk->target : "";
	uint32_t backend;
	struct stat st;

	if (backend_domain(host, disk->backend, &backend, err))
		return -1;
	if (disk->format == DAIS_FORMAT_EMPTY)
		return dais_fail(err, DAIS_DEVICE, "attach the disk", disk->vdev,
				 "a PV guest has no drive that can be empty");
	if (disk->format != DAIS_FORMAT_RAW) {
		dais_fail(err, DAIS_DEVICE, "attach the disk", target,
			  "the kernel's back-end serves raw images only");
		return dais_hint(err, "convert it: qemu-img convert -O raw %s NEW", target);
	}
	if (disk->script || backend)
		return 0; /* known there what the target means */
	if (stat(target, &st))
		return dais_fail_errno(err, DAIS_DEVICE, errno, "attach the disk", target);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return dais_fail(err, DAIS_DEVICE, "attach the disk", target,
				 "that is neither a file nor a block device");
	return 0;
}

static int open_device(struct disk_work *work, struct dais_error *err)
{
	const struct dais_disk *disk = work->disk;
	struct stat st;

	if (stat(disk->target, &st))
		return dais_fail_errno(err, DAIS_DEVICE, errno, "attach the disk", disk->target);
	if (S_ISBLK(st.st_mode)) {
		snprintf(work->device, sizeof(work->device), "%s", disk->target);
	} else {
		char name[32];

		work->loop = loop_attach(disk->target, disk->readonly, name, err);
		if (work->loop < 0)
			return -1;
		snprintf(work->device, sizeof(work->device), "%s", name);
		if (fstat(work->loop, &st))
			return dais_fail_errno(err, DAIS_DEVICE, errno, "attach the disk", name);
	}
	work->major = major(st.st_rdev);
	work->minor = minor(st.st_rdev);
	return 0;
}

/* What the disk is. */
static void describe(struct store_dir *dir, const struct disk_work *work)
{
	const struct dais_disk *disk = work->disk;

	store_dir_write(dir, "params", "%s", disk->target);
	store_dir_write(dir, "type", "phy");
	store_dir_write(dir, "dev", "%s", disk->vdev);
	store_dir_write(dir, "device-type", "%s", disk->cdrom ? "cdrom" : "disk");
	store_dir_write(dir, "mode", "%s", disk->readonly ? "r" : "w");
	store_dir_write(dir, "removable", "%d", disk->removable);
	store_dir_write(dir, "bootable", "1");
	if (disk->discard != DAIS_UNSET)
		store_dir_write(dir, "discard-enable", "%d", disk->discard == DAIS_YES);
	if (disk->direct_io_safe)
		store_dir_write(dir, "direct-io-safe", "1");
	if (disk->script || work->id.backend)
		store_dir_write(dir, "script", "%s", disk->script ? disk->script : FOREIGN_SCRIPT);
}

int disk_publish(struct dais *host, uint32_t domid, const struct dais_disk *disk,
		 struct disk_work *work, struct dais_error *err)
{
	struct store_dir front, back, note;

	*work = (struct disk_work){
		.disk = disk,
		.id = {.domid = domid, .kind = KIND, .devid = disk->devid},
		.loop = -1,
	};
	if (backend_domain(host, disk->backend, &work->id.backend, err) ||
	    (!disk->script && !work->id.backend && open_device(work, err)))
		return -1;
	device_front(&work->id, &host->store, &front);
	device_back(&work->id, &host->store, &back);
	device_note(&work->id, &host->store, &note);
	device_begin(&work->id, &front, &back);
	store_dir_write(&front, "virtual-device", "%u", disk->devid);
	store_dir_write(&front, "device-type", "%s", disk->cdrom ? "cdrom" : "disk");
	describe(&back, work);
	describe(&note, work);
	if (disk->trusted != DAIS_UNSET)
		store_dir_write(&front, "trusted", "%d", disk->trusted == DAIS_YES);
	device_publish(&work->id, &front, &back);
	if (work->id.backend)
		return 0;
	if (disk->script)
		return store_done(&host->store, err) ||
				       script_run(disk->script, "add", KIND, back.path, NULL,
						  SCRIPT_SECONDS, err)
			       ? -1
			       : 0;
	store_dir_write(&back, "physical-device", "%x:%x", work->major, work->minor);
	store_dir_write(&back, "hotplug-status", "connected");
	return 0;
}

/* The back-end shows in sysfs which device it has open. */
static bool is_open(const struct disk_work *work)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vbd-%u-%u/physical_device",
		 work->id.domid, work->id.devid);
	return !access(path, F_OK);
}

int disk_finish(struct dais *host, struct disk_work *work, struct dais_error *err)
{
	struct timespec nap = {.tv_nsec = 500000};
	uint32_t backend = work->id.backend;

	if (device_wait(&work->id, &host->store, DEVICE_INIT_WAIT,
			backend ? FOREIGN_TIMEOUT_MS : DEVICE_TIMEOUT_MS, err))
		return dais_while(err, "attach the disk", work->disk->target);
	if (backend)
		return 0;
	for (unsigned int i = 0; !is_open(work); i++) {
		if (i == 2 * DEVICE_TIMEOUT_MS ||
		    (i % 64 == 63 &&
		     device_wait(&work->id, &host->store, DEVICE_INIT_WAIT, 0, err))) {
			if (i == 2 * DEVICE_TIMEOUT_MS)
				dais_fail(err, DAIS_TIMEOUT, "attach the disk", work->disk->target,
					  "the back-end did not open %s", work->device);
			return -1;
		}
		nanosleep(&nap, NULL);
	}
	return 0;
}

void disk_drop(struct disk_work *work)
{
	if (work->loop >= 0)
		close(work->loop);
	work->loop = -1;
}

EXPORT int dais_disk_attach(struct dais *host, uint32_t domid, const struct dais_disk *disk,
			    struct dais_error *err)
{
	struct device_id id = {.domid = domid, .kind = KIND, .devid = disk->devid};
	autofree char *there = NULL;
	struct disk_work work;
	int ret;

	if (disk_check(host, disk, err))
		return -1;
	there = store_read(&host->store, "/libxl/%u/device/" KIND "/%u/backend", domid, id.devid);
	if (there) {
		dais_fail(err, DAIS_EXISTS, "attach the disk", disk->vdev,
			  "the domain has such a disk");
		return dais_hint(err, "choose another vdev; `dais block-list` shows them");
	}
	ret = disk_publish(host, domid, disk, &work, err);
	if (store_done(&host->store, ret ? NULL : err))
		ret = -1;
	if (!ret)
		ret = disk_finish(host, &work, err);
	disk_drop(&work);
	if (ret)
		device_remove(&work.id, &host->store, true, DEVICE_TIMEOUT_MS, script_closed, NULL);
	return ret;
}

static int detach(struct dais *host, const char *kind, uint32_t domid, uint32_t devid, bool force,
		  struct dais_error *err)
{
	struct device_id id = {.domid = domid, .kind = kind, .devid = devid};
	autofree char *back = store_read(&host->store, "/libxl/%u/device/%s/%u/backend", domid,
					 kind, devid);
	char object[48];

	if (!back || sscanf(back, "/local/domain/%u/", &id.backend) != 1) {
		snprintf(object, sizeof(object), "%s/%u of domain %u", kind, devid, domid);
		dais_fail(err, DAIS_DEVICE, "detach the device", object, "there is no such device");
		return dais_hint(err, "`dais %s-list` shows them",
				 strcmp(kind, "vif") ? "block" : "network");
	}
	return device_remove(&id, &host->store, force, DEVICE_TIMEOUT_MS, script_closed, err);
}

EXPORT int dais_disk_detach(struct dais *host, uint32_t domid, uint32_t devid, bool force,
			    struct dais_error *err)
{
	return detach(host, KIND, domid, devid, force, err);
}

EXPORT int dais_nic_detach(struct dais *host, uint32_t domid, uint32_t devid, bool force,
			   struct dais_error *err)
{
	return detach(host, "vif", domid, devid, force, err);
}
