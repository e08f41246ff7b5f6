// SPDX-License-Identifier: MIT
/*
 * tree.h.  A change walks from the root to its node, making each node on the way its own (own()),
 * and then changes the last.
 */
#include "tree.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* What a change can take at most per step of the way: a node, its directory, and their parts. */
#define STEP_NEED 14336
/* And once: a directory that outgrows its leaf, with the longest names. */
#define CHANGE_NEED 98304
/* A value over this is not copied where its node can change its place instead. */
#define EXCHANGE_MAX 256

static size_t block_size(size_t name_len, size_t value_len)
{
	return offsetof(struct node, data) + name_len + value_len;
}

size_t node_size(const struct node *n)
{
	return mem_room(block_size(n->name_len, n->value_len));
}

struct node *node_new(const char *name, size_t name_len, uint32_t hash, const char *value,
		      size_t value_len, struct perms *perms, uint64_t gen)
{
	struct node *n = mem_take(block_size(name_len, value_len));

	n->ref = 1;
	n->hash = hash;
	n->gen = gen;
	n->perms = perms_get(perms);
	n->kids = NULL;
	n->name_len = (uint16_t)name_len;
	n->value_len = (uint16_t)value_len;
	n->guest = perms_owner(perms) != 0;
	memcpy(n->data, name, name_len);
	if (value_len)
		memcpy(n->data + name_len, value, value_len);
	return n;
}

void node_free(struct node *n);

void node_free(struct node *n)
{
	perms_put(n->perms);
	mem_free(n, block_size(n->name_len, n->value_len));
}

struct node *tree_new(uint64_t gen)
{
	struct perm dom0 = {.domid = 0};
	struct perms *perms = perms_make(&dom0, 1);
	struct node *root = node_new("", 0, 0, NULL, 0, perms, gen);

	perms_put(perms);
	return root;
}

bool tree_reserve(size_t len, unsigned int count)
{
	/* A name has a letter at least. */
	size_t steps = len / 2 + 1, way = steps * STEP_NEED, ways = count * way;

	/* What is copied for one way is not copied for the others. */
	if (ways > mem_used() + way)
		ways = mem_used() + way;
	return mem_reserve(ways + count * CHANGE_NEED);
}

/* The next name of a path from *AT on: its start, and *LEN; NULL at the end. */
static inline const char *next_name(const char *path, size_t len, size_t *at, size_t *name_len)
{
	const char *name = path + *at + 1, *slash;

	if (*at + 1 >= len)
		return NULL;
	slash = memchr(name, '/', len - *at - 1);
	*name_len = slash ? (size_t)(slash - name) : len - *at - 1;
	*at += 1 + *name_len;
	return name;
}

struct node *tree_deepest(struct node *root, const char *path, size_t len, size_t *at)
{
	struct node *n = root, *child;
	size_t end = 0, name_len;
	const char *name;

	*at = len ? 1 : 0;
	while ((name = next_name(path, len, &end, &name_len))) {
		child = kids_find(n->kids, name, name_len, name_hash(name, name_len));
		if (!child)
			break;
		n = child;
		*at = end;
	}
	return n;
}

struct node *tree_find(struct node *root, const char *path, size_t len)
{
	size_t at;
	struct node *n = tree_deepest(root, path, len, &at);

	return at == len ? n : NULL;
}

struct node *tree_look(struct node **root, const char *path, size_t len, struct place *where)
{
	struct node **place = root, *dir = NULL;
	size_t at = 0, name_len;
	bool alone = true;
	const char *name;

	while (place && (name = next_name(path, len, &at, &name_len))) {
		dir = *place;
		alone &= dir->ref == 1;
		place = kids_place(dir->kids, name, name_len, name_hash(name, name_len), &alone);
	}
	*where = (struct place){place, at == len ? dir : NULL, kids_changes, alone};
	return place ? *place : NULL;
}

struct node *tree_hold(struct node *root)
{
	kids_moved();
	return node_get(root);
}

size_t tree_parent(const char *path, size_t len)
{
	if (len <= 1)
		return 0;
	while (path[--len] != '/')
		;
	return len ? len : 1;
}

static struct node *own(struct node **place)
{
	struct node *n = *place, *was = n;

	if (n->ref == 1)
		return n;
	if (n->kids)
		kids_moved();
	n = node_new(node_name(was), was->name_len, was->hash, node_value(was), was->value_len,
		     was->perms, was->gen);
	n->guest = was->guest;
	n->kids = kids_get(was->kids);
	node_put(was);
	*place = n;
	return n;
}

/* The place of a node that is there, it and all above it ours; GUEST marks the way. */
static struct node **own_path(struct node **root, const char *path, size_t len, bool guest)
{
	struct node **place = root, *n = own(root);
	size_t at = 0, name_len;
	const char *name;

	if (guest)
		n->guest = true;
	while ((name = next_name(path, len, &at, &name_len))) {
		place = kids_own(&n->kids, name, name_len, name_hash(name, name_len));
		n = own(place);
		if (guest)
			n->guest = true;
	}
	return place;
}

/* A node that is ours gets a value. */
static struct node *set_value(struct node **place, const char *value, size_t value_len,
			      uint64_t gen)
{
	struct node *n = *place;

	n->gen = gen;
	if (mem_room(block_size(n->name_len, n->value_len)) !=
	    mem_room(block_size(n->name_len, value_len))) {
		struct node *was = n;

		n = mem_take(block_size(n->name_len, value_len));
		memcpy(n, was, block_size(was->name_len, 0));
		mem_free(was, block_size(was->name_len, was->value_len));
		*place = n;
		if (n->kids)
			kids_moved();
	}
	n->value_len = (uint16_t)value_len;
	if (value_len)
		memcpy(n->data + n->name_len, value, value_len);
	return n;
}

struct node *tree_set(struct node **root, const char *path, size_t len, const char *value,
		      size_t value_len, struct perms *perms, uint64_t gen)
{
	struct node **place = own_path(root, path, len, perms && perms_owner(perms)), *n = *place;

	n->gen = gen;
	if (perms && perms != n->perms) {
		perms_get(perms);
		perms_put(n->perms);
		n->perms = perms;
	}
	return value ? set_value(place, value, value_len, gen) : n;
}

struct node *tree_put(struct node **root, const struct place *where, const char *path, size_t len,
		      const char *value, size_t value_len, uint64_t gen)
{
	if (!where->alone || !place_holds(where))
		return tree_set(root, path, len, value, value_len, NULL, gen);
	own(where->at);
	return set_value(where->at, value, value_len, gen);
}

bool tree_exchange(const struct place *where, struct node *n)
{
	struct node *is = place_holds(where) && where->alone ? *where->at : NULL;
	uint16_t len = n->value_len;
	uint64_t gen = n->gen;
	char value[EXCHANGE_MAX];

	if (!is || is->ref != 1 || is->kids || n->kids || len > EXCHANGE_MAX ||
	    mem_room(block_size(is->name_len, is->value_len)) !=
		    mem_room(block_size(n->name_len, len)))
		return false;
	memcpy(value, node_value(n), len);
	n->gen = is->gen;
	n->value_len = is->value_len;
	memcpy(n->data + n->name_len, node_value(is), is->value_len);
	is->gen = gen;
	is->value_len = len;
	memcpy(is->data + is->name_len, value, len);
	return true;
}

bool tree_swap(const struct place *where, struct node *n)
{
	struct node *was;

	if (!where->alone || !place_holds(where))
		return false;
	was = *where->at;
	if (was->kids || n->kids)
		return false;
	n->guest = was->guest;
	*where->at = node_get(n);
	node_put(was);
	return true;
}

struct node *tree_make(struct node **root, const struct place *where, const char *path, size_t len,
		       const char *value, size_t value_len, struct perms *perms, uint64_t gen)
{
	size_t up = tree_parent(path, len);
	const char *name = up == 1 ? path + 1 : path + up + 1;
	size_t name_len = (size_t)(path + len - name);
	bool guest = perms_owner(perms) != 0;
	struct node *n = node_new(name, name_len, name_hash(name, name_len), value, value_len,
				  perms, gen);
	struct node *dir = where->dir;

	if (!where->alone || !place_has_dir(where) || (guest && !dir->guest))
		dir = *own_path(root, path, up, guest);
	kids_add(&dir->kids, n, gen);
	return n;
}

struct node *tree_add(struct node **root, const char *path, size_t len, const char *value,
		      size_t value_len, struct perms *perms, uint64_t gen)
{
	static const struct place nowhere;

	return tree_make(root, &nowhere, path, len, value, value_len, perms, gen);
}

struct node *tree_remove(struct node **root, const char *path, size_t len, uint64_t gen)
{
	size_t up = tree_parent(path, len);
	const char *name = up == 1 ? path + 1 : path + up + 1;
	size_t name_len = (size_t)(path + len - name);
	uint32_t hash = name_hash(name, name_len);
	struct node *parent = *own_path(root, path, up, false);
	struct node *n = node_get(kids_find(parent->kids, name, name_len, hash));

	kids_remove(&parent->kids, name, name_len, hash, gen);
	return n;
}

bool tree_reap(unsigned int budget)
{
	return kids_reap(budget);
}

void tree_walk_begin(struct tree_walk *w, struct node *root)
{
	*w = (struct tree_walk){.root = tree_hold(root)};
}

static bool walk_push(struct tree_walk *w, struct node *n)
{
	if (w->depth == w->room) {
		size_t room = w->room ? w->room * 2 : 32;
		struct tree_step *step;

		/* A removal, which has reserved more than this, must not be cut short. */
		if (!mem_reserve(room * sizeof(*step))) {
			w->failed = true;
			return false;
		}
		step = mem_take(room * sizeof(*step));
		if (w->depth)
			memcpy(step, w->step, w->depth * sizeof(*step));
		mem_free(w->step, w->room * sizeof(*step));
		w->step = step;
		w->room = room;
	}
	w->step[w->depth++] = (struct tree_step){n, 0};
	return true;
}

struct node *tree_walk_next(struct tree_walk *w, size_t *depth)
{
	struct node *child;

	if (!w->step) {
		*depth = 0;
		return walk_push(w, w->root) ? w->root : NULL;
	}
	while (w->depth) {
		struct tree_step *top = &w->step[w->depth - 1];

		child = kids_next(top->node->kids, &top->pos);
		if (!child) {
			w->depth--;
			continue;
		}
		if (w->guests_only && !child->guest)
			continue;
		*depth = w->depth;
		return walk_push(w, child) ? child : NULL;
	}
	return NULL;
}

size_t tree_walk_path(const struct tree_walk *w, char *to)
{
	size_t len = 0;

	for (size_t i = 1; i < w->depth; i++) {
		const struct node *n = w->step[i].node;

		to[len++] = '/';
		memcpy(to + len, node_name(n), n->name_len);
		len += n->name_len;
	}
	if (!len)
		to[len++] = '/';
	return len;
}

void tree_walk_end(struct tree_walk *w)
{
	mem_free(w->step, w->room * sizeof(*w->step));
	node_put(w->root);
	w->step = NULL;
	w->root = NULL;
	w->depth = w->room = 0;
}
