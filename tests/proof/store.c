// SPDX-License-Identifier: MIT
/*
 * For the model checker: the store's ring with a domain that may change every word of the page
 * between any two reads.  One step of ours, from any state of the connection that its own rules
 * allow, stays inside the page, the message's room and what was set aside.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define __atomic_load_n(p, order)           \
	({                                  \
		__typeof__(*(p)) anything_; \
		(void)*(p);                 \
		anything_;                  \
	})

#include "xenstore/conn_ring.c"

static struct xenstore_domain_interface page;
static char stash[HEAD + XENSTORE_PAYLOAD_MAX];

/* What conn.h promises of them. */
bool conn_stash(struct conn *c, const char *whole, size_t n)
{
	bool fine;

	__CPROVER_assert(n <= sizeof(stash), "no more is set aside than a message has");
	__CPROVER_assert(__CPROVER_r_ok(whole, n), "and all of it is there");
	c->in = stash;
	c->in_len = (uint32_t)n;
	return fine;
}

bool request_run(struct conn *c, const struct xsd_sockmsg *head, char *data)
{
	bool fine;

	(void)c;
	__CPROVER_assert(head->len <= XENSTORE_PAYLOAD_MAX, "a request is at most 4096 bytes long");
	__CPROVER_assert(__CPROVER_r_ok(data, head->len), "and stands there whole");
	return fine;
}

void conn_starve(struct conn *c)
{
	c->starved = true;
}

void persist_stash(uint32_t id, uint32_t pos, const char *data, size_t n)
{
	(void)id;
	(void)pos;
	__CPROVER_assert(__CPROVER_r_ok(data, n), "what is new of it is in the journal");
}

void persist_in(uint32_t id, uint32_t pos)
{
	(void)id;
	(void)pos;
}

void persist_commit(void)
{
}

void log_line(int level, const char *format, ...)
{
	(void)level;
	(void)format;
}

void proof_serve(void)
{
	struct ring_conn r;
	struct xsd_sockmsg *head = (struct xsd_sockmsg *)stash;
	uint32_t length;

	r.ring.page = &page;
	__CPROVER_havoc_object(&page);
	__CPROVER_havoc_object(stash);
	r.conn.in = stash;
	/* Less than a whole message was set aside, of which the header was found good. */
	__CPROVER_assume(length <= sizeof(stash));
	__CPROVER_assume(length < HEAD || head->len <= XENSTORE_PAYLOAD_MAX);
	__CPROVER_assume(length < HEAD || length <= HEAD + head->len);
	r.conn.in_len = length;
	serve_one(&r);
}

void proof_copy(void)
{
	char room[SIZE];
	uint32_t pos;
	size_t n;

	__CPROVER_assume(n <= SIZE);
	copy_in(room, page.req, pos, n);
	copy_out(page.rsp, pos, room, n);
}
