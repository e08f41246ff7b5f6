/* SPDX-License-Identifier: MIT */
/*
 * Ordered set as a red-black tree, linked through a member of the objects.  The tree keeps
 * its smallest node at hand: rb_first() is O(1), insertion, removal and look-up are
 * O(log n), no call allocates.  Equal keys are kept in the order of insertion, which makes
 * a queue of equals fair.  Locking is the user's.
 *
 * Invariants, tested by rb_check() in the unit test: a red node has no red child; every way
 * from the root to a NULL link passes the same number of black nodes; the root is black.
 */
#ifndef DAIS_LIB_RBTREE_H
#define DAIS_LIB_RBTREE_H

#include "lib/types.h"

struct rb_node {
	struct rb_node *parent;
	struct rb_node *child[2]; /* [0] smaller, [1] larger */
	bool red;
};

struct rb_tree {
	struct rb_node *root;
	struct rb_node *first; /* leftmost, NULL when empty */
};

#define RB_TREE_INIT       \
	{                  \
		NULL, NULL \
	}

#define rb_entry(ptr, type, member) container_of(ptr, type, member)

/* True when @a sorts strictly before @b. */
typedef bool rb_less_fn(const struct rb_node *a, const struct rb_node *b);

static inline struct rb_node *rb_first(const struct rb_tree *tree)
{
	return tree->first;
}

/* The next in order, NULL at the end. */
struct rb_node *rb_next(const struct rb_node *node);
/* The one before, NULL at the beginning. */
struct rb_node *rb_prev(const struct rb_node *node);

void rb_insert(struct rb_tree *tree, struct rb_node *node, rb_less_fn *less);

/* @node must be in @tree. */
void rb_erase(struct rb_tree *tree, struct rb_node *node);

#define rb_for_each(node, tree) for ((node) = rb_first(tree); (node); (node) = rb_next(node))

#endif
