// SPDX-License-Identifier: MIT
/*
 * Network interfaces, served by Linux's netback. In dom0 the back-end makes an interface of the
 * host, which is put into its bridge here, by netlink; "hotplug-status" tells it so. A back-end in
 * another domain is left to that domain's scripts.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cleanup.h"
#include "dev/device.h"
#include "dev/link.h"
#include "dev/script.h"
#include "export.h"

#define KIND "vif"
/* What a back-end outside dom0 is to run when the interface comes, as xl names it. */
#define FOREIGN_SCRIPT "/etc/xen/scripts/vif-bridge"

static const char *bridge_of(const struct dais_nic *nic)
{
	return nic->bridge ? nic->bridge : DEFAULT_BRIDGE;
}

/* What Xen's own script does is done here; any other is the administrator's. */
static const char *script_of(const struct dais_nic *nic)
{
	const char *slash = nic->script ? strrchr(nic->script, '/') : NULL;

	if (!nic->script || !strcmp(slash ? slash + 1 : nic->script, "vif-bridge"))
		return NULL;
	return nic->script;
}

int nic_check(struct dais *host, const struct dais_nic *nic, struct dais_error *err)
{
	uint32_t backend;

	if (backend_domain(host, nic->backend, &backend, err))
		return -1;
	if (nic->ifname && strlen(nic->ifname) >= IFNAMSIZ)
		return dais_fail(err, DAIS_CONFIG, "name the network interface", nic->ifname,
				 "a name has at most %d characters", IFNAMSIZ - 1);
	return script_of(nic) || backend ? 0 : link_check_bridge(bridge_of(nic), err);
}

/* From the range that is set aside for Xen's guests. */
static void choose_mac(struct dais_nic *nic)
{
	static const uint8_t prefix[3] = {0x00, 0x16, 0x3e};

	memcpy(nic->mac, prefix, sizeof(prefix));
	if (getrandom(nic->mac + 3, 3, 0) != 3)
		memset(nic->mac + 3, 0, 3);
	nic->mac[3] &= 0x7f;
	nic->has_mac = true;
}

/* What the interface is. */
static void describe(struct store_dir *dir, const struct nic_work *work, const char *mac)
{
	const struct device_id *id = &work->id;
	const struct dais_nic *nic = work->nic;
	const char *script = id->backend && !nic->script ? FOREIGN_SCRIPT : nic->script;

	/* The driver wants the node, also if no script is run. */
	store_dir_write(dir, "script", "%s", id->backend || script_of(nic) ? script : "");
	if (id->backend && nic->ifname)
		store_dir_write(dir, "vifname", "%s", nic->ifname);
	if (nic->gatewaydev)
		store_dir_write(dir, "gatewaydev", "%s", nic->gatewaydev);
	store_dir_write(dir, "mac", "%s", mac);
	store_dir_write(dir, "bridge", "%s", bridge_of(nic));
	store_dir_write(dir, "handle", "%u", id->devid);
	store_dir_write(dir, "type", "vif");
	if (nic->ip)
		store_dir_write(dir, "ip", "%s", nic->ip);
	if (nic->rate_bytes)
		store_dir_write(dir, "rate", "%llu,%u", (unsigned long long)nic->rate_bytes,
				nic->rate_interval_us);
}

int nic_publish(struct dais *host, uint32_t domid, uint32_t devid, struct dais_nic *nic,
		struct nic_work *work, struct dais_error *err)
{
	struct device_id *id = &work->id;
	struct store_dir front, back, note;
	char mac[18];

	*work = (struct nic_work){
		.nic = nic,
		.id = {.domid = domid, .kind = KIND, .devid = devid},
	};
	if (backend_domain(host, nic->backend, &id->backend, err))
		return -1;
	if (!nic->has_mac)
		choose_mac(nic);
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", nic->mac[0], nic->mac[1],
		 nic->mac[2], nic->mac[3], nic->mac[4], nic->mac[5]);
	device_front(id, &host->store, &front);
	device_back(id, &host->store, &back);
	device_note(id, &host->store, &note);
	device_begin(id, &front, &back);
	store_dir_write(&front, "handle", "%u", devid);
	store_dir_write(&front, "mac", "%s", mac);
	if (nic->mtu)
		store_dir_write(&front, "mtu", "%u", nic->mtu);
	if (nic->trusted != DAIS_UNSET)
		store_dir_write(&front, "trusted", "%d", nic->trusted == DAIS_YES);
	describe(&back, work, mac);
	describe(&note, work, mac);
	device_publish(id, &front, &back);
	return 0;
}

int nic_finish(struct dais *host, const struct nic_work *work, struct dais_error *err)
{
	const struct device_id *id = &work->id;
	const struct dais_nic *nic = work->nic;
	struct store_dir back;
	char name[IFNAMSIZ];

	if (device_wait(id, &host->store, DEVICE_INIT_WAIT,
			id->backend ? FOREIGN_TIMEOUT_MS : DEVICE_TIMEOUT_MS, err))
		return dais_while(err, "attach the network interface", bridge_of(nic));
	if (id->backend)
		return 0;
	snprintf(name, sizeof(name), "vif%u.%u", id->domid, id->devid);
	if (script_of(nic)) {
		device_back(id, &host->store, &back);
		return script_run(nic->script, "online", KIND, back.path, name, SCRIPT_SECONDS,
				  err);
	}
	if (link_plug(name, nic->ifname, bridge_of(nic), nic->mtu, DEVICE_TIMEOUT_MS, err))
		return -1;
	device_back(id, &host->store, &back);
	if (nic->ifname)
		store_dir_write(&back, "vifname", "%s", nic->ifname);
	store_dir_write(&back, "hotplug-status", "connected");
	return 0;
}

static int count_up(const struct device_id *id, void *arg)
{
	uint32_t *next = arg;

	if (id->devid >= *next)
		*next = id->devid + 1;
	return 0;
}

EXPORT int dais_nic_attach(struct dais *host, uint32_t domid, struct dais_nic *nic, uint32_t *devid,
			   struct dais_error *err)
{
	struct nic_work work;

	if (nic_check(host, nic, err))
		return -1;
	*devid = 0;
	device_for_each(&host->store, domid, KIND, count_up, devid);
	if (nic_publish(host, domid, *devid, nic, &work, err))
		return -1;
	if (!store_done(&host->store, err) && !nic_finish(host, &work, err) &&
	    !store_done(&host->store, err))
		return 0;
	device_remove(&work.id, &host->store, true, DEVICE_TIMEOUT_MS, script_closed, NULL);
	return -1;
}
