// SPDX-License-Identifier: MIT
/*
 * json-c's printer does not tell when its buffer could not grow, and its parser fails badly, so
 * that neither what it printed nor a look at it can be relied on: documents are printed here.
 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static char null_place;
struct json_object *const json_null_mark = (struct json_object *)&null_place;

/* A part of what this thread is making is missing. */
static _Thread_local bool missing;

void json_set(struct json_object *o, const char *key, struct json_object *value)
{
	if (o && value == JSON_NULL) {
		missing = json_object_object_add(o, key, NULL) || missing;
		return;
	}
	if (o && value && !json_object_object_add(o, key, value))
		return;
	missing = true;
	if (value != JSON_NULL)
		json_object_put(value);
}

void json_append(struct json_object *array, struct json_object *value)
{
	struct json_object *given = value == JSON_NULL ? NULL : value;

	if (array && value && !json_object_array_add(array, given))
		return;
	missing = true;
	json_object_put(given);
}

struct json_object *json_whole(struct json_object *o)
{
	bool whole = o && !missing;

	missing = false;
	if (whole)
		return o;
	json_object_put(o);
	return NULL;
}

static void put_string(FILE *f, const char *text, size_t length)
{
	fputc('"', f);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", f);
		else if (c < ' ')
			fprintf(f, "\\u%04x", c);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

/* Behind the opening bracket or a comma, and before the closing bracket. */
static void new_line(FILE *f, enum json_shape shape, unsigned int depth)
{
	if (shape == JSON_LINE)
		return;
	fprintf(f, "\n%*s", (int)(2 * depth), "");
}

static bool put_value(FILE *f, struct json_object *o, enum json_shape shape, unsigned int depth);

static bool put_members(FILE *f, struct json_object *o, enum json_shape shape, unsigned int depth)
{
	bool whole = true, first = true;

	fputc('{', f);
	json_object_object_foreach(o, key, value)
	{
		if (!first)
			fputc(',', f);
		first = false;
		new_line(f, shape, depth + 1);
		put_string(f, key, strlen(key));
		fputs(shape == JSON_LINE ? ":" : ": ", f);
		whole = put_value(f, value, shape, depth + 1) && whole;
	}
	if (!first)
		new_line(f, shape, depth);
	fputc('}', f);
	return whole;
}

static bool put_items(FILE *f, struct json_object *o, enum json_shape shape, unsigned int depth)
{
	size_t count = json_object_array_length(o);
	bool whole = true;

	fputc('[', f);
	for (size_t i = 0; i < count; i++) {
		if (i)
			fputc(',', f);
		new_line(f, shape, depth + 1);
		whole = put_value(f, json_object_array_get_idx(o, i), shape, depth + 1) && whole;
	}
	if (count)
		new_line(f, shape, depth);
	fputc(']', f);
	return whole;
}

static bool put_value(FILE *f, struct json_object *o, enum json_shape shape, unsigned int depth)
{
	const char *text;

	switch (json_object_get_type(o)) {
	case json_type_object:
		return put_members(f, o, shape, depth);
	case json_type_array:
		return put_items(f, o, shape, depth);
	case json_type_string:
		put_string(f, json_object_get_string(o), (size_t)json_object_get_string_len(o));
		return true;
	default:
		/* A number, which fits the buffer that json-c begins with. */
		text = o ? json_object_to_json_string(o) : "null";
		fputs(text ? text : "", f);
		return text;
	}
}

char *json_text(struct json_object *o, enum json_shape shape)
{
	struct text text;
	char *printed;
	bool whole;
	FILE *f;

	o = json_whole(o);
	f = o ? text_open(&text) : NULL;
	if (!f) {
		json_object_put(o);
		return NULL;
	}
	whole = put_value(f, o, shape, 0);
	json_object_put(o);
	printed = text_close(&text, f);
	if (whole)
		return printed;
	free(printed);
	return NULL;
}
