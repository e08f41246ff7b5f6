/* SPDX-License-Identifier: MIT */
/*
 * A transaction has two roots: the state of the store it began with, which stays as it was, and
 * its own, where its changes are.  It notes which nodes it asked for.  It commits if the store of
 * now has those nodes as the state had that it began with: read or written nodes their value and
 * rights, listed ones their set of children, removed ones all below them, missing ones nothing.
 * If nothing at all has changed, its root becomes the store's.
 */
#ifndef XENSTORE_TXN_H
#define XENSTORE_TXN_H

#include "conn.h"
#include "node.h"

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
	struct node *base, *root;
	struct note **note; /* in the order of first use */
	struct note *last; /* used: one request asks for the same several times */
	unsigned int count, room;
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

/* A transaction of a connection: 0 and its number in *ID, or ENOSPC, ENOMEM. */
int txn_begin(struct conn *c, uint32_t *id);
/* One of before a restart, of which only the number is known; NULL when memory is out. */
struct txn *txn_begin_doomed(struct conn *c, uint32_t id);
struct txn *txn_find(struct conn *c, uint32_t id);
/* Makes its changes the store's: 0, EAGAIN if something it used has changed, ENOSPC or ENOMEM. */
int txn_commit(struct txn *t);
/* Ends it; changes not committed are lost. */
void txn_end(struct txn *t);
void txn_abort_all(struct conn *c);
uint64_t txn_count_all(void);

#endif
