// SPDX-License-Identifier: MIT
/*
 * lib/rbtree.c: random insertions and removals, after each of which the red-black rules,
 * the parent links, the order and the cached first node are tested.
 */
#include "check.h"

#include <stdlib.h>

#include "lib/rbtree.h"

struct item {
	struct rb_node node;
	int key;
	unsigned int seq; /* of insertion: equals must keep it */
	bool in;
};

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct item, node)->key < rb_entry(b, struct item, node)->key;
}

/* Black height, checking the rules on the way. */
static int rb_check(const struct rb_node *node)
{
	int height[2] = {0, 0};

	if (!node)
		return 1;
	for (int i = 0; i < 2; i++) {
		const struct rb_node *child = node->child[i];

		if (child) {
			CHECK(child->parent == node);
			CHECK(!(node->red && child->red));
		}
		height[i] = rb_check(child);
	}
	CHECK_EQ(height[0], height[1]);
	return height[0] + !node->red;
}

static void check_tree(const struct rb_tree *tree, const struct item *items, size_t n)
{
	struct rb_node *node, *prev = NULL;
	size_t members = 0, seen = 0;

	CHECK(!tree->root || (!tree->root->red && !tree->root->parent));
	rb_check(tree->root);
	for (size_t i = 0; i < n; i++)
		members += items[i].in;
	rb_for_each(node, tree)
	{
		const struct item *a, *b = rb_entry(node, struct item, node);

		if (prev) {
			a = rb_entry(prev, struct item, node);
			CHECK(a->key < b->key || (a->key == b->key && a->seq < b->seq));
		}
		prev = node;
		seen++;
	}
	CHECK_EQ(seen, members);
	CHECK_EQ(!tree->root, members == 0);
}

int main(void)
{
	static struct item items[200];
	struct rb_tree tree = RB_TREE_INIT;
	unsigned int seq = 0;

	srand(1);
	for (int round = 0; round < 6000; round++) {
		/* The live part of the array grows and shrinks, so the tree empties too. */
		size_t span = 1 + (size_t)(round / 30 % 200);
		struct item *item = &items[(size_t)rand() % span];

		if (round % 1000 == 999) {
			for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
				if (items[i].in)
					rb_erase(&tree, &items[i].node);
				items[i].in = false;
			}
			CHECK(!tree.root && !rb_first(&tree));
		} else if (item->in) {
			rb_erase(&tree, &item->node);
			item->in = false;
		} else {
			item->key = rand() % 50;
			item->seq = seq++;
			item->in = true;
			rb_insert(&tree, &item->node, item_less);
		}
		if (round % 7 == 0)
			check_tree(&tree, items, ARRAY_SIZE(items));
	}
	return check_done("rbtree");
}
