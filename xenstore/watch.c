// SPDX-License-Identifier: MIT
/*
 * watch.h.  Two tries: one of the tree's paths, one of special names.  The order of a client's
 * events is that of its watches' creation for one change, and that of the changes; of a removal,
 * watches below hear first, each of its own node, in the order in which a walk leaves the nodes.
 */
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "persist.h"
#include "quota.h"
#include "tree.h"

static const char *const special_name[SPECIAL_COUNT] = {"@introduceDomain", "@releaseDomain"};
static struct perms *special_rights[SPECIAL_COUNT];
static struct trie paths, specials;
static struct trie_found found;
static uint64_t last_seq, watches_all;

size_t watch_size(const struct watch *w)
{
	return mem_room(sizeof(*w) + w->path_len + w->token_len + 2u) +
	       trie_size(w->text, w->path_len);
}

uint64_t watch_count_all(void)
{
	return watches_all;
}

static struct trie *trie_of(const char *path)
{
	return path[0] == '@' ? &specials : &paths;
}

static struct watch *find(struct conn *c, const char *path, size_t path_len, const char *token,
			  size_t token_len)
{
	struct trie_node *n = trie_find(trie_of(path), path, path_len);
	struct trie_item *i = n ? trie_items(n) : NULL;

	for (; i; i = i->next) {
		struct watch *w = (struct watch *)i;

		if (w->conn == c && w->token_len == token_len && w->path_len == path_len &&
		    memcmp(w->text + path_len + 1, token, token_len) == 0)
			return w;
	}
	return NULL;
}

static size_t size_of(size_t path_len, size_t token_len)
{
	return sizeof(struct watch) + path_len + token_len + 2;
}

int watch_restore(struct conn *c, const char *path, size_t path_len, size_t home_len,
		  const char *token, size_t token_len, uint32_t depth)
{
	size_t size = size_of(path_len, token_len);
	struct watch *w;

	if (find(c, path, path_len, token, token_len))
		return EEXIST;
	/* So that finding all watches can never fail. */
	if (!trie_found_reserve(&found, watches_all + 1))
		return ENOMEM;
	w = mem_alloc(size);
	if (!w)
		return ENOMEM;
	memset(w, 0, sizeof(*w));
	w->conn = c;
	w->home_len = (uint16_t)home_len;
	w->path_len = (uint16_t)path_len;
	w->token_len = (uint16_t)token_len;
	memcpy(w->text, path, path_len);
	w->text[path_len] = 0;
	memcpy(w->text + path_len + 1, token, token_len);
	w->text[path_len + 1 + token_len] = 0;
	w->item.depth = depth;
	w->item.seq = ++last_seq;
	if (trie_add(trie_of(path), path, path_len, &w->item)) {
		mem_free(w, size);
		return ENOMEM;
	}
	w->prev = c->last_watch;
	if (w->prev)
		w->prev->next = w;
	else
		c->watches = w;
	c->last_watch = w;
	c->watch_count++;
	watches_all++;
	quota_charge(c->who.domid, QUOTA_WATCHES, 1);
	quota_charge(c->who.domid, QUOTA_MEMORY, (int64_t)watch_size(w));
	if (c->kept)
		persist_watch(c, w);
	return 0;
}

int watch_add(struct conn *c, const char *path, size_t path_len, size_t home_len, const char *token,
	      size_t token_len, uint32_t depth)
{
	size_t size = size_of(path_len, token_len) + trie_size(path, path_len);
	unsigned int domid = c->who.domid;

	if (!c->who.privileged &&
	    (quota_used(domid, QUOTA_WATCHES) >= quota_limit(domid, QUOTA_WATCHES) ||
	     quota_used(domid, QUOTA_MEMORY) + (int64_t)size > quota_limit(domid, QUOTA_MEMORY)))
		return find(c, path, path_len, token, token_len) ? EEXIST : E2BIG;
	return watch_restore(c, path, path_len, home_len, token, token_len, depth);
}

static void destroy(struct watch *w)
{
	struct conn *c = w->conn;

	if (w->prev)
		w->prev->next = w->next;
	else
		c->watches = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		c->last_watch = w->prev;
	c->watch_count--;
	watches_all--;
	trie_remove(trie_of(w->text), &w->item);
	quota_charge(c->who.domid, QUOTA_WATCHES, -1);
	quota_charge(c->who.domid, QUOTA_MEMORY, -(int64_t)watch_size(w));
	mem_free(w, sizeof(*w) + w->path_len + w->token_len + 2u);
}

int watch_remove(struct conn *c, const char *path, size_t path_len, const char *token,
		 size_t token_len)
{
	struct watch *w = find(c, path, path_len, token, token_len);

	if (!w)
		return ENOENT;
	if (c->kept)
		persist_unwatch(c, w);
	destroy(w);
	return 0;
}

void watch_remove_all(struct conn *c)
{
	while (c->watches)
		destroy(c->watches);
}

static void owe(struct watch *w)
{
	w->owed = true;
	if (w->conn->owes)
		return;
	w->conn->owes = true;
	if (w->conn->kept)
		persist_owes(w->conn);
}

void watch_owe_all(struct conn *c, bool owes)
{
	c->owes = owes;
	for (struct watch *w = c->watches; w; w = w->next)
		w->owed = owes;
}

/* One event.  One too long for a message says the watched path, which watch_add() has bounded. */
static void send_event(struct watch *w, const char *path, size_t len, const char *suffix)
{
	struct conn *c = w->conn;
	size_t home = w->home_len, more = strlen(suffix), size;
	char *to;

	if (conn_pending(c) > conn_limit(c)) {
		owe(w);
		return;
	}
	/* A change above a relative path's home cannot be said relative. */
	if (home > len)
		home = 0;
	if (len - home + more + w->token_len + 2u > XENSTORE_PAYLOAD_MAX) {
		path = w->text;
		len = w->path_len;
		home = w->home_len;
		more = 0;
	}
	size = len - home + more + w->token_len + 2u;
	to = conn_room(c, size);
	if (!to) {
		owe(w);
		return;
	}
	memcpy(to, path + home, len - home);
	memcpy(to + len - home, suffix, more);
	to += len - home + more;
	*to++ = 0;
	memcpy(to, w->text + w->path_len + 1, w->token_len + 1u);
	conn_push(c, XS_WATCH_EVENT, 0, 0, size);
}

void watch_first(struct conn *c)
{
	send_event(c->last_watch, c->last_watch->text, c->last_watch->path_len, "");
}

void watch_pay(struct conn *c)
{
	c->owes = false;
	if (c->kept)
		persist_owes(c);
	for (struct watch *w = c->watches; w; w = w->next) {
		if (!w->owed)
			continue;
		w->owed = false;
		send_event(w, w->text, w->path_len, "");
	}
}

/* Who may be told of a node: it may have been read before, and it and the one above it now. */
struct sight {
	const struct perms *before, *now, *above;
};

static struct sight sight_of(struct node *root, const char *path, size_t len,
			     const struct perms *before)
{
	struct place where;
	struct node *n = tree_look(&root, path, len, &where);

	return (struct sight){before, n ? n->perms : NULL,
			      n && where.dir ? where.dir->perms : NULL};
}

static bool reads(const struct subject *who, const struct perms *perms)
{
	return perms && perms_rights(perms, who) & RIGHT_READ;
}

static void tell(struct node *root, const char *path, size_t len, const struct perms *perms)
{
	struct sight sight = {0};
	bool looked = false;

	for (size_t i = 0; i < found.count; i++) {
		struct watch *w = (struct watch *)found.item[i];
		const struct subject *who = &w->conn->who;

		/* Once for all: a path can have a thousand names. */
		if (!who->privileged && !looked)
			sight = sight_of(root, path, len, perms);
		looked |= !who->privileged;
		if (who->privileged || reads(who, sight.before) || reads(who, sight.now) ||
		    reads(who, sight.above))
			send_event(w, path, len, "");
	}
	found.count = 0;
}

void watch_changed(struct node *root, const char *path, size_t len, const struct perms *perms)
{
	if (!paths.root)
		return;
	trie_match(&paths, path, len, &found);
	tell(root, path, len, perms);
}

/* A watched child of a node that is being told of, by where the node's list has it. */
struct below {
	uint64_t at;
	struct trie_node *t;
	struct node *n;
};

static struct below *below;
static size_t below_count, below_room;

static int by_place(const void *a, const void *b)
{
	const struct below *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Appends the watched children of N, in the order of its list.  Without memory some go untold. */
static void below_add(struct node *n, struct trie_node *t)
{
	size_t start = below_count;

	for (struct trie_node *i = trie_first_child(t); i; i = trie_next_child(i)) {
		uint32_t hash;
		size_t len;
		const char *name = trie_name(i, &len, &hash);
		struct node *child = kids_find(n->kids, name, len, hash);

		if (!child)
			continue;
		if (below_count == below_room) {
			size_t room = below_room ? below_room * 2 : 64;
			struct below *more = mem_grow(below, below_room * sizeof(*more),
						      room * sizeof(*more));

			if (!more)
				break;
			below = more;
			below_room = room;
		}
		below[below_count++] = (struct below){kids_position(n->kids, name, len, hash), i,
						      child};
	}
	if (below_count - start > 1)
		qsort(below + start, below_count - start, sizeof(*below), by_place);
}

/*
 * Watches strictly below a removed node, whose own nodes go with it and are not in AFTER, if that
 * is given.  The recursion is as deep as
 * a path has names, which a path's length bounds.
 */
static void tell_below(struct node *root, struct node *after, struct node *n, struct trie_node *t,
		       char *path, size_t len)
{
	size_t start = below_count;

	below_add(n, t);
	for (size_t i = start; i < below_count; i++) {
		struct below b = below[i];
		size_t end = len + 1 + b.n->name_len, keep = below_count;

		path[len] = '/';
		memcpy(path + len + 1, node_name(b.n), b.n->name_len);
		tell_below(root, after, b.n, b.t, path, end);
		below_count = keep;
		for (struct trie_item *item = trie_items(b.t); item; item = item->next)
			trie_found_add(&found, item);
		if (after && tree_find(after, path, end))
			found.count = 0;
		tell(root, path, end, NULL);
	}
	below_count = start;
}

static void removed_below(struct node *root, struct node *after, const char *path, size_t len)
{
	struct trie_node *t = trie_find(&paths, path, len);
	static char name[TREE_PATH_MAX];

	if (!t || !trie_first_child(t))
		return;
	memcpy(name, path, len);
	tell_below(root, after, tree_find(root, path, len), t, name, len);
}

void watch_removed(struct node *root, const char *path, size_t len, const struct perms *perms)
{
	if (!paths.root)
		return;
	removed_below(root, NULL, path, len);
	trie_match(&paths, path, len, &found);
	tell(root, path, len, perms);
}

void watch_removed_below(struct node *before, struct node *after, const char *path, size_t len)
{
	removed_below(before, after, path, len);
}

void watch_remade(struct node *root, const char *path, size_t len, const struct perms *perms)
{
	struct trie_node *t = trie_find(&paths, path, len);

	for (struct trie_item *item = t ? trie_items(t) : NULL; item; item = item->next)
		trie_found_add(&found, item);
	if (t)
		tell(root, path, len, perms);
}

enum special special_find(const char *path, size_t len)
{
	int i = 0;

	while (i < SPECIAL_COUNT &&
	       (strlen(special_name[i]) != len || memcmp(special_name[i], path, len) != 0))
		i++;
	return (enum special)i;
}

struct perms *special_perms(enum special which)
{
	return special_rights[which];
}

void special_set_perms(enum special which, struct perms *perms)
{
	if (special_rights[which])
		perms_put(special_rights[which]);
	special_rights[which] = perms;
}

void watch_special(enum special which, unsigned int domid)
{
	struct perms *perms = special_rights[which];
	struct trie_node *plain = trie_find(&specials, special_name[which],
					    strlen(special_name[which]));
	char path[64], number[16];
	int len;

	snprintf(number, sizeof(number), "/%u", domid);
	len = snprintf(path, sizeof(path), "%s%s", special_name[which], number);
	trie_match(&specials, path, (size_t)len, &found);
	/* The name without a number is what those hear who want no more than it. */
	for (struct trie_item *i = plain ? trie_items(plain) : NULL; i; i = i->next)
		if (i->depth == 0)
			trie_found_add(&found, i);
	trie_sort(&found, 0);
	for (size_t i = 0; i < found.count; i++) {
		struct watch *w = (struct watch *)found.item[i];
		bool exact = w->item.depth == 1 && w->path_len < (size_t)len;

		if (!w->conn->who.privileged &&
		    !(perms && perms_rights(perms, &w->conn->who) & RIGHT_READ))
			continue;
		send_event(w, w->text, w->path_len, exact ? number : "");
	}
	found.count = 0;
}
