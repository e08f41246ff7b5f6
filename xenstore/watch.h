/* SPDX-License-Identifier: MIT */
/*
 * Watches: who wants to know of which path, and who is told when something changes.
 *
 * An event says the path that changed and the watch's token; to a watch that was set with a
 * relative path it says the path relative.  A client without the right to read the node, or its
 * parent, is not told.
 */
#ifndef XENSTORE_WATCH_H
#define XENSTORE_WATCH_H

#include "conn.h"
#include "node.h"

struct watch {
	struct trie_item item; /* first */
	struct watch *next, *prev; /* of the connection, oldest first */
	struct conn *conn;
	bool owed; /* an event that the queue had no room for */
	uint16_t home_len; /* of "/local/domain/N/" if set with a relative path, else 0 */
	uint16_t path_len, token_len;
	char text[]; /* path, NUL, token, NUL; the path absolute */
};

/*
 * Sets a watch on an absolute or special ("@...") path: 0, or EEXIST, E2BIG (quota), ENOMEM.
 * It sends no event.
 */
int watch_add(struct conn *c, const char *path, size_t path_len, size_t home_len, const char *token,
	      size_t token_len, uint32_t depth);
/* One that was there before a restart: no quota binds it, which may have been lowered since. */
int watch_restore(struct conn *c, const char *path, size_t path_len, size_t home_len,
		  const char *token, size_t token_len, uint32_t depth);
/* 0 or ENOENT. */
int watch_remove(struct conn *c, const char *path, size_t path_len, const char *token,
		 size_t token_len);
void watch_remove_all(struct conn *c);
/* Its first event, for its own path; and all that a connection is owed. */
void watch_first(struct conn *c);
void watch_pay(struct conn *c);
/* While restoring: each of its watches owes an event, of which it is not known any more; or none. */
void watch_owe_all(struct conn *c, bool owes);

/*
 * A node was created or changed: ROOT is the tree that has it.  Told are those who may read it or
 * its parent, and those who might by PERMS, its rights before the change (NULL: it had none).
 */
void watch_changed(struct node *root, const char *path, size_t len, const struct perms *perms);
/* A node was removed with all below it: ROOT is the tree that still has it. */
void watch_removed(struct node *root, const char *path, size_t len, const struct perms *perms);
/* A node was replaced by one of its name: of what was below, some is not there any more. */
void watch_removed_below(struct node *before, struct node *after, const char *path, size_t len);
/*
 * For a node that was removed and made again on the way to another, which those above are told of:
 * who watches just this one is.  PERMS: its rights before.
 */
void watch_remade(struct node *root, const char *path, size_t len, const struct perms *perms);

enum special { SPECIAL_INTRODUCE, SPECIAL_RELEASE, SPECIAL_COUNT };

/* A domain came or went; PERMS says who may know. */
void watch_special(enum special which, unsigned int domid);
/* By path "@introduceDomain" or "@releaseDomain", else SPECIAL_COUNT. */
enum special special_find(const char *path, size_t len);
struct perms *special_perms(enum special which);
void special_set_perms(enum special which, struct perms *perms);

/* Bytes that a watch takes, for its owner's account. */
size_t watch_size(const struct watch *w);
uint64_t watch_count_all(void);

#endif
