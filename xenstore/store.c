// SPDX-License-Identifier: MIT
/*
 * store.h.  Each change first makes sure that it can be done (memory, quota, notes of the
 * transaction), then does it everywhere: in the tree, in the accounts, and, if at once, in the
 * journal and to the watchers.
 */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "past.h"
#include "persist.h"
#include "quota.h"
#include "tree.h"
#include "watch.h"

/* What the stored form of a node counts besides its contents, as the peer counts it. */
#define NODE_HEAD 20
#define PERM_BYTES 4

/* What a change copies above a node, where a transaction keeps that. */
#define WAY_BYTES 256

struct node *store_root;
uint64_t store_gen;

void store_init(void)
{
	struct perm dom0 = {.domid = 0};

	if (!mem_reserve(65536)) {
		fprintf(stderr, "xenstored: no memory for an empty store\n");
		exit(1);
	}
	store_root = tree_new(++store_gen);
	tree_add(&store_root, "/tool", 5, NULL, 0, store_root->perms, store_gen);
	tree_add(&store_root, "/tool/xenstored", 15, NULL, 0, store_root->perms, store_gen);
	for (int i = 0; i < SPECIAL_COUNT; i++)
		special_set_perms((enum special)i, perms_make(&dom0, 1));
}

static struct node **root_of(struct txn *t)
{
	return t ? &t->root : &store_root;
}

static struct delta *delta_of(struct txn *t, unsigned int domid)
{
	for (unsigned int i = 0; i < t->delta_count; i++)
		if (t->delta[i].domid == domid)
			return &t->delta[i];
	if (t->delta_count == t->delta_room) {
		unsigned int room = t->delta_room ? t->delta_room * 2 : 4;
		struct delta *more = mem_take(room * sizeof(*more));

		if (t->delta_count)
			memcpy(more, t->delta, t->delta_count * sizeof(*more));
		mem_free(t->delta, t->delta_room * sizeof(*more));
		t->delta = more;
		t->delta_room = room;
	}
	t->delta[t->delta_count] = (struct delta){.domid = (uint16_t)domid};
	return &t->delta[t->delta_count++];
}

static int64_t delta_nodes(const struct txn *t, unsigned int domid)
{
	for (unsigned int i = 0; t && i < t->delta_count; i++)
		if (t->delta[i].domid == domid)
			return t->delta[i].nodes;
	return 0;
}

static int64_t delta_bytes(const struct txn *t, unsigned int domid)
{
	for (unsigned int i = 0; t && i < t->delta_count; i++)
		if (t->delta[i].domid == domid)
			return t->delta[i].bytes;
	return 0;
}

void store_charge(struct txn *t, const struct node *n, int count)
{
	unsigned int domid = perms_owner(n->perms);
	int64_t bytes;

	if (!domid)
		return;
	bytes = (int64_t)node_size(n) * count;
	if (count < 0)
		past_gone(node_size(n) + WAY_BYTES);
	if (t) {
		struct delta *d = delta_of(t, domid);

		d->nodes += count;
		d->bytes += bytes;
	} else {
		quota_charge(domid, QUOTA_NODES, count);
		quota_charge(domid, QUOTA_MEMORY, bytes);
	}
}

static bool delta_fits(const struct delta *d)
{
	return (d->nodes <= 0 || quota_used(d->domid, QUOTA_NODES) + d->nodes <=
					 quota_limit(d->domid, QUOTA_NODES)) &&
	       (d->bytes <= 0 || quota_used(d->domid, QUOTA_MEMORY) + d->bytes <=
					 quota_limit(d->domid, QUOTA_MEMORY));
}

/* True if a domain may have NODES and BYTES more. */
static bool room_for(const struct txn *t, unsigned int domid, int64_t nodes, int64_t bytes)
{
	return quota_used(domid, QUOTA_NODES) + delta_nodes(t, domid) + nodes <=
		       quota_limit(domid, QUOTA_NODES) &&
	       quota_used(domid, QUOTA_MEMORY) + delta_bytes(t, domid) + bytes <=
		       quota_limit(domid, QUOTA_MEMORY);
}

static bool size_fits(const struct subject *who, const struct node *n, size_t value_len,
		      size_t more_text)
{
	size_t size = NODE_HEAD + PERM_BYTES * n->perms->count + value_len + kids_text(n->kids) +
		      more_text;

	return size < quota_limit(who->domid, QUOTA_NODE_SIZE);
}

/*
 * Of a node that T makes: whether the list that it comes into will have a size that fits.  Others may
 * have made some in the same directory since T began, with which T does not conflict.
 */
static bool list_fits(const struct txn *t, const struct note *made)
{
	size_t up = tree_parent(made->path, made->len), text;
	const struct node *then, *now, *ours;

	if (!(made->use & USE_CHANGE) || !made->final || tree_find(t->base, made->path, made->len))
		return true;
	then = tree_find(t->base, made->path, up);
	now = tree_find(store_root, made->path, up);
	ours = tree_find(t->root, made->path, up);
	if (!then || !now || kids_gen(then->kids) == kids_gen(now->kids))
		return true;
	text = kids_text(now->kids) - kids_text(then->kids);
	return size_fits(&t->conn->who, ours, ours->value_len, text);
}

/* An owner that died after T gave it a node would have it for ever. */
static bool owner_lives(const struct note *n)
{
	const struct perm *owner;

	if (!(n->use & USE_CHANGE) || !n->final)
		return true;
	owner = &n->final->perms->perm[0];
	return !owner->domid || owner->life == perm_life(owner->domid);
}

int store_may_commit(const struct txn *t)
{
	bool bound = !t->conn->who.privileged;

	for (unsigned int i = 0; bound && i < t->delta_count; i++)
		if (!delta_fits(&t->delta[i]))
			return ENOSPC;
	for (unsigned int i = 0; t->in_tree && i < t->count; i++) {
		if (!owner_lives(t->note[i]))
			return EAGAIN;
		if (bound && t->base != store_root && !list_fits(t, t->note[i]))
			return ENOSPC;
	}
	return 0;
}

/* A change that is not part of a transaction is told and kept at once. */
static void changed(struct txn *t, const char *path, size_t len, const struct node *n)
{
	if (t)
		return;
	persist_set(path, len, n);
	watch_changed(store_root, path, len, NULL);
}

int store_write(struct txn *t, const struct subject *who, struct node *n, const struct place *where,
		const char *path, size_t len, const char *value, size_t value_len)
{
	unsigned int owner = perms_owner(n->perms);
	int err;

	if (!who->privileged) {
		if (!size_fits(who, n, value_len, 0) || !txn_fits(t, path, len, value_len))
			return ENOSPC;
		if (value_len > n->value_len && owner &&
		    !room_for(t, owner, 0, (int64_t)(value_len - n->value_len)))
			return ENOSPC;
	}
	if (!t)
		past_expect(n, 1);
	err = tree_reserve(len, 1) ? txn_note(t, path, len, USE_WRITE) : ENOMEM;
	if (err)
		return err;
	txn_charge(t, path, len, value_len);
	if (owner)
		store_charge(t, n, -1);
	if (t && !t->in_tree) {
		txn_set_beside(t, n, value, value_len, ++store_gen);
		if (owner)
			store_charge(t, t->last->beside, 1);
		return 0;
	}
	store_gen++;
	if (!t) {
		past_keep(path, len, n, store_gen);
		n = tree_put(&store_root, where, path, len, value, value_len, store_gen);
	} else {
		n = tree_set(&t->root, path, len, value, value_len, NULL, store_gen);
	}
	if (owner)
		store_charge(t, n, 1);
	changed(t, path, len, n);
	return 0;
}

/* Before the tree changes in more than a value, in T or at once. */
static int into_tree(struct txn *t)
{
	past_settle();
	return txn_into_tree(t);
}

/* The end of the next name after AT, which is 1 for the root and else the end of a name. */
static size_t next_end(const char *path, size_t len, size_t at)
{
	size_t from = at > 1 ? at + 1 : 1;
	const char *slash = memchr(path + from, '/', len - from);

	return slash ? (size_t)(slash - path) : len;
}

/*
 * Notes what will be made below AT, and the node there, whose rights it takes: upwards, which is
 * the order in which the stock daemon comes to them, and tells of them.
 */
static int note_made(struct txn *t, const char *path, size_t len, size_t at)
{
	int err = txn_note(t, path, len, USE_WRITE);

	while (t && !err && len > at) {
		len = tree_parent(path, len);
		err = txn_note(t, path, len, len > at ? USE_MADE : USE_PERMS);
	}
	return err;
}

int store_make(struct txn *t, const struct subject *who, const struct place *where,
	       const char *path, size_t len, const char *value, size_t value_len)
{
	int err = into_tree(t);
	unsigned int made = 0;
	struct place made_here;
	struct perms *perms;
	struct node *above, *n = NULL;
	size_t at, next;

	if (err)
		return err;
	if (place_has_dir(where)) {
		above = where->dir;
		at = tree_parent(path, len);
	} else {
		above = tree_deepest(store_view(t), path, len, &at);
	}
	for (next = at; next < len; made++)
		next = next_end(path, len, next);
	if (!who->privileged) {
		size_t name = len - at;

		if (!size_fits(who, above, above->value_len, name) ||
		    !txn_fits(t, path, len, value_len) ||
		    NODE_HEAD + PERM_BYTES * above->perms->count + value_len >=
			    quota_limit(who->domid, QUOTA_NODE_SIZE) ||
		    !room_for(t, who->domid, made, (int64_t)(value_len + made * 64 + name)))
			return ENOSPC;
	}
	/* One where something is already, the others each in the one before: on its way. */
	err = tree_reserve(len, 2) ? note_made(t, path, len, at) : ENOMEM;
	if (err)
		return err;
	txn_charge(t, path, len, value_len);
	perms = who->privileged ? perms_get(above->perms) : perms_inherit(above->perms, who->domid);
	store_gen++;
	while (at < len) {
		bool last;

		at = next_end(path, len, at);
		last = at == len;
		n = tree_make(root_of(t), where, path, at, last ? value : NULL,
			      last ? value_len : 0, perms, store_gen);
		/* The next is in this one, which is ours, as is the way to it. */
		made_here = (struct place){.dir = n, .when = kids_changes, .alone = true};
		where = &made_here;
		if (perms_owner(perms))
			store_charge(t, n, 1);
		if (!last && !t)
			persist_set(path, at, n);
	}
	perms_put(perms);
	changed(t, path, len, n);
	return 0;
}

void store_take_out(struct txn *t, const char *path, size_t len)
{
	struct node *n = tree_remove(root_of(t), path, len, store_gen), *each;
	struct tree_walk walk;
	size_t depth;

	if (n->guest) {
		tree_walk_begin(&walk, n);
		walk.guests_only = true;
		while ((each = tree_walk_next(&walk, &depth)))
			store_charge(t, each, -1);
		tree_walk_end(&walk);
	}
	if (!t)
		persist_remove(path, len);
	node_put(n);
}

int store_remove(struct txn *t, const char *path, size_t len)
{
	int err;

	err = into_tree(t);
	if (!err)
		err = tree_reserve(len, 2) ? txn_note(t, path, len, USE_REMOVE) : ENOMEM;
	if (err)
		return err;
	store_gen++;
	if (t) {
		store_take_out(t, path, len);
		return 0;
	}
	/* Watchers below are told what they may read, by the tree that still has it. */
	watch_removed(store_root, path, len, NULL);
	store_take_out(NULL, path, len);
	return 0;
}

int store_set_perms(struct txn *t, const struct subject *who, const char *path, size_t len,
		    struct perms *perms)
{
	struct perms *before;
	struct node *n;
	int err = into_tree(t);

	n = tree_find(store_view(t), path, len);
	if (!err && !who->privileged &&
	    NODE_HEAD + PERM_BYTES * perms->count + n->value_len + kids_text(n->kids) >=
		    quota_limit(who->domid, QUOTA_NODE_SIZE))
		err = ENOSPC;
	if (!err)
		err = tree_reserve(len, 1) ? txn_note(t, path, len, USE_WRITE) : ENOMEM;
	if (!err)
		err = quota_open(perms_owner(perms));
	if (err)
		return err;
	store_charge(t, n, -1);
	before = perms_get(n->perms);
	n = tree_set(root_of(t), path, len, NULL, 0, perms, ++store_gen);
	store_charge(t, n, 1);
	/* Those are told who could see it before. */
	if (!t) {
		persist_set(path, len, n);
		watch_changed(store_root, path, len, before);
	}
	perms_put(before);
	return 0;
}

/* The root stays when its owner goes, and is dom0's as at the beginning. */
static void root_to_dom0(void)
{
	static const struct subject dom0 = {.target = DOMID_LIMIT, .privileged = true};
	struct perms *perms;

	if (!mem_reserve(65536))
		return;
	perms = perms_inherit(store_root->perms, 0);
	store_set_perms(NULL, &dom0, "/", 1, perms);
	perms_put(perms);
}

void store_remove_owned(unsigned int domid)
{
	char path[TREE_PATH_MAX];

	/* The walk is over the store of before; what it finds may be gone with something above. */
	while (quota_used(domid, QUOTA_NODES) > 0) {
		struct tree_walk walk;
		struct node *n;
		size_t depth, len;
		bool any = false;

		tree_walk_begin(&walk, store_root);
		walk.guests_only = true;
		while ((n = tree_walk_next(&walk, &depth))) {
			if (!depth || perms_owner(n->perms) != domid)
				continue;
			len = tree_walk_path(&walk, path);
			if (tree_find(store_root, path, len))
				any |= store_remove(NULL, path, len) == 0;
		}
		tree_walk_end(&walk);
		if (!any)
			break;
	}
	if (domid && perms_owner(store_root->perms) == domid)
		root_to_dom0();
}

bool store_replay_set(const char *path, size_t len, const char *value, size_t value_len,
		      struct perms *perms)
{
	struct node *n = tree_find(store_root, path, len);
	size_t at;

	if (!tree_reserve(len, 1) || quota_open(perms_owner(perms)))
		return false;
	if (n) {
		store_charge(NULL, n, -1);
		tree_set(&store_root, path, len, value, value_len, perms, ++store_gen);
	} else {
		/*
		 * What a transaction made stands in the order of first use, a child perhaps before
		 * its parent, which then comes in the same batch with its own value and rights.
		 */
		tree_deepest(store_root, path, len, &at);
		if (!at || !tree_reserve(len, 2))
			return false;
		while ((at = next_end(path, len, at)) < len) {
			tree_add(&store_root, path, at, NULL, 0, perms, ++store_gen);
			store_charge(NULL, tree_find(store_root, path, at), 1);
		}
		tree_add(&store_root, path, len, value, value_len, perms, ++store_gen);
	}
	store_charge(NULL, tree_find(store_root, path, len), 1);
	return true;
}

bool store_replay_remove(const char *path, size_t len)
{
	if (!tree_reserve(len, 1))
		return false;
	if (len > 1 && tree_find(store_root, path, len))
		store_take_out(NULL, path, len);
	return true;
}
