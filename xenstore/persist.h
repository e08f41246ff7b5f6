/* SPDX-License-Identifier: MIT */
/*
 * What outlives the process: a journal of changes in a file that is mapped into memory, so that
 * noting a change is a copy and a kill at any moment loses nothing; and checkpoints, written in
 * slices beside the work, from which a new journal begins.
 *
 * Records are gathered as a request is carried out and become valid together, by one store of the
 * journal's length, in persist_commit(): a restart sees all of a request or nothing of it.
 */
#ifndef XENSTORE_PERSIST_H
#define XENSTORE_PERSIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perm.h"

struct conn;
struct node;
struct watch;

/*
 * Opens the state directory, making it if need be, and restores what is there.  0, EBUSY if
 * another daemon has it, or another errno: with one of a disk that is full or read-only there is
 * nothing, and the daemon can run, but keeps nothing.  What is there but cannot be read at the moment
 * ends the process.
 */
int persist_open(const char *dir);
/* Begins the journal of this process; before the first request. */
void persist_start(void);
/* Makes everything noted since the last call valid. */
void persist_commit(void);
/* One slice of a checkpoint, if one is due or under way; true if there is more to do. */
bool persist_work(void);
/* True if it is to be called again in a while though nothing has happened. */
bool persist_waits(void);
/* Writes a whole checkpoint now. */
void persist_finish(void);
/* Begins a checkpoint now: what the journal has of clients' queues is no longer true. */
void persist_restart(void);
/* Bytes of the journal, and whether a restart would bring back all that has been changed. */
uint64_t persist_size(void);
bool persist_ok(void);

/* The changes.  Each is noted after it was made. */
void persist_set(const char *path, size_t len, const struct node *n);
void persist_remove(const char *path, size_t len);
void persist_special(unsigned int which);
void persist_quota(uint32_t domid, unsigned int quota, uint32_t limit);
#define PERSIST_ALL_DOMAINS UINT32_MAX

/* Connections that outlive the process (conn->kept), and their watches. */
void persist_conn(const struct conn *c);
void persist_conn_end(const struct conn *c);
void persist_watch(const struct conn *c, const struct watch *w);
void persist_unwatch(const struct conn *c, const struct watch *w);
/* Whether some watch of a connection owes an event (conn->owes). */
void persist_owes(const struct conn *c);

/* A domain: what it was introduced with, and where its ring's two streams stand. */
enum { DOMAIN_UNKNOWN, DOMAIN_NAMED, DOMAIN_INTRODUCED, DOMAIN_DYING };

struct persist_domain {
	uint32_t domid, life;
	uint64_t gfn;
	uint32_t port, target;
	uint32_t known; /* DOMAIN_... */
	uint32_t shut_down;
	uint32_t streams; /* the ring's streams begin anew, at the next two; else they go on */
	uint32_t in_pos,
		out_pos; /* ring indices up to which requests are done, and replies known */
};

void persist_domain(const struct persist_domain *d);
/* Bytes queued for a domain; requests taken up to a ring index; part of a long one set aside. */
void persist_out(uint32_t domid, const char *data, size_t len);
void persist_in(uint32_t domid, uint32_t in_pos);
void persist_stash(uint32_t domid, uint32_t in_pos, const char *data, size_t len);

#endif
