// SPDX-License-Identifier: MIT
/*
 * Two growing buffers, one for each direction, and beneath them either a socket that does not
 * block or a ring page.
 */
#include "client.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hostxen.h"

struct buffer {
	char *data;
	size_t begin, end, room;
};

struct xsc {
	int fd;
	struct hostxen *hx;
	unsigned int domid;
	uint32_t next_id;
	bool gone;
	struct buffer out, in;
	char *body; /* of the message last taken */
	xsc_event_fn *on_event;
	void *event_arg;
};

int xsc_timeout = 60000;

static void *must(void *p)
{
	if (!p) {
		perror("client");
		abort();
	}
	return p;
}

/* Room for N more bytes at the end. */
static char *buffer_reserve(struct buffer *b, size_t n)
{
	if (b->begin == b->end)
		b->begin = b->end = 0;
	if (b->end + n > b->room && b->begin > 0) {
		memmove(b->data, b->data + b->begin, b->end - b->begin);
		b->end -= b->begin;
		b->begin = 0;
	}
	if (b->end + n > b->room) {
		b->room = (b->end + n) * 2;
		b->data = must(realloc(b->data, b->room));
	}
	return b->data + b->end;
}

struct xsc *xsc_socket(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct xsc *c = must(calloc(1, sizeof(*c)));

	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		int saved = errno;

		if (c->fd >= 0)
			close(c->fd);
		free(c);
		errno = saved;
		return NULL;
	}
	c->body = must(malloc(XENSTORE_PAYLOAD_MAX + 1));
	return c;
}

struct xsc *xsc_ring(struct hostxen *hx, unsigned int domid)
{
	struct xsc *c = must(calloc(1, sizeof(*c)));

	c->fd = -1;
	c->hx = hx;
	c->domid = domid;
	c->body = must(malloc(XENSTORE_PAYLOAD_MAX + 1));
	return c;
}

void xsc_close(struct xsc *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c->out.data);
	free(c->in.data);
	free(c->body);
	free(c);
}

int xsc_fd(const struct xsc *c)
{
	return c->fd;
}

void xsc_on_event(struct xsc *c, xsc_event_fn *fn, void *arg)
{
	c->on_event = fn;
	c->event_arg = arg;
}

void xsc_queue_raw(struct xsc *c, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(buffer_reserve(&c->out, len), bytes, len);
	c->out.end += len;
}

uint32_t xsc_queue(struct xsc *c, uint32_t type, uint32_t tx, const void *body, size_t len)
{
	struct xsd_sockmsg header = {type, ++c->next_id, tx, (uint32_t)len};

	xsc_queue_raw(c, &header, sizeof(header));
	xsc_queue_raw(c, body, len);
	return header.req_id;
}

size_t xsc_unsent(const struct xsc *c)
{
	return c->out.end - c->out.begin;
}

static void push_socket(struct xsc *c)
{
	while (xsc_unsent(c) > 0) {
		ssize_t n = send(c->fd, c->out.data + c->out.begin, xsc_unsent(c),
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			c->gone = true;
		if (n <= 0)
			break;
		c->out.begin += (size_t)n;
	}
}

static void pull_socket(struct xsc *c)
{
	for (;;) {
		char *to = buffer_reserve(&c->in, 65536);
		ssize_t n = recv(c->fd, to, 65536, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			c->gone = true;
		if (n <= 0)
			return;
		c->in.end += (size_t)n;
		if (n < 65536)
			return;
	}
}

static void push_ring(struct xsc *c)
{
	struct xenstore_domain_interface *r = hostxen_ring(c->hx, c->domid);
	_Atomic uint32_t *req_cons = (_Atomic uint32_t *)&r->req_cons;
	_Atomic uint32_t *req_prod = (_Atomic uint32_t *)&r->req_prod;
	uint32_t at = atomic_load(req_prod), from = at;
	uint32_t room = XENSTORE_RING_SIZE - (at - atomic_load(req_cons));

	for (; room > 0 && room <= XENSTORE_RING_SIZE && xsc_unsent(c) > 0; room--)
		r->req[MASK_XENSTORE_IDX(at++)] = c->out.data[c->out.begin++];
	atomic_store(req_prod, at);
	if (at != from)
		hostxen_raise(c->hx, HOSTXEN_PORT(c->domid));
}

static void pull_ring(struct xsc *c)
{
	struct xenstore_domain_interface *r = hostxen_ring(c->hx, c->domid);
	_Atomic uint32_t *rsp_cons = (_Atomic uint32_t *)&r->rsp_cons;
	_Atomic uint32_t *rsp_prod = (_Atomic uint32_t *)&r->rsp_prod;
	uint32_t at = atomic_load(rsp_cons), from = at;

	for (uint32_t end = atomic_load(rsp_prod); at != end;) {
		*buffer_reserve(&c->in, 1) = r->rsp[MASK_XENSTORE_IDX(at++)];
		c->in.end++;
	}
	atomic_store(rsp_cons, at);
	if (at != from)
		hostxen_raise(c->hx, HOSTXEN_PORT(c->domid));
}

bool xsc_pump(struct xsc *c)
{
	if (c->fd < 0) {
		push_ring(c);
		pull_ring(c);
	} else {
		push_socket(c);
		pull_socket(c);
	}
	return !c->gone;
}

bool xsc_push(struct xsc *c)
{
	if (c->fd < 0)
		push_ring(c);
	else
		push_socket(c);
	return !c->gone;
}

bool xsc_next(struct xsc *c, struct xsc_msg *m)
{
	size_t have = c->in.end - c->in.begin;
	struct xsd_sockmsg header;

	if (have < sizeof(header))
		return false;
	memcpy(&header, c->in.data + c->in.begin, sizeof(header));
	if (header.len > XENSTORE_PAYLOAD_MAX) {
		fprintf(stderr, "client: a message of %u bytes from the daemon\n", header.len);
		c->gone = true;
		return false;
	}
	if (have < sizeof(header) + header.len)
		return false;
	memcpy(c->body, c->in.data + c->in.begin + sizeof(header), header.len);
	c->body[header.len] = 0;
	c->in.begin += sizeof(header) + header.len;
	*m = (struct xsc_msg){header.type, header.req_id, header.tx_id, header.len, c->body};
	return true;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int xsc_wait(struct xsc *c, struct xsc_msg *m, int timeout)
{
	double end = seconds() + timeout * 1e-3;

	for (;;) {
		struct pollfd p = {c->fd, POLLIN, 0};
		int left;

		xsc_pump(c);
		if (xsc_next(c, m))
			return 1;
		if (c->gone)
			return -1;
		left = (int)((end - seconds()) * 1e3);
		if (left < 0 || timeout == 0)
			return 0;
		if (c->fd < 0) {
			hostxen_wait(c->hx, left < 10 ? left : 10);
			continue;
		}
		if (xsc_unsent(c) > 0)
			p.events |= POLLOUT;
		poll(&p, 1, left);
	}
}

int xsc_errno(const char *name)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (strcmp(name, xsd_errors[i].errstring) == 0)
			return xsd_errors[i].errnum;
	return EINVAL;
}

const char *xsc_errname(int err)
{
	if (err == 0)
		return "OK";
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (xsd_errors[i].errnum == err)
			return xsd_errors[i].errstring;
	return err == XSC_LOST ? "LOST" : "?";
}

int xsc_call(struct xsc *c, uint32_t type, uint32_t tx, const void *body, size_t len,
	     struct xsc_msg *m)
{
	uint32_t id = xsc_queue(c, type, tx, body, len);
	struct xsc_msg mine;

	if (!m)
		m = &mine;
	while (xsc_wait(c, m, xsc_timeout) == 1) {
		if (m->type == XS_WATCH_EVENT) {
			if (c->on_event)
				c->on_event(c->event_arg, m);
		} else if (m->req_id == id) {
			return m->type == XS_ERROR ? xsc_errno(m->body) : 0;
		}
	}
	return XSC_LOST;
}

int xsc_write(struct xsc *c, uint32_t tx, const char *path, const char *value)
{
	char body[XENSTORE_PAYLOAD_MAX];
	int n = snprintf(body, sizeof(body), "%s%c%s", path, 0, value);

	return xsc_call(c, XS_WRITE, tx, body, (size_t)n, NULL);
}

int xsc_path_op(struct xsc *c, uint32_t type, uint32_t tx, const char *path, struct xsc_msg *m)
{
	return xsc_call(c, type, tx, path, strlen(path) + 1, m);
}

int xsc_watch(struct xsc *c, const char *path, const char *token)
{
	char body[XENSTORE_PAYLOAD_MAX];
	int n = snprintf(body, sizeof(body), "%s%c%s", path, 0, token);

	return xsc_call(c, XS_WATCH, 0, body, (size_t)n + 1, NULL);
}

int xsc_begin(struct xsc *c, uint32_t *tx)
{
	struct xsc_msg m;
	int err = xsc_call(c, XS_TRANSACTION_START, 0, "", 1, &m);

	if (err == 0)
		*tx = (uint32_t)strtoul(m.body, NULL, 10);
	return err;
}

int xsc_end(struct xsc *c, uint32_t tx, bool commit)
{
	return xsc_call(c, XS_TRANSACTION_END, tx, commit ? "T" : "F", 2, NULL);
}

int xsc_set_perms(struct xsc *c, uint32_t tx, const char *path, const char *perms)
{
	char body[XENSTORE_PAYLOAD_MAX];
	int n = snprintf(body, sizeof(body), "%s%c%s", path, 0, perms);

	for (char *p = body + strlen(path) + 1; *p; p++)
		if (*p == ' ')
			*p = 0;
	return xsc_call(c, XS_SET_PERMS, tx, body, (size_t)n + 1, NULL);
}

int xsc_introduce(struct xsc *c, unsigned int domid)
{
	char body[64];
	int n = snprintf(body, sizeof(body), "%u%c%u%c%u", domid, 0, 4096 + domid, 0,
			 HOSTXEN_GUEST_PORT);

	return xsc_call(c, XS_INTRODUCE, 0, body, (size_t)n + 1, NULL);
}

int xsc_release(struct xsc *c, unsigned int domid)
{
	char body[16];
	int n = snprintf(body, sizeof(body), "%u", domid);

	return xsc_call(c, XS_RELEASE, 0, body, (size_t)n + 1, NULL);
}
