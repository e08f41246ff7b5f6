// SPDX-License-Identifier: MIT
/*
 * Red-black tree.  Children are indexed by side, so that each mirrored pair of cases in the
 * textbook is one piece of code with `side` turned round.
 */
#include "lib/rbtree.h"

static unsigned int side_of(const struct rb_node *node)
{
	return node->parent->child[1] == node;
}

/* Puts @new (may be NULL) where @old hangs. */
static void replace_child(struct rb_tree *tree, struct rb_node *old, struct rb_node *new)
{
	if (!old->parent)
		tree->root = new;
	else
		old->parent->child[side_of(old)] = new;
	if (new)
		new->parent = old->parent;
}

/* @node goes down towards @side, its child from the other side takes its place. */
static void rotate(struct rb_tree *tree, struct rb_node *node, unsigned int side)
{
	struct rb_node *up = node->child[!side], *inner = up->child[side];

	replace_child(tree, node, up);
	up->child[side] = node;
	node->parent = up;
	node->child[!side] = inner;
	if (inner)
		inner->parent = node;
}

/* @node is red and just hung in; repairs red-below-red upwards. */
static void fix_insert(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *parent, *grand, *uncle;
	unsigned int side;

	while ((parent = node->parent) && parent->red) {
		grand = parent->parent; /* exists: a red node is never the root */
		side = side_of(parent);
		uncle = grand->child[!side];
		if (uncle && uncle->red) {
			parent->red = uncle->red = false;
			grand->red = true;
			node = grand;
			continue;
		}
		if (side_of(node) != side) {
			rotate(tree, parent, side);
			parent = node;
		}
		parent->red = false;
		grand->red = true;
		rotate(tree, grand, !side);
		break;
	}
	tree->root->red = false;
}

void rb_insert(struct rb_tree *tree, struct rb_node *node, rb_less_fn *less)
{
	struct rb_node **link = &tree->root, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		bool right = !less(node, *link);

		parent = *link;
		link = &parent->child[right];
		leftmost &= !right;
	}
	node->parent = parent;
	node->child[0] = node->child[1] = NULL;
	node->red = true;
	*link = node;
	if (leftmost)
		tree->first = node;
	fix_insert(tree, node);
}

/*
 * The ways through @parent's child on @side are one black node short.  That child may be
 * NULL, so it is named by its place.
 */
static void fix_erase(struct rb_tree *tree, struct rb_node *parent, unsigned int side)
{
	struct rb_node *node, *sibling;

	while (parent) {
		node = parent->child[side];
		if (node && node->red) {
			node->red = false;
			return;
		}
		sibling = parent->child[!side]; /* exists: its side has a black node more */
		if (sibling->red) {
			sibling->red = false;
			parent->red = true;
			rotate(tree, parent, side);
			sibling = parent->child[!side];
		}
		if ((!sibling->child[0] || !sibling->child[0]->red) &&
		    (!sibling->child[1] || !sibling->child[1]->red)) {
			sibling->red = true;
			node = parent;
			parent = node->parent;
			if (node->red || !parent) {
				node->red = false;
				return;
			}
			side = side_of(node);
			continue;
		}
		if (!sibling->child[!side] || !sibling->child[!side]->red) {
			sibling->child[side]->red = false;
			sibling->red = true;
			rotate(tree, sibling, !side);
			sibling = parent->child[!side];
		}
		sibling->red = parent->red;
		parent->red = false;
		sibling->child[!side]->red = false;
		rotate(tree, parent, side);
		return;
	}
	if (tree->root)
		tree->root->red = false;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *next = node->child[1];

	while (next && next->child[0])
		next = next->child[0];
	if (next)
		return next;
	while (node->parent && side_of(node))
		node = node->parent;
	return node->parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *prev = node->child[0];

	while (prev && prev->child[1])
		prev = prev->child[1];
	if (prev)
		return prev;
	while (node->parent && !side_of(node))
		node = node->parent;
	return node->parent;
}

void rb_erase(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *next = rb_next(node), *parent, *only;
	unsigned int side;
	bool red;

	if (tree->first == node)
		tree->first = next;

	if (node->child[0] && node->child[1]) {
		/* The successor has no smaller child: take it out, then let it stand in. */
		only = next->child[1];
		parent = next->parent == node ? next : next->parent;
		side = side_of(next);
		red = next->red;
		replace_child(tree, next, only);
		replace_child(tree, node, next);
		next->red = node->red;
		for (unsigned int i = 0; i < 2; i++) {
			next->child[i] = node->child[i];
			if (next->child[i])
				next->child[i]->parent = next;
		}
	} else {
		only = node->child[!node->child[0]];
		parent = node->parent;
		side = parent ? side_of(node) : 0;
		red = node->red;
		replace_child(tree, node, only);
	}
	node->parent = node->child[0] = node->child[1] = NULL;
	if (!red)
		fix_erase(tree, parent, side);
}
