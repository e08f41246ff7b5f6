// SPDX-License-Identifier: MIT
/*
 * Any bytes, in any pieces, from a process on its socket, which reads the replies now and then:
 * xenstore/conn_socket.c answers each whole request once and in order, in whole messages, whatever
 * it had to set aside; and a message that is too long ends the connection.
 */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit/xs_host.h"

#include "../../xenstore/conn_socket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop_source *source; /* of the one client; NULL once it is gone */
static struct loop_later *later;
static char answers[1 << 20]; /* read by the client and not yet looked at */
static size_t answers_len;
static unsigned int replies;

int loop_add(struct loop_source *s)
{
	source = s;
	return 0;
}

void loop_change(struct loop_source *s, uint32_t events)
{
	s->events = events;
}

void loop_again(struct loop_source *s)
{
	(void)s;
}

void loop_remove(struct loop_source *s)
{
	(void)s;
	source = NULL;
}

void loop_defer(struct loop_later *l)
{
	later = l;
}

void persist_stash(uint32_t id, uint32_t pos, const char *data, size_t len)
{
	(void)id;
	(void)pos;
	(void)data;
	(void)len;
}

bool handover_is_update(void)
{
	return false;
}

bool handover_keeper(void)
{
	return false;
}

uint32_t handover_word(void)
{
	return 0;
}

void handover_word_free(uint32_t number)
{
	(void)number;
}

bool handover_was_busy(uint32_t number)
{
	return number != 0;
}

int handover_take(const char *name)
{
	(void)name;
	return -1;
}

void handover_keep(int fd, const char *name)
{
	(void)fd;
	(void)name;
}

void handover_forget(const char *name)
{
	(void)name;
}

void handover_pass(int fd, const char *name)
{
	(void)fd;
	(void)name;
}

/* A turn of the loop; false if there was nothing to do. */
static bool turn(void)
{
	struct pollfd p = {.events = POLLIN | POLLOUT};
	uint32_t events;

	if (!source)
		return false;
	p.fd = source->fd;
	poll(&p, 1, 0);
	events = (uint32_t)p.revents & (source->events | POLLHUP | POLLERR);
	if (!events)
		return false;
	if (source->gather)
		source->gather(source, events);
	socket_gathered();
	source->ready(source, events);
	conn_flush_all();
	if (later)
		later->fn(later);
	later = NULL;
	return true;
}

/* The client reads what is there, and looks at what is whole; false if nothing was. */
static bool read_answers(int fd)
{
	struct xsd_sockmsg head;
	ssize_t n = recv(fd, answers + answers_len, sizeof(answers) - answers_len, MSG_DONTWAIT);
	size_t at = 0;

	answers_len += n > 0 ? (size_t)n : 0;
	for (;; at += sizeof(head) + head.len) {
		enum wire_result got = wire_next(answers + at, answers_len - at, &head);

		if (got == WIRE_BAD)
			abort();
		if (got == WIRE_PARTIAL)
			break;
		if (head.type == XS_WATCH_EVENT)
			continue;
		/* Each request has its number as its id. */
		if (head.req_id != ++replies)
			abort();
	}
	answers_len -= at;
	memmove(answers, answers + at, answers_len);
	return n > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *sent = malloc(size + 1);
	unsigned int requests = 0;
	size_t length = 0, at = 0;
	struct xsd_sockmsg head;
	enum wire_result got;
	int fds[2];

	store_init();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) || !socket_adopt(fds[0]))
		abort();
	answers_len = 0;
	replies = 0;
	/* The stream first, numbered, then the pieces it comes in, which its own bytes choose. */
	memcpy(sent, data, size);
	while ((got = wire_next((char *)sent + length, size - length, &head)) == WIRE_MESSAGE) {
		head.req_id = ++requests;
		memcpy(sent + length, &head, sizeof(head));
		length += sizeof(head) + head.len;
	}
	while (at < size && source) {
		size_t n = 1 + data[at] * (size_t)(data[at] & 1 ? 40 : 1);

		n = n < size - at ? n : size - at;
		n = (size_t)send(fds[1], sent + at, n, MSG_NOSIGNAL);
		at += n <= size ? n : 0;
		while (turn() && !(data[at < size ? at : 0] & 2))
			;
		if (data[at < size ? at : 0] & 4 || n > size)
			read_answers(fds[1]);
	}
	for (bool more = true; more;) {
		more = turn();
		more |= read_answers(fds[1]);
	}
	if (got == WIRE_BAD ? source != NULL || replies > requests : replies != requests || !source)
		abort();
	close(fds[1]);
	while (turn())
		;
	if (source || watch_count_all() || txn_count_all())
		abort();
	node_put(store_root);
	while (tree_reap(1000))
		;
	free(sent);
	return 0;
}
