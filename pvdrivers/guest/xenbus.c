// SPDX-License-Identifier: MIT
/*
 * The store by way of its ring: one request at a time, its answer waited for; what watches report
 * meanwhile is kept in a list.  The page is shared with somebody who may do anything to it: the
 * indices are read once each and checked before use.
 */
#include "pvrt.h"

#include <xen/io/xs_wire.h>

#define RING XENSTORE_RING_SIZE

struct report {
	struct report *next;
	size_t length;
	char text[]; /* path, token */
};

static struct xenstore_domain_interface *ring;
static evtchn_port_t port;
static uint32_t last_id;
static struct report *reports, **reports_end = &reports;

static const struct {
	int number;
	const char *name;
} errors[] = {
	{1, "EPERM"},   {2, "ENOENT"},  {5, "EIO"},    {7, "E2BIG"},   {11, "EAGAIN"},
	{12, "ENOMEM"}, {13, "EACCES"}, {16, "EBUSY"}, {17, "EEXIST"}, {21, "EISDIR"},
	{22, "EINVAL"}, {28, "ENOSPC"}, {30, "EROFS"}, {38, "ENOSYS"}, {106, "EISCONN"},
};

void (*store_idle)(void);

void store_init(void *page, evtchn_port_t to)
{
	ring = page;
	port = to;
}

/* Until the other end did something. */
static void wait(void)
{
	struct sched_poll p = {.nr_ports = 1};

	if (store_idle) {
		store_idle();
		return;
	}
	set_xen_guest_handle(p.ports, &port);
	sched_op(SCHEDOP_poll, &p);
	event_clear(port);
}

static uint32_t distance(uint32_t prod, uint32_t cons)
{
	if (prod - cons > RING)
		panic("the store's ring: %u to %u", cons, prod);
	return prod - cons;
}

static void put(const void *data, size_t n)
{
	const char *from = data;

	while (n) {
		uint32_t prod = ring->req_prod, used = distance(prod, READ_ONCE(ring->req_cons));

		if (used == RING) {
			event_send(port);
			wait();
			continue;
		}
		for (; n && used < RING; n--, used++)
			ring->req[MASK_XENSTORE_IDX(prod++)] = *from++;
		barrier(); /* the bytes before the index */
		WRITE_ONCE(ring->req_prod, prod);
	}
}

static void get(void *data, size_t n)
{
	char *to = data;

	while (n) {
		uint32_t cons = ring->rsp_cons, ready = distance(READ_ONCE(ring->rsp_prod), cons);

		if (!ready) {
			event_send(port);
			wait();
			continue;
		}
		barrier(); /* the index before the bytes */
		for (; n && ready; n--, ready--)
			*to++ = ring->rsp[MASK_XENSTORE_IDX(cons++)];
		barrier();
		WRITE_ONCE(ring->rsp_cons, cons);
	}
	event_send(port);
}

static void keep_report(size_t length)
{
	struct report *r = heap_alloc(sizeof(*r) + length + 2);

	get(r->text, length);
	r->length = length;
	*reports_end = r;
	reports_end = &r->next;
}

static int error_of(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++)
		if (!strcmp(errors[i].name, name))
			return -errors[i].number;
	return -22;
}

/* Everything that is not for us goes to the reports; true when the answer is in *h. */
static bool next_message(struct xsd_sockmsg *h)
{
	get(h, sizeof(*h));
	if (h->len > XENSTORE_PAYLOAD_MAX)
		panic("the store sends %u bytes", h->len);
	if (h->type != XS_WATCH_EVENT)
		return true;
	keep_report(h->len);
	return false;
}

long store_request(uint32_t type, uint32_t tx, const void *data, size_t length, char *answer,
		   size_t size)
{
	struct xsd_sockmsg h = {.type = type, .req_id = ++last_id, .tx_id = tx};
	static char text[XENSTORE_PAYLOAD_MAX + 1];

	if (length > XENSTORE_PAYLOAD_MAX)
		return -7;
	h.len = (uint32_t)length;
	put(&h, sizeof(h));
	put(data, length);
	event_send(port);
	while (!next_message(&h))
		;
	get(text, h.len);
	text[h.len] = 0;
	if (h.req_id != last_id)
		panic("the store answers %u, not %u", h.req_id, last_id);
	if (h.type == XS_ERROR)
		return error_of(text);
	if (h.type != type)
		return -5;
	if (answer && size) {
		size_t n = h.len < size - 1 ? h.len : size - 1;

		memcpy(answer, text, n);
		answer[n] = 0;
	}
	return h.len;
}

/* --- requests --- */

/* Path, NUL, value without one. */
long store_write(uint32_t tx, const char *path, const char *value)
{
	size_t n = strlen(path) + 1, all = n + strlen(value);
	char *both = heap_alloc(all);
	long rc;

	memcpy(both, path, n);
	memcpy(both + n, value, all - n);
	rc = store_request(XS_WRITE, tx, both, all, NULL, 0);
	heap_free(both);
	return rc < 0 ? rc : 0;
}

long store_read(uint32_t tx, const char *path, char *value, size_t size)
{
	return store_request(XS_READ, tx, path, strlen(path) + 1, value, size);
}

long store_directory(uint32_t tx, const char *path, char *names, size_t size)
{
	return store_request(XS_DIRECTORY, tx, path, strlen(path) + 1, names, size);
}

long store_mkdir(uint32_t tx, const char *path)
{
	long rc = store_request(XS_MKDIR, tx, path, strlen(path) + 1, NULL, 0);

	return rc < 0 ? rc : 0;
}

long store_remove(uint32_t tx, const char *path)
{
	long rc = store_request(XS_RM, tx, path, strlen(path) + 1, NULL, 0);

	return rc < 0 ? rc : 0;
}

long store_transaction(uint32_t *tx)
{
	char id[16];
	long rc = store_request(XS_TRANSACTION_START, 0, "", 1, id, sizeof(id));

	*tx = rc < 0 ? 0 : (uint32_t)parse_number(id);
	return rc < 0 ? rc : 0;
}

long store_transaction_end(uint32_t tx, bool commit)
{
	long rc = store_request(XS_TRANSACTION_END, tx, commit ? "T" : "F", 2, NULL, 0);

	return rc < 0 ? rc : 0;
}

/* --- watches --- */

static long watch(uint32_t type, const char *path, const char *token)
{
	char both[256];
	size_t n = strlen(path) + 1, all = n + strlen(token) + 1;
	long rc;

	if (all > sizeof(both))
		return -7;
	memcpy(both, path, n);
	memcpy(both + n, token, all - n);
	rc = store_request(type, 0, both, all, NULL, 0);
	return rc < 0 ? rc : 0;
}

long store_watch(const char *path, const char *token)
{
	return watch(XS_WATCH, path, token);
}

long store_unwatch(const char *path, const char *token)
{
	return watch(XS_UNWATCH, path, token);
}

bool store_event(char *path, size_t path_size, char *token, size_t token_size)
{
	struct report *r;
	struct xsd_sockmsg h;

	while (!reports && distance(READ_ONCE(ring->rsp_prod), ring->rsp_cons))
		if (next_message(&h))
			panic("the store answers what nobody asked");
	r = reports;
	if (!r)
		return false;
	reports = r->next;
	if (!reports)
		reports_end = &reports;
	print_to(path, path_size, "%s", r->text);
	print_to(token, token_size, "%s", r->text + strlen(r->text) + 1);
	heap_free(r);
	return true;
}
