/* SPDX-License-Identifier: MIT */
/*
 * Keys with rules of their own: each function reads the value of one key into the
 * configuration, or adds what is wrong with it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/private.h"

void config_wrong(struct dais_faults *f, const struct setting *s, const char *reason,
		  const char *remedy)
{
	dais_faults_add(f, false, s->value.line ? s->value.line : s->line, s->key, remedy, "%s",
			reason);
}

void config_read_type(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	(void)c;
	if (!s->value.text ||
	    (strcmp(s->value.text, "hvm") != 0 && strcmp(s->value.text, "pvh") != 0 &&
	     strcmp(s->value.text, "pv") != 0))
		config_wrong(f, s, "there is no such type of guest",
			     "Write type=\"pv\", or leave it out.");
	else if (strcmp(s->value.text, "pv") != 0)
		config_wrong(f, s, "only paravirtual guests can be run",
			     "Write type=\"pv\" and name the guest's kernel with kernel=.");
}

void config_read_builder(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	(void)c;
	if (s->value.text && !strcmp(s->value.text, "hvm"))
		config_wrong(f, s, "only paravirtual guests can be run",
			     "Write type=\"pv\" and name the guest's kernel with kernel=.");
	else
		dais_faults_add(f, true, s->line, s->key, "Write type=\"pv\" instead.",
				"this key is out of date");
}

void config_read_uuid(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	if (!s->value.text || dais_uuid_parse(s->value.text, c->uuid))
		config_wrong(
			f, s, "this is no UUID",
			"Write 32 hexadecimal digits as 8-4-4-4-12, or leave it out for a new one.");
	else
		c->has_uuid = true;
}

void config_read_name(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	const char *name = s->value.text;
	const char *at;
	int64_t number;

	if (!name || !*name) {
		config_wrong(f, s, "the domain has no name", "Write name=\"NAME\".");
		return;
	}
	for (at = name; *at; at++) {
		if (iscntrl((unsigned char)*at) || *at == '/') {
			config_wrong(f, s,
				     "a name has neither control characters nor slashes in it",
				     "Use letters, digits, hyphens and dots.");
			return;
		}
	}
	if (strlen(name) > 255)
		config_wrong(f, s, "the name is longer than 255 characters", "Use a shorter one.");
	else if (config_number(name, &number))
		dais_faults_add(f, true, s->line, s->key, "Put a letter into it.",
				"a name that is a number is taken for a domain's number by every "
				"command");
	c->name = copy_text(name);
}

/* A list of texts from a list, or from the words of one text. */
static void read_words(const struct setting *s, char ***list, size_t *count, const char *cut)
{
	char *copy, *at, *word;
	char **place;
	size_t i;

	for (i = 0; s->value.is_list && i < s->value.count; i++) {
		const char *text = s->value.items[i].text;

		place = list_add(list, count, sizeof(*place));
		if (place)
			*place = copy_text(text ? text : "");
	}
	if (s->value.is_list)
		return;
	copy = copy_text(s->value.text);
	at = copy;
	while (at && (word = strsep(&at, cut))) {
		place = *word ? list_add(list, count, sizeof(*place)) : NULL;
		if (place)
			*place = copy_text(word);
	}
	free(copy);
}

void config_read_bootloader_args(const struct setting *s, struct dais_config *c,
				 struct dais_faults *f)
{
	(void)f;
	read_words(s, &c->bootloader_args, &c->bootloader_arg_count, " \t");
}

static void check_cpulists(const struct setting *s, char *const *lists, size_t count,
			   struct dais_faults *f)
{
	struct dais_cpumap map;
	struct dais_error err;
	size_t i;

	for (i = 0; i < count; i++) {
		unsigned int line = s->value.is_list ? s->value.items[i].line : s->value.line;

		if (lists[i] && dais_cpulist_parse(lists[i], NULL, &map, &err))
			dais_faults_add(f, false, line, s->key, err.hint, "\"%s\": %s", lists[i],
					err.why);
	}
}

void config_read_cpus(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	read_words(s, &c->cpus, &c->cpus_count, "");
	c->cpus_each = s->value.is_list;
	check_cpulists(s, c->cpus, c->cpus_count, f);
}

void config_read_cpus_soft(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	read_words(s, &c->cpus_soft, &c->cpus_soft_count, "");
	c->cpus_soft_each = s->value.is_list;
	check_cpulists(s, c->cpus_soft, c->cpus_soft_count, f);
}

void config_read_tsc_mode(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	static const char *const names[] = {"default", "always_emulate", "native",
					    "native_paravirt"};
	int64_t number;
	int i;

	for (i = 0; s->value.text && i < 4; i++) {
		if (!strcmp(s->value.text, names[i]) ||
		    (config_number(s->value.text, &number) && number == i)) {
			/* xl refuses it as late as at the domain's making. */
			if (i == DAIS_TSC_NATIVE_PARAVIRT)
				config_wrong(f, s, "hypervisors have given this mode up",
					     "Write \"default\", or leave it out.");
			else
				c->tsc_mode = (enum dais_tsc_mode)i;
			return;
		}
	}
	config_wrong(f, s, "there is no such way to show the time stamp counter",
		     "Write \"default\", \"native\" or \"always_emulate\".");
}

void config_read_rtc_timeoffset(const struct setting *s, struct dais_config *c,
				struct dais_faults *f)
{
	if (s->value.text && config_number(s->value.text, &c->rtc_timeoffset))
		c->has_rtc_timeoffset = true;
	else
		config_wrong(f, s, "this is no number of seconds",
			     "Write a number, in quotes if negative.");
}

/* Hexadecimal "A[-B]" (inclusive) or, for memory, "A,N[@G]". */
static bool read_range(const char *text, bool memory, struct dais_number_range *range)
{
	char *end;

	if (!isxdigit((unsigned char)*text))
		return false;
	range->first = range->gfn = strtoull(text, &end, 16);
	range->count = 1;
	if (memory) {
		if (*end != ',' || !isxdigit((unsigned char)end[1]))
			return false;
		range->count = strtoull(end + 1, &end, 16);
		if (*end == '@' && isxdigit((unsigned char)end[1]))
			range->gfn = strtoull(end + 1, &end, 16);
		return !*end && range->count;
	}
	if (*end == '-' && isxdigit((unsigned char)end[1])) {
		uint64_t last = strtoull(end + 1, &end, 16);

		if (last < range->first)
			return false;
		range->count = last - range->first + 1;
	}
	return !*end && range->first + range->count <= 0x10000;
}

static void read_ranges(const struct setting *s, struct dais_number_range **list, size_t *count,
			bool memory, const char *remedy, struct dais_faults *f)
{
	size_t i;

	for (i = 0; i < s->value.count; i++) {
		const struct value *item = &s->value.items[i];
		struct dais_number_range range = {.line = item->line};
		struct dais_number_range *place;

		if (!item->text || !read_range(item->text, memory, &range)) {
			dais_faults_add(f, false, item->line, s->key, remedy, "\"%s\" is no range",
					item->text ? item->text : "[...]");
			continue;
		}
		place = list_add(list, count, sizeof(*place));
		if (place)
			*place = range;
	}
}

void config_read_ioports(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	read_ranges(s, &c->ioports, &c->ioport_count, false,
		    "Write hexadecimal ports as \"2f8-2ff\" or \"2f8\".", f);
}

void config_read_iomem(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	read_ranges(s, &c->iomem, &c->iomem_count, true,
		    "Write hexadecimal page numbers as \"START,COUNT\".", f);
}

void config_read_irqs(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	size_t i;

	for (i = 0; i < s->value.count; i++) {
		const struct value *item = &s->value.items[i];
		struct dais_number_range *place;
		int64_t number;

		if (!item->text || !config_number(item->text, &number) || number < 0 ||
		    number > 65535) {
			dais_faults_add(f, false, item->line, s->key, "Write a number.",
					"\"%s\" is no interrupt",
					item->text ? item->text : "[...]");
			continue;
		}
		place = list_add(&c->irqs, &c->irq_count, sizeof(*place));
		if (place)
			*place = (struct dais_number_range){
				.first = (uint64_t)number, .count = 1, .line = item->line};
	}
}
