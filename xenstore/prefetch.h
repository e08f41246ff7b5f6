/* SPDX-License-Identifier: MIT */
/*
 * A large store is in no cache: each node on the way to another is a wait for memory.  Where many
 * requests are at hand, their ways down the tree are walked side by side before the first is
 * carried out, so that the waits are one.  It only looks, changes nothing, and may be left out.  What
 * the requests' ways led to is remembered for them.
 */
#ifndef XENSTORE_PREFETCH_H
#define XENSTORE_PREFETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "tree.h"

/* Below this much in use the store is in the caches, and looking ahead costs more than it gives. */
#define PREFETCH_FROM (2ul << 20)

/* True if it is worth while. */
bool prefetch_pays(void);
/* Takes up one absolute path, which must stay where it is until prefetch_run(); false: no room. */
bool prefetch_path(const char *path, size_t len);
/*
 * Takes up the paths of requests in SIZE bytes, as many as it can; returns the bytes of those.  Where
 * they are is how they are found again: prefetch_forget() before other bytes come there.
 */
size_t prefetch_requests(const char *data, size_t size);
/* Walks all that were taken up, below ROOT. */
void prefetch_run(struct node **root);
/*
 * What the way of the request with its path at PATH led to, or NULL; and, unless it is to be listed, where
 * that stands.
 */
struct node *prefetch_find(const char *path, size_t len, struct place *where);
void prefetch_forget(void);

#endif
