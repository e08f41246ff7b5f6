/* SPDX-License-Identifier: MIT */
/*
 * Devices of a domain, by kind. Each kind has three steps, so that many devices of a create
 * come up side by side: check what can be checked without a domain, publish both ends in the
 * store, finish what the back-end has to be told or waited for. What publishing and finishing
 * wrote is known to stand after store_done() only.
 */
#ifndef DAIS_DEV_DEVICE_H
#define DAIS_DEV_DEVICE_H

#include "config/config.h"
#include "dom/host.h"
#include "store/device.h"

#define DEVICE_TIMEOUT_MS 10000u
#define SCRIPT_SECONDS 40u
/* A back-end outside dom0 has a script to run before it is ready. */
#define FOREIGN_TIMEOUT_MS (SCRIPT_SECONDS * 1000u)

/* The number of the domain @name (a name, number or UUID; NULL: dom0) that is to serve a device. */
int backend_domain(struct dais *host, const char *name, uint32_t *domid, struct dais_error *err);

/* A disk on its way. Zero it first; disk_drop() in the end. */
struct disk_work {
	const struct dais_disk *disk;
	struct device_id id;
	int loop; /* the loop device, held open until the back-end has it; -1: none */
	char device[256]; /* the block device */
	unsigned int major, minor;
};

int disk_check(struct dais *host, const struct dais_disk *disk, struct dais_error *err);
int disk_publish(struct dais *host, uint32_t domid, const struct dais_disk *disk,
		 struct disk_work *work, struct dais_error *err);
int disk_finish(struct dais *host, struct disk_work *work, struct dais_error *err);
void disk_drop(struct disk_work *work);

/* The bridge of an interface that names none, as xl has it. */
#define DEFAULT_BRIDGE "xenbr0"

/* An interface on its way. */
struct nic_work {
	struct dais_nic *nic;
	struct device_id id;
};

int nic_check(struct dais *host, const struct dais_nic *nic, struct dais_error *err);
/* Fills in a MAC address if there is none. */
int nic_publish(struct dais *host, uint32_t domid, uint32_t devid, struct dais_nic *nic,
		struct nic_work *work, struct dais_error *err);
int nic_finish(struct dais *host, const struct nic_work *work, struct dais_error *err);

/* A plain device (config/plain.h) on its way. */
struct plain_work {
	const struct dais_plain *plain;
	struct device_id id;
};

int plain_check(struct dais *host, const struct dais_plain *plain, struct dais_error *err);
/* Fills in a UUID if there is none. */
int plain_publish(struct dais *host, uint32_t domid, uint32_t devid, struct dais_plain *plain,
		  struct plain_work *work, struct dais_error *err);
int plain_finish(struct dais *host, const struct plain_work *work, struct dais_error *err);

/* The first console: written along with the domain's own nodes. */
void console_publish(struct dais *host, uint32_t domid, uint32_t port, uint64_t mfn,
		     struct store_dir *domain);

#endif
