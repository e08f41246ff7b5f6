/* SPDX-License-Identifier: MIT */
/*
 * The grammar: settings KEY = VALUE or KEY += VALUE, each on a line or behind a semicolon;
 * a value is a text, a number, or a list of values over any number of lines. After a fault the
 * parser goes on at the next line that can begin a setting, so that all faults are found.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/private.h"

struct parser {
	struct lexer lexer;
	struct token token; /* the one being looked at */
	struct dais_faults *faults;
	struct settings *settings;
	const char *key; /* of the setting being read, for faults; NULL: none yet */
};

static void advance(struct parser *p)
{
	free(p->token.text);
	lexer_next(&p->lexer, &p->token);
}

static void skip_newlines(struct parser *p)
{
	while (p->token.kind == TOKEN_NEWLINE)
		advance(p);
}

static void value_free(struct value *value)
{
	size_t i;

	for (i = 0; i < value->count; i++)
		value_free(&value->items[i]);
	free(value->items);
	free(value->text);
	*value = (struct value){.text = NULL};
}

void settings_free(struct settings *settings)
{
	size_t i;

	for (i = 0; i < settings->count; i++) {
		free(settings->list[i].key);
		value_free(&settings->list[i].value);
	}
	free(settings->list);
	*settings = (struct settings){.list = NULL};
}

/* A fault at the present token; a bad token says by itself what is wrong. */
static bool fault(struct parser *p, const char *reason, const char *remedy)
{
	const struct token *t = &p->token;

	if (t->kind == TOKEN_BAD)
		dais_faults_add(p->faults, false, t->line, p->key, t->remedy, "%s", t->why);
	else
		dais_faults_add(p->faults, false, t->line, p->key, remedy, "%s", reason);
	return false;
}

static bool read_value(struct parser *p, struct value *value, unsigned int depth);

static bool read_list(struct parser *p, struct value *value, unsigned int depth)
{
	value->is_list = true;
	if (depth == CONFIG_DEPTH_MAX)
		return fault(p, "lists are nested too deeply", "Remove a level of brackets.");
	advance(p);
	for (;;) {
		struct value *item;

		skip_newlines(p);
		if (p->token.kind == TOKEN_CLOSE)
			break;
		if (p->token.kind == TOKEN_END)
			return fault(p, "the list is not closed", "Add a ] at its end.");
		item = list_add(&value->items, &value->count, sizeof(*item));
		if (!item)
			return fault(p, "no memory left", NULL);
		if (!read_value(p, item, depth + 1))
			return false;
		skip_newlines(p);
		if (p->token.kind == TOKEN_COMMA) {
			advance(p);
			continue;
		}
		if (p->token.kind == TOKEN_TEXT || p->token.kind == TOKEN_NUMBER) {
			/* Read on: the items themselves may have more to tell. */
			fault(p, "two items of a list stand side by side",
			      "Put a comma between them.");
			continue;
		}
		if (p->token.kind != TOKEN_CLOSE)
			return fault(p, "the list is not closed", "Add a ] at its end.");
	}
	advance(p);
	return true;
}

static bool read_value(struct parser *p, struct value *value, unsigned int depth)
{
	value->line = p->token.line;
	switch (p->token.kind) {
	case TOKEN_OPEN:
		return read_list(p, value, depth);
	case TOKEN_TEXT:
	case TOKEN_NUMBER:
		value->quoted = p->token.kind == TOKEN_TEXT;
		value->text = p->token.text;
		p->token.text = NULL;
		advance(p);
		return true;
	case TOKEN_NAME:
		return fault(p, "a text stands without quotes", "Put it in quotes.");
	default:
		return fault(p, "the value is missing",
			     "Write a text in quotes, a number, or a list in brackets.");
	}
}

static struct setting *find(struct settings *settings, const char *key)
{
	size_t i;

	for (i = 0; i < settings->count; i++) {
		if (!strcmp(settings->list[i].key, key))
			return &settings->list[i];
	}
	return NULL;
}

/* Adds the contents of @value to what the key has. */
static bool append(struct parser *p, struct value *to, struct value *value)
{
	size_t i;
	char *joined;

	if (to->is_list != value->is_list)
		return fault(p, "a list is added to a text, or a text to a list",
			     "Use += with two of a kind.");
	if (!value->is_list) {
		if (!to->quoted || !value->quoted)
			return fault(p, "+= does not add numbers", "Write the sum with =.");
		if (print_text(&joined, "%s%s", to->text, value->text) < 0)
			return fault(p, "no memory left", NULL);
		free(to->text);
		to->text = joined;
		return true;
	}
	for (i = 0; i < value->count; i++) {
		struct value *item = list_add(&to->items, &to->count, sizeof(*item));

		if (!item)
			return fault(p, "no memory left", NULL);
		*item = value->items[i];
		value->items[i] = (struct value){.text = NULL};
	}
	return true;
}

/* Takes @key and @value whatever comes of it. */
static bool store(struct parser *p, char *key, struct value *value, unsigned int line, bool add)
{
	struct setting *setting = find(p->settings, key);
	bool done = true;

	if (setting && add) {
		done = append(p, &setting->value, value);
		value_free(value);
		free(key);
		return done;
	}
	if (setting) {
		free(key);
		value_free(&setting->value);
	} else {
		setting = list_add(&p->settings->list, &p->settings->count, sizeof(*setting));
		if (!setting) {
			free(key);
			value_free(value);
			return fault(p, "no memory left", NULL);
		}
		setting->key = key;
	}
	setting->line = line;
	setting->value = *value;
	return done;
}

static bool read_setting(struct parser *p)
{
	unsigned int line = p->token.line;
	struct value value = {.text = NULL};
	char *key = p->token.text;
	bool add;

	if (p->token.kind != TOKEN_NAME)
		return fault(p, "a setting must begin with its key", "Write KEY = VALUE.");
	p->token.text = NULL;
	p->key = key;
	advance(p);
	add = p->token.kind == TOKEN_APPEND;
	if (p->token.kind != TOKEN_ASSIGN && !add) {
		fault(p, "no = stands behind the key", "Write KEY = VALUE.");
		free(key);
		return false;
	}
	advance(p);
	if (!read_value(p, &value, 0)) {
		free(key);
		value_free(&value);
		return false;
	}
	if (p->token.kind != TOKEN_NEWLINE && p->token.kind != TOKEN_END) {
		fault(p, "something stands behind the value",
		      "Begin a new line, or put a semicolon between two settings.");
		free(key);
		value_free(&value);
		return false;
	}
	return store(p, key, &value, line, add);
}

static size_t strspn_blank(const struct lexer *lexer)
{
	const char *at = lexer->at;

	while (at < lexer->end && (*at == ' ' || *at == '\t'))
		at++;
	return (size_t)(at - lexer->at);
}

/*
 * Behind a fault: on to the next line that looks like the beginning of a setting, which ends
 * the search inside of a broken list as well.
 */
static void recover(struct parser *p)
{
	while (p->token.kind != TOKEN_END) {
		const char *at;

		if (p->token.kind != TOKEN_NEWLINE || p->lexer.line == p->token.line)
			lexer_skip_line(&p->lexer);
		p->lexer.at += strspn_blank(&p->lexer);
		at = p->lexer.at;
		while (at < p->lexer.end &&
		       (islower((unsigned char)*at) || *at == '_' || isdigit((unsigned char)*at)))
			at++;
		if (at > p->lexer.at) {
			while (at < p->lexer.end && (*at == ' ' || *at == '\t'))
				at++;
			if (at < p->lexer.end && (*at == '=' || *at == '+')) {
				advance(p);
				return;
			}
		}
		free(p->token.text);
		p->token = (struct token){.kind = TOKEN_BAD};
		if (p->lexer.at >= p->lexer.end)
			advance(p);
	}
}

static void parse(struct parser *p)
{
	advance(p);
	for (;;) {
		skip_newlines(p);
		p->key = NULL;
		if (p->token.kind == TOKEN_END)
			return;
		if (!read_setting(p))
			recover(p);
	}
}

/* @line: of its beginning; 0: it has none. */
static void parse_text(struct settings *settings, const char *text, size_t size, unsigned int line,
		       struct dais_faults *faults)
{
	struct parser p = {
		.lexer = {.at = text, .end = text + size, .line = line},
		.faults = faults,
		.settings = settings,
	};

	if (size > CONFIG_SIZE_MAX) {
		dais_faults_add(faults, false, 0, NULL, "Is it a configuration at all?",
				"it is larger than %u KiB", CONFIG_SIZE_MAX >> 10);
		return;
	}
	parse(&p);
	free(p.token.text);
}

void settings_parse(struct settings *settings, const char *text, size_t size,
		    struct dais_faults *faults)
{
	parse_text(settings, text, size, 1, faults);
}

/* Whether the value is a number, a list or in quotes already. */
static bool is_proper_value(const char *text)
{
	int64_t number;

	return *text == '"' || *text == '\'' || *text == '[' || config_number(text, &number);
}

void settings_override(struct settings *settings, const char *text, struct dais_faults *faults)
{
	const char *equals = strchr(text, '=');
	struct dais_faults found = {.list = NULL};
	size_t length = equals ? strcspn(text, " +=") : 0;
	size_t i;

	if (!equals || !length) {
		dais_faults_add(faults, false, 0, NULL, "Write KEY=VALUE.",
				"\"%s\" on the command line sets nothing", text);
		return;
	}
	if (is_proper_value(equals + 1 + strspn(equals + 1, " ")) || equals[-1] == '+') {
		parse_text(settings, text, strlen(text), 0, &found);
	} else {
		struct parser p = {.faults = &found, .settings = settings};
		struct value value = {.quoted = true, .text = copy_text(equals + 1)};
		char *key = copy_part(text, length);

		if (key && value.text)
			store(&p, trim(key), &value, 0, false);
	}
	for (i = 0; i < found.count; i++)
		dais_faults_add(faults, false, 0, found.list[i].key, found.list[i].remedy,
				"\"%s\" on the command line: %s", text, found.list[i].reason);
	dais_faults_free(&found);
}
