// SPDX-License-Identifier: MIT
/* conn.h: queues and lists; no transport is known here. */
#include "conn.h"

#include <string.h>

#include "handover.h"
#include "loop.h"
#include "mem.h"
#include "persist.h"
#include "quota.h"
#include "txn.h"
#include "watch.h"

#define QUEUE_FIRST 1024
/* Bytes that wait for one of dom0's clients, which no quota binds. */
#define DOM0_QUEUE (4u << 20)

struct conn *conn_list;
bool conn_starving;
static struct conn *dirty;
static uint32_t last_id = CONN_ID_SOCKETS;

void conn_init(struct conn *c, const struct conn_transport *transport)
{
	memset(c, 0, sizeof(*c));
	c->transport = transport;
	c->id = ++last_id;
	c->who.target = DOMID_LIMIT;
	c->next_tx = 1;
	c->next = conn_list;
	if (c->next)
		c->next->prev = c;
	conn_list = c;
}

void conn_close(struct conn *c)
{
	struct conn **at = &dirty;

	if (c->closed)
		return;
	c->closed = true;
	if (c->kept)
		persist_conn_end(c);
	watch_remove_all(c);
	txn_abort_all(c);
	if (c->dirty) {
		while (*at != c)
			at = &(*at)->next_dirty;
		*at = c->next_dirty;
	}
	if (c->prev)
		c->prev->next = c->next;
	else
		conn_list = c->next;
	if (c->next)
		c->next->prev = c->prev;
	mem_free(c->in, c->in_room);
	mem_free(c->out, c->out_room);
	c->in = c->out = NULL;
	c->transport->close(c);
}

struct conn *conn_by_id(uint32_t id)
{
	struct conn *c = conn_list;

	while (c && c->id != id)
		c = c->next;
	return c;
}

void conn_lost(uint32_t id)
{
	struct conn *c = conn_by_id(id);

	if (c)
		conn_close(c);
}

void conn_restore(struct conn *c, uint32_t id, uint32_t word)
{
	c->id = id;
	if (id >= CONN_ID_SOCKETS && id > last_id)
		last_id = id;
	c->word = word;
	c->kept = true;
	c->restored = true;
	/* Away from the numbers of transactions that may still be spoken of. */
	c->next_tx = (uint32_t)(loop_now() & 0xffff) << 16 | 1;
}

void conn_keep(struct conn *c)
{
	c->kept = true;
	persist_conn(c);
	for (const struct watch *w = c->watches; w; w = w->next)
		persist_watch(c, w);
	if (c->owes)
		persist_owes(c);
}

void conn_mark(struct conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	c->next_dirty = dirty;
	dirty = c;
}

void conn_flush_all(void)
{
	while (dirty) {
		struct conn *c = dirty;

		dirty = c->next_dirty;
		c->dirty = false;
		c->transport->flush(c);
	}
}

char *conn_room(struct conn *c, size_t max)
{
	size_t need = c->out_len + sizeof(struct xsd_sockmsg) + max;

	if (need > c->out_room && c->out_at) {
		memmove(c->out, c->out + c->out_at, conn_pending(c));
		c->out_len -= c->out_at;
		need -= c->out_at;
		c->out_at = 0;
	}
	if (need > c->out_room) {
		size_t room = c->out_room ? c->out_room * 2 : QUEUE_FIRST;
		char *more;

		while (room < need)
			room *= 2;
		more = mem_grow(c->out, c->out_room, room);
		if (!more)
			return NULL;
		c->out = more;
		c->out_room = room;
	}
	return c->out + c->out_len + sizeof(struct xsd_sockmsg);
}

void conn_push(struct conn *c, uint32_t type, uint32_t req_id, uint32_t tx_id, size_t len)
{
	struct xsd_sockmsg head = {type, req_id, tx_id, (uint32_t)len};

	memcpy(c->out + c->out_len, &head, sizeof(head));
	c->out_len += sizeof(head) + len;
	if (c->exact)
		persist_out(c->id, c->out + c->out_len - len - sizeof(head), len + sizeof(head));
	handover_set(c->word, true);
	if (type != XS_WATCH_EVENT)
		c->unread++;
	conn_mark(c);
}

void conn_sent(struct conn *c, size_t n)
{
	c->out_at += n;
	if (c->out_at < c->out_len)
		return;
	/* The common small queue stays for the next reply; a large one was an exception. */
	if (c->out_room > 4 * QUEUE_FIRST) {
		mem_free(c->out, c->out_room);
		c->out = NULL;
		c->out_room = 0;
	}
	c->out_at = c->out_len = 0;
	c->unread = 0;
	if (c->owes)
		watch_pay(c);
}

void conn_starve(struct conn *c)
{
	c->starved = conn_starving = true;
}

void conn_retry_all(void)
{
	struct conn *c = conn_list, *next;

	conn_starving = false;
	for (; c; c = next) {
		next = c->next;
		if (!c->starved || c->closed)
			continue;
		c->starved = false;
		c->transport->retry(c);
	}
}

size_t conn_limit(const struct conn *c)
{
	return c->who.privileged ? DOM0_QUEUE : quota_limit(c->who.domid, QUOTA_REPLY_BYTES);
}

bool conn_may_ask(const struct conn *c)
{
	if (c->closed)
		return false;
	if (c->who.privileged)
		return conn_pending(c) < DOM0_QUEUE / 4;
	return c->unread < quota_limit(c->who.domid, QUOTA_OUTSTANDING) &&
	       conn_pending(c) < conn_limit(c);
}

bool conn_stash(struct conn *c, const char *data, size_t len)
{
	if (len > c->in_room) {
		char *more = mem_grow(c->in, c->in_room, len);

		if (!more)
			return false;
		c->in = more;
		c->in_room = mem_room(len);
	}
	if (len)
		memmove(c->in, data, len);
	c->in_len = len;
	return true;
}
