// SPDX-License-Identifier: MIT
/*
 * The socket is read whenever it could not be written, so that neither side waits for the other
 * to make room. Queued bytes are bounded: beyond OUT_MOST a request waits for those before it.
 */
#include "store/stream.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_DIR "/var/run/xenstored"
#define OUT_MOST 65536u
#define IN_MOST 16384u
#define EVENTS_MOST (1u << 20)
_Static_assert(IN_MOST >= sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX, "a message fits");

/* A socket that is connected, or -1 with errno. */
static int reach(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("XENSTORED_PATH"), *dir = getenv("XENSTORED_RUNDIR");
	int length, fd, saved;

	length = snprintf(address.sun_path, sizeof(address.sun_path), "%s%s",
			  path  ? path
			  : dir ? dir
				: DEFAULT_DIR,
			  path ? "" : "/socket");
	if (length < 0 || (size_t)length >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int stream_open(struct store *store)
{
	int saved;

	*store = (struct store){.fd = -1};
	store->in.data = malloc(IN_MOST);
	if (!store->in.data)
		return -1;
	store->in.room = IN_MOST;
	store->fd = reach();
	if (store->fd >= 0)
		return 0;
	saved = errno;
	stream_close(store);
	errno = saved;
	return -1;
}

/*
 * Begins anew with a store that was started anew, when nothing of the old conversation would be
 * missed: no watch, no transaction, no answer that is due.
 */
static bool renew(struct store *store)
{
	int fd;

	if (store->fd < 0 || store->watched || store->transaction || store->first || store->sent)
		return false;
	fd = reach();
	if (fd < 0)
		return false;
	close(store->fd);
	store->fd = fd;
	store->in.used = 0;
	store->broken = 0;
	return true;
}

static bool store_left(int errnum)
{
	return errnum == ECONNRESET || errnum == EPIPE;
}

static void drop_events(struct store *store)
{
	while (store->events) {
		struct store_event *next = store->events->next;

		free(store->events);
		store->events = next;
	}
	store->last_event = NULL;
}

void stream_close(struct store *store)
{
	if (store->fd >= 0)
		close(store->fd);
	drop_events(store);
	free(store->out.data);
	free(store->in.data);
	free(store->due);
	*store = (struct store){.fd = -1, .broken = ENOTCONN};
}

/* ----- answers ------------------------------------------------------------------------- */

void stream_refuse(struct store *store, int errnum, const char *path, struct store_value *to,
		   bool checked)
{
	if (to) {
		*to = (struct store_value){.errnum = errnum};
	} else if (checked && !store->errnum) {
		store->errnum = errnum;
		snprintf(store->failed, sizeof(store->failed), "%s", path);
	}
}

static void fail(struct store *store, const struct store_due *due, int errnum)
{
	/* The payload of every request but a transaction's begins with its path or domain. */
	stream_refuse(store, errnum, store->out.data + due->payload, due->to, due->checked);
}

/* Nothing more will be answered. */
static void end(struct store *store, int errnum)
{
	store->broken = errnum;
	for (; store->first < store->count; store->first++)
		fail(store, &store->due[store->first], errnum);
	store->first = store->count = 0;
	store->out.used = store->sent = 0;
}

static int error_number(const char *text, size_t size)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(*xsd_errors); i++) {
		if (size == strlen(xsd_errors[i].errstring) + 1 &&
		    !memcmp(text, xsd_errors[i].errstring, size))
			return xsd_errors[i].errnum;
	}
	return EINVAL;
}

static void take_answer(struct store *store, const struct xsd_sockmsg *head, const char *payload)
{
	const struct store_due *due = &store->due[store->first];

	if (store->first == store->count || head->req_id != due->id ||
	    (head->type != due->type && head->type != XS_ERROR)) {
		end(store, EPROTO);
		return;
	}
	if (head->type == XS_ERROR) {
		fail(store, due, error_number(payload, head->len));
	} else if (due->to) {
		char *text = malloc(head->len + 1);

		if (text) {
			memcpy(text, payload, head->len);
			text[head->len] = '\0';
		}
		*due->to = (struct store_value){
			.text = text, .size = head->len, .errnum = text ? 0 : ENOMEM};
	}
	if (++store->first == store->count) {
		store->first = store->count = 0;
		store->out.used = store->sent = 0;
	}
}

static void take_event(struct store *store, const char *payload, size_t size)
{
	const char *nul = memchr(payload, '\0', size);
	struct store_event *event;

	/* Two strings, the second one ended by the last byte. */
	if (!nul || nul == payload + size - 1 || payload[size - 1]) {
		end(store, EPROTO);
		return;
	}
	event = store->event_bytes + size > EVENTS_MOST ? NULL : malloc(sizeof(*event) + size);
	if (!event) {
		/* One that is left out would never be missed: better to begin anew. */
		end(store, ENOBUFS);
		return;
	}
	event->next = NULL;
	event->token = (size_t)(nul + 1 - payload);
	memcpy(event->text, payload, size);
	if (store->last_event)
		store->last_event->next = event;
	else
		store->events = event;
	store->last_event = event;
	store->event_bytes += size;
}

/* Takes the whole messages at the start of what was read. */
static void take_messages(struct store *store)
{
	struct store_bytes *in = &store->in;
	size_t at = 0;

	while (!store->broken && in->used - at >= sizeof(struct xsd_sockmsg)) {
		struct xsd_sockmsg head;
		const char *payload = in->data + at + sizeof(head);

		memcpy(&head, in->data + at, sizeof(head));
		if (head.len > XENSTORE_PAYLOAD_MAX) {
			end(store, EPROTO);
			return;
		}
		if (in->used - at - sizeof(head) < head.len)
			break;
		at += sizeof(head) + head.len;
		if (head.type == XS_WATCH_EVENT)
			take_event(store, payload, head.len);
		else
			take_answer(store, &head, payload);
	}
	memmove(in->data, in->data + at, in->used - at);
	in->used -= at;
}

/* ----- the socket ---------------------------------------------------------------------- */

/* Reads once. False when there was nothing (with MSG_DONTWAIT), or the store is gone. */
static bool receive(struct store *store, int flags)
{
	struct store_bytes *in = &store->in;
	ssize_t n;

	do {
		n = recv(store->fd, in->data + in->used, in->room - in->used, flags);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		in->used += (size_t)n;
		take_messages(store);
		return true;
	}
	if (n < 0 && errno == EAGAIN)
		return false;
	end(store, n ? errno : ECONNRESET);
	return false;
}

static void transmit(struct store *store)
{
	ssize_t n = send(store->fd, store->out.data + store->sent, store->out.used - store->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
	struct pollfd fd = {.fd = store->fd, .events = POLLIN | POLLOUT};

	if (n >= 0) {
		store->sent += (size_t)n;
		return;
	}
	if (errno != EAGAIN && errno != EINTR) {
		int errnum = errno;

		/* Nobody has read any of it. */
		if (!store_left(errnum) || !renew(store))
			end(store, errnum);
		return;
	}
	poll(&fd, 1, -1);
	if (fd.revents & (POLLIN | POLLERR | POLLHUP))
		receive(store, MSG_DONTWAIT);
}

void stream_wait(struct store *store)
{
	if (store->first < store->count)
		store->trips++;
	while (!store->broken && store->first < store->count) {
		if (store->sent < store->out.used)
			transmit(store);
		else
			receive(store, 0);
	}
}

struct store_event *stream_event(struct store *store)
{
	struct store_event *event;

	while (!store->events && !store->broken && receive(store, MSG_DONTWAIT))
		;
	event = store->events;
	if (!event) {
		errno = store->broken ? store->broken : EAGAIN;
		return NULL;
	}
	store->events = event->next;
	if (!store->events) {
		store->last_event = NULL;
		store->event_bytes = 0;
	}
	return event;
}

/* ----- requests ------------------------------------------------------------------------ */

static bool reserve(struct store_bytes *bytes, size_t more)
{
	size_t room = 2 * (bytes->used + more) + 2048;
	char *data;

	if (bytes->room - bytes->used >= more)
		return true;
	data = realloc(bytes->data, room);
	if (!data)
		return false;
	bytes->data = data;
	bytes->room = room;
	return true;
}

static bool reserve_due(struct store *store)
{
	size_t room = store->due_room ? 2 * store->due_room : 64;
	struct store_due *more;

	if (store->count < store->due_room)
		return true;
	more = realloc(store->due, room * sizeof(*more));
	if (!more)
		return false;
	store->due = more;
	store->due_room = room;
	return true;
}

static void append(struct store_bytes *bytes, const void *data, size_t size)
{
	if (size)
		memcpy(bytes->data + bytes->used, data, size);
	bytes->used += size;
}

void stream_queue(struct store *store, uint32_t type, const struct store_part *parts,
		  unsigned int count, struct store_value *to, bool checked)
{
	struct xsd_sockmsg head = {.type = type, .tx_id = store->transaction};
	size_t size = 0;

	for (unsigned int i = 0; i < count; i++)
		size += parts[i].size;
	if (size > XENSTORE_PAYLOAD_MAX) {
		stream_refuse(store, E2BIG, parts[0].data, to, checked);
		return;
	}
	if (store->out.used > OUT_MOST)
		stream_wait(store);
	if (store->broken && !(store_left(store->broken) && renew(store))) {
		stream_refuse(store, store->broken, parts[0].data, to, checked);
		return;
	}
	if (!reserve(&store->out, sizeof(head) + size) || !reserve_due(store)) {
		stream_refuse(store, ENOMEM, parts[0].data, to, checked);
		return;
	}
	if (type == XS_WATCH)
		store->watched = true;
	if (to)
		*to = (struct store_value){.errnum = EINPROGRESS};
	head.len = (uint32_t)size;
	head.req_id = store->next_id++;
	store->requests++;
	append(&store->out, &head, sizeof(head));
	store->due[store->count++] = (struct store_due){
		.type = type,
		.id = head.req_id,
		.to = to,
		.checked = checked,
		.payload = store->out.used,
	};
	for (unsigned int i = 0; i < count; i++)
		append(&store->out, parts[i].data, parts[i].size);
}
