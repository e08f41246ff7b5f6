/* SPDX-License-Identifier: MIT */
/*
 * Clients over a ring: domains, and dom0's kernel.
 *
 * A request is answered exactly once, whenever the daemon is killed: its bytes stay in the ring
 * until it is done, and what is done, its reply, and how far the ring was read become valid in
 * the journal together.  Only then are ring indices moved.
 */
#ifndef XENSTORE_CONN_RING_H
#define XENSTORE_CONN_RING_H

#include "conn.h"
#include "hv.h"

struct ring_conn {
	struct conn conn; /* first */
	struct hv_ring ring; /* page NULL: not connected (yet) */
	int port; /* ours, or -1 */
	uint32_t in_pos; /* requests are taken up to here */
	uint32_t out_pos; /* replies are written up to here */
	bool broken; /* the domain broke the protocol: it is served no more */
	bool told; /* the log knows that it did, once */
	bool notify; /* the other end is to be told */
	bool again; /* on the list of those with more to do, */
	struct ring_conn *next_again; /* which is linked here */
};

/* A client for a domain, not connected. */
void ring_init(struct ring_conn *r, uint32_t domid);
/* The ring's indices as they are now count as ours; or as the journal says, after a restart. */
void ring_begin(struct ring_conn *r);
void ring_resume(struct ring_conn *r);
/* Something may be in the ring: serves requests, sends replies. */
void ring_ready(struct ring_conn *r);
/* Goes on with those who had more than a turn's work; true if there are some still. */
bool ring_work(void);
/* Drops all that the client had here, as at its own request. */
void ring_reset(struct ring_conn *r);
/* From domain.c, which knows the domain: notes in the journal that the streams begin anew. */
void ring_note(const struct ring_conn *r);
/* Also: the ring could not be connected for want of something; tries again. */
void ring_reconnect(struct ring_conn *r);
/* Unmaps and unbinds. */
void ring_disconnect(struct ring_conn *r);

#endif
