/* SPDX-License-Identifier: MIT */
/*
 * What happened to each domain and why: one JSON object per line in a file of bounded size. May
 * be used by several threads.
 */
#ifndef DAISD_JOURNAL_H
#define DAISD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

struct journal_entry {
	const char *event; /* "shutdown", "restart", ... */
	const char *name; /* of the domain; NULL: of none */
	const uint8_t *uuid; /* NULL: unknown */
	int64_t domid; /* -1: none */
	const char *reason; /* "crash"; NULL: none */
	const char *detail; /* why, in words; NULL: none */
};

/* @dir is made if need be. false: entries go to the log alone. */
bool journal_open(const char *dir);
void journal_add(const struct journal_entry *entry);
/* The newest @count entries, oldest first; of one domain only if @name is not NULL. */
struct json_object *journal_read(const char *name, size_t count);
void journal_close(void);

#endif
