/* SPDX-License-Identifier: MIT */
/*
 * The store, through libxenstore: one request per call, counted, with paths put together here.
 * Writes of many nodes in one place go through struct store_dir, which remembers the first
 * failure, so that they are checked once.
 */
#ifndef DAIS_STORE_CLIENT_H
#define DAIS_STORE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <xenstore.h>

#include "error.h"

struct store {
	struct xs_handle *xs;
	uint64_t requests;
};

#define STORE_PATH_MAX 512

int store_open(struct store *store, struct dais_error *err);
void store_close(struct store *store);

/* The value with a NUL behind it, which the caller frees. NULL with errno: ENOENT, ... */
char *store_read(struct store *store, const char *path_fmt, ...) DAIS_PRINTF(2, 3);
/* Reads a whole decimal number; @other if the node is missing or holds none. */
long store_read_number(struct store *store, long other, const char *path_fmt, ...)
	DAIS_PRINTF(3, 4);

/* Replaces what a terminal might act upon: for what a guest may have written. Returns @text. */
char *store_plain(char *text);

int store_write(struct store *store, const char *path, const char *value);
int store_remove(struct store *store, const char *path_fmt, ...) DAIS_PRINTF(2, 3);

/* The names below a node, in one allocation that the caller frees. NULL with errno. */
char **store_list(struct store *store, unsigned int *count, const char *path_fmt, ...)
	DAIS_PRINTF(3, 4);

/* A place in the tree and what went wrong first in writing there. */
struct store_dir {
	struct store *store;
	char path[STORE_PATH_MAX];
	int errnum; /* 0: nothing */
	char failed[STORE_PATH_MAX]; /* the path it was */
};

void store_dir_at(struct store_dir *dir, struct store *store, const char *path_fmt, ...)
	DAIS_PRINTF(3, 4);
/* @name may be a path of several names; missing nodes between are made. "" is the place itself. */
void store_dir_write(struct store_dir *dir, const char *name, const char *value_fmt, ...)
	DAIS_PRINTF(3, 4);
/* Gives the node to @owner; @reader may read it, nobody else; both are domain numbers. */
void store_dir_perms(struct store_dir *dir, const char *name, uint32_t owner, uint32_t reader);
/* 0, or -1 with @err if something failed since store_dir_at(). */
int store_dir_done(const struct store_dir *dir, struct dais_error *err);

#endif
