// SPDX-License-Identifier: MIT
/* txn.h: notes of what was used, the check against the store of now, and carrying it over. */
#include "txn.h"

#include <errno.h>
#include <string.h>

#include "mem.h"
#include "past.h"
#include "persist.h"
#include "prefetch.h"
#include "quota.h"
#include "recent.h"
#include "store.h"
#include "tree.h"
#include "watch.h"

static uint64_t txns_all;

uint64_t txn_count_all(void)
{
	return txns_all;
}

static uint64_t hash_bit(uint32_t hash)
{
	return 1ull << (hash & 63);
}

static struct note *note_find(const struct txn *t, const char *path, size_t len, uint32_t hash)
{
	/* Most are new, and most of those need not be looked for. */
	if (!(t->hashes[hash >> 6 & 3] & hash_bit(hash)))
		return NULL;
	if (t->table) {
		for (uint32_t i = hash;; i++) {
			uint32_t at = t->table[i & (t->table_size - 1)];
			struct note *n = at ? t->note[at - 1] : NULL;

			if (!n ||
			    (n->hash == hash && n->len == len && memcmp(n->path, path, len) == 0))
				return n;
		}
	}
	for (unsigned int i = 0; i < t->count; i++) {
		struct note *n = t->note[i];

		if (n->hash == hash && n->len == len && memcmp(n->path, path, len) == 0)
			return n;
	}
	return NULL;
}

static void table_put(struct txn *t, uint32_t hash, uint32_t number)
{
	uint32_t i = hash;

	while (t->table[i & (t->table_size - 1)])
		i++;
	t->table[i & (t->table_size - 1)] = number;
}

/* Room for one note more; from 16 notes on they are found through a table. */
static bool notes_grow(struct txn *t)
{
	unsigned int room = t->room ? t->room * 2 : 8;
	struct note **note;

	if (t->count < t->room)
		return true;
	note = mem_grow(t->note, t->room * sizeof(*note), room * sizeof(*note));
	if (!note)
		return false;
	t->note = note;
	t->room = room;
	if (room > 16) {
		uint32_t *table = mem_alloc(room * 2 * sizeof(*table));

		if (!table)
			return false;
		mem_free(t->table, t->table_size * sizeof(*table));
		memset(table, 0, room * 2 * sizeof(*table));
		t->table = table;
		t->table_size = room * 2;
		for (unsigned int i = 0; i < t->count; i++)
			table_put(t, t->note[i]->hash, i + 1);
	}
	return true;
}

int txn_note(struct txn *t, const char *path, size_t len, enum txn_use use)
{
	int64_t size = (int64_t)mem_room(sizeof(struct note) + len);
	unsigned int domid;
	uint32_t hash;
	struct note *n;

	if (!t)
		return 0;
	n = t->last;
	if (n && n->len == len && memcmp(n->path, path, len) == 0) {
		n->use |= (uint8_t)use;
		return 0;
	}
	hash = name_hash(path, len);
	n = note_find(t, path, len, hash);
	if (n) {
		n->use |= (uint8_t)use;
		t->last = n;
		return 0;
	}
	domid = t->conn->who.domid;
	if (!t->conn->who.privileged &&
	    (t->count >= quota_limit(domid, QUOTA_TRANSACTION_NODES) ||
	     quota_used(domid, QUOTA_MEMORY) + size > quota_limit(domid, QUOTA_MEMORY)))
		return ENOSPC;
	if (!notes_grow(t))
		return ENOMEM;
	n = mem_alloc(sizeof(*n) + len);
	if (!n)
		return ENOMEM;
	n->hash = hash;
	n->len = (uint16_t)len;
	n->use = (uint8_t)use;
	n->charged = 0;
	n->beside = NULL;
	n->place.at = NULL;
	memcpy(n->path, path, len);
	t->bytes += size;
	quota_charge(domid, QUOTA_MEMORY, size);
	t->note[t->count++] = n;
	t->hashes[hash >> 6 & 3] |= hash_bit(hash);
	t->last = n;
	if (t->table)
		table_put(t, hash, t->count);
	return 0;
}

/* What a changed node takes besides its value: its copy's head, and its part of those above. */
#define COPY_HEAD 256

static int64_t copy_more(const struct txn *t, const char *path, size_t len, size_t value_len,
			 struct note **note)
{
	int64_t size = (int64_t)(COPY_HEAD + value_len);

	*note = note_find(t, path, len, name_hash(path, len));
	return *note && (*note)->charged >= size ? 0 : size - (*note ? (*note)->charged : 0);
}

bool txn_fits(const struct txn *t, const char *path, size_t len, size_t value_len)
{
	struct note *note;
	unsigned int domid;

	if (!t)
		return true;
	domid = t->conn->who.domid;
	return quota_used(domid, QUOTA_MEMORY) + copy_more(t, path, len, value_len, &note) <=
	       quota_limit(domid, QUOTA_MEMORY);
}

void txn_charge(struct txn *t, const char *path, size_t len, size_t value_len)
{
	struct note *note;
	int64_t more;

	if (!t || t->conn->who.privileged)
		return;
	more = copy_more(t, path, len, value_len, &note);
	if (!note)
		return;
	note->charged += (uint32_t)more;
	t->bytes += more;
	quota_charge(t->conn->who.domid, QUOTA_MEMORY, more);
}

void txn_set_beside(struct txn *t, const struct node *n, const char *value, size_t value_len,
		    uint64_t gen)
{
	struct note *note = t->last;
	struct node *made = node_new(node_name(n), n->name_len, n->hash, value, value_len, n->perms,
				     gen);

	made->guest = n->guest;
	made->kids = kids_get(n->kids);
	t->beside += !note->beside;
	node_put(note->beside);
	note->beside = made;
}

int txn_into_tree(struct txn *t)
{
	size_t longest = 0;

	if (!t)
		return 0;
	t->in_tree = true;
	if (!t->beside)
		return 0;
	for (unsigned int i = 0; i < t->count; i++)
		if (t->note[i]->beside && t->note[i]->len > longest)
			longest = t->note[i]->len;
	if (!tree_reserve(longest, t->beside))
		return ENOMEM;
	for (unsigned int i = 0; i < t->count; i++) {
		struct note *n = t->note[i];

		if (!n->beside)
			continue;
		tree_set(&t->root, n->path, n->len, node_value(n->beside), n->beside->value_len,
			 NULL, n->beside->gen);
		node_put(n->beside);
		n->beside = NULL;
	}
	t->beside = 0;
	return 0;
}

static struct txn *begin(struct conn *c, uint32_t id)
{
	struct txn *t = mem_alloc(sizeof(*t));

	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->id = id;
	t->conn = c;
	past_enter(t);
	t->next = c->txns;
	c->txns = t;
	c->txn_count++;
	txns_all++;
	quota_charge(c->who.domid, QUOTA_TRANSACTIONS, 1);
	return t;
}

static bool has_all(const struct conn *c)
{
	return !c->who.privileged && c->txn_count >= quota_limit(c->who.domid, QUOTA_TRANSACTIONS);
}

int txn_begin(struct conn *c, uint32_t *id)
{
	if (has_all(c))
		return ENOSPC;
	while (!c->next_tx || txn_find(c, c->next_tx))
		c->next_tx++;
	*id = c->next_tx;
	if (!begin(c, *id))
		return ENOMEM;
	c->next_tx++;
	return 0;
}

struct txn *txn_begin_doomed(struct conn *c, uint32_t id)
{
	struct txn *t = has_all(c) ? NULL : begin(c, id);

	if (t)
		t->doomed = true;
	return t;
}

struct txn *txn_find(struct conn *c, uint32_t id)
{
	struct txn *t = c->txns;

	while (t && t->id != id)
		t = t->next;
	return t;
}

void txn_end(struct txn *t)
{
	struct conn *c = t->conn;
	struct txn **at = &c->txns;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	c->txn_count--;
	txns_all--;
	quota_charge(c->who.domid, QUOTA_TRANSACTIONS, -1);
	quota_charge(c->who.domid, QUOTA_MEMORY, -t->bytes);
	past_leave(t);
	node_put(t->root);
	node_put(t->base);
	for (unsigned int i = 0; i < t->count; i++) {
		node_put(t->note[i]->beside);
		mem_free(t->note[i], sizeof(*t->note[i]) + t->note[i]->len);
	}
	mem_free(t->note, t->room * sizeof(struct note *));
	mem_free(t->table, t->table_size * sizeof(uint32_t));
	mem_free(t->delta, t->delta_room * sizeof(*t->delta));
	mem_free(t, sizeof(*t));
}

void txn_abort_all(struct conn *c)
{
	while (c->txns)
		txn_end(c->txns);
}

/* What stands in the store of now where a note says. */
static struct node *node_now(struct note *n)
{
	return place_holds(&n->place) ? *n->place.at
				      : recent_look(&store_root, n->path, n->len, &n->place);
}

/* True if what was used of a node is in the store as it was at the beginning. */
static bool unchanged(const struct txn *t, struct note *n)
{
	struct node *now = node_now(n), *then;

	n->now = now;
	/* Without a root only values can have changed. */
	if (!t->base)
		return !now || now->gen <= t->gen || !(n->use & (USE_READ | USE_WRITE));
	then = tree_find(t->base, n->path, n->len);
	if (then == now)
		return true;
	if (!then || !now)
		return false;
	if (n->use & USE_REMOVE)
		return false;
	if (n->use & (USE_READ | USE_WRITE) && then->gen != now->gen)
		return false;
	if (n->use & USE_LIST && kids_gen(then->kids) != kids_gen(now->kids))
		return false;
	return !(n->use & USE_PERMS) || then->perms == now->perms;
}

/* Makes a node of the transaction's tree in the store, and before it its missing parents. */
static void carry_over(struct txn *t, const char *path, size_t len)
{
	struct place where = {0};
	struct node *n, *made;
	size_t at;

	tree_deepest(store_root, path, len, &at);
	n = tree_find(t->root, path, at);
	while (at < len) {
		size_t from = at > 1 ? at + 1 : 1;
		const char *slash = memchr(path + from, '/', len - from);

		at = slash ? (size_t)(slash - path) : len;
		n = kids_find(n->kids, path + from, at - from, name_hash(path + from, at - from));
		made = tree_make(&store_root, &where, path, at, node_value(n), n->value_len,
				 n->perms, store_gen);
		/* The next is in this one, which is ours, as is the way to it. */
		where = (struct place){.dir = made, .when = kids_changes, .alone = true};
		store_charge(NULL, n, 1);
		persist_set(path, at, n);
	}
}

/*
 * The store has moved on, but not in what this transaction used: its changes are made again
 * there.  Removals first, so that what was made anew afterwards stays.
 */
static void replay(struct txn *t)
{
	/* Until the first removal or creation, what the check found is still there, and held. */
	bool as_found = true;

	for (unsigned int i = 0; i < t->count; i++) {
		struct note *n = t->note[i];

		if (!(n->use & USE_CHANGE) || (n->final && !(n->use & USE_REMOVE)))
			continue;
		if (as_found ? !n->now : !tree_find(store_root, n->path, n->len))
			continue;
		store_take_out(NULL, n->path, n->len);
		as_found = false;
	}
	for (unsigned int i = 0; i < t->count; i++) {
		struct note *n = t->note[i];
		struct node *now, *final = n->final;

		if (!(n->use & USE_CHANGE) || !final)
			continue;
		now = as_found ? n->now : tree_find(store_root, n->path, n->len);
		if (!now) {
			carry_over(t, n->path, n->len);
			as_found = false;
			continue;
		}
		/* One that was carried over is as it is to be. */
		if (now->gen == store_gen)
			continue;
		store_charge(NULL, now, -1);
		tree_set(&store_root, n->path, n->len, node_value(final), final->value_len,
			 final->perms, store_gen);
		store_charge(NULL, final, 1);
		persist_set(n->path, n->len, final);
	}
}

/* Its tree becomes the store's.  The journal gets the same changes one by one. */
static void adopt(struct txn *t)
{
	for (unsigned int i = 0; i < t->delta_count; i++) {
		quota_charge(t->delta[i].domid, QUOTA_NODES, t->delta[i].nodes);
		quota_charge(t->delta[i].domid, QUOTA_MEMORY, t->delta[i].bytes);
	}
	for (unsigned int i = 0; i < t->count; i++)
		if (t->note[i]->use & USE_REMOVE &&
		    tree_find(t->base, t->note[i]->path, t->note[i]->len))
			persist_remove(t->note[i]->path, t->note[i]->len);
	for (unsigned int i = 0; i < t->count; i++) {
		struct note *n = t->note[i];

		if (n->use & USE_CHANGE && n->final)
			persist_set(n->path, n->len, n->final);
	}
	node_put(store_root);
	store_root = tree_hold(t->root);
}

/*
 * A client is told of a node if it could read it before, or can now.  What went with a removed
 * node is told of only by that one's removal, to those who watch below it.
 */
static void fire(struct txn *t, struct node *before)
{
	if (!watch_count_all())
		return;
	for (unsigned int i = 0; i < t->count; i++) {
		struct note *n = t->note[i];
		struct node *was, *is;

		if (!(n->use & USE_CHANGE))
			continue;
		was = tree_find(before, n->path, n->len);
		is = tree_find(store_root, n->path, n->len);
		if (!(n->use & (USE_WRITE | USE_REMOVE))) {
			if (was && is)
				watch_remade(store_root, n->path, n->len, was->perms);
		} else if (is) {
			if (was && n->use & USE_REMOVE)
				watch_removed_below(before, store_root, n->path, n->len);
			watch_changed(store_root, n->path, n->len, was ? was->perms : NULL);
		} else if (was && n->use & USE_REMOVE) {
			watch_removed(before, n->path, n->len, was->perms);
		}
	}
}

/*
 * A node's new value into the store, and its earlier self to those who began before: by choice the two
 * change places, so that a large store's nodes stay where they are, and what comes and goes with
 * transactions is the same few lines of memory.  The node as it is now.
 */
static const struct node *replace(struct note *n)
{
	if (tree_exchange(&n->place, n->beside)) {
		past_keep(n->path, n->len, n->beside, store_gen);
		return n->now;
	}
	past_keep(n->path, n->len, n->now, store_gen);
	if (n->now->ref != 1 && tree_swap(&n->place, n->beside))
		return n->beside;
	return tree_put(&store_root, &n->place, n->path, n->len, node_value(n->beside),
			n->beside->value_len, store_gen);
}

/*
 * Values alone have changed, of nodes that are in the store as they were.  Nobody holds the tree for
 * this transaction any more, so that what no other one holds is changed in place.
 */
static void set_beside(struct txn *t)
{
	node_put(t->root);
	node_put(t->base);
	t->root = t->base = NULL;
	for (unsigned int i = 0; i < t->count; i++) {
		struct note *n = t->note[i];
		const struct node *is;

		if (!n->beside)
			continue;
		store_charge(NULL, n->now, -1);
		n->beside->gen = store_gen;
		is = replace(n);
		store_charge(NULL, is, 1);
		persist_set(n->path, n->len, is);
	}
	for (unsigned int i = 0; watch_count_all() && i < t->count; i++)
		if (t->note[i]->beside)
			watch_changed(store_root, t->note[i]->path, t->note[i]->len, NULL);
}

/* What other transactions are to see of the store as it is; for this one it is over. */
static void make_way(struct txn *t, unsigned int writes)
{
	past_leave(t);
	if (!t->beside)
		past_settle();
	for (unsigned int i = 0; t->beside && i < t->count; i++)
		if (t->note[i]->beside)
			past_expect(t->note[i]->now, writes);
}

/* So many notes are looked at ahead at once. */
#define AHEAD 32

/*
 * Brings what the next notes need nearer, that of all in the same wait: the notes, then what they lead
 * to.  The number of the first that is left out.
 */
static unsigned int look_ahead(const struct txn *t, unsigned int from)
{
	unsigned int end = t->count - from > AHEAD ? from + AHEAD : t->count;

	for (unsigned int i = from; i < end; i++) {
		__builtin_prefetch(t->note[i]);
		__builtin_prefetch(t->note[i]->path);
	}
	for (unsigned int i = from; i < end; i++) {
		const struct note *n = t->note[i];

		__builtin_prefetch(n->beside);
		if (place_holds(&n->place))
			__builtin_prefetch(n->place.at);
		else
			prefetch_path(n->path, n->len);
	}
	for (unsigned int i = from; i < end; i++)
		if (place_holds(&t->note[i]->place))
			__builtin_prefetch(*t->note[i]->place.at);
	prefetch_run(&store_root);
	return end;
}

int txn_commit(struct txn *t)
{
	bool changes = false, moved;
	struct node *before;
	size_t longest = 0;
	unsigned int writes = 0, ahead = 0;
	int err;

	if (t->doomed)
		return EAGAIN;
	moved = store_root != t->base;
	for (unsigned int i = 0; i < t->count; i++) {
		struct note *n = t->note[i];

		if (i == ahead && prefetch_pays())
			ahead = look_ahead(t, i);
		if (moved && !unchanged(t, n))
			return EAGAIN;
		if (n->use & USE_CHANGE) {
			if (!n->beside)
				n->final = tree_find(t->root, n->path, n->len);
			else if (!moved)
				n->now = node_now(n);
			changes = true;
			writes++;
			longest = n->len > longest ? n->len : longest;
		}
	}
	if (!changes)
		return 0;
	make_way(t, writes);
	if ((moved || t->beside) && !tree_reserve(longest, writes))
		return ENOMEM;
	err = store_may_commit(t);
	if (err)
		return err;
	store_gen++;
	if (t->beside) {
		set_beside(t);
		return 0;
	}
	before = tree_hold(store_root);
	if (moved)
		replay(t);
	else
		adopt(t);
	fire(t, before);
	node_put(before);
	return 0;
}
