/* SPDX-License-Identifier: MIT */
/* Requests: one table says for each operation what it needs and who carries it out. */
#ifndef XENSTORE_REQUEST_H
#define XENSTORE_REQUEST_H

#include "conn.h"
#include "wire.h"

struct txn;

struct request {
	struct conn *conn;
	struct xsd_sockmsg head;
	const char *data; /* head.len bytes, in the transport's buffer */
	struct txn *txn; /* NULL: none */
};

/*
 * Carries out a request and queues its reply; events that it causes for its own client come
 * before.  False if there was no memory even for a reply: nothing has been done.
 */
bool request_run(struct conn *c, const struct xsd_sockmsg *head, const char *data);

/* Replies, for handlers: text with its NUL, or bytes. */
void request_reply(const struct request *r, const void *data, size_t len);
/* "OK": returns 0. */
int request_ok(const struct request *r);

/* "/local/domain/N/" of a client. */
const char *request_home(const struct conn *c);

/* Handlers of request_domain.c. */
int request_domain_path(const struct request *r);
int request_is_introduced(const struct request *r);
int request_introduce(const struct request *r);
int request_release(const struct request *r);
int request_set_target(const struct request *r);

extern bool request_log; /* write each request to the log */
extern uint64_t request_count;

#endif
