/* SPDX-License-Identifier: MIT */
/*
 * Frame buffers and channels: the lists vfb and channel, and what is compared between all
 * devices of a configuration.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "cleanup.h"
#include "config/private.h"

/* Ports of VNC begin at 5900. */
#define DISPLAY_MAX (65535 - 5900)
/* VNC's own limit of a password. */
#define PASSWORD_MAX 8

void vfb_init(struct dais_vfb *vfb)
{
	*vfb = (struct dais_vfb){.vnc = DAIS_UNSET,
				 .vncdisplay = -1,
				 .vncunused = DAIS_UNSET,
				 .sdl = DAIS_UNSET,
				 .opengl = DAIS_UNSET};
}

void vfb_free(struct dais_vfb *vfb)
{
	free(vfb->vnclisten);
	free(vfb->vncpasswd);
	free(vfb->display);
	free(vfb->xauthority);
	free(vfb->keymap);
	vfb_init(vfb);
}

static bool set_choice(enum dais_choice *choice, const char *value, struct dais_error *err)
{
	int64_t number;

	if (!config_number(value, &number)) {
		dais_fail(err, DAIS_CONFIG, "read", "vfb", "\"%s\" is neither 0 nor 1", value);
		dais_hint(err, "Write 1 or 0.");
		return true;
	}
	*choice = number ? DAIS_YES : DAIS_NO;
	return true;
}

/* Whether there is nothing in @text but letters, digits and @more: these end up in a command line. */
static bool is_plain(const char *text, const char *more)
{
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && !strchr(more, *text))
			return false;
	}
	return true;
}

/* "ADDRESS[:DISPLAY]"; an address in brackets may have colons. */
static void set_listen(struct dais_vfb *vfb, const char *value)
{
	char *colon;

	free(vfb->vnclisten);
	vfb->vnclisten = copy_text(value);
	if (!vfb->vnclisten)
		return;
	colon = strrchr(vfb->vnclisten, ':');
	if (colon && !strchr(colon, ']') &&
	    (strchr(vfb->vnclisten, ':') == colon || vfb->vnclisten[0] == '[')) {
		int64_t number;

		if (config_number(colon + 1, &number) && number >= 0 && number <= DISPLAY_MAX)
			vfb->vncdisplay = (int)number;
		*colon = '\0';
	}
}

bool vfb_set(struct dais_vfb *vfb, const char *key, const char *value, struct dais_error *err)
{
	const struct {
		const char *key;
		char **place;
	} texts[] = {
		{"vncpasswd", &vfb->vncpasswd},
		{"display", &vfb->display},
		{"xauthority", &vfb->xauthority},
		{"keymap", &vfb->keymap},
	};
	int64_t number;
	size_t i;

	if ((!strcmp(key, "vnclisten") && !is_plain(value, ".:-_[]%")) ||
	    (!strcmp(key, "keymap") && (!*value || !is_plain(value, "-_")))) {
		dais_fail(err, DAIS_CONFIG, "read", "vfb", "\"%s\" is no %s", value,
			  *key == 'k' ? "keymap's name" : "address");
		dais_hint(err, "%s",
			  *key == 'k' ? "`ls /usr/share/qemu/keymaps` shows what there is."
				      : "Write an address of this host as 127.0.0.1 or [::1].");
		return true;
	}
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (!strcmp(texts[i].key, key)) {
			free(*texts[i].place);
			*texts[i].place = copy_text(value);
			return true;
		}
	}
	if (!strcmp(key, "vnc"))
		return set_choice(&vfb->vnc, value, err);
	if (!strcmp(key, "vncunused"))
		return set_choice(&vfb->vncunused, value, err);
	if (!strcmp(key, "sdl"))
		return set_choice(&vfb->sdl, value, err);
	if (!strcmp(key, "opengl"))
		return set_choice(&vfb->opengl, value, err);
	if (!strcmp(key, "vnclisten")) {
		set_listen(vfb, value);
		return true;
	}
	if (!strcmp(key, "vncdisplay")) {
		if (config_number(value, &number) && number >= 0 && number <= DISPLAY_MAX) {
			vfb->vncdisplay = (int)number;
		} else {
			dais_fail(err, DAIS_CONFIG, "read", "vfb", "\"%s\" is no display number",
				  value);
			dais_hint(err, "Write a number from 0 to %d.", DISPLAY_MAX);
		}
		return true;
	}
	return false;
}

static void read_vfb(const struct setting *s, const struct value *item, struct dais_vfb *vfb,
		     struct dais_faults *f)
{
	autofree char *copy = copy_text(item->text);
	char *at = copy;
	char *key, *value;

	while (spec_next(&at, &key, &value)) {
		struct dais_error err = {.code = DAIS_OK};

		if (!*key && !value)
			continue;
		/* xend's "type=vnc" said what "vnc=1" says. */
		if (!strcmp(key, "type") && value)
			continue;
		if (!value || !vfb_set(vfb, key, value, &err))
			dais_faults_add(f, false, item->line, s->key,
					"Known are vnc, vnclisten, vncdisplay, vncunused, "
					"vncpasswd, sdl, opengl, display, xauthority, keymap.",
					"a frame buffer has no parameter \"%s\"%s", key,
					value ? "" : " without a value");
		else if (err.code != DAIS_OK)
			dais_faults_add(f, false, item->line, s->key, err.hint, "%s: %s", key,
					err.why);
	}
}

void config_read_vfbs(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	size_t i;

	for (i = 0; i < s->value.count; i++) {
		const struct value *item = &s->value.items[i];
		struct dais_vfb *vfb;

		if (!item->text) {
			dais_faults_add(f, false, item->line, s->key, "Remove the inner brackets.",
					"a frame buffer is a text, not a list");
			continue;
		}
		vfb = list_add(&c->vfbs, &c->vfb_count, sizeof(*vfb));
		if (!vfb)
			return;
		vfb_init(vfb);
		vfb->line = item->line;
		read_vfb(s, item, vfb, f);
	}
}

static void set_channel(const struct setting *s, const struct value *item,
			struct dais_channel *channel, const char *key, const char *value,
			struct dais_faults *f)
{
	char **place = !strcmp(key, "name")      ? &channel->name
		       : !strcmp(key, "path")    ? &channel->path
		       : !strcmp(key, "backend") ? &channel->backend
						 : NULL;

	if (place && value) {
		free(*place);
		*place = copy_text(value);
	} else if (!strcmp(key, "connection") && value && !strcasecmp(value, "pty")) {
		channel->connection = DAIS_CHANNEL_PTY;
	} else if (!strcmp(key, "connection") && value && !strcasecmp(value, "socket")) {
		channel->connection = DAIS_CHANNEL_SOCKET;
	} else {
		dais_faults_add(f, false, item->line, s->key,
				"Known are name, connection (pty or socket), path, backend.",
				"a channel has no \"%s%s%s\"", key, value ? "=" : "",
				value ? value : "");
	}
}

void config_read_channels(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	size_t i;

	for (i = 0; i < s->value.count; i++) {
		const struct value *item = &s->value.items[i];
		autofree char *copy = item->text ? copy_text(item->text) : NULL;
		struct dais_channel *channel;
		char *at = copy;
		char *key, *value;

		if (!copy) {
			dais_faults_add(f, false, item->line, s->key, "Remove the inner brackets.",
					"a channel is a text, not a list");
			continue;
		}
		channel = list_add(&c->channels, &c->channel_count, sizeof(*channel));
		if (!channel)
			return;
		channel->line = item->line;
		while (spec_next(&at, &key, &value)) {
			if (*key || value)
				set_channel(s, item, channel, key, value, f);
		}
		if (!channel->name)
			dais_faults_add(f, false, item->line, s->key, "Add name=NAME.",
					"the channel has no name");
		if (channel->connection == DAIS_CHANNEL_SOCKET && !channel->path)
			dais_faults_add(f, false, item->line, s->key, "Add path=PATH.",
					"the channel's socket has no path");
	}
}

static void check_screens(const struct dais_config *config, struct dais_faults *faults)
{
	for (size_t i = 0; i < config->vfb_count; i++) {
		const struct dais_vfb *v = &config->vfbs[i];

		if (i)
			dais_faults_add(
				faults, true, v->line, "vfb",
				"Change between them in the viewer: Ctrl-Alt-1, Ctrl-Alt-2. Or "
				"leave one.",
				"VNC shows one screen at a time, as the first says");
		if (v->sdl == DAIS_YES)
			dais_faults_add(faults, false, v->line, "vfb",
					"Write vnc=1 instead, and connect a viewer.",
					"sdl opens a window on dom0's own screen, which Debian's "
					"QEMU for Xen cannot");
		if (v->opengl == DAIS_YES)
			dais_faults_add(faults, true, v->line, "vfb", "Leave out opengl.",
					"it has no effect without sdl");
		if (v->vncpasswd && strlen(v->vncpasswd) > PASSWORD_MAX)
			dais_faults_add(faults, true, v->line, "vfb", "Use a shorter one.",
					"of a VNC password the first %d characters count",
					PASSWORD_MAX);
	}
}

static void check_channels(const struct dais_config *config, struct dais_faults *faults)
{
	for (size_t i = 0; i < config->channel_count; i++) {
		const struct dais_channel *c = &config->channels[i];
		const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

		if (c->backend && strcmp(c->backend, "0") != 0 &&
		    strcasecmp(c->backend, "Domain-0") != 0)
			dais_faults_add(faults, false, c->line, "channel", "Leave out backend.",
					"channels are served in dom0 only");
		if (c->path && c->connection == DAIS_CHANNEL_PTY)
			dais_faults_add(faults, true, c->line, "channel",
					"Leave it out, or write connection=socket.",
					"a pseudo-terminal is not made at a path of one's own");
		else if (c->path && (*c->path != '/' || strlen(c->path) > most))
			dais_faults_add(faults, false, c->line, "channel",
					"Write a path from the root on.",
					"a socket cannot be at %s%s", c->path,
					*c->path == '/' ? ": it is too long" : "");
		for (size_t j = 0; j < i; j++) {
			const struct dais_channel *other = &config->channels[j];

			if (c->path && other->path && !strcmp(c->path, other->path))
				dais_faults_add(faults, false, c->line, "channel",
						"Change one of them.",
						"two channels have the path %s", c->path);
		}
	}
}

void config_check_devices(const struct dais_config *config, struct dais_faults *faults)
{
	size_t i, j;

	for (i = 0; i < config->disk_count; i++) {
		for (j = 0; j < i; j++) {
			const struct dais_disk *a = &config->disks[j], *b = &config->disks[i];

			if (a->devid == b->devid)
				dais_faults_add(faults, false, b->line, "disk",
						"Give one of them another vdev.",
						"two disks are %s", b->vdev);
			else if (a->target && b->target && !strcmp(a->target, b->target) &&
				 !a->script && !b->script && (!a->readonly || !b->readonly))
				dais_faults_add(faults, true, b->line, "disk",
						"Make both read-only, or use another image.",
						"%s is written to as %s and as %s", b->target,
						a->vdev, b->vdev);
		}
	}
	for (i = 0; i < config->nic_count; i++) {
		for (j = 0; j < i; j++) {
			const struct dais_nic *a = &config->nics[j], *b = &config->nics[i];

			if (a->has_mac && b->has_mac && !memcmp(a->mac, b->mac, sizeof(a->mac)))
				dais_faults_add(faults, false, b->line, "vif",
						"Change one of them.",
						"two interfaces have the same MAC address");
			if (a->devid >= 0 && a->devid == b->devid)
				dais_faults_add(faults, false, b->line, "vif", "Leave devid out.",
						"two interfaces have the device number %d",
						b->devid);
			if (a->ifname && b->ifname && !strcmp(a->ifname, b->ifname))
				dais_faults_add(faults, false, b->line, "vif",
						"Change one of them.",
						"two interfaces have the name %s", b->ifname);
		}
	}
	check_screens(config, faults);
	check_channels(config, faults);
}
