/* SPDX-License-Identifier: MIT */
/*
 * A node of the store, and the directory of its children (kids.c).
 *
 * Invariants:
 * - What can be reached by two references is never changed.  A change owns its way down from the
 *   root: what has one reference is changed in place, what has more is copied first.  So taking
 *   a snapshot is taking one reference of the root, and costs nothing to those who do not write.
 * - A node differs from its earlier self in value or rights only if its generation does, in the
 *   set of its children only if its directory's does, in anything below only if its address does
 *   (while someone holds the earlier one).
 * - Nodes and directories let go of are freed in slices, by tree_reap().
 */
#ifndef XENSTORE_NODE_H
#define XENSTORE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct perms;
struct kids;

struct node {
	uint32_t ref;
	uint32_t hash; /* of the name */
	uint64_t gen;
	struct perms *perms;
	struct kids *kids; /* NULL: no children */
	uint16_t value_len;
	uint16_t name_len;
	/* Some node from here on down may belong to a domain other than dom0.  It may stay set. */
	uint8_t guest;
	char data[]; /* the name, then the value */
};

static inline const char *node_name(const struct node *n)
{
	return n->data;
}

static inline const char *node_value(const struct node *n)
{
	return n->data + n->name_len;
}

struct node *node_new(const char *name, size_t name_len, uint32_t hash, const char *value,
		      size_t value_len, struct perms *perms, uint64_t gen);
static inline struct node *node_get(struct node *n)
{
	n->ref++;
	return n;
}
/* Lets go of a node; NULL is fine. */
void node_put(struct node *n);

/* A keyed hash, so that nobody can choose names that collide. */
uint32_t name_hash(const char *name, size_t len);
/* Sets the key; before the first node is made. */
void name_hash_seed(uint64_t seed);

/* kids.c: the children of a node, found by name, listed in the order of their creation. */

unsigned int kids_count(const struct kids *k);
/* Length of all names, each with its NUL. */
size_t kids_text(const struct kids *k);
uint64_t kids_gen(const struct kids *k);
struct node *kids_find(const struct kids *k, const char *name, size_t len, uint32_t hash);
/* The place of a child, or NULL; *ALONE becomes false if the way to it is shared. */
struct node **kids_place(const struct kids *k, const char *name, size_t len, uint32_t hash,
			 bool *alone);
/*
 * The number of times that a directory has changed or been shared.  While it stays the same, a place
 * in the store stays one, and one that was ours alone stays that.
 */
extern uint64_t kids_changes;
/*
 * How often it was other than by a new child, or by one for which its names had to move.  While it stays
 * the same, a directory that was found is where it was.
 */
extern uint64_t kids_moves;
static inline void kids_moved(void)
{
	kids_changes++;
	kids_moves++;
}
/* Makes the way to a child that is there ours alone and returns its place. */
struct node **kids_own(struct kids **k, const char *name, size_t len, uint32_t hash);
/* Adds a child, whose reference passes to the directory; no other may have its name. */
void kids_add(struct kids **k, struct node *child, uint64_t gen);
/* Removes a child that is there. */
void kids_remove(struct kids **k, const char *name, size_t len, uint32_t hash, uint64_t gen);
/*
 * Copies whole names, each with its NUL, from byte OFFSET of the list of all on, as many as fit
 * in ROOM bytes.  Returns the bytes copied.  An offset inside a name begins inside it.
 */
size_t kids_list(const struct kids *k, size_t offset, char *to, size_t room);
/* Where a child that is there stands in the order of creation; comparable within K only. */
uint64_t kids_position(const struct kids *k, const char *name, size_t len, uint32_t hash);
/* Walks in the order of creation; *POS begins at 0.  NULL at the end. */
struct node *kids_next(const struct kids *k, uint64_t *pos);
struct kids *kids_get(struct kids *k);
void kids_put(struct kids *k);
/* Frees up to BUDGET blocks that nobody refers to any more; true if there are more. */
bool kids_reap(unsigned int budget);

#endif
