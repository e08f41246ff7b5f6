// SPDX-License-Identifier: MIT
/*
 * A configuration back as text that xl and we read alike. What is unset is left out, so that
 * reading what was shown gives the same again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "config/plain.h"
#include "config/private.h"
#include "export.h"

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
	config_each_value(c, show_text, f);
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
