/* SPDX-License-Identifier: MIT */
/*
 * The tree of nodes: finding, and changing what one root leads to (node.h has the invariants).
 * Paths are absolute and well-formed: "/" or "/name/name", LEN bytes without a NUL.
 *
 * Functions that change need memory that tree_reserve() has promised; they cannot fail.
 */
#ifndef XENSTORE_TREE_H
#define XENSTORE_TREE_H

#include "node.h"
#include "perm.h"

/* A root alone, owned by dom0 and readable by it only. */
struct node *tree_new(uint64_t gen);

/* True if memory for COUNT changes below paths of up to LEN bytes is there. */
bool tree_reserve(size_t len, unsigned int count);

struct node *tree_find(struct node *root, const char *path, size_t len);
/*
 * Where a node stands, as long as no directory changes (kids_changes): what was found need not be
 * looked for again.  AT is NULL for what is not there.
 */
struct place {
	struct node **at;
	struct node *dir; /* what it is in, or would be: NULL if that is not there, or not known */
	uint64_t when;
	bool alone; /* nothing on the way there is shared: the node can be changed */
};

static inline bool place_holds(const struct place *p)
{
	return p->at && p->when == kids_changes;
}

static inline bool place_has_dir(const struct place *p)
{
	return p->dir && p->when == kids_changes;
}

/* The same as tree_find(), and where that is. */
struct node *tree_look(struct node **root, const char *path, size_t len, struct place *where);
/* Another holds this tree from now on, whose reference this is. */
struct node *tree_hold(struct node *root);
/* The deepest node that is there on the way to PATH; *AT is the length of its own path. */
struct node *tree_deepest(struct node *root, const char *path, size_t len, size_t *at);
/* Length of the parent's path ("/" has none: 0). */
size_t tree_parent(const char *path, size_t len);

/*
 * Gives a node that is there a value (NULL: it keeps its own) and rights (NULL: likewise).  Returns
 * the node as it is now.
 */
struct node *tree_set(struct node **root, const char *path, size_t len, const char *value,
		      size_t value_len, struct perms *perms, uint64_t gen);
/* The same with a value alone, for a node that was looked for; WHERE need not hold any more. */
struct node *tree_put(struct node **root, const struct place *where, const char *path, size_t len,
		      const char *value, size_t value_len, uint64_t gen);
/*
 * The same with the value and the generation of N, made from what stands at WHERE: that stays where it is
 * in memory, and N becomes its earlier self.  False if WHERE holds no more, the node has children, or the
 * values are large or differ much in length.
 */
bool tree_exchange(const struct place *where, struct node *n);
/* The same by N itself in its place.  False if WHERE holds no more, or the node has children. */
bool tree_swap(const struct place *where, struct node *n);
/* Adds a node that is not there, to a parent that is, and returns it. */
struct node *tree_add(struct node **root, const char *path, size_t len, const char *value,
		      size_t value_len, struct perms *perms, uint64_t gen);
/* The same for a node that was looked for; WHERE need not hold any more. */
struct node *tree_make(struct node **root, const struct place *where, const char *path, size_t len,
		       const char *value, size_t value_len, struct perms *perms, uint64_t gen);
/* Removes a node that is there, not the root, and hands out a reference to it. */
struct node *tree_remove(struct node **root, const char *path, size_t len, uint64_t gen);

/* Bytes a node takes that its owner answers for. */
size_t node_size(const struct node *n);

/* Frees some of what was let go of; true if there is more. */
bool tree_reap(unsigned int budget);

/*
 * Walks a tree, each node before its children, these in the order of creation.  The walk holds
 * the root, and may pause between any two nodes.
 */
struct tree_step {
	struct node *node;
	uint64_t pos;
};

struct tree_walk {
	struct node *root;
	struct tree_step *step;
	size_t depth, room; /* steps in use, allocated */
	bool guests_only; /* leave out subtrees that only dom0 owns */
	bool failed; /* ended before its end: memory was out */
};

void tree_walk_begin(struct tree_walk *w, struct node *root);
/* The next node, or NULL at the end; *DEPTH is 0 for the root.  The path is that of the steps. */
struct node *tree_walk_next(struct tree_walk *w, size_t *depth);
/* Writes the path of the node last returned and returns its length; TO has room for any path. */
size_t tree_walk_path(const struct tree_walk *w, char *to);
void tree_walk_end(struct tree_walk *w);

/* Longest path that can come into being: a relative one below /local/domain/N. */
#define TREE_PATH_MAX 4096

#endif
