// SPDX-License-Identifier: MIT
/*
 * A configuration, and what is wrong with one, as JSON (schema "dais.config"). What is unset is
 * left out.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "config/plain.h"
#include "config/private.h"
#include "export.h"
#include "json.h"

static void add_text(struct json_object *o, const char *key, const char *text)
{
	if (text)
		json_set(o, key, json_object_new_string(text));
}

static void add_number(struct json_object *o, const char *key, int64_t number)
{
	json_set(o, key, json_object_new_int64(number));
}

static void add_choice(struct json_object *o, const char *key, enum dais_choice choice)
{
	if (choice != DAIS_UNSET)
		json_set(o, key, json_object_new_boolean(choice == DAIS_YES));
}

static void add_bool(struct json_object *o, const char *key, bool yes)
{
	json_set(o, key, json_object_new_boolean(yes));
}

static void add_texts(struct json_object *o, const char *key, char *const *list, size_t count)
{
	struct json_object *array;
	size_t i;

	if (!count)
		return;
	array = json_object_new_array();
	for (i = 0; i < count; i++)
		json_append(array, json_object_new_string(list[i]));
	json_set(o, key, array);
}

EXPORT struct json_object *dais_disk_json(const struct dais_disk *disk)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "vdev", disk->vdev);
	add_number(o, "devid", disk->devid);
	add_text(o, "target", disk->target);
	add_text(o, "format", dais_disk_format_name(disk->format));
	add_text(o, "backendtype", dais_disk_backend_name(disk->backend_type));
	add_text(o, "backend", disk->backend);
	add_text(o, "script", disk->script);
	add_bool(o, "readonly", disk->readonly);
	add_bool(o, "cdrom", disk->cdrom);
	add_bool(o, "direct_io_safe", disk->direct_io_safe);
	add_choice(o, "discard", disk->discard);
	add_choice(o, "trusted", disk->trusted);
	return json_whole(o);
}

EXPORT struct json_object *dais_nic_json(const struct dais_nic *nic)
{
	struct json_object *o = json_object_new_object();
	char mac[18];

	if (nic->has_mac) {
		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", nic->mac[0],
			 nic->mac[1], nic->mac[2], nic->mac[3], nic->mac[4], nic->mac[5]);
		add_text(o, "mac", mac);
	}
	add_text(o, "bridge", nic->bridge);
	add_text(o, "gatewaydev", nic->gatewaydev);
	add_text(o, "script", nic->script);
	add_text(o, "ip", nic->ip);
	add_text(o, "backend", nic->backend);
	add_text(o, "vifname", nic->ifname);
	if (nic->rate_bytes) {
		add_number(o, "rate_bytes", (int64_t)nic->rate_bytes);
		add_number(o, "rate_interval_us", nic->rate_interval_us);
	}
	if (nic->mtu)
		add_number(o, "mtu", nic->mtu);
	if (nic->devid >= 0)
		add_number(o, "devid", nic->devid);
	add_choice(o, "trusted", nic->trusted);
	return json_whole(o);
}

static struct json_object *vfb_json(const struct dais_vfb *vfb)
{
	struct json_object *o = json_object_new_object();

	add_bool(o, "vnc", vfb->vnc != DAIS_NO);
	add_text(o, "vnclisten", vfb->vnclisten);
	if (vfb->vncdisplay >= 0)
		add_number(o, "vncdisplay", vfb->vncdisplay);
	add_choice(o, "vncunused", vfb->vncunused);
	add_bool(o, "has_vncpasswd", vfb->vncpasswd != NULL);
	add_choice(o, "sdl", vfb->sdl);
	add_text(o, "keymap", vfb->keymap);
	return o;
}

static struct json_object *plain_json(const struct dais_plain *plain)
{
	struct json_object *o = json_object_new_object(), *parts;

	add_text(o, "part", plain->kind->store ? NULL : plain->kind->head);
	add_text(o, "backend", plain->backend);
	for (size_t i = 0; i < plain->kind->count; i++) {
		const struct plain_param *param = &plain->kind->params[i];
		const char *value = plain->values[i];

		if (value && param->type == PLAIN_NUMBER)
			add_number(o, param->name, strtoll(value, NULL, 10));
		else if (value && param->type == PLAIN_CHOICE)
			add_bool(o, param->name, true);
		else
			add_text(o, param->name, value);
	}
	if (!plain->part_count)
		return o;
	parts = json_object_new_array();
	for (size_t i = 0; i < plain->part_count; i++)
		json_append(parts, plain_json(&plain->parts[i]));
	json_set(o, "parts", parts);
	return o;
}

static void add_plain(struct json_object *o, const struct dais_config *c)
{
	for (size_t k = 0; k < plain_kind_count; k++) {
		struct json_object *array = NULL;

		for (size_t i = 0; i < c->plain_count; i++) {
			if (c->plain[i].kind != &plain_kinds[k])
				continue;
			if (!array)
				array = json_object_new_array();
			json_append(array, plain_json(&c->plain[i]));
		}
		if (array)
			json_set(o, plain_kinds[k].key, array);
	}
}

static void add_ranges(struct json_object *o, const char *key, const struct dais_number_range *list,
		       size_t count)
{
	struct json_object *array;
	size_t i;

	if (!count)
		return;
	array = json_object_new_array();
	for (i = 0; i < count; i++) {
		struct json_object *range = json_object_new_object();

		add_number(range, "first", (int64_t)list[i].first);
		add_number(range, "count", (int64_t)list[i].count);
		json_append(array, range);
	}
	json_set(o, key, array);
}

static void add_cpuid(struct json_object *o, const struct dais_config *c)
{
	struct json_object *array;

	if (!c->cpuid_count)
		return;
	array = json_object_new_array();
	for (size_t i = 0; i < c->cpuid_count; i++) {
		autofree char *text = cpuid_text(&c->cpuid[i]);

		json_append(array, text ? json_object_new_string(text) : NULL);
	}
	json_set(o, "cpuid", array);
}

static void add_devices(struct json_object *o, const struct dais_config *c)
{
	struct json_object *disks = json_object_new_array(), *nics = json_object_new_array();
	struct json_object *vfbs = json_object_new_array(), *channels = json_object_new_array();
	size_t i;

	for (i = 0; i < c->disk_count; i++)
		json_append(disks, dais_disk_json(&c->disks[i]));
	for (i = 0; i < c->nic_count; i++)
		json_append(nics, dais_nic_json(&c->nics[i]));
	for (i = 0; i < c->vfb_count; i++)
		json_append(vfbs, vfb_json(&c->vfbs[i]));
	for (i = 0; i < c->channel_count; i++) {
		struct json_object *channel = json_object_new_object();
		bool socket = c->channels[i].connection == DAIS_CHANNEL_SOCKET;

		add_text(channel, "name", c->channels[i].name);
		add_text(channel, "connection", socket ? "socket" : "pty");
		add_text(channel, "path", c->channels[i].path);
		json_append(channels, channel);
	}
	json_set(o, "disks", disks);
	json_set(o, "nics", nics);
	json_set(o, "vfbs", vfbs);
	json_set(o, "channels", channels);
	add_plain(o, c);
	add_ranges(o, "ioports", c->ioports, c->ioport_count);
	add_ranges(o, "irqs", c->irqs, c->irq_count);
	add_ranges(o, "iomem", c->iomem, c->iomem_count);
}

static void show_json(void *arg, const char *key, const char *text, int64_t number)
{
	if (text)
		add_text(arg, key, text);
	else
		add_number(arg, key, number);
}

EXPORT struct json_object *dais_config_json(const struct dais_config *c)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	add_text(o, "type", "pv");
	add_text(o, "file", c->path);
	config_each_value(c, show_json, o);
	if (c->memory_kb)
		add_number(o, "memory_kb", (int64_t)c->memory_kb);
	if (c->maxmem_kb)
		add_number(o, "maxmem_kb", (int64_t)c->maxmem_kb);
	add_texts(o, "bootloader_args", c->bootloader_args, c->bootloader_arg_count);
	add_texts(o, "cpus", c->cpus, c->cpus_count);
	add_texts(o, "cpus_soft", c->cpus_soft, c->cpus_soft_count);
	add_cpuid(o, c);
	add_devices(o, c);
	add_choice(o, "nomigrate", c->nomigrate);
	add_choice(o, "driver_domain", c->driver_domain);
	add_choice(o, "claim_mode", c->claim_mode);
	add_choice(o, "localtime", c->localtime);
	add_choice(o, "e820_host", c->e820_host);
	add_choice(o, "vpmu", c->vpmu);
	if (c->has_rtc_timeoffset)
		add_number(o, "rtc_timeoffset", c->rtc_timeoffset);
	for (i = 0; i < c->note_count; i++)
		add_text(o, c->notes[i].key, c->notes[i].value);
	return json_whole(o);
}

EXPORT struct json_object *dais_faults_json(const struct dais_faults *faults)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < faults->count; i++) {
		const struct dais_fault *fault = &faults->list[i];
		struct json_object *o = json_object_new_object();

		add_text(o, "severity", fault->warning ? "warning" : "error");
		add_number(o, "line", fault->line);
		add_text(o, "key", fault->key);
		add_text(o, "reason", fault->reason);
		add_text(o, "remedy", fault->remedy);
		json_append(array, o);
	}
	return json_whole(array);
}
