/* SPDX-License-Identifier: MIT */
/*
 * Disk specifications as in xl-disk-configuration(5), with the older forms that xl takes, and
 * the numbers that virtual device names stand for (xen-vbd-interface(7)).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/private.h"
#include "export.h"

#define READING "read the disk"

static const char *const format_names[] = {
	[DAIS_FORMAT_RAW] = "raw", [DAIS_FORMAT_QCOW] = "qcow", [DAIS_FORMAT_QCOW2] = "qcow2",
	[DAIS_FORMAT_VHD] = "vhd", [DAIS_FORMAT_QED] = "qed",   [DAIS_FORMAT_EMPTY] = "empty",
};

static const char *const backend_names[] = {
	[DAIS_BACKEND_AUTO] = "auto",
	[DAIS_BACKEND_PHY] = "phy",
	[DAIS_BACKEND_TAP] = "tap",
	[DAIS_BACKEND_QDISK] = "qdisk",
};

EXPORT const char *dais_disk_format_name(enum dais_disk_format format)
{
	return format_names[format];
}

EXPORT const char *dais_disk_backend_name(enum dais_disk_backend backend)
{
	return backend_names[backend];
}

static int name_in(const char *const *names, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(names[i], name))
			return (int)i;
	}
	return -1;
}

EXPORT void dais_disk_free(struct dais_disk *disk)
{
	free(disk->target);
	free(disk->vdev);
	free(disk->backend);
	free(disk->script);
	*disk = (struct dais_disk){.target = NULL};
}

/* ----- virtual device names ----- */

/* "a" is 0, "z" 25, "aa" 26; goes behind the letters. -1: none, or too many. */
static long disk_letters(const char **at)
{
	long disk = 0;

	if (!islower((unsigned char)**at))
		return -1;
	for (; islower((unsigned char)**at); (*at)++) {
		disk = disk * 26 + (**at - 'a' + 1);
		if (disk > 1 << 20)
			return -1;
	}
	return disk - 1;
}

/* Decimal digits up to the end or @stop; -1: none. */
static long small_number(const char **at)
{
	long number = 0;

	if (!isdigit((unsigned char)**at))
		return -1;
	for (; isdigit((unsigned char)**at); (*at)++) {
		number = number * 10 + (**at - '0');
		if (number > 1 << 20)
			return -1;
	}
	return number;
}

static int encode(char kind, long disk, long part, uint32_t *devid)
{
	uint32_t d = (uint32_t)disk, p = (uint32_t)part;

	if (disk < 0 || part < 0 || disk >= 1 << 20)
		return -1;
	if (kind == 'h' && disk < 4 && part < 64) {
		*devid = disk < 2 ? 3u << 8 | d << 6 | p : 22u << 8 | (d - 2) << 6 | p;
		return 0;
	}
	if (kind == 's' && disk < 16 && part < 16) {
		*devid = 8u << 8 | d << 4 | p;
		return 0;
	}
	if (kind != 'x' || part > 255)
		return -1;
	*devid = disk < 16 && part < 16 ? 202u << 8 | d << 4 | p : 1u << 28 | d << 8 | p;
	return 0;
}

EXPORT int dais_vdev_number(const char *vdev, uint32_t *devid)
{
	const char *at = vdev;
	char kind = 'x';
	long disk, part = 0;
	int64_t number;

	if (isdigit((unsigned char)*vdev)) {
		if (!config_number(vdev, &number) || number < 1 || number >= 2 << 28)
			return -1;
		*devid = (uint32_t)number;
		return 0;
	}
	if (*at == 'd' && isdigit((unsigned char)at[1])) {
		at++;
		disk = small_number(&at);
		if (*at == 'p') {
			at++;
			part = small_number(&at);
		}
		return *at ? -1 : encode('x', disk, part, devid);
	}
	if (!strncmp(at, "xvd", 3)) {
		at += 3;
	} else if (!strncmp(at, "hd", 2) || !strncmp(at, "sd", 2)) {
		kind = *at;
		at += 2;
	} else {
		return -1;
	}
	disk = disk_letters(&at);
	if (isdigit((unsigned char)*at) && *at != '0')
		part = small_number(&at);
	return *at ? -1 : encode(kind, disk, part, devid);
}

EXPORT char *dais_vdev_name(uint32_t devid, char *buf, size_t size)
{
	const char *kind = "xvd";
	uint32_t disk, part;
	char letters[8];
	char *at = letters + sizeof(letters) - 1;

	if (devid >> 28 == 1) {
		disk = devid >> 8 & 0xfffff;
		part = devid & 0xff;
	} else if (devid >> 8 == 202) {
		disk = devid >> 4 & 15;
		part = devid & 15;
	} else if (devid >> 8 == 8) {
		kind = "sd";
		disk = devid >> 4 & 15;
		part = devid & 15;
	} else if ((devid >> 8 == 3 || devid >> 8 == 22) && (devid & 0xff) < 128) {
		kind = "hd";
		disk = (devid >> 6 & 1) + (devid >> 8 == 22 ? 2 : 0);
		part = devid & 63;
	} else {
		snprintf(buf, size, "%u", devid);
		return buf;
	}
	*at = '\0';
	for (disk++; disk; disk = (disk - 1) / 26)
		*--at = (char)('a' + (disk - 1) % 26);
	if (part)
		snprintf(buf, size, "%s%s%u", kind, at, part);
	else
		snprintf(buf, size, "%s%s", kind, at);
	return buf;
}

/* ----- specifications ----- */

/* A specification being read. */
struct reading {
	struct dais_disk *disk;
	struct dais_error *err;
	const char *spec; /* as a whole, for messages */
	bool has_target, has_format, has_vdev, has_access; /* said, if only with "" */
	bool prefixed; /* xend's form: no format among the positions */
	bool readonly;
	/* Where each fault goes, so that the next is found as well; NULL: the first ends it. */
	struct dais_faults *faults;
	unsigned int line;
	bool bad;
};

static int refuse(struct reading *r, const char *why, const char *what, const char *hint)
{
	dais_fail(r->err, DAIS_CONFIG, READING, r->spec, "%s%s%s%s", why, what ? " \"" : "",
		  what ? what : "", what ? "\"" : "");
	return dais_hint(r->err, "%s", hint);
}

static int set_text(struct reading *r, char **place, const char *value)
{
	free(*place);
	*place = *value ? copy_text(value) : NULL;
	if (*value && !*place)
		return dais_fail(r->err, DAIS_NO_MEMORY, READING, r->spec, "no memory left");
	return 0;
}

static int set_target(struct reading *r, const char *value)
{
	if (r->has_target && r->disk->target)
		return refuse(r, "the target is given twice:", value, "Leave one of them out.");
	r->has_target = true;
	return set_text(r, &r->disk->target, value);
}

static int set_format(struct reading *r, const char *value)
{
	int format = name_in(format_names, sizeof(format_names) / sizeof(*format_names), value);

	if (r->has_format && *value)
		return refuse(r, "the format is given twice:", value, "Leave one of them out.");
	r->has_format = *value || r->has_format;
	if (!*value)
		return 0;
	if (format < 0)
		return refuse(r, "there is no format", value,
			      "The order is TARGET,FORMAT,VDEV,ACCESS; formats are raw, qcow2, "
			      "qcow, vhd and qed.");
	r->disk->format = (enum dais_disk_format)format;
	return 0;
}

static int set_cdrom(struct reading *r)
{
	r->disk->cdrom = true;
	r->disk->removable = true;
	return 0;
}

static int set_vdev(struct reading *r, char *value)
{
	char *colon = strchr(value, ':');

	if (r->has_vdev && r->disk->vdev)
		return refuse(r, "the vdev is given twice:", value, "Leave one of them out.");
	r->has_vdev = true;
	if (colon) {
		*colon = '\0';
		if (!strcmp(colon + 1, "cdrom"))
			set_cdrom(r);
		else if (strcmp(colon + 1, "disk") != 0)
			return refuse(r, "there is no device type", colon + 1,
				      "Write cdrom or nothing.");
	}
	if (!*value)
		return 0;
	if (dais_vdev_number(value, &r->disk->devid))
		return refuse(r, "there is no virtual device", value,
			      "Name it xvda, xvdb, ... (a partition: xvda1).");
	return set_text(r, &r->disk->vdev, value);
}

static int set_access(struct reading *r, const char *value)
{
	if (r->has_access && *value)
		return refuse(r, "the access is given twice:", value, "Leave one of them out.");
	if (!*value)
		return 0;
	r->has_access = true;
	if (!strcmp(value, "ro") || !strcmp(value, "r"))
		r->readonly = true;
	else if (strcmp(value, "rw") != 0 && strcmp(value, "w") != 0)
		return refuse(r, "there is no access", value, "Write rw or ro.");
	return 0;
}

static int set_backendtype(struct reading *r, const char *value)
{
	int i = name_in(backend_names, sizeof(backend_names) / sizeof(*backend_names), value);

	if (i < 0 || i == DAIS_BACKEND_AUTO)
		return refuse(r, "there is no backendtype", value,
			      "Leave it out: the right one is chosen.");
	r->disk->backend_type = (enum dais_disk_backend)i;
	return 0;
}

static int set_named(struct reading *r, const char *key, char *value)
{
	if (!strcmp(key, "format"))
		return set_format(r, value);
	if (!strcmp(key, "vdev"))
		return set_vdev(r, value);
	if (!strcmp(key, "access"))
		return set_access(r, value);
	if (!strcmp(key, "backend"))
		return set_text(r, &r->disk->backend, value);
	if (!strcmp(key, "backendtype"))
		return set_backendtype(r, value);
	if (!strcmp(key, "script"))
		return set_text(r, &r->disk->script, value);
	if (!strcmp(key, "devtype") && !strcmp(value, "cdrom"))
		return set_cdrom(r);
	if (!strcmp(key, "devtype") && !strcmp(value, "disk"))
		return 0;
	if (!strcmp(key, "devtype"))
		return refuse(r, "there is no device type", value, "Write cdrom or nothing.");
	if (!strcmp(key, "specification") && !strcmp(value, "xen"))
		return 0;
	return refuse(r, "a disk has no parameter", key,
		      "Known are target, format, vdev, access, devtype, backend, backendtype, "
		      "script.");
}

/* A word without "=": a flag, or the next position that is still free. */
static int set_word(struct reading *r, char *word)
{
	if (!strcmp(word, "cdrom"))
		return set_cdrom(r);
	if (!strcmp(word, "direct-io-safe"))
		r->disk->direct_io_safe = true;
	else if (!strcmp(word, "discard"))
		r->disk->discard = DAIS_YES;
	else if (!strcmp(word, "no-discard"))
		r->disk->discard = DAIS_NO;
	else if (!strcmp(word, "trusted"))
		r->disk->trusted = DAIS_YES;
	else if (!strcmp(word, "untrusted"))
		r->disk->trusted = DAIS_NO;
	else if (!r->has_target)
		return set_target(r, word);
	else if (!r->has_format && !r->prefixed) {
		r->has_format = !*word;
		return set_format(r, word);
	} else if (!r->has_vdev)
		return set_vdev(r, word);
	else if (!r->has_access) {
		r->has_access = !*word;
		return set_access(r, word);
	} else if (*word)
		return refuse(r, "nothing is left for", word,
			      "The order is TARGET,FORMAT,VDEV,ACCESS.");
	return 0;
}

/* xend's prefixes: some mean something still, some never did. Goes behind them. */
static int strip_prefixes(struct reading *r, char **at)
{
	static const char *const none[] = {"tap", "tapdisk", "tap2", "aio", "ioemu", "file", "phy"};
	static const char *const scripts[] = {"iscsi", "nbd", "enbd", "drbd"};

	for (;;) {
		size_t n = strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789");
		autofree char *prefix = NULL;
		int format;

		if (!n || (*at)[n] != ':')
			return 0;
		prefix = copy_part(*at, n);
		if (!prefix)
			return dais_fail(r->err, DAIS_NO_MEMORY, READING, r->spec,
					 "no memory left");
		format = name_in(format_names, DAIS_FORMAT_EMPTY, prefix);
		r->prefixed = true;
		*at += n + 1;
		if (format >= 0) {
			r->disk->format = (enum dais_disk_format)format;
			r->has_format = true;
		} else if (name_in(scripts, 4, prefix) >= 0) {
			free(r->disk->script);
			r->disk->script = NULL;
			if (print_text(&r->disk->script, "block-%s", prefix) < 0)
				return dais_fail(r->err, DAIS_NO_MEMORY, READING, r->spec,
						 "no memory left");
			return 0; /* what follows is the script's business, colons and all */
		} else if (name_in(none, sizeof(none) / sizeof(*none), prefix) < 0) {
			return refuse(r, "there is no prefix", prefix,
				      "Write TARGET,FORMAT,VDEV,ACCESS without a prefix.");
		}
	}
}

/* Whether reading ends with the fault in @err. */
static bool fatal(struct reading *r)
{
	r->bad = true;
	if (!r->faults || r->err->code == DAIS_NO_MEMORY)
		return true;
	dais_faults_add(r->faults, false, r->line, "disk", r->err->hint, "\"%s\": %s", r->spec,
			r->err->why);
	return false;
}

static int finish(struct reading *r)
{
	struct dais_disk *disk = r->disk;

	disk->readonly = r->readonly || disk->cdrom;
	/* One that could not be read is not missing. */
	if (!disk->vdev && !(r->has_vdev && r->bad))
		return refuse(r, "it does not say as which device the guest sees it", NULL,
			      "Add vdev=xvda, or the next letter that is free.");
	if (disk->target || r->bad)
		return 0;
	if (!disk->cdrom && disk->format != DAIS_FORMAT_EMPTY)
		return refuse(r, "it has no target", NULL,
			      "Add target=FILE at its end, or devtype=cdrom for an empty drive.");
	disk->format = DAIS_FORMAT_EMPTY;
	return 0;
}

/*
 * xend's way of an empty drive, ",hdc:cdrom,r": the vdev stands where a format would.
 */
static bool is_old_empty(const char *spec)
{
	const char *vdev = spec + 1;
	size_t n = *spec == ',' ? strcspn(vdev, ",:=") : 0;

	return n && vdev[n] == ':';
}

/* -1: it cannot be used; @r->err says why if the faults were not collected. */
static int read_disk(struct reading *r)
{
	autofree char *copy = copy_text(r->spec);
	char *at = copy;

	*r->disk = (struct dais_disk){.discard = DAIS_UNSET, .trusted = DAIS_UNSET};
	if (!copy)
		return dais_fail(r->err, DAIS_NO_MEMORY, READING, r->spec, "no memory left");
	r->prefixed = is_old_empty(r->spec);
	while (at) {
		char *equals, *word;

		at += strspn(at, " \t");
		if (!strncmp(at, "target=", 7)) {
			/* The whole rest, commas and all. */
			if (set_target(r, at + 7) && fatal(r))
				return -1;
			break;
		}
		if (!r->has_target && strip_prefixes(r, &at) && fatal(r))
			return -1;
		word = strsep(&at, ",");
		equals = strchr(word, '=');
		if (equals && equals > word && islower((unsigned char)*word)) {
			*equals = '\0';
			if (set_named(r, trim(word), trim(equals + 1)) && fatal(r))
				return -1;
		} else if (set_word(r, trim(word)) && fatal(r)) {
			return -1;
		}
	}
	if (finish(r) && fatal(r))
		return -1;
	return r->bad ? -1 : 0;
}

EXPORT int dais_disk_parse(const char *spec, struct dais_disk *disk, struct dais_error *err)
{
	struct reading r = {.disk = disk, .err = err, .spec = spec};

	return read_disk(&r);
}

EXPORT char *dais_disk_text(const struct dais_disk *disk)
{
	struct text text;
	FILE *f = text_begin(&text);

	if (!f)
		return NULL;
	fprintf(f, "vdev=%s", disk->vdev);
	if (disk->format != DAIS_FORMAT_EMPTY)
		fprintf(f, ",format=%s", format_names[disk->format]);
	fprintf(f, ",access=%s", disk->readonly ? "ro" : "rw");
	if (disk->cdrom)
		fprintf(f, ",devtype=cdrom");
	if (disk->backend_type != DAIS_BACKEND_AUTO)
		fprintf(f, ",backendtype=%s", backend_names[disk->backend_type]);
	if (disk->backend)
		fprintf(f, ",backend=%s", disk->backend);
	if (disk->script)
		fprintf(f, ",script=%s", disk->script);
	if (disk->direct_io_safe)
		fprintf(f, ",direct-io-safe");
	if (disk->discard != DAIS_UNSET)
		fprintf(f, ",%s", disk->discard ? "discard" : "no-discard");
	if (disk->trusted != DAIS_UNSET)
		fprintf(f, ",%s", disk->trusted ? "trusted" : "untrusted");
	if (disk->target)
		fprintf(f, ",target=%s", disk->target);
	return text_end(f, &text);
}

void config_read_disks(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	size_t i;

	for (i = 0; i < s->value.count; i++) {
		const struct value *item = &s->value.items[i];
		struct dais_disk disk;
		struct dais_disk *place;
		struct dais_error err = {.code = DAIS_OK};
		struct reading r = {.disk = &disk,
				    .err = &err,
				    .spec = item->text,
				    .faults = f,
				    .line = item->line};

		if (!item->text) {
			dais_faults_add(f, false, item->line, s->key, "Remove the inner brackets.",
					"a disk is a text, not a list");
			continue;
		}
		/* Memory that ran out is told of for the whole configuration. */
		if (read_disk(&r)) {
			dais_disk_free(&disk);
			continue;
		}
		disk.line = item->line;
		place = list_add(&c->disks, &c->disk_count, sizeof(*place));
		if (place)
			*place = disk;
		else
			dais_disk_free(&disk);
	}
}
