/* SPDX-License-Identifier: MIT */
/*
 * The store's requests, with paths put together here. Reading waits for its answer; what is
 * written is queued, and its answer taken with the next one that is waited for (store/stream.h).
 * The first failure among what was written since the last store_done() is told there.
 */
#ifndef DAIS_STORE_CLIENT_H
#define DAIS_STORE_CLIENT_H

#include "error.h"
#include "store/stream.h"

int store_open(struct store *store, struct dais_error *err);
void store_close(struct store *store);

/* The value with a NUL behind it, which the caller frees. NULL with errno: ENOENT, ... */
char *store_read(struct store *store, const char *path_fmt, ...) DAIS_PRINTF(2, 3);
/* Reads a whole decimal number; @other if the node is missing or holds none. */
long store_read_number(struct store *store, long other, const char *path_fmt, ...)
	DAIS_PRINTF(3, 4);
/* The same of a value; frees it. */
long store_number(struct store_value *value, long other);

/*
 * Many at once: asks for the value of a node, which is in @to after store_wait(). Each answer
 * is its own node's, also beside one that cannot be asked for.
 */
void store_ask(struct store *store, struct store_value *to, const char *path_fmt, ...)
	DAIS_PRINTF(3, 4);
void store_wait(struct store *store);

/* Replaces what a terminal might act upon: for what a guest may have written. Returns @text. */
char *store_plain(char *text);

/* Removed at the latest when something is waited for; one that is not there is no failure. */
void store_remove(struct store *store, const char *path_fmt, ...) DAIS_PRINTF(2, 3);

/* The names below a node, in one allocation that the caller frees. NULL with errno. */
char **store_list(struct store *store, unsigned int *count, const char *path_fmt, ...)
	DAIS_PRINTF(3, 4);

/* A domain's ring, and its end. Introducing is queued as a write is. */
void store_introduce(struct store *store, uint32_t domid, uint64_t mfn, uint32_t port);
void store_release(struct store *store, uint32_t domid);

/* Has changes of the node and what is below it, or "@introduceDomain", told: 0 or an errno. */
int store_watch(struct store *store, const char *path, const char *token);
/* The same, sent with what is waited for next; whether it was taken is not told. */
void store_watch_soon(struct store *store, const char *path, const char *token);
void store_unwatch(struct store *store, const char *path, const char *token);

/*
 * What is written in between is seen by others all at once, or not at all. store_commit(): 0, or
 * -1 with errno; EAGAIN: somebody else changed what was used, begin anew.
 */
int store_begin(struct store *store);
int store_commit(struct store *store);
void store_abort(struct store *store);

/* A place in the tree, for several writes. */
struct store_dir {
	struct store *store;
	char path[STORE_PATH_MAX];
};

void store_dir_at(struct store_dir *dir, struct store *store, const char *path_fmt, ...)
	DAIS_PRINTF(3, 4);
/* @name may be a path of several names; missing nodes between are made. "" is the place itself. */
void store_dir_write(struct store_dir *dir, const char *name, const char *value_fmt, ...)
	DAIS_PRINTF(3, 4);
/* Gives the node to @owner; @reader may read it, nobody else; both are domain numbers. */
void store_dir_perms(struct store_dir *dir, const char *name, uint32_t owner, uint32_t reader);

/*
 * Waits for what was written. 0, or -1 with @err if something failed since the last call; that
 * is forgotten then, whatever @err is.
 */
int store_done(struct store *store, struct dais_error *err);

#endif
