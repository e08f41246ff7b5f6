// SPDX-License-Identifier: MIT
/*
 * The null server: speaks the store's wire protocol over a Unix socket, keeps nothing, and answers
 * every request at once with a reply of the usual size.  What a client measures against it is the
 * cost of the socket and of the client itself, hence the ceiling for any daemon.
 *
 *   xenstorenull SOCKET
 *
 * A write below /w/ sends a watch event as well, with the last word of the path as its token,
 * which is how xenstorebench sets its watches.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#define IN_ROOM 65536

struct peer {
	int fd;
	size_t have, out_begin, out_end, out_room;
	char *out;
	char in[IN_ROOM];
};

static char names[100 * 3 + 1];
static size_t names_len;

static void reply(struct peer *p, const struct xsd_sockmsg *to, uint32_t type, const void *body,
		  size_t len)
{
	struct xsd_sockmsg header = {type, to->req_id, to->tx_id, (uint32_t)len};

	if (type == XS_WATCH_EVENT)
		header.req_id = header.tx_id = 0;
	if (p->out_end + sizeof(header) + len > p->out_room) {
		p->out_room = (p->out_end + sizeof(header) + len) * 2;
		p->out = realloc(p->out, p->out_room);
		if (!p->out)
			abort();
	}
	memcpy(p->out + p->out_end, &header, sizeof(header));
	memcpy(p->out + p->out_end + sizeof(header), body, len);
	p->out_end += sizeof(header) + len;
}

static void answer_write(struct peer *p, const struct xsd_sockmsg *m, const char *body)
{
	const char *word = body + 3;
	char event[128];
	size_t path = strnlen(body, m->len);

	if (m->tx_id == 0 && path > 3 && path < 50 && memcmp(body, "/w/", 3) == 0) {
		memcpy(event, body, path);
		event[path] = 0;
		memcpy(event + path + 1, word, path - 3);
		event[path + 1 + path - 3] = 0;
		reply(p, m, XS_WATCH_EVENT, event, path + 1 + path - 3 + 1);
	}
	reply(p, m, XS_WRITE, "OK", 3);
}

static void answer(struct peer *p, const struct xsd_sockmsg *m, const char *body)
{
	switch (m->type) {
	case XS_READ:
		reply(p, m, XS_READ, "value-1234", 10);
		break;
	case XS_DIRECTORY:
		reply(p, m, XS_DIRECTORY, names, names_len);
		break;
	case XS_TRANSACTION_START:
		reply(p, m, XS_TRANSACTION_START, "1", 2);
		break;
	case XS_WATCH:
		reply(p, m, XS_WATCH, "OK", 3);
		reply(p, m, XS_WATCH_EVENT, body, m->len);
		break;
	case XS_WRITE:
		answer_write(p, m, body);
		break;
	default:
		reply(p, m, m->type, "OK", 3);
	}
}

/* False when the peer has gone. */
static int serve(struct peer *p)
{
	size_t at = 0;
	ssize_t n = recv(p->fd, p->in + p->have, IN_ROOM - p->have, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return 0;
	if (n > 0)
		p->have += (size_t)n;
	while (p->have - at >= sizeof(struct xsd_sockmsg)) {
		struct xsd_sockmsg m;

		memcpy(&m, p->in + at, sizeof(m));
		if (m.len > XENSTORE_PAYLOAD_MAX)
			return 0;
		if (p->have - at < sizeof(m) + m.len)
			break;
		answer(p, &m, p->in + at + sizeof(m));
		at += sizeof(m) + m.len;
	}
	memmove(p->in, p->in + at, p->have - at);
	p->have -= at;
	while (p->out_begin < p->out_end) {
		n = send(p->fd, p->out + p->out_begin, p->out_end - p->out_begin,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return 1;
		if (n < 0)
			return 0;
		p->out_begin += (size_t)n;
	}
	p->out_begin = p->out_end = 0;
	return 1;
}

static void accept_peer(int epoll, int listener)
{
	struct epoll_event e = {.events = EPOLLIN};
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->fd = accept(listener, NULL, NULL);
	e.data.ptr = p;
	if (p->fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, p->fd, &e) != 0)
		free(p);
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	int epoll = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};

	if (argc != 2 || strlen(argv[1]) >= sizeof(addr.sun_path))
		return 2;
	for (unsigned int i = 0; i < 100; i++)
		names_len +=
			(size_t)snprintf(names + names_len, sizeof(names) - names_len, "%u", i) + 1;
	strcpy(addr.sun_path, argv[1]);
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    listen(listener, 1024) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e) != 0) {
		perror(argv[1]);
		return 1;
	}
	for (;;) {
		struct epoll_event ready[64];
		int n = epoll_wait(epoll, ready, 64, -1);

		for (int i = 0; i < n; i++) {
			struct peer *p = ready[i].data.ptr;

			if (!p) {
				accept_peer(epoll, listener);
			} else if (!serve(p)) {
				close(p->fd);
				free(p->out);
				free(p);
			} else if (p->out_begin < p->out_end) {
				/* Its buffer is full: serve() is called again for EPOLLOUT. */
				struct epoll_event both = {.events = EPOLLIN | EPOLLOUT,
							   .data.ptr = p};

				epoll_ctl(epoll, EPOLL_CTL_MOD, p->fd, &both);
			}
		}
	}
}
