// SPDX-License-Identifier: MIT
/*
 * conn_ring.h.  The page is shared with a domain that may write anything there at any time: each
 * index is read once, checked, and used from our copy; our own indices are never read back, but
 * for the one that says, after a restart, what had been delivered.
 */
#include "conn_ring.h"

#include <stdatomic.h>
#include <string.h>
#include <syslog.h>

#include "log.h"
#include "mem.h"
#include "persist.h"
#include "request.h"
#include "txn.h"
#include "watch.h"

#define SIZE XENSTORE_RING_SIZE
#define HEAD sizeof(struct xsd_sockmsg)
/* Bit 2: watches may have a depth; not in the headers of 4.17. */
#define FEATURES (XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR | 4)

/* Steps for one client before others have their turn. */
#define TURNS 64

static const struct conn_transport transport;
static struct ring_conn *again; /* those with more to do */

static uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static void copy_in(char *to, const char *ring, uint32_t pos, size_t n)
{
	size_t at = MASK_XENSTORE_IDX(pos), first = n < SIZE - at ? n : SIZE - at;

	memcpy(to, ring + at, first);
	memcpy(to + first, ring, n - first);
}

static void copy_out(char *ring, uint32_t pos, const char *from, size_t n)
{
	size_t at = MASK_XENSTORE_IDX(pos), first = n < SIZE - at ? n : SIZE - at;

	memcpy(ring + at, from, first);
	memcpy(ring, from + first, n - first);
}

static void stop_serving(struct ring_conn *r, uint32_t error, const char *why)
{
	if (r->broken)
		return;
	r->broken = true;
	store(&r->ring.page->error, error);
	r->notify = true;
	/* Once in its life: it may ask for a new connection, and break that, as often as it likes. */
	if (!r->told)
		log_line(LOG_WARNING, "domain %u: %s; it is served no more", r->conn.id, why);
	r->told = true;
}

void ring_init(struct ring_conn *r, uint32_t domid)
{
	memset(r, 0, sizeof(*r));
	conn_init(&r->conn, &transport);
	r->conn.id = domid;
	r->conn.who.domid = (uint16_t)domid;
	r->conn.who.privileged = domid == 0;
	r->conn.kept = r->conn.exact = true;
	r->port = -1;
}

/* Nobody is told: a domain looks at its ring when it starts, and has no use for an event before. */
void ring_begin(struct ring_conn *r)
{
	r->in_pos = load(&r->ring.page->req_cons);
	r->out_pos = load(&r->ring.page->rsp_prod);
	r->broken = false;
	store(&r->ring.page->server_features, FEATURES);
	store(&r->ring.page->error, XENSTORE_ERROR_NONE);
}

void ring_resume(struct ring_conn *r)
{
	uint32_t delivered = load(&r->ring.page->rsp_prod) - r->out_pos;

	conn_restore(&r->conn, r->conn.id, 0);
	r->notify = true;
	store(&r->ring.page->server_features, FEATURES);
	/* Its indices mean nothing until its wish for a new connection is granted. */
	if (load(&r->ring.page->connection) == XENSTORE_RECONNECT)
		return;
	if (delivered > conn_pending(&r->conn)) {
		stop_serving(r, XENSTORE_ERROR_RINGIDX, "its ring has replies nobody wrote");
		return;
	}
	r->out_pos += delivered;
	if (delivered)
		conn_sent(&r->conn, delivered);
	if (r->conn.owes && !conn_pending(&r->conn))
		watch_pay(&r->conn);
	store(&r->ring.page->req_cons, r->in_pos);
}

/* Sends what has room in the ring; true if anything moved. */
static void flush(struct conn *c)
{
	struct ring_conn *r = (struct ring_conn *)c;

	while (r->ring.page && !r->broken && conn_pending(c)) {
		uint32_t used = r->out_pos - load(&r->ring.page->rsp_cons);
		size_t n = conn_pending(c);

		if (used > SIZE) {
			stop_serving(r, XENSTORE_ERROR_RINGIDX, "its reply index is out of range");
			break;
		}
		n = n < SIZE - used ? n : SIZE - used;
		if (!n)
			break;
		/* An event that was owed may be in the queue only just now. */
		persist_commit();
		copy_out(r->ring.page->rsp, r->out_pos, c->out + c->out_at, n);
		r->out_pos += (uint32_t)n;
		store(&r->ring.page->rsp_prod, r->out_pos);
		r->notify = true;
		conn_sent(c, n);
	}
	if (r->notify && r->port >= 0) {
		r->notify = !hv_notify(r->port);
		if (r->notify)
			conn_starve(c);
	}
}

/* Requests up to our new position are done, in the journal too. */
static void taken(struct ring_conn *r, uint32_t pos)
{
	r->in_pos = pos;
	persist_commit();
	store(&r->ring.page->req_cons, pos);
	r->notify = true;
}

/* One request that stands in the ring whole, carried out from there. */
static bool serve_whole(struct ring_conn *r, const struct xsd_sockmsg *head)
{
	uint32_t size = (uint32_t)(HEAD + head->len);
	char message[SIZE];

	copy_in(message, r->ring.page->req, r->in_pos, size);
	/* The header as it was checked, whatever stands there now. */
	if (!request_run(&r->conn, head, message + HEAD)) {
		conn_starve(&r->conn);
		return false;
	}
	if (r->conn.closed)
		return false;
	persist_in(r->conn.id, r->in_pos + size);
	taken(r, r->in_pos + size);
	return true;
}

/* One that has been gathered aside. */
static bool serve_stashed(struct ring_conn *r, const struct xsd_sockmsg *head)
{
	struct conn *c = &r->conn;

	if (!request_run(c, head, c->in + HEAD)) {
		conn_starve(c);
		return false;
	}
	if (c->closed)
		return false;
	c->in_len = 0;
	persist_in(c->id, r->in_pos);
	taken(r, r->in_pos);
	return true;
}

/*
 * Sets aside a part of a request, up to the end of its header, or its own.  It must not stay in
 * the ring until the rest comes: a client tells us of what it writes only if it finds the ring
 * read to the end.
 */
static bool gather(struct ring_conn *r, uint32_t avail, size_t end)
{
	char whole[HEAD + XENSTORE_PAYLOAD_MAX];
	struct conn *c = &r->conn;
	size_t n = end - c->in_len < avail ? end - c->in_len : avail;

	if (c->in_len)
		memcpy(whole, c->in, c->in_len);
	copy_in(whole + c->in_len, r->ring.page->req, r->in_pos, n);
	if (!conn_stash(c, whole, c->in_len + n)) {
		conn_starve(c);
		return false;
	}
	persist_stash(c->id, r->in_pos + (uint32_t)n, c->in + c->in_len - n, n);
	taken(r, r->in_pos + (uint32_t)n);
	return true;
}

/* Takes a step with what is in the ring; false if there is nothing to do, or no memory. */
static bool serve_one(struct ring_conn *r)
{
	struct conn *c = &r->conn;
	struct xsd_sockmsg head;
	uint32_t avail;

	/* Our index must be seen before we look at theirs, as theirs is before they look at ours. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	avail = load(&r->ring.page->req_prod) - r->in_pos;
	if (avail > SIZE) {
		stop_serving(r, XENSTORE_ERROR_RINGIDX, "its request index is out of range");
		return false;
	}
	if (c->in_len < HEAD && c->in_len + avail < HEAD)
		return avail && gather(r, avail, HEAD);
	if (c->in_len && c->in_len < HEAD)
		return gather(r, avail, HEAD);
	if (c->in_len)
		memcpy(&head, c->in, HEAD);
	else
		copy_in((char *)&head, r->ring.page->req, r->in_pos, HEAD);
	if (head.len > XENSTORE_PAYLOAD_MAX) {
		stop_serving(r, XENSTORE_ERROR_PROTO, "it sent a message over 4096 bytes");
		return false;
	}
	if (c->in_len == HEAD + head.len)
		return serve_stashed(r, &head);
	if (!c->in_len && avail >= HEAD + head.len)
		return serve_whole(r, &head);
	return avail && gather(r, avail, HEAD + head.len);
}

void ring_reset(struct ring_conn *r)
{
	struct conn *c = &r->conn;

	while (c->watches) {
		struct watch *w = c->watches;

		watch_remove(c, w->text, w->path_len, w->text + w->path_len + 1, w->token_len);
	}
	txn_abort_all(c);
	c->in_len = 0;
	c->owes = false;
	if (conn_pending(c))
		conn_sent(c, conn_pending(c));
}

/* The domain asks for a connection as if new. */
static void reconnect(struct ring_conn *r)
{
	ring_reset(r);
	store(&r->ring.page->req_cons, 0);
	store(&r->ring.page->req_prod, 0);
	store(&r->ring.page->rsp_cons, 0);
	store(&r->ring.page->rsp_prod, 0);
	ring_begin(r);
	r->notify = true;
	ring_note(r);
	persist_commit();
	store(&r->ring.page->connection, XENSTORE_CONNECTED);
}

void ring_ready(struct ring_conn *r)
{
	unsigned int turns = 0;

	if (!r->ring.page)
		return;
	if (load(&r->ring.page->connection) == XENSTORE_RECONNECT)
		reconnect(r);
	if (!r->broken && conn_pending(&r->conn))
		flush(&r->conn);
	while (!r->broken && turns < TURNS) {
		/* Replies make room in the queue, if not in the ring: then it is full, and we wait. */
		if (conn_pending(&r->conn) > SIZE / 2 || !conn_may_ask(&r->conn))
			flush(&r->conn);
		if (r->broken || !conn_may_ask(&r->conn) || !serve_one(r))
			break;
		turns++;
	}
	if (r->conn.closed)
		return;
	flush(&r->conn);
	/* There may be more of which no event will tell. */
	if (turns == TURNS && !r->again) {
		r->again = true;
		r->next_again = again;
		again = r;
	}
}

bool ring_work(void)
{
	struct ring_conn *r = again, *next;

	again = NULL;
	for (; r; r = next) {
		next = r->next_again;
		r->again = false;
		ring_ready(r);
	}
	return again != NULL;
}

void ring_disconnect(struct ring_conn *r)
{
	if (r->port >= 0)
		hv_unbind(r->port);
	r->port = -1;
	hv_unmap(&r->ring);
}

static void end(struct conn *c)
{
	struct ring_conn *r = (struct ring_conn *)c, **at = &again;

	while (*at && *at != r)
		at = &(*at)->next_again;
	if (*at)
		*at = r->next_again;
	ring_disconnect(r);
}

static void retry(struct conn *c)
{
	struct ring_conn *r = (struct ring_conn *)c;

	if (r->ring.page)
		ring_ready(r);
	else
		ring_reconnect(r);
}

static const struct conn_transport transport = {flush, end, retry};
