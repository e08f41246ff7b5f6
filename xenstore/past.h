/* SPDX-License-Identifier: MIT */
/*
 * The store as it was, for transactions.  One that holds the root of its beginning makes everybody
 * copy his way down to each node that he changes.  So it holds none as long as it can do without: a
 * node without children that gets a new value leaves its earlier self here, by its path, and who
 * began before that change is given it.  Before any other change, or when too much is kept, each
 * such transaction gets its root after all (past_settle).
 *
 * Invariant: of a transaction without a root, the store of its beginning is the one of now, but
 * for the nodes kept here whose change is younger than it.
 */
#ifndef XENSTORE_PAST_H
#define XENSTORE_PAST_H

#include <stdbool.h>

#include "txn.h"

/* T begins now, without a root; and needs nothing any more, if it still has none. */
void past_enter(struct txn *t);
void past_leave(struct txn *t);

/*
 * COUNT nodes will get a new value, N being one of them, before memory is reserved for it; and N at
 * PATH gets it, with this generation, memory being reserved.
 */
void past_expect(const struct node *n, unsigned int count);
void past_keep(const char *path, size_t len, struct node *n, uint64_t gen);

/*
 * Something else will change: gives each transaction its root.  Where memory does not suffice, a
 * transaction gets another root and cannot commit.
 */
void past_settle(void);

/*
 * What transactions keep of nodes that were changed since is in nobody's account; nor could it be, since
 * many keep the same. So no domain's transaction outlives a certain number of bytes of changes to
 * domains' nodes, which bounds what all of them keep: it is then moved to the store of now, and cannot
 * commit.
 */
extern uint64_t past_bytes, past_look_at;
void past_move_on(void);

/* A domain's node of SIZE bytes is changed or removed; and, between requests, what follows from it. */
static inline void past_gone(size_t size)
{
	past_bytes += size;
}

static inline void past_bound(void)
{
	if (past_bytes >= past_look_at)
		past_move_on();
}

#endif
