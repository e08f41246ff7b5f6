/* SPDX-License-Identifier: MIT */
/*
 * A configuration back as text that xl and we read alike, and as JSON (schema "dais.config").
 * What is unset is left out, so that reading what was shown gives the same again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/plain.h"
#include "config/private.h"
#include "export.h"
#include "json.h"

/* ----- text ----- */

static void put_quoted(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(f, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", f);
		else
			fputc(*text, f);
	}
	fputc('"', f);
}

static void put_text(FILE *f, const char *key, const char *text)
{
	if (!text)
		return;
	fprintf(f, "%s = ", key);
	put_quoted(f, text);
	fputc('\n', f);
}

static void put_number(FILE *f, const char *key, int64_t number)
{
	fprintf(f, "%s = %lld\n", key, (long long)number);
}

static void put_choice(FILE *f, const char *key, enum dais_choice choice)
{
	if (choice != DAIS_UNSET)
		put_number(f, key, choice);
}

static void put_texts(FILE *f, const char *key, char *const *list, size_t count)
{
	size_t i;

	if (!count)
		return;
	fprintf(f, "%s = [ ", key);
	for (i = 0; i < count; i++) {
		fputs(i ? ", " : "", f);
		put_quoted(f, list[i]);
	}
	fputs(" ]\n", f);
}

/* Frees @item. */
static void put_item(FILE *f, char *item, bool first)
{
	fputs(first ? "" : ",\n", f);
	fputs("    ", f);
	put_quoted(f, item ? item : "");
	free(item);
}

static char *vfb_text(const struct dais_vfb *v)
{
	struct text text;
	FILE *f = text_begin(&text);

	if (!f)
		return NULL;
	fprintf(f, "vnc=%d", v->vnc != DAIS_NO);
	if (v->vnclisten)
		fprintf(f, ",vnclisten=%s", v->vnclisten);
	if (v->vncdisplay >= 0)
		fprintf(f, ",vncdisplay=%d", v->vncdisplay);
	if (v->vncunused != DAIS_UNSET)
		fprintf(f, ",vncunused=%d", v->vncunused);
	if (v->vncpasswd)
		fprintf(f, ",vncpasswd=%s", v->vncpasswd);
	if (v->sdl != DAIS_UNSET)
		fprintf(f, ",sdl=%d", v->sdl);
	if (v->opengl != DAIS_UNSET)
		fprintf(f, ",opengl=%d", v->opengl);
	if (v->display)
		fprintf(f, ",display=%s", v->display);
	if (v->xauthority)
		fprintf(f, ",xauthority=%s", v->xauthority);
	if (v->keymap)
		fprintf(f, ",keymap=%s", v->keymap);
	return text_end(f, &text);
}

static char *channel_text(const struct dais_channel *c)
{
	char *text = NULL;
	int rc = print_text(&text, "name=%s,connection=%s%s%s%s%s", c->name ? c->name : "",
			    c->connection == DAIS_CHANNEL_SOCKET ? "socket" : "pty",
			    c->path ? ",path=" : "", c->path ? c->path : "",
			    c->backend ? ",backend=" : "", c->backend ? c->backend : "");

	return rc < 0 ? NULL : text;
}

static void put_ranges(FILE *f, const char *key, const struct dais_number_range *list, size_t count,
		       const char *form)
{
	size_t i;

	if (!count)
		return;
	fprintf(f, "%s = [ ", key);
	for (i = 0; i < count; i++) {
		const struct dais_number_range *r = &list[i];
		unsigned long long first = r->first, last = r->first + r->count - 1;

		fputs(i ? ", " : "", f);
		if (*form == 'p')
			fprintf(f, "\"%llx-%llx\"", first, last);
		else if (*form == 'm')
			fprintf(f, "\"%llx,%llx@%llx\"", first, (unsigned long long)r->count,
				(unsigned long long)r->gfn);
		else
			fprintf(f, "%llu", first);
	}
	fputs(" ]\n", f);
}

/* One with parts is a list of texts. */
static void put_device(FILE *f, const struct dais_plain *plain, bool first)
{
	if (!plain->kind->head) {
		put_item(f, plain_text(plain), first);
		return;
	}
	fputs(first ? "    [\n" : ",\n    [\n", f);
	put_item(f, plain_text(plain), true);
	for (size_t i = 0; i < plain->part_count; i++)
		put_item(f, plain_text(&plain->parts[i]), false);
	fputs(" ]", f);
}

static void put_plain(FILE *f, const struct dais_config *c)
{
	for (size_t k = 0; k < plain_kind_count; k++) {
		bool any = false;

		for (size_t i = 0; i < c->plain_count; i++) {
			if (c->plain[i].kind != &plain_kinds[k])
				continue;
			if (!any)
				fprintf(f, "%s = [\n", plain_kinds[k].key);
			put_device(f, &c->plain[i], !any);
			any = true;
		}
		fputs(any ? "\n]\n" : "", f);
	}
}

static void put_devices(FILE *f, const struct dais_config *c)
{
	size_t i;

	if (c->disk_count)
		fputs("disk = [\n", f);
	for (i = 0; i < c->disk_count; i++)
		put_item(f, dais_disk_text(&c->disks[i]), !i);
	fputs(c->disk_count ? "\n]\n" : "", f);
	if (c->nic_count)
		fputs("vif = [\n", f);
	for (i = 0; i < c->nic_count; i++)
		put_item(f, dais_nic_text(&c->nics[i]), !i);
	fputs(c->nic_count ? "\n]\n" : "", f);
	if (c->vfb_count)
		fputs("vfb = [\n", f);
	for (i = 0; i < c->vfb_count; i++)
		put_item(f, vfb_text(&c->vfbs[i]), !i);
	fputs(c->vfb_count ? "\n]\n" : "", f);
	if (c->channel_count)
		fputs("channel = [\n", f);
	for (i = 0; i < c->channel_count; i++)
		put_item(f, channel_text(&c->channels[i]), !i);
	fputs(c->channel_count ? "\n]\n" : "", f);
	put_plain(f, c);
	put_ranges(f, "ioports", c->ioports, c->ioport_count, "ports");
	put_ranges(f, "irqs", c->irqs, c->irq_count, "irqs");
	put_ranges(f, "iomem", c->iomem, c->iomem_count, "memory");
}

static void put_cpus(FILE *f, const char *key, char *const *list, size_t count, bool each)
{
	if (each)
		put_texts(f, key, list, count);
	else if (count)
		put_text(f, key, list[0]);
}

static void put_cpuid(FILE *f, const struct dais_config *c)
{
	if (c->cpuid_count)
		fputs("cpuid = [\n", f);
	for (size_t i = 0; i < c->cpuid_count; i++)
		put_item(f, cpuid_text(&c->cpuid[i]), !i);
	fputs(c->cpuid_count ? "\n]\n" : "", f);
}

/* What has one value. Both forms walk over it: @text or @number, the other is NULL or unset. */
typedef void show_fn(void *arg, const char *key, const char *text, int64_t number);

static void each_value(const struct dais_config *c, show_fn *show, void *arg)
{
	static const char *const tsc[] = {"default", "always_emulate", "native", "native_paravirt"};
	char uuid[37];
	const struct {
		const char *key, *text;
	} texts[] = {
		{"name", c->name},
		{"uuid", c->has_uuid ? dais_uuid_text(c->uuid, uuid) : NULL},
		{"seclabel", c->seclabel},
		{"init_seclabel", c->init_seclabel},
		{"pool", c->pool},
		{"kernel", c->kernel},
		{"ramdisk", c->ramdisk},
		{"cmdline", c->cmdline},
		{"root", c->root},
		{"extra", c->extra},
		{"firmware", c->firmware},
		{"bootloader", c->bootloader},
		{"nodes", c->nodes},
		{"tsc_mode", c->tsc_mode == DAIS_TSC_UNSET ? NULL : tsc[c->tsc_mode]},
		{"on_poweroff", dais_action_name(c->on_poweroff)},
		{"on_reboot", dais_action_name(c->on_reboot)},
		{"on_crash", dais_action_name(c->on_crash)},
		{"on_watchdog", dais_action_name(c->on_watchdog)},
		{"on_soft_reset", dais_action_name(c->on_soft_reset)},
	};
	const struct {
		const char *key;
		int64_t number; /* -1: unset */
	} numbers[] = {
		{"vcpus", c->vcpus ? (int64_t)c->vcpus : -1},
		{"maxvcpus", c->maxvcpus ? (int64_t)c->maxvcpus : -1},
		{"cpu_weight", c->cpu_weight},
		{"cap", c->cap},
		{"max_grant_frames", c->max_grant_frames},
		{"max_maptrack_frames", c->max_maptrack_frames},
		{"max_grant_version", c->max_grant_version},
		{"max_event_channels", c->event_channels},
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (texts[i].text)
			show(arg, texts[i].key, texts[i].text, 0);
	}
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (numbers[i].number >= 0)
			show(arg, numbers[i].key, NULL, numbers[i].number);
	}
}

static void show_text(void *arg, const char *key, const char *text, int64_t number)
{
	if (text)
		put_text(arg, key, text);
	else
		put_number(arg, key, number);
}

EXPORT char *dais_config_text(const struct dais_config *c)
{
	struct text text;
	size_t i;
	FILE *f;

	memory_lasted(); /* what was before does not count */
	f = text_begin(&text);
	if (!f)
		return NULL;
	put_text(f, "type", "pv");
	each_value(c, show_text, f);
	if (c->memory_kb)
		put_number(f, "memory", (int64_t)(c->memory_kb >> 10));
	if (c->maxmem_kb)
		put_number(f, "maxmem", (int64_t)(c->maxmem_kb >> 10));
	put_texts(f, "bootloader_args", c->bootloader_args, c->bootloader_arg_count);
	put_cpus(f, "cpus", c->cpus, c->cpus_count, c->cpus_each);
	put_cpus(f, "cpus_soft", c->cpus_soft, c->cpus_soft_count, c->cpus_soft_each);
	put_cpuid(f, c);
	put_devices(f, c);
	put_choice(f, "nomigrate", c->nomigrate);
	put_choice(f, "driver_domain", c->driver_domain);
	put_choice(f, "claim_mode", c->claim_mode);
	put_choice(f, "localtime", c->localtime);
	put_choice(f, "e820_host", c->e820_host);
	put_choice(f, "xend_suspend_evtchn_compat", c->suspend_evtchn_compat);
	put_choice(f, "vpmu", c->vpmu);
	put_choice(f, "nestedhvm", c->nested_hvm);
	if (c->has_rtc_timeoffset)
		fprintf(f, "rtc_timeoffset = \"%lld\"\n", (long long)c->rtc_timeoffset);
	for (i = 0; i < c->note_count; i++)
		put_text(f, c->notes[i].key, c->notes[i].value);
	return text_whole(text_end(f, &text));
}

/* ----- JSON ----- */

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
	each_value(c, show_json, o);
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
