/* SPDX-License-Identifier: MIT */
/*
 * Plain devices (config/plain.h): how their texts are read by the table of kinds, and shown again.
 * Values are kept as the store is to have them.
 */
#include "config/plain.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "config/private.h"

/* ----- what a device says ----- */

const char *plain_value(const struct dais_plain *plain, const char *name)
{
	for (size_t i = 0; i < plain->kind->count; i++) {
		if (!strcmp(plain->kind->params[i].name, name))
			return plain->values[i];
	}
	return NULL;
}

bool plain_is_local(const struct dais_plain *plain)
{
	return !plain->backend || !strcmp(plain->backend, "0") ||
	       !strcmp(plain->backend, "Domain-0");
}

/* Linux's own programs serve a keyboard under another name than QEMU does. */
const char *plain_back_kind(const struct dais_plain *plain)
{
	const char *type = plain_value(plain, "backend-type");

	return type && !strcmp(type, "linux") ? "vinput" : plain->kind->store;
}

bool plain_is_emulated(const struct dais_plain *plain)
{
	return plain_needs_model(plain) ||
	       (plain_is_local(plain) && !strcmp(plain_back_kind(plain), "vkbd"));
}

bool plain_needs_model(const struct dais_plain *plain)
{
	return plain->kind->emulated && plain_is_local(plain);
}

const struct dais_plain *plain_first_modelled(const struct dais_config *config)
{
	for (size_t i = 0; i < config->plain_count; i++) {
		if (plain_needs_model(&config->plain[i]))
			return &config->plain[i];
	}
	return NULL;
}

uint32_t plain_devid(const struct dais_config *config, size_t at)
{
	const struct plain_kind *kind = config->plain[at].kind;
	/* Frame buffers' keyboards come first. */
	uint32_t devid = !strcmp(kind->store, "vkbd") ? (uint32_t)config->vfb_count : 0;

	for (size_t i = 0; i < at; i++)
		devid += config->plain[i].kind == kind;
	return devid;
}

/* Behind @mark; false: there is none, or it is too large for a screen. */
static bool next_length(const char **at, char mark, unsigned int *length)
{
	char *end;

	if (**at != mark || !isdigit((unsigned char)(*at)[1]))
		return false;
	*length = (unsigned int)strtoul(*at + 1, &end, 10);
	if (end - *at > 7)
		return false;
	*at = end;
	return true;
}

bool plain_next_screen(const char **text, struct plain_screen *screen)
{
	const char *at = *text;

	*screen = (struct plain_screen){.id = at, .id_length = (int)strcspn(at, ":; ")};
	at += screen->id_length;
	if (!screen->id_length || !next_length(&at, ':', &screen->width) ||
	    !next_length(&at, 'x', &screen->height) || (*at && *at != ';'))
		return false;
	*text = at + (*at == ';');
	return true;
}

void plain_free(struct dais_plain *plain)
{
	for (size_t i = 0; i < DAIS_PLAIN_PARAMS; i++)
		free(plain->values[i]);
	for (size_t i = 0; i < plain->part_count; i++)
		plain_free(&plain->parts[i]);
	free(plain->parts);
	free(plain->backend);
}

/* ----- reading ----- */

/* Where a fault is, and of what. */
struct spot {
	const struct plain_kind *kind;
	struct dais_faults *faults;
	unsigned int line;
};

static void unknown_param(const struct spot *at, const char *key, const char *value)
{
	const struct plain_kind *kind = at->kind;
	autofree char *remedy = NULL;
	struct text text;
	FILE *f = text_begin(&text);

	if (!f)
		return;
	fputs("Known are ", f);
	for (size_t i = 0; i < kind->count; i++) {
		if (kind->params[i].type != PLAIN_FIXED)
			fprintf(f, "%s, ", kind->params[i].name);
	}
	fprintf(f, "%seach with = and its value.", kind->store ? "backend; " : "");
	remedy = text_end(f, &text);
	dais_faults_add(at->faults, false, at->line, kind->key, remedy,
			"%s has no parameter \"%s\"%s", kind->what, key,
			value ? "" : " without a value");
}

static bool is_among(const char *words, const char *word)
{
	size_t length = strchr(word, ' ') ? 0 : strlen(word);

	for (const char *w = words; length && (w = strcasestr(w, word)); w += length) {
		if (w[-1] == ' ' && w[length] == ' ')
			return true;
	}
	return false;
}

/* With commas in the place of semicolons; NULL: one of them cannot be. */
static char *read_list(const struct plain_param *param, const char *text)
{
	autofree char *copy = copy_text(text);
	char *list = copy_text(text), *rest = copy, *word;
	int64_t number;

	while (list && rest && (word = strsep(&rest, ";"))) {
		if (param->type == PLAIN_NUMBERS ? !config_number(word, &number) || number <= 0
						 : !is_among(param->words, word)) {
			cleanup_free(&list);
			return NULL;
		}
	}
	for (char *c = list; c && *c; c++)
		*c = *c == ';' ? ',' : (char)tolower((unsigned char)*c);
	return list;
}

/* What the store is to have of @text; "" if it is as good as unset, NULL if it cannot be had. */
static char *read_value(const struct plain_param *param, const char *text)
{
	const char *rest = text;
	struct plain_screen screen;
	char *value = NULL;
	uint8_t uuid[16];
	char shown[37];
	int64_t number;

	switch (param->type) {
	case PLAIN_CHOICE:
		return config_number(text, &number) ? copy_text(number ? "1" : "") : NULL;
	case PLAIN_NUMBER:
		if (!config_number(text, &number) || number < 0 || number > INT32_MAX)
			return NULL;
		if (!number)
			return copy_text("");
		print_text(&value, "%lld", (long long)number);
		return value;
	case PLAIN_WORD:
		if (!is_among(param->words, text))
			return NULL;
		value = copy_text(text);
		for (char *c = value; c && *c; c++)
			*c = (char)tolower((unsigned char)*c);
		return value;
	case PLAIN_NUMBERS:
	case PLAIN_WORDS:
		return read_list(param, text);
	case PLAIN_PATH:
		return *text == '/' ? copy_text(text) : NULL;
	case PLAIN_UUID:
		return dais_uuid_parse(text, uuid) ? NULL : copy_text(dais_uuid_text(uuid, shown));
	case PLAIN_SCREENS:
		while (*rest && plain_next_screen(&rest, &screen))
			;
		return *rest || !*text ? NULL : copy_text(text);
	default:
		return copy_text(text);
	}
}

static void wrong_value(const struct spot *at, const struct plain_param *param, const char *text)
{
	static const char *const remedies[] = {
		[PLAIN_CHOICE] = "Write 1 or 0.",
		[PLAIN_NUMBER] = "Write a number.",
		[PLAIN_PATH] = "Write a path from the root on.",
		[PLAIN_UUID] = "Write 32 hexadecimal digits as 8-4-4-4-12, or leave it out.",
		[PLAIN_NUMBERS] = "Write numbers, with semicolons between.",
		[PLAIN_WORDS] = NULL,
		[PLAIN_SCREENS] = "Write ID:WIDTHxHEIGHT, with semicolons between.",
	};
	autofree char *words = NULL;
	const char *remedy = remedies[param->type];

	if (param->words && print_text(&words, "Write one of:%s", param->words) > 0)
		remedy = trim(words);
	dais_faults_add(at->faults, false, at->line, at->kind->key, remedy, "%s: \"%s\" is no %s",
			at->kind->what, text, param->name);
}

static void set_value(const struct spot *at, struct dais_plain *plain, const char *key,
		      const char *text)
{
	const struct plain_kind *kind = at->kind;

	if (!strcmp(key, "backend") && text && kind->store) {
		free(plain->backend);
		plain->backend = *text ? copy_text(text) : NULL;
		return;
	}
	for (size_t i = 0; i < kind->count && text; i++) {
		const struct plain_param *param = &kind->params[i];
		autofree char *value = NULL;

		if (strcmp(key, param->name) != 0 || param->type == PLAIN_FIXED)
			continue;
		value = read_value(param, text);
		if (!value) {
			wrong_value(at, param, text);
			return;
		}
		free(plain->values[i]);
		plain->values[i] = *value || param->type == PLAIN_TEXT ? steal_ptr(value) : NULL;
		return;
	}
	unknown_param(at, key, text);
}

static void check_required(const struct spot *at, const struct dais_plain *plain)
{
	const struct plain_kind *kind = at->kind;

	for (size_t i = 0; i < kind->count; i++) {
		const struct plain_param *param = &kind->params[i];
		bool needed = param->required ||
			      (param->with && plain_value(plain, param->with) != NULL);

		if (needed && !plain->values[i])
			dais_faults_add(at->faults, false, at->line, kind->key,
					"Add it, with commas between the parameters.",
					"%s needs %s=%s%s", kind->what, param->name,
					param->with ? " beside " : "",
					param->with ? param->with : "");
	}
	if (kind->must_name && !plain->backend)
		dais_faults_add(at->faults, false, at->line, kind->key, "Add backend=DOMAIN.",
				"%s needs the domain that serves it", kind->what);
}

static void read_params(const struct spot *at, struct dais_plain *plain, char *rest)
{
	char *key, *value;

	while (spec_next(&rest, &key, &value)) {
		if (*key || value)
			set_value(at, plain, key, value);
	}
}

static const struct plain_kind *kind_of_head(const struct plain_kind *kind, const char *head)
{
	if (!strcmp(kind->head, head))
		return kind;
	for (size_t i = 0; i < kind->part_count; i++) {
		if (!strcmp(kind->parts[i].head, head))
			return &kind->parts[i];
	}
	return NULL;
}

/* One text of a device that is a list of them: of the device as a whole, or of a part. */
static void read_part(struct spot *at, struct dais_plain *plain, const struct value *item)
{
	autofree char *copy = item->text ? copy_text(item->text) : NULL;
	char *rest = copy, *head, *value;
	const struct plain_kind *kind;

	if (item->text && !copy)
		return;
	at->line = item->line;
	kind = spec_next(&rest, &head, &value) && !value ? kind_of_head(plain->kind, head) : NULL;
	if (!kind) {
		dais_faults_add(at->faults, false, at->line, at->kind->key,
				"Begin it with CARD, PCM or STREAM, and a comma.",
				"a part of %s has no kind", plain->kind->what);
		return;
	}
	at->kind = kind;
	if (kind != plain->kind) {
		plain = list_add(&plain->parts, &plain->part_count, sizeof(*plain));
		if (!plain)
			return;
		plain->kind = kind;
		plain->line = item->line;
	}
	read_params(at, plain, rest);
}

static void read_parts(struct spot *at, struct dais_plain *plain, const struct value *list)
{
	const struct plain_kind *whole = at->kind;

	for (size_t i = 0; i < list->count; i++) {
		read_part(at, plain, &list->items[i]);
		at->kind = whole;
	}
}

void config_read_plain(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	struct spot at = {.kind = plain_kind_of(s->key), .faults = f};

	for (size_t i = 0; i < s->value.count; i++) {
		const struct value *item = &s->value.items[i];
		autofree char *copy = item->text ? copy_text(item->text) : NULL;
		size_t errors = f->errors;
		struct dais_plain *plain;

		at.line = item->line;
		if (item->is_list != (at.kind->head != NULL)) {
			dais_faults_add(f, false, item->line, s->key,
					item->is_list ? "Remove the inner brackets."
						      : "Put brackets around its texts.",
					"%s is a %s", at.kind->what,
					item->is_list ? "text, not a list" : "list of texts");
			continue;
		}
		plain = list_add(&c->plain, &c->plain_count, sizeof(*plain));
		if (!plain)
			return;
		plain->kind = at.kind;
		plain->line = item->line;
		if (item->is_list)
			read_parts(&at, plain, item);
		else
			read_params(&at, plain, copy);
		at.line = item->line;
		/* What cannot be read is not also missing. */
		if (f->errors == errors)
			check_required(&at, plain);
	}
}

/* ----- showing ----- */

/* As it was written: a list's commas are the store's. */
static void put_value(FILE *f, const struct plain_param *param, const char *value)
{
	bool list = param->type == PLAIN_NUMBERS || param->type == PLAIN_WORDS;

	fprintf(f, "%s=", param->name);
	for (; *value; value++)
		fputc(list && *value == ',' ? ';' : *value, f);
}

char *plain_text(const struct dais_plain *plain)
{
	const struct plain_kind *kind = plain->kind;
	const char *comma = kind->head ? "," : "";
	struct text text;
	FILE *f = text_begin(&text);

	if (!f)
		return NULL;
	fputs(kind->head ? kind->head : "", f);
	if (plain->backend) {
		fprintf(f, "%sbackend=%s", comma, plain->backend);
		comma = ",";
	}
	for (size_t i = 0; i < kind->count; i++) {
		if (!plain->values[i])
			continue;
		fputs(comma, f);
		put_value(f, &kind->params[i], plain->values[i]);
		comma = ",";
	}
	return text_end(f, &text);
}
