/* SPDX-License-Identifier: MIT */
/*
 * A transaction has two roots: the state of the store it began with, which stays as it was, and
 * its own, where its changes are.  It notes which nodes it asked for.  It commits if the store of
 * now has those nodes as the state had that it began with: read or written nodes their value and
 * rights, listed ones their set of children, removed ones all below them, missing ones nothing.
 * If nothing at all has changed, its root becomes the store's.
 *
 * As long as it only gives values to nodes that are there, its root stays the one it began with, and
 * the new nodes stand beside it, each in its note: so that the way down to each need not be copied
 * twice.  The first other change puts them into the tree.
 *
 * As long as the store changes in no other way either, it has no root at all, and sees the store of
 * now with what past.h has kept for it.
 */
#ifndef XENSTORE_TXN_H
#define XENSTORE_TXN_H

#include "conn.h"
#include "node.h"
#include "tree.h"

/* What a request wants of a node. */
enum txn_use {
	USE_READ = 1, /* value or rights, or that it is missing */
	USE_LIST = 2, /* the set of children */
	USE_PERMS = 4, /* rights alone, of a parent */
	USE_WRITE = 8,
	USE_REMOVE = 16,
	USE_MADE = 32, /* came into being on the way to a written one, which is not told */
	USE_CHANGE = USE_WRITE | USE_REMOVE | USE_MADE
};

struct note {
	uint32_t hash;
	uint16_t len;
	uint8_t use; /* all that was ever wanted */
	/* At the commit: the node in the store of now, and in the transaction's, if changed. */
	struct node *now, *final;
	struct place place; /* where it stands in the store */
	struct node *beside; /* the node with its new value, not yet in the transaction's tree */
	uint32_t charged; /* bytes of the node's own copy in this transaction */
	char path[];
};

/* What the transaction's changes do to one domain's account. */
struct delta {
	uint16_t domid;
	int64_t nodes, bytes;
};

struct txn {
	struct txn *next; /* of the connection */
	struct conn *conn;
	uint32_t id;
	bool doomed; /* from before a restart: cannot commit */
	struct node *base, *root; /* NULL while it is rootless, and shall see the store of now */
	bool rootless; /* is on the list of past.h */
	uint64_t gen; /* the store's at its beginning */
	struct txn *past_next, *past_prev;
	uint64_t past_from; /* past_bytes at its beginning */
	struct note **note; /* in the order of first use */
	uint64_t hashes[4]; /* a bit for each that a note has */
	struct note *last; /* used: one request asks for the same several times */
	unsigned int count, room;
	unsigned int beside; /* notes that have such a node */
	bool in_tree; /* new ones go into the tree */
	uint32_t *table; /* numbers of notes by hash; NULL while they are few */
	uint32_t table_size;
	struct delta *delta;
	unsigned int delta_count, delta_room;
	int64_t bytes; /* of notes, charged to the connection's domain */
};

/* Notes that a request uses a node; T may be NULL: 0, ENOSPC (quota) or ENOMEM. */
int txn_note(struct txn *t, const char *path, size_t len, enum txn_use use);

/*
 * A node changed in a transaction has a copy there, for whose bytes its client answers: whether a
 * value of this length fits his quota, and that it was written.  T may be NULL.
 */
bool txn_fits(const struct txn *t, const char *path, size_t len, size_t value_len);
void txn_charge(struct txn *t, const char *path, size_t len, size_t value_len);

/* past.c: the node at the path last noted as it was at T's beginning, if N is there now. */
struct node *past_search(const struct txn *t, struct node *n);

/*
 * The node as T has it that stands at the path last noted, where the tree has N; the same with a new
 * value, after mem_reserve(); and all such nodes into the tree: 0 or ENOMEM, before T's tree changes
 * in any other way.  T may be NULL in the first and the last.
 */
static inline struct node *txn_node(const struct txn *t, struct node *n)
{
	if (!t)
		return n;
	if (t->beside && t->last->beside)
		return t->last->beside;
	return t->rootless && n->gen > t->gen ? past_search(t, n) : n;
}

void txn_set_beside(struct txn *t, const struct node *n, const char *value, size_t value_len,
		    uint64_t gen);
int txn_into_tree(struct txn *t);

/* A transaction of a connection: 0 and its number in *ID, or ENOSPC, ENOMEM. */
int txn_begin(struct conn *c, uint32_t *id);
/*
 * One of before a restart, of which only the number is known; NULL when memory is out, or C has as many
 * as it may.
 */
struct txn *txn_begin_doomed(struct conn *c, uint32_t id);
struct txn *txn_find(struct conn *c, uint32_t id);
/* Makes its changes the store's: 0, EAGAIN if something it used has changed, ENOSPC or ENOMEM. */
int txn_commit(struct txn *t);
/* Ends it; changes not committed are lost. */
void txn_end(struct txn *t);
void txn_abort_all(struct conn *c);
uint64_t txn_count_all(void);

#endif
