/* SPDX-License-Identifier: MIT */
/*
 * A client: who it is, what it has asked for and not yet been told, its watches and its
 * transactions.  How bytes come and go is its transport's business (conn_socket.c, conn_ring.c).
 *
 * What a client does not read stays in its queue.  A queue over its limit takes no more events:
 * the watch is marked as owing one and pays when the queue has drained, so that a client that
 * never reads costs a bounded amount and one that reads at last has lost nothing but repetition.
 */
#ifndef XENSTORE_CONN_H
#define XENSTORE_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#include "perm.h"
#include "watchtrie.h"

struct txn;
struct watch;
struct conn;

struct conn_transport {
	/* Sends what it can of the queue. */
	void (*flush)(struct conn *c);
	/* Ends the transport; the queue is lost. */
	void (*close)(struct conn *c);
	/* Takes up what it left for want of memory. */
	void (*retry)(struct conn *c);
};

struct conn {
	struct conn *next, *prev; /* all connections */
	struct conn *next_dirty;
	const struct conn_transport *transport;
	struct subject who;
	uint32_t id; /* unique; names the connection in the journal */
	bool kept; /* the journal knows it: it outlives the process */
	bool exact; /* and what is queued for it, too; its id is its domain's number */
	bool dirty; /* on the list of those to be flushed */
	bool closed;
	bool owes; /* some watch owes an event */
	bool restored; /* from before a restart */
	bool starved; /* has a request that was left for want of memory */
	uint32_t word; /* handover.h's, of a socket that is kept */

	struct watch *watches, *last_watch; /* oldest first */
	unsigned int watch_count;
	struct txn *txns;
	unsigned int txn_count;
	uint32_t next_tx;

	char *in; /* an incomplete message */
	size_t in_len, in_room;
	char *out; /* from out_at to out_len: not yet sent */
	size_t out_at, out_len, out_room;
	unsigned int unread; /* replies in the queue */
};

/* All connections, for walks. */
extern struct conn *conn_list;

/* Numbers from here on are those of sockets; below, a ring's is its domain's. */
#define CONN_ID_SOCKETS 0x10000u
/* While restoring: a connection by its number, or NULL; and that it was ended after all. */
struct conn *conn_by_id(uint32_t id);
void conn_lost(uint32_t id);
/* Makes a new connection that of before a restart. */
void conn_restore(struct conn *c, uint32_t id, uint32_t word);
/* From now on it outlives the process: tells the journal of it and its watches. */
void conn_keep(struct conn *c);

void conn_init(struct conn *c, const struct conn_transport *transport);
/* Ends a connection and all that is its own.  The memory of C remains its transport's. */
void conn_close(struct conn *c);

/*
 * Room for a message with up to MAX bytes of payload at the end of the queue: where the payload
 * goes, or NULL when memory is out.  conn_push() then queues it with the length it really has.
 */
char *conn_room(struct conn *c, size_t max);
void conn_push(struct conn *c, uint32_t type, uint32_t req_id, uint32_t tx_id, size_t len);

static inline size_t conn_pending(const struct conn *c)
{
	return c->out_len - c->out_at;
}

/* Notes that N bytes of the queue are gone. */
void conn_sent(struct conn *c, size_t n);
/* Flushes at the end of this turn. */
void conn_mark(struct conn *c);
/* Flushes all that are marked. */
void conn_flush_all(void);

/* Bytes in the queue over which events are owed. */
size_t conn_limit(const struct conn *c);
/* True if another request of this client may be taken. */
bool conn_may_ask(const struct conn *c);

/*
 * A request of this client has to wait for memory: its transport is asked to take it up again by
 * conn_retry_all(), as long as conn_starving.
 */
void conn_starve(struct conn *c);
extern bool conn_starving;
void conn_retry_all(void);

/* Keeps the start of a message whose rest is to come: false when memory is out. */
bool conn_stash(struct conn *c, const char *data, size_t len);

#endif
