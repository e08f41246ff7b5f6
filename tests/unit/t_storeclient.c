// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/store: the conversation with a store that is a process of the test. It answers
 * a read with the path itself, and paths that say so with what a store should not say.
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../dom0-tools/lib/store/client.h"

static char socket_path[64];
static int listener;

static void put(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = send(fd, at, size, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		at += n;
		size -= (size_t)n;
	}
}

static bool get(int fd, void *data, size_t size)
{
	return size == 0 || recv(fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

static void answer(int fd, const struct xsd_sockmsg *to, uint32_t type, const char *text,
		   size_t size)
{
	struct xsd_sockmsg head = *to;

	head.type = type;
	head.len = (uint32_t)size;
	put(fd, &head, sizeof(head));
	put(fd, text, size);
}

static void event(int fd, const char *text, size_t size)
{
	struct xsd_sockmsg head = {.type = XS_WATCH_EVENT, .len = (uint32_t)size};

	put(fd, &head, sizeof(head));
	put(fd, text, size);
}

static bool has(const char *path, const char *word)
{
	return strstr(path, word) != NULL;
}

/* False: the connection ends. */
static bool answer_one(int fd, struct xsd_sockmsg *head, const char *payload)
{
	static char big[XENSTORE_PAYLOAD_MAX + 16];

	if (has(payload, "/quit"))
		return false;
	if (has(payload, "/event"))
		event(fd, "/a/path\0token", 14);
	if (has(payload, "/badevent"))
		event(fd, "/a/path", 7);
	if (has(payload, "/none"))
		answer(fd, head, XS_ERROR, "ENOENT", 7);
	else if (has(payload, "/odd"))
		answer(fd, head, XS_ERROR, "EWHATEVER", 10);
	else if (has(payload, "/long"))
		answer(fd, head, head->type, big, XENSTORE_PAYLOAD_MAX + 1);
	else if (has(payload, "/huge"))
		answer(fd, head, head->type, big, XENSTORE_PAYLOAD_MAX);
	else if (has(payload, "/type"))
		answer(fd, head, XS_MKDIR, "OK", 3);
	else if (has(payload, "/number"))
		answer(fd, head, head->type, "42", 2);
	else if (head->type == XS_DIRECTORY && has(payload, "/many"))
		answer(fd, head, XS_ERROR, "E2BIG", 6);
	else if (head->type == XS_DIRECTORY_PART) {
		unsigned long offset = strtoul(payload + strlen(payload) + 1, NULL, 10);

		answer(fd, head, head->type, offset ? "7\0c\0" : "7\0aa\0b", offset ? 5 : 7);
	} else if (head->type == XS_DIRECTORY) {
		answer(fd, head, head->type, "one\0two", 8);
	} else if (head->type == XS_TRANSACTION_START) {
		answer(fd, head, head->type, "77", 3);
	} else if (head->type == XS_TRANSACTION_END) {
		answer(fd, head, head->tx_id == 77 ? XS_ERROR : head->type, "EAGAIN", 7);
	} else if (head->type == XS_READ) {
		answer(fd, head, head->type, payload, strlen(payload));
	} else {
		answer(fd, head, head->type, "OK", 3);
	}
	if (has(payload, "/twice"))
		answer(fd, head, head->type, "again", 5);
	return !has(payload, "/bye");
}

static void *serve(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		char payload[XENSTORE_PAYLOAD_MAX + 1];
		struct xsd_sockmsg head;

		while (get(fd, &head, sizeof(head)) && head.len <= XENSTORE_PAYLOAD_MAX &&
		       get(fd, payload, head.len)) {
			payload[head.len] = '\0';
			if (!answer_one(fd, &head, payload))
				break;
		}
		close(fd);
	}
	return NULL;
}

static void open_it(struct store *store)
{
	struct dais_error err;

	CHECK_EQ(store_open(store, &err), 0);
}

static bool is(struct store_value *value, const char *text)
{
	bool same = value->text && !strcmp(value->text, text);

	free(value->text);
	value->text = NULL;
	return same;
}

/* One that cannot be asked, one that is missing, one that is odd: the rest get their own. */
static void test_many(void)
{
	struct store_value v[6];
	char path[STORE_PATH_MAX + 8];
	struct store store;

	open_it(&store);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	store_ask(&store, &v[0], "/first");
	store_ask(&store, &v[1], "/%s", path);
	store_ask(&store, &v[2], "/third/%d", 3);
	store_ask(&store, &v[3], "/none");
	store_ask(&store, &v[4], "/odd/event");
	store_ask(&store, &v[5], "/last");
	store_wait(&store);
	CHECK(is(&v[0], "/first"));
	CHECK(!v[1].text && v[1].errnum == ENAMETOOLONG);
	CHECK(is(&v[2], "/third/3"));
	CHECK(!v[3].text && v[3].errnum == ENOENT);
	CHECK(!v[4].text && v[4].errnum == EINVAL);
	CHECK(is(&v[5], "/last"));
	CHECK_EQ(store.requests, 5);
	CHECK_EQ(store.trips, 1);
	CHECK_EQ(store_read_number(&store, 7, "/number"), 42);
	CHECK_EQ(store_read_number(&store, 7, "/word"), 7);
	CHECK_EQ(store_read_number(&store, 7, "/none"), 7);
	store_close(&store);
}

static void test_writes(void)
{
	char path[STORE_PATH_MAX + 8];
	struct dais_error err;
	struct store_dir dir;
	struct store store;

	open_it(&store);
	store_dir_at(&dir, &store, "/there");
	store_dir_write(&dir, "", "%s", "");
	store_dir_perms(&dir, "", 0, 5);
	CHECK_EQ(store_done(&store, &err), 0);
	CHECK_EQ(store.trips, 1);
	/* The first failure is the one that is told, once. */
	store_dir_write(&dir, "good", "1");
	store_dir_write(&dir, "none/first", "1");
	store_dir_write(&dir, "odd/second", "1");
	store_remove(&store, "/none/third");
	CHECK_EQ(store_done(&store, &err), -1);
	CHECK(!strcmp(err.object, "/there/none/first") && err.errnum == ENOENT);
	CHECK_EQ(store_done(&store, &err), 0);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	store_dir_write(&dir, path, "1");
	store_dir_write(&dir, "after", "1");
	CHECK_EQ(store_done(&store, &err), -1);
	CHECK_EQ(err.errnum, ENAMETOOLONG);
	store_close(&store);
}

/* More than both sockets hold: neither side may wait for the other. */
static void test_volume(void)
{
	enum { COUNT = 20000 };
	struct store_value *v = calloc(COUNT, sizeof(*v));
	struct store store;
	char path[32];
	int wrong = 0;

	open_it(&store);
	for (int i = 0; i < COUNT; i++)
		store_ask(&store, &v[i], "/n/%d/%s", i, i % 100 ? "" : "huge");
	store_wait(&store);
	for (int i = 0; i < COUNT; i++) {
		snprintf(path, sizeof(path), "/n/%d/", i);
		wrong += i % 100 ? !is(&v[i], path) : v[i].size != XENSTORE_PAYLOAD_MAX;
		free(v[i].text);
	}
	CHECK_EQ(wrong, 0);
	CHECK(store.trips < COUNT / 100);
	free(v);
	store_close(&store);
}

/* What no store may say ends the conversation, for all that is due and all that follows. */
static void test_nonsense(void)
{
	static const char *const bad[] = {"/long", "/type", "/twice", "/badevent"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct store_value before, at, after;
		struct dais_error err;
		struct store_dir dir;
		struct store store;

		open_it(&store);
		store_ask(&store, &before, "/before");
		store_ask(&store, &at, "%s", bad[i]);
		store_ask(&store, &after, "/after");
		store_wait(&store);
		CHECK(is(&before, "/before"));
		CHECK(!after.text && after.errnum == EPROTO);
		free(at.text);
		store_ask(&store, &after, "/after");
		store_wait(&store);
		CHECK(!after.text && after.errnum == store.broken);
		store_dir_at(&dir, &store, "/there");
		store_dir_write(&dir, "x", "1");
		CHECK_EQ(store_done(&store, &err), -1);
		CHECK_EQ(err.code, DAIS_NO_HOST);
		CHECK(!stream_event(&store) && errno == store.broken);
		store_close(&store);
	}
}

/* A store that was started anew: what was asked of the old one may fail, what follows does not. */
static void test_renewed(void)
{
	struct store_value at, after;
	struct store store;
	struct pollfd fd;

	open_it(&store);
	store_ask(&store, &at, "/quit");
	store_ask(&store, &after, "/after");
	store_wait(&store);
	CHECK(!at.text && at.errnum == ECONNRESET && !after.text && after.errnum == ECONNRESET);
	store_ask(&store, &after, "/after");
	store_wait(&store);
	CHECK(is(&after, "/after"));
	/* It left while nobody asked anything: nobody notices. */
	store_ask(&store, &at, "/bye");
	store_wait(&store);
	CHECK(is(&at, "/bye"));
	fd = (struct pollfd){.fd = store.fd};
	CHECK(poll(&fd, 1, 10000) == 1 && fd.revents & POLLHUP);
	store_ask(&store, &at, "/first");
	store_ask(&store, &after, "/second");
	store_wait(&store);
	CHECK(is(&at, "/first"));
	CHECK(is(&after, "/second"));
	/* Who is in a transaction, or watches, is told. */
	CHECK_EQ(store_begin(&store), 0);
	free(store_read(&store, "/quit"));
	CHECK(!store_read(&store, "/after") && errno == ECONNRESET);
	CHECK(store_commit(&store) && errno == ECONNRESET);
	CHECK_EQ(store_watch(&store, "/path", "token"), 0);
	free(store_read(&store, "/quit"));
	CHECK(!store_read(&store, "/after") && errno == ECONNRESET);
	CHECK(!stream_event(&store) && errno == ECONNRESET);
	store_close(&store);
}

static void test_lists(void)
{
	unsigned int count;
	struct store store;
	char **list;

	open_it(&store);
	list = store_list(&store, &count, "/some");
	CHECK(list && count == 2 && !strcmp(list[0], "one") && !strcmp(list[1], "two"));
	free(list);
	list = store_list(&store, &count, "/many");
	CHECK(list && count == 3);
	CHECK(list && count == 3 && !strcmp(list[0], "aa") && !strcmp(list[1], "b") &&
	      !strcmp(list[2], "c"));
	free(list);
	CHECK(!store_list(&store, &count, "/none") && errno == ENOENT && !count);
	store_close(&store);
}

static void test_events(void)
{
	struct store_event *e;
	uint64_t trips;
	struct store store;

	open_it(&store);
	CHECK(!stream_event(&store) && errno == EAGAIN);
	CHECK_EQ(store_watch(&store, "/event", "token"), 0);
	free(store_read(&store, "/event"));
	for (int i = 0; i < 2; i++) {
		e = stream_event(&store);
		CHECK(e && !strcmp(e->text, "/a/path") && !strcmp(e->text + e->token, "token"));
		free(e);
	}
	CHECK(!stream_event(&store) && errno == EAGAIN);
	CHECK_EQ(store_watch(&store, "/none", "token"), ENOENT);
	/* One that is not waited for, nor missed, goes along with the next question. */
	trips = store.trips;
	store_watch_soon(&store, "/none", "token");
	store_watch_soon(&store, "/event", "token");
	CHECK_EQ(store.trips, trips);
	free(store_read(&store, "/event"));
	CHECK_EQ(store.trips, trips + 1);
	CHECK_EQ(store_done(&store, NULL), 0);
	for (int i = 0; i < 2; i++) {
		e = stream_event(&store);
		CHECK(e && !strcmp(e->text, "/a/path"));
		free(e);
	}
	/* Events that nobody takes end it before they take all memory. */
	for (int i = 0; i < 100000 && !store.broken; i++)
		free(store_read(&store, "/event"));
	CHECK_EQ(store.broken, ENOBUFS);
	store_close(&store);
}

static void test_transaction(void)
{
	struct store store;

	open_it(&store);
	CHECK_EQ(store_begin(&store), 0);
	CHECK_EQ(store.transaction, 77);
	CHECK(store_commit(&store) && errno == EAGAIN);
	CHECK_EQ(store.transaction, 0);
	store_close(&store);
}

int main(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct dais_error err;
	struct store store;
	pthread_t thread;

	snprintf(socket_path, sizeof(socket_path), "/tmp/t_storeclient.%d", (int)getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	setenv("XENSTORED_PATH", socket_path, 1);
	CHECK_EQ(store_open(&store, &err), -1);
	CHECK_EQ(err.code, DAIS_NO_HOST);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 5) ||
	    pthread_create(&thread, NULL, serve, NULL))
		return 1;
	test_many();
	test_writes();
	test_volume();
	test_nonsense();
	test_renewed();
	test_lists();
	test_events();
	test_transaction();
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
	unlink(socket_path);
	return check_done("t_storeclient");
}
