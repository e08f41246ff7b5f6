/* SPDX-License-Identifier: MIT */
/*
 * The store's state and the changes that requests make to it, at once or in a transaction: tree,
 * journal, accounts and watches in step.
 */
#ifndef XENSTORE_STORE_H
#define XENSTORE_STORE_H

#include "node.h"
#include "perm.h"
#include "txn.h"

/* The root, and the number of the last change. */
extern struct node *store_root;
extern uint64_t store_gen;

/* Makes an empty store.  Ends the process when memory is out. */
void store_init(void);

static inline struct node *store_view(const struct txn *t)
{
	return t && t->root ? t->root : store_root;
}

/*
 * Changes, in T or (NULL) at once, asked for by WHO.  Rights are the caller's to check; quotas are
 * checked here, for those who are bound by them.  They return 0 or ENOSPC, ENOMEM, and have then
 * done nothing.
 */

/* Gives a value to N, the node that stands at PATH, and so at WHERE if that holds. */
int store_write(struct txn *t, const struct subject *who, struct node *n, const struct place *where,
		const char *path, size_t len, const char *value, size_t value_len);
/*
 * Makes a node that is not there, and its missing parents; WHERE is what the look for it found.  They have the rights of the deepest
 * node that is there, and belong to its owner, or to WHO if he is not privileged.
 */
int store_make(struct txn *t, const struct subject *who, const struct place *where,
	       const char *path, size_t len, const char *value, size_t value_len);
/* Removes a node that is there, with all below it. */
int store_remove(struct txn *t, const char *path, size_t len);
int store_set_perms(struct txn *t, const struct subject *who, const char *path, size_t len,
		    struct perms *perms);

/* Removes all nodes of a domain, as when it has died; the root becomes dom0's. */
void store_remove_owned(unsigned int domid);

/* Charges (COUNT 1) or credits (-1) a node to its owner, in T or at once. */
void store_charge(struct txn *t, const struct node *n, int count);
/* Removes a node and credits all below it; journals it if at once. */
void store_take_out(struct txn *t, const char *path, size_t len);
/*
 * When T is about to end, nothing that it used having changed: 0, ENOSPC if a quota does not allow
 * what it changes, of whoever owns it, or EAGAIN if an owner that it names is dead.
 */
int store_may_commit(const struct txn *t);

/*
 * A change that the journal has: no quota binds it and nobody is told.  False, and nothing is done,
 * when memory is out.
 */
bool store_replay_set(const char *path, size_t len, const char *value, size_t value_len,
		      struct perms *perms);
bool store_replay_remove(const char *path, size_t len);

#endif
