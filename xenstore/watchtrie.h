/* SPDX-License-Identifier: MIT */
/*
 * Watches by path: a trie of path components, so that what concerns a path is found on the way
 * down to it, whatever the number of watches elsewhere.  Pure logic: who watches is another's
 * business (watch.c).
 */
#ifndef XENSTORE_WATCHTRIE_H
#define XENSTORE_WATCHTRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_DEPTH_ANY UINT32_MAX

struct trie_node;

/* What hangs in the trie; a watch begins with one. */
struct trie_item {
	struct trie_node *at;
	struct trie_item *next, *prev; /* of the same path, oldest first */
	uint64_t seq; /* order of creation, over all */
	uint32_t depth; /* levels below its path that concern it */
};

/* A growing list of items; its memory is kept from one use to the next. */
struct trie_found {
	struct trie_item **item;
	size_t count, room;
};

struct trie {
	struct trie_node *root;
};

/* Bytes that the way to PATH takes if nothing else hangs on it. */
size_t trie_size(const char *path, size_t len);
/* Hangs ITEM at PATH ("/a/b", or names without a slash in front): 0 or ENOMEM. */
int trie_add(struct trie *t, const char *path, size_t len, struct trie_item *item);
void trie_remove(struct trie *t, struct trie_item *item);

/* Adds to FOUND the items at PATH and above it whose depth reaches PATH, oldest first. */
void trie_match(const struct trie *t, const char *path, size_t len, struct trie_found *found);

/* The node of exactly this path, or NULL; and what is below one. */
struct trie_node *trie_find(const struct trie *t, const char *path, size_t len);
struct trie_node *trie_first_child(const struct trie_node *n);
struct trie_node *trie_next_child(const struct trie_node *n);
const char *trie_name(const struct trie_node *n, size_t *len, uint32_t *hash);
struct trie_item *trie_items(const struct trie_node *n);

/* Puts what was added from START on into the order of creation. */
void trie_sort(struct trie_found *found, size_t start);
/* Room for COUNT items in all, which later additions rely on: false when memory is out. */
bool trie_found_reserve(struct trie_found *found, size_t count);
void trie_found_add(struct trie_found *found, struct trie_item *item);

#endif
