/* SPDX-License-Identifier: MIT */
/*
 * The store daemon's logic without sockets, rings and files: a client is a queue that a test
 * reads; domains are numbers; the journal is a count of what it was told.
 */
#ifndef TESTS_UNIT_XS_HOST_H
#define TESTS_UNIT_XS_HOST_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../xenstore/conn.h"
#include "../../xenstore/control.h"
#include "../../xenstore/domain.h"
#include "../../xenstore/handover.h"
#include "../../xenstore/log.h"
#include "../../xenstore/loop.h"
#include "../../xenstore/mem.h"
#include "../../xenstore/past.h"
#include "../../xenstore/persist.h"
#include "../../xenstore/quota.h"
#include "../../xenstore/request.h"
#include "../../xenstore/store.h"
#include "../../xenstore/tree.h"
#include "../../xenstore/watch.h"

static unsigned long xs_notes;

void persist_commit(void)
{
}

void persist_set(const char *path, size_t len, const struct node *n)
{
	(void)path;
	xs_notes += len && n;
}

void persist_remove(const char *path, size_t len)
{
	(void)path;
	xs_notes += len != 0;
}

void persist_special(unsigned int which)
{
	(void)which;
}

void persist_conn_end(const struct conn *c)
{
	(void)c;
}

void persist_owes(const struct conn *c)
{
	(void)c;
}

void persist_conn(const struct conn *c)
{
	(void)c;
}

void handover_set(uint32_t number, bool busy)
{
	(void)number;
	(void)busy;
}

uint64_t loop_now(void)
{
	return 0;
}

void persist_watch(const struct conn *c, const struct watch *w)
{
	(void)c;
	(void)w;
}

void persist_unwatch(const struct conn *c, const struct watch *w)
{
	(void)c;
	(void)w;
}

void persist_out(uint32_t domid, const char *data, size_t len)
{
	(void)domid;
	(void)data;
	(void)len;
}

int control_run(const struct request *r)
{
	(void)r;
	return EINVAL;
}

void log_line(int level, const char *format, ...)
{
	(void)level;
	(void)format;
}

void log_request(unsigned int domid, uint32_t conn, const char *op, uint32_t tx, const char *data,
		 size_t len, const char *result)
{
	(void)domid;
	(void)conn;
	(void)op;
	(void)tx;
	(void)data;
	(void)len;
	(void)result;
}

int domain_introduce(uint32_t domid, uint64_t gfn, uint32_t port)
{
	(void)gfn;
	(void)port;
	return domid == 1 ? 0 : EINVAL;
}

int domain_release(uint32_t domid)
{
	return domid == 1 ? 0 : ENOENT;
}

int domain_resume(uint32_t domid)
{
	return domid == 1 ? 0 : ENOENT;
}

int domain_set_target(uint32_t domid, uint32_t target)
{
	return domid == 1 && target == 2 ? 0 : ENOENT;
}

bool domain_is_introduced(uint32_t domid)
{
	return domid < 4;
}

int domain_name_in_rights(uint32_t domid)
{
	return domid < 100 ? 0 : ENOENT;
}

static void xs_flush(struct conn *c)
{
	(void)c;
}

static void xs_end(struct conn *c)
{
	(void)c;
}

static const struct conn_transport xs_transport = {.flush = xs_flush, .close = xs_end};

static inline void xs_client(struct conn *c, unsigned int domid)
{
	conn_init(c, &xs_transport);
	c->who.domid = (uint16_t)domid;
	c->who.privileged = domid == 0;
	quota_open(domid);
}

/* Sends a request; its reply's type comes back, its payload stands in xs_reply. */
static char xs_reply[XENSTORE_PAYLOAD_MAX + 1];
static size_t xs_reply_len;
static unsigned int xs_events; /* before the reply, and since the last request */
static char xs_event[XENSTORE_PAYLOAD_MAX + 1]; /* the last one */

/* Takes all that is queued; the type of the last reply, or XS_INVALID. */
static inline uint32_t xs_take(struct conn *c)
{
	uint32_t type = XS_INVALID;
	struct xsd_sockmsg head;

	while (conn_pending(c) >= sizeof(head)) {
		const char *data = c->out + c->out_at + sizeof(head);

		memcpy(&head, c->out + c->out_at, sizeof(head));
		if (head.len > XENSTORE_PAYLOAD_MAX || conn_pending(c) < sizeof(head) + head.len)
			abort();
		if (head.type == XS_WATCH_EVENT) {
			xs_events++;
			memcpy(xs_event, data, head.len);
		} else {
			type = head.type;
			xs_reply_len = head.len;
			memcpy(xs_reply, data, head.len);
			xs_reply[head.len] = 0;
		}
		conn_sent(c, sizeof(head) + head.len);
	}
	if (conn_pending(c))
		abort();
	return type;
}

static inline uint32_t xs_send(struct conn *c, uint32_t type, uint32_t tx, const void *data,
			       size_t len)
{
	struct xsd_sockmsg head = {type, 1, tx, (uint32_t)len};

	xs_events = 0;
	if (!request_run(c, &head, data))
		return XS_INVALID;
	conn_flush_all();
	return xs_take(c);
}

#endif
