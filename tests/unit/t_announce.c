// SPDX-License-Identifier: MIT
/*
 * dom0-tools/consoled/announce.c before a store that is a process of the test and holds a few
 * paths: a domain that is removed just before the write leaves nothing behind, and one of the
 * same number that is made meanwhile loses nothing.
 */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../dom0-tools/consoled/announce.h"

#define DOMAIN "/local/domain/7"
#define TTY DOMAIN "/console/tty"
#define RING DOMAIN "/console/ring-ref"

enum { PATHS = 16, PATH = 64 };

/* Who else is at the store, and when. */
enum other { NOBODY, REMOVES, REMOVES_AND_MAKES, MAKES_IN_TRANSACTION };

static char socket_path[64];
static int listener;
static char tree[PATHS][PATH]; /* an empty one is free */
static enum other other;
static bool changed; /* since the transaction began, by others */
static unsigned int commits;

static bool within(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(path, top, n) && (path[n] == '/' || !path[n]);
}

static bool there(const char *path)
{
	for (int i = 0; i < PATHS; i++)
		if (*tree[i] && within(tree[i], path))
			return true;
	return false;
}

static void make(const char *path)
{
	for (int i = 0; i < PATHS; i++)
		if (!strcmp(tree[i], path))
			return;
	for (int i = 0; i < PATHS; i++) {
		if (!*tree[i]) {
			snprintf(tree[i], PATH, "%s", path);
			return;
		}
	}
	abort();
}

static void drop(const char *path)
{
	for (int i = 0; i < PATHS; i++)
		if (within(tree[i], path))
			*tree[i] = '\0';
}

static void put(int fd, const struct xsd_sockmsg *to, uint32_t type, const char *text, size_t size)
{
	struct xsd_sockmsg head = *to;

	head.type = type;
	head.len = (uint32_t)size;
	CHECK(send(fd, &head, sizeof(head), MSG_NOSIGNAL) == sizeof(head));
	CHECK(send(fd, text, size, MSG_NOSIGNAL) == (ssize_t)size);
}

static void list(int fd, const struct xsd_sockmsg *to, const char *path)
{
	char names[PATHS * PATH];
	size_t size = 0, n = strlen(path);

	for (int i = 0; i < PATHS; i++) {
		char name[PATH];
		bool had = false;

		if (!*tree[i] || !within(tree[i], path) || !tree[i][n])
			continue;
		snprintf(name, sizeof(name), "%s", tree[i] + n + 1);
		name[strcspn(name, "/")] = '\0';
		for (size_t at = 0; at < size; at += strlen(names + at) + 1)
			had |= !strcmp(names + at, name);
		if (!had) {
			memcpy(names + size, name, strlen(name) + 1);
			size += strlen(name) + 1;
		}
	}
	put(fd, to, XS_DIRECTORY, names, size);
}

static void answer(int fd, const struct xsd_sockmsg *head, const char *path)
{
	bool conflict;

	switch (head->type) {
	case XS_WRITE:
		if (other == REMOVES || other == REMOVES_AND_MAKES)
			drop(DOMAIN);
		make(path);
		if (other == REMOVES_AND_MAKES)
			make(DOMAIN "/name");
		put(fd, head, head->type, "OK", 3);
		break;
	case XS_READ:
		if (there(path))
			put(fd, head, head->type, "1", 1);
		else
			put(fd, head, XS_ERROR, "ENOENT", 7);
		break;
	case XS_DIRECTORY:
		list(fd, head, path);
		break;
	case XS_RM:
		/* In a transaction: done when it is committed. */
		put(fd, head, head->type, "OK", 3);
		break;
	case XS_TRANSACTION_START:
		changed = false;
		put(fd, head, head->type, "77", 3);
		break;
	case XS_TRANSACTION_END:
		if (other == MAKES_IN_TRANSACTION && !commits) {
			make(RING);
			changed = true;
		}
		commits++;
		conflict = changed && *path == 'T';
		if (*path == 'T' && !conflict)
			drop(DOMAIN);
		put(fd, head, conflict ? XS_ERROR : head->type, conflict ? "EAGAIN" : "OK",
		    conflict ? 7 : 3);
		break;
	default:
		abort();
	}
}

static void *serve(void *arg)
{
	int fd = accept(listener, NULL, NULL);
	char payload[XENSTORE_PAYLOAD_MAX + 1];
	struct xsd_sockmsg head;

	(void)arg;
	while (recv(fd, &head, sizeof(head), MSG_WAITALL) == sizeof(head) &&
	       head.len <= XENSTORE_PAYLOAD_MAX &&
	       recv(fd, payload, head.len, MSG_WAITALL) == (ssize_t)head.len) {
		payload[head.len] = '\0';
		answer(fd, &head, payload);
	}
	close(fd);
	return NULL;
}

static void start(enum other who)
{
	memset(tree, 0, sizeof(tree));
	other = who;
	commits = 0;
	make(RING);
}

static void test(struct store *store)
{
	struct dais_error err;
	unsigned long trips;

	start(NOBODY);
	trips = store->trips;
	CHECK_EQ(announce_terminal(store, 7, "/dev/pts/3", &err), 0);
	CHECK(there(TTY) && there(RING));
	CHECK_EQ(store->trips - trips, 1);

	start(REMOVES);
	CHECK_EQ(announce_terminal(store, 7, "/dev/pts/3", &err), 0);
	CHECK(!there(DOMAIN));
	CHECK_EQ(commits, 1);

	/* What another has made of the number is none of ours. */
	start(REMOVES_AND_MAKES);
	CHECK_EQ(announce_terminal(store, 7, "/dev/pts/3", &err), 0);
	CHECK(there(DOMAIN "/name"));

	start(MAKES_IN_TRANSACTION);
	drop(RING);
	CHECK_EQ(announce_terminal(store, 7, "/dev/pts/3", &err), 0);
	CHECK(there(RING));
	CHECK_EQ(commits, 2);
}

int main(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct dais_error err;
	struct store store;
	pthread_t thread;

	snprintf(socket_path, sizeof(socket_path), "/tmp/t_announce.%d", (int)getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	setenv("XENSTORED_PATH", socket_path, 1);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 5) ||
	    pthread_create(&thread, NULL, serve, NULL) || store_open(&store, &err))
		return 1;
	test(&store);
	store_close(&store);
	pthread_join(thread, NULL);
	close(listener);
	unlink(socket_path);
	return check_done("t_announce");
}
