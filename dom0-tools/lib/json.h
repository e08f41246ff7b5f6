/* SPDX-License-Identifier: MIT */
/*
 * json-c where memory may run out: its own functions abort on a missing object, and leave out
 * what they could not add. Here a document remembers, per thread, that a part of it is missing,
 * and is then no document. Compiled into each program that makes some, beside libdais.
 */
#ifndef DAIS_JSON_H
#define DAIS_JSON_H

#include <json-c/json.h>
#include <stdbool.h>

/* "null", told apart from a value that could not be made. */
#define JSON_NULL (json_null_mark)
extern struct json_object *const json_null_mark;

/* Takes @value over. Either object may be NULL: what could not be made. */
void json_set(struct json_object *o, const char *key, struct json_object *value);
void json_append(struct json_object *array, struct json_object *value);

/* @o if all of it is there; else drops it and returns NULL. */
struct json_object *json_whole(struct json_object *o);

enum json_shape { JSON_LINE, JSON_PRETTY };

/*
 * Drops @o and returns its text, which the caller frees. NULL without memory, also if a part of
 * @o had been missing before.
 */
char *json_text(struct json_object *o, enum json_shape shape);

#endif
