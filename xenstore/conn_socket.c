// SPDX-License-Identifier: MIT
/*
 * conn_socket.h.  One read takes as many requests as are there, one send all their replies.  All
 * clients share the buffer that is read into: a client has memory of its own only while a message
 * is incomplete, or while replies wait for it to read.
 *
 * In each turn the requests of all that are ready are read first (gather), one client's behind the
 * other's, so that it is known ahead which nodes will be needed; then each client is served.
 *
 * While a client sends requests only, its socket tells of new bytes once (EPOLLET): what a read has
 * emptied need not be looked at again in the next wait.  What may hold more is asked anew (MORE).
 */
#include "conn_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "handover.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "persist.h"
#include "prefetch.h"
#include "request.h"
#include "store.h"

#define READ_SIZE 32768
#define ACCEPT_BATCH 32
#define GATHER_SIZE (4 * READ_SIZE)
#define ONCE (EPOLLET | EPOLLRDHUP)
#define ENDED (EPOLLHUP | EPOLLRDHUP | EPOLLERR)

struct socket_conn {
	struct conn conn; /* first */
	struct loop_source source;
	struct loop_later later;
	char *got; /* read in this turn and to be served: GOT_LEN bytes, -1 for a broken socket */
	ssize_t got_len;
	size_t ahead; /* of which so many have been looked at */
	bool more; /* there may be more to read, of which we have been told */
};

static char buffer[READ_SIZE + XENSTORE_PAYLOAD_MAX + sizeof(struct xsd_sockmsg)];
static char gathered[GATHER_SIZE];
static size_t gathered_len;
static struct loop_source listener = {.fd = -1};
static unsigned int sockets;
static int spare_fd = -1; /* given up to refuse a client when descriptors are out */

static const struct conn_transport transport;

static struct socket_conn *of(struct conn *c)
{
	return (struct socket_conn *)c;
}

bool socket_is(const struct conn *c)
{
	return c->transport == &transport;
}

int socket_fd(const struct conn *c)
{
	return ((const struct socket_conn *)c)->source.fd;
}

unsigned int socket_count(void)
{
	return sockets;
}

/* What we are to the service manager, and to the journal. */
static void name_of(char *to, size_t room, uint32_t id)
{
	snprintf(to, room, "conn-%u", id);
}

/*
 * A client that watches something is there to stay, and worth a call to the service manager; it
 * would have to set its watches again.
 */
static void keep(struct conn *c)
{
	char name[32];

	c->word = handover_word();
	if (!c->word)
		return;
	handover_set(c->word, true);
	name_of(name, sizeof(name), c->id);
	handover_keep(of(c)->source.fd, name);
	conn_keep(c);
	persist_commit();
}

/* A request was read and waits, perhaps for nothing any more. */
static bool has_stashed(const struct conn *c)
{
	struct xsd_sockmsg head;

	return c->in_len && !c->starved && wire_next(c->in, c->in_len, &head) != WIRE_PARTIAL;
}

static void wanted(struct socket_conn *s)
{
	uint32_t events = conn_may_ask(&s->conn) ? EPOLLIN : 0;

	/*
	 * A send can fail for want of memory, after which nothing would tell us; nor of a request
	 * whose client has read all replies while they were sent.
	 */
	if (conn_pending(&s->conn) || has_stashed(&s->conn))
		events |= EPOLLOUT;
	else
		events |= ONCE;
	if (s->more && events == s->source.events)
		loop_again(&s->source);
	else
		loop_change(&s->source, events);
	s->more = false;
}

/*
 * Requests among SIZE bytes, of which AHEAD have been looked at ahead; returns the bytes that they
 * took, or -1 if the stream is broken.
 */
static ssize_t serve(struct conn *c, const char *data, size_t size, size_t ahead)
{
	bool forget = !ahead;
	size_t at = 0;

	if (forget)
		prefetch_forget();
	while (conn_may_ask(c)) {
		struct xsd_sockmsg head;
		enum wire_result got = wire_next(data + at, size - at, &head);

		if (got == WIRE_BAD) {
			prefetch_forget();
			return -1;
		}
		if (got == WIRE_PARTIAL)
			break;
		/* Not at the end of what was read: what other clients wait for would be forgotten. */
		if (at >= ahead && prefetch_pays()) {
			ahead = at + prefetch_requests(data + at, size - at);
			prefetch_run(&store_root);
			forget = true;
		}
		if (!request_run(c, &head, data + at + sizeof(head))) {
			conn_starve(c);
			break;
		}
		persist_commit();
		at += sizeof(head) + head.len;
	}
	/* What follows may come to where these stood. */
	if (forget)
		prefetch_forget();
	return (ssize_t)at;
}

/* Serves what an earlier read left, once the client has room for replies again. */
static void serve_stashed(struct conn *c)
{
	ssize_t used;

	if (!c->in_len)
		return;
	used = serve(c, c->in, c->in_len, 0);
	if (used < 0) {
		conn_close(c);
		return;
	}
	c->in_len -= (size_t)used;
	memmove(c->in, c->in + used, c->in_len);
}

static void flush(struct conn *c)
{
	while (conn_pending(c)) {
		ssize_t n = send(of(c)->source.fd, c->out + c->out_at, conn_pending(c),
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM) {
			conn_close(c);
			return;
		}
		if (n < 0)
			break;
		conn_sent(c, (size_t)n);
	}
	if (!c->word && c->watches && handover_keeper())
		keep(c);
	if (c->word && !conn_pending(c) && !c->in_len)
		handover_set(c->word, false);
	wanted(of(c));
}

/* Serves N bytes that were read, and keeps the start of a message whose rest is to come. */
static void serve_read(struct conn *c, const char *data, ssize_t n, size_t ahead)
{
	ssize_t used = serve(c, data, (size_t)n, ahead);

	if (used < 0 || !conn_stash(c, data + used, (size_t)(n - used))) {
		conn_close(c);
		return;
	}
	if (!c->in_len && c->in) {
		mem_free(c->in, c->in_room);
		c->in = NULL;
		c->in_room = 0;
	}
}

/* What there is to read, at TO: its length, 0 for nothing yet, or -1 when the client is gone. */
static ssize_t read_some(struct conn *c, char *to)
{
	ssize_t n;

	handover_set(c->word, true);
	n = recv(of(c)->source.fd, to, READ_SIZE, MSG_DONTWAIT);
	/* Less than there is room for: that was all. */
	if (n != READ_SIZE && !(n < 0 && errno == EINTR))
		of(c)->more = false;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n > 0 ? n : -1;
}

static void receive(struct conn *c)
{
	size_t had = c->in_len;
	ssize_t n;

	if (had >= sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX) {
		serve_stashed(c);
		return;
	}
	n = read_some(c, buffer + had);
	if (n < 0)
		conn_close(c);
	if (n <= 0)
		return;
	if (had)
		memcpy(buffer, c->in, had);
	serve_read(c, buffer, n + (ssize_t)had, 0);
}

static struct socket_conn *of_source(struct loop_source *source)
{
	return (struct socket_conn *)((char *)source - offsetof(struct socket_conn, source));
}

/* The common case is read ahead: all before was served, and all replies are sent. */
static void gather(struct loop_source *source, uint32_t events)
{
	struct socket_conn *s = of_source(source);
	struct conn *c = &s->conn;

	if (!(events & EPOLLIN) || c->in_len || conn_pending(c) ||
	    gathered_len + READ_SIZE > GATHER_SIZE)
		return;
	s->more = true;
	s->got = gathered + gathered_len;
	s->got_len = read_some(c, s->got);
	if (s->got_len <= 0)
		return;
	gathered_len += (size_t)s->got_len;
	/* 0 also says that nothing which is remembered is of these bytes. */
	s->ahead = prefetch_pays() ? prefetch_requests(s->got, (size_t)s->got_len) : 0;
}

void socket_gathered(void)
{
	prefetch_run(&store_root);
	gathered_len = 0;
}

static void ready(struct loop_source *source, uint32_t events)
{
	struct socket_conn *s = of_source(source);
	struct conn *c = &s->conn;

	/* An end that came together with bytes is told of by the next event. */
	if (!s->got || events & ENDED)
		s->more = true;
	if (s->got) {
		if (s->got_len < 0)
			conn_close(c);
		else if (s->got_len)
			serve_read(c, s->got, s->got_len, s->ahead);
		s->got = NULL;
		if (!c->closed)
			flush(c);
		return;
	}
	if (events & EPOLLOUT) {
		if (conn_pending(c))
			flush(c);
		if (!c->closed && conn_may_ask(c))
			serve_stashed(c);
	}
	if (!c->closed && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		if (conn_may_ask(c))
			receive(c);
		else if (events & (EPOLLHUP | EPOLLERR))
			conn_close(c);
	}
	if (!c->closed)
		flush(c);
}

static void release(struct loop_later *later)
{
	struct socket_conn *s = (struct socket_conn *)((char *)later -
						       offsetof(struct socket_conn, later));

	mem_free(s, sizeof(*s));
}

static void end(struct conn *c)
{
	struct socket_conn *s = of(c);
	char name[32];

	if (c->word) {
		name_of(name, sizeof(name), c->id);
		handover_forget(name);
		handover_word_free(c->word);
	}
	loop_remove(&s->source);
	close(s->source.fd);
	s->source.fd = -1;
	sockets--;
	s->later.fn = release;
	loop_defer(&s->later);
}

static void retry(struct conn *c)
{
	serve_stashed(c);
	if (!c->closed)
		flush(c);
}

static const struct conn_transport transport = {flush, end, retry};

struct conn *socket_adopt(int fd)
{
	struct socket_conn *s = mem_alloc(sizeof(*s));

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	conn_init(&s->conn, &transport);
	s->conn.who.privileged = true;
	s->source = (struct loop_source){fd, EPOLLIN | ONCE, ready, gather};
	sockets++;
	if (loop_add(&s->source)) {
		conn_close(&s->conn);
		return NULL;
	}
	return &s->conn;
}

void socket_restore(uint32_t id, uint32_t word)
{
	char name[32];
	struct conn *c;
	int fd;

	name_of(name, sizeof(name), id);
	if (!word && !handover_is_update())
		return;
	fd = handover_take(name);
	if (fd < 0)
		return;
	if (handover_was_busy(word) && !handover_is_update()) {
		handover_forget(name);
		close(fd);
		return;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	c = socket_adopt(fd);
	if (!c) {
		close(fd);
		return;
	}
	conn_restore(c, id, word);
}

void socket_pass_all(void)
{
	char name[32];

	handover_pass(listener.fd, HANDOVER_LISTENER);
	for (struct conn *c = conn_list; c; c = c->next) {
		if (!socket_is(c))
			continue;
		if (!c->kept)
			conn_keep(c);
		if (conn_pending(c))
			persist_out(c->id, c->out + c->out_at, conn_pending(c));
		if (c->in_len)
			persist_stash(c->id, 0, c->in, c->in_len);
		name_of(name, sizeof(name), c->id);
		handover_pass(of(c)->source.fd, name);
	}
}

static void accept_some(struct loop_source *source, uint32_t events)
{
	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE) && spare_fd >= 0) {
			/* Take it and hang up, rather than be woken for it for ever. */
			close(spare_fd);
			fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);
			if (fd >= 0)
				close(fd);
			spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
			return;
		}
		if (fd < 0)
			return;
		if (!socket_adopt(fd))
			close(fd);
	}
}

int socket_listen(const char *path, int fd)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	if (fd < 0) {
		mode_t mask;
		int err;

		if (strlen(path) >= sizeof(name.sun_path))
			return ENAMETOOLONG;
		memcpy(name.sun_path, path, strlen(path) + 1);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return errno;
		unlink(path);
		mask = umask(0177);
		err = bind(fd, (struct sockaddr *)&name, sizeof(name)) || listen(fd, 4096) ? errno
											   : 0;
		umask(mask);
		if (err) {
			close(fd);
			return err;
		}
	}
	handover_keep(fd, HANDOVER_LISTENER);
	listener = (struct loop_source){fd, EPOLLIN, accept_some, NULL};
	return loop_add(&listener);
}
