// SPDX-License-Identifier: MIT
/*
 * The keys of a configuration that have one value each, for both ways of showing it (showtext.c,
 * showjson.c).
 */
#include "config/private.h"

void config_each_value(const struct dais_config *c, config_show_fn *show, void *arg)
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
