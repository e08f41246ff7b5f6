// SPDX-License-Identifier: MIT
/*
 * The machine is xenpv with nothing in it: what it serves, QEMU finds in the store. Nothing of
 * the configuration gets here but what was checked when it was read (config/fb.c), or has its
 * commas doubled; a password is never among the arguments, which everybody on dom0 can read.
 */
#include "dev/qemu.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/plain.h"

/* Displays that are tried one after the other from the wanted one on, as xl has it. */
#define DISPLAYS_TRIED 99

static void add(struct qemu_line *line, const char *fmt, ...) DAIS_PRINTF(2, 3);

static void add(struct qemu_line *line, const char *fmt, ...)
{
	char **list = realloc(line->list, (line->count + 2) * sizeof(*list));
	va_list ap;

	if (!list) {
		line->whole = false;
		return;
	}
	line->list = list;
	va_start(ap, fmt);
	if (vasprintf(&list[line->count], fmt, ap) < 0)
		list[line->count] = NULL;
	va_end(ap);
	if (list[line->count])
		line->count++;
	else
		line->whole = false;
	list[line->count] = NULL;
}

/* Within an option a comma is written twice. */
static char *escape(const char *text)
{
	char *out = malloc(2 * strlen(text) + 1);
	char *to = out;

	for (; out && *text; text++) {
		if (*text == ',')
			*to++ = ',';
		*to++ = *text;
	}
	if (out)
		*to = '\0';
	return out;
}

static void add_screen(struct qemu_line *line, const struct dais_vfb *vfb)
{
	const char *listen = vfb->vnclisten && *vfb->vnclisten ? vfb->vnclisten : "127.0.0.1";
	bool bare = strchr(listen, ':') && *listen != '['; /* an address of IPv6 */
	char tried[16] = "";

	if (vfb->vncunused != DAIS_NO)
		snprintf(tried, sizeof(tried), ",to=%d", DISPLAYS_TRIED);
	add(line, "-vnc");
	if (vfb->vnc == DAIS_NO)
		add(line, "none");
	else
		add(line, "%s%s%s:%d%s%s", bare ? "[" : "", listen, bare ? "]" : "",
		    vfb->vncdisplay < 0 ? 0 : vfb->vncdisplay, tried,
		    vfb->vncpasswd && *vfb->vncpasswd ? ",password=on" : "");
	if (vfb->keymap) {
		add(line, "-k");
		add(line, "%s", vfb->keymap);
	}
}

static void add_channel(struct qemu_line *line, size_t i, const struct dais_channel *channel)
{
	autofree char *path = channel->path ? escape(channel->path) : NULL;

	add(line, "-chardev");
	if (channel->connection == DAIS_CHANNEL_SOCKET && path)
		add(line, "socket,id=" QEMU_CHANNEL ",path=%s,server=on,wait=off", i, path);
	else if (channel->connection == DAIS_CHANNEL_PTY)
		add(line, "pty,id=" QEMU_CHANNEL, i);
	else
		line->whole = false;
}

/*
 * Once what needs root is open. Who shares directories keeps its rights: it opens their files when
 * the guest does, which may be anybody's.
 */
static void add_confinement(struct qemu_line *line, uint32_t domid,
			    const struct dais_config *config)
{
	const uint32_t user = QEMU_USERS + domid;

	if (plain_first_modelled(config))
		return;
	add(line, "-runas");
	add(line, "%u:%u", user, user);
	add(line, "-chroot");
	add(line, config->channel_count ? QEMU_ROOT_GRANTS : QEMU_ROOT);
}

int qemu_line_make(struct qemu_line *line, const char *emulator, uint32_t domid, int monitor,
		   const struct dais_config *config)
{
	static const char *const fixed[] = {
		"-xen-attach", "-nodefaults", "-no-user-config", "-no-shutdown",
		"-machine",    "xenpv",       "-display",        "none",
	};
	autofree char *name = escape(config->name);

	*line = (struct qemu_line){.whole = name != NULL};
	add(line, "%s", emulator);
	add(line, "-xen-domid");
	add(line, "%u", domid);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		add(line, "%s", fixed[i]);
	add_confinement(line, domid, config);
	add(line, "-name");
	add(line, "guest=%s", name ? name : "");
	add(line, "-m");
	add(line, "%" PRIu64, config->memory_kb >> 10);
	add(line, "-chardev");
	add(line, "socket,id=dais,fd=%d", monitor);
	add(line, "-mon");
	add(line, "chardev=dais,mode=control");
	if (config->vfb_count)
		add_screen(line, &config->vfbs[0]);
	else
		add_screen(line, &(struct dais_vfb){.vnc = DAIS_NO});
	for (size_t i = 0; i < config->channel_count; i++)
		add_channel(line, i, &config->channels[i]);
	return line->whole ? 0 : -1;
}

void qemu_line_free(struct qemu_line *line)
{
	for (size_t i = 0; i < line->count; i++)
		free(line->list[i]);
	free(line->list);
	*line = (struct qemu_line){0};
}
