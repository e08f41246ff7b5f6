// SPDX-License-Identifier: MIT
/*
 * Clients that misbehave, and a disk that is full: others must be served all the same (in which shares:
 * sharetest.c), and the daemon's memory must stay within bounds.
 *
 *   limittest --ours FILE --preload FILE [--stock DIR] [--on ours|C|OCaml] [--connections N]
 *             [--pause MILLISECONDS] [--only NAME]
 *
 * --pause is what a slow client waits between two bytes.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "hostxen.h"
#include "server.h"
#include "tap.h"

static struct server_paths paths;
static enum server_kind kind = SERVER_OURS;
static unsigned int connections = 10000, pause_ms = 20;
static const char *only;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool start(struct server *s, unsigned int flags, size_t file_limit)
{
	s->file_limit = file_limit;
	if (server_start(s, &paths, kind, flags))
		return true;
	EXPECT(false, "the daemon does not start");
	return false;
}

/*
 * 200 requests of a well-behaved client; returns the seconds that the daemon worked before it answered
 * the slowest: its own processor time, which other load on the machine does not add to.
 */
static double serve_others(const struct server *s)
{
	struct xsc *c = server_connect(s);
	double worst = 0;

	for (int i = 0; i < 200; i++) {
		double begin = server_cpu(s), took;

		EXPECT(xsc_write(c, 0, "/others/node", "x") == 0, "a good client is refused");
		took = server_cpu(s) - begin;
		worst = took > worst ? took : worst;
	}
	xsc_close(c);
	return worst;
}

/* Sends without ever reading until the socket takes no more, or LIMIT bytes went. */
static size_t stuff(struct xsc *c, size_t limit)
{
	size_t sent = 0, stuck = 0;

	while (sent < limit && stuck < 200) {
		size_t before = xsc_unsent(c);

		for (int i = 0; before < 65536 && i < 1000; i++)
			xsc_queue(c, XS_READ, 0, "/big", 5);
		before = xsc_unsent(c);
		xsc_push(c);
		sent += before - xsc_unsent(c);
		stuck = before == xsc_unsent(c) ? stuck + 1 : 0;
		if (stuck)
			usleep(1000);
	}
	return sent;
}

static void test_never_reads(void)
{
	char big[2000];
	struct server s = {0};
	struct xsc *bad[10], *c;
	long before;
	double worst;

	if (!start(&s, SERVER_NO_QUOTA, 0))
		return;
	c = server_connect(&s);
	memset(big, 'b', sizeof(big));
	big[sizeof(big) - 1] = 0;
	EXPECT(xsc_write(c, 0, "/big", big) == 0, "set-up");
	before = server_rss(&s);
	for (int i = 0; i < 10; i++) {
		bad[i] = server_connect(&s);
		stuff(bad[i], 2 << 20);
	}
	worst = serve_others(&s);
	EXPECT(worst < 2, "a good client waited for %.1f s of work", worst);
	EXPECT(server_rss(&s) - before < 65536, "grew by %ld KiB for ten clients that do not read",
	       server_rss(&s) - before);
	printf("# replies unread: %ld KiB more, a good client waits for at most %.1f ms of work\n",
	       server_rss(&s) - before, worst * 1e3);
	for (int i = 0; i < 10; i++)
		xsc_close(bad[i]);
	EXPECT(serve_others(&s) < 2, "after they went");
	xsc_close(c);
	server_stop(&s);
}

static void test_never_reads_events(void)
{
	struct server s = {0};
	struct xsc *bad[10], *c;
	struct xsc_msg m;
	long before, grown;

	if (!start(&s, SERVER_NO_QUOTA, 0))
		return;
	c = server_connect(&s);
	EXPECT(xsc_write(c, 0, "/t/x", "") == 0, "set-up");
	for (int i = 0; i < 10; i++) {
		bad[i] = server_connect(&s);
		EXPECT(xsc_watch(bad[i], "/t", "token") == 0, "set-up");
	}
	before = server_rss(&s);
	/* 100,000 writes are a million events, of some 26 bytes each. */
	for (int done = 0; done < 100000; done += 200) {
		for (int i = 0; i < 200; i++)
			xsc_queue(c, XS_WRITE, 0, "/t/x\0v", 6);
		for (int i = 0; i < 200; i++)
			EXPECT(xsc_wait(c, &m, xsc_timeout) == 1, "the writer is not answered");
	}
	grown = server_rss(&s) - before;
	printf("# a million events unread: %ld KiB more\n", grown);
	EXPECT(grown < 65536, "grew by %ld KiB", grown);
	EXPECT(serve_others(&s) < 2, "a good client waits");
	for (int i = 0; i < 10; i++)
		xsc_close(bad[i]);
	xsc_close(c);
	server_stop(&s);
}

static void test_slow_writer(void)
{
	struct xsd_sockmsg header = {XS_WRITE, 77, 0, 10};
	char bytes[sizeof(header) + 10];
	struct server s = {0};
	struct xsc *slow[50];
	struct xsc_msg m;

	if (!start(&s, SERVER_NO_QUOTA, 0))
		return;
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), "/slow\0abcd", 10);
	for (int i = 0; i < 50; i++)
		slow[i] = server_connect(&s);
	for (size_t k = 0; k < sizeof(bytes); k++) {
		for (int i = 0; i < 50; i++) {
			xsc_queue_raw(slow[i], bytes + k, 1);
			EXPECT(xsc_push(slow[i]), "hung up on a slow client");
		}
		usleep(pause_ms * 1000);
		if (k % 8 == 0)
			EXPECT(serve_others(&s) < 2, "a good client waits");
	}
	for (int i = 0; i < 50; i++) {
		EXPECT(xsc_wait(slow[i], &m, xsc_timeout) == 1 && m.type == XS_WRITE &&
			       m.req_id == 77,
		       "a slow client's request is not answered");
		xsc_close(slow[i]);
	}
	server_stop(&s);
}

static void test_connections(void)
{
	struct rlimit files;
	struct server s = {0};
	struct xsc **all = calloc(connections, sizeof(*all));
	unsigned int n = 0, answered = 0;
	double begin, worst;
	long before;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (!start(&s, SERVER_NO_QUOTA, 0))
		return;
	if (files.rlim_max < connections + 100)
		connections = (unsigned int)files.rlim_max - 100;
	before = server_rss(&s);
	begin = now();
	for (; n < connections; n++) {
		all[n] = server_try(&s);
		if (!all[n])
			break;
	}
	EXPECT(n == connections, "only %u of %u connections", n, connections);
	for (unsigned int i = 0; i < n; i++) {
		xsc_queue(all[i], XS_GET_DOMAIN_PATH, 0, "0", 2);
		xsc_push(all[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		struct xsc_msg m;

		answered += xsc_wait(all[i], &m, xsc_timeout) == 1 && m.type == XS_GET_DOMAIN_PATH;
	}
	EXPECT(answered == n, "%u of %u are answered", answered, n);
	worst = serve_others(&s);
	EXPECT(worst < 2, "one more client waits for %.1f s of work", worst);
	printf("# %u connections made and served in %.1f s, %.1f KiB each; one more client waits for "
	       "at most %.1f ms of work\n",
	       n, now() - begin, (double)(server_rss(&s) - before) / n, worst * 1e3);
	for (unsigned int i = 0; i < n; i++)
		xsc_close(all[i]);
	free(all);
	EXPECT(serve_others(&s) < 2, "after they went");
	server_stop(&s);
}

static unsigned int fill_disk(struct xsc *c, const char *base, unsigned int n)
{
	char path[64], value[1001];
	unsigned int good = 0;

	memset(value, 'v', 1000);
	value[1000] = 0;
	for (unsigned int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%u", base, i);
		good += xsc_write(c, 0, path, value) == 0;
	}
	return good;
}

/* How many of BASE/0, BASE/1, ... are there, from the first on; all after them must be missing. */
static unsigned int still_there(struct xsc *c, const char *base, unsigned int n)
{
	unsigned int first = n, stray = 0;
	char path[64];
	struct xsc_msg m;

	for (unsigned int i = 0; i < n; i++) {
		bool there;

		snprintf(path, sizeof(path), "%s/%u", base, i);
		there = xsc_path_op(c, XS_READ, 0, path, &m) == 0;
		if (!there && first == n)
			first = i;
		stray += there && first < n;
	}
	EXPECT(stray == 0, "%u are there after the first that is missing", stray);
	return first;
}

/*
 * A domain that reads nothing is owed events, one for each watch beyond what its queue takes; also
 * by the daemon that is started after a kill.
 */
static void test_owed_after_kill(void)
{
	enum { WATCHES = 100, ROUNDS = 40 };
	bool heard[WATCHES] = {false};
	unsigned int missing = WATCHES;
	struct server s = {0};
	struct xsc *c, *domain;
	struct xsc_msg m;
	char path[128], token[8];

	if (!start(&s, SERVER_NO_QUOTA | SERVER_DOMAINS, 0))
		return;
	c = server_connect(&s);
	hostxen_create(s.hx, 1);
	domain = xsc_ring(s.hx, 1);
	EXPECT(xsc_introduce(c, 1) == 0, "set-up");
	xsc_write(c, 0, "/o", "");
	xsc_set_perms(c, 0, "/o", "r0");
	for (int i = 0; i < WATCHES; i++) {
		snprintf(path, sizeof(path), "/o/a-name-that-makes-the-event-long/%d", i);
		snprintf(token, sizeof(token), "%d", i);
		EXPECT(xsc_watch(domain, path, token) == 0, "set-up");
	}
	/* Each tells of itself once, before this answer; what comes later is of the writes. */
	EXPECT(xsc_call(domain, XS_GET_DOMAIN_PATH, 0, "0", 2, &m) == 0, "set-up");
	/* Its queue is full before the last watches fire for the first time. */
	for (int i = 0; i < WATCHES; i++)
		for (int round = 0; round < ROUNDS; round++) {
			snprintf(path, sizeof(path), "/o/a-name-that-makes-the-event-long/%d", i);
			EXPECT(xsc_write(c, 0, path, "x") == 0, "a write");
		}
	xsc_close(c);
	server_kill(&s);
	EXPECT(server_restart(&s), "it does not start again");
	while (missing && xsc_wait(domain, &m, xsc_timeout) == 1) {
		unsigned long i;

		if (m.type != XS_WATCH_EVENT)
			continue;
		i = strtoul(m.body + strlen(m.body) + 1, NULL, 10) % WATCHES;
		missing -= !heard[i];
		heard[i] = true;
	}
	EXPECT(!missing, "of %d watches that fired %u are not told of", WATCHES, missing);
	xsc_close(domain);
	server_stop(&s);
}

static bool says_kept(struct xsc *c)
{
	struct xsc_msg m;

	return xsc_call(c, XS_CONTROL, 0, "memreport", 10, &m) == 0 && !strstr(m.body, "NOT KEPT");
}

/*
 * Its state directory takes no more: it must serve on and say that it keeps nothing (the log, and
 * documents, say so), restore what it had kept, and keep all again once there is room.
 */
static void test_full_disk(void)
{
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	struct server s = {0};
	unsigned int good, kept;
	struct xsc *c;
	struct xsc_msg m;
	double end;

	if (!start(&s, SERVER_NO_QUOTA, 4 << 20))
		return;
	c = server_connect(&s);
	good = fill_disk(c, "/full", 8000);
	EXPECT(good == 8000, "%u of 8000 writes are accepted", good);
	EXPECT(xsc_path_op(c, XS_READ, 0, "/full/7999", &m) == 0 && m.len == 1000, "reading");
	xsc_close(c);
	server_kill(&s);
	EXPECT(server_restart(&s), "does not start after its disk was full");
	c = server_connect(&s);
	kept = still_there(c, "/full", 8000);
	printf("# with room for 4 MiB: %u of 8000 writes of 1000 bytes kept\n", kept);
	EXPECT(kept > 1500, "%u kept", kept);

	/* Room again: the limit is lifted from the running daemon. */
	fill_disk(c, "/again", 8000);
	EXPECT(!says_kept(c), "it says that all is kept");
	EXPECT(xsc_call(c, XS_CONTROL, 0, "live-update\0-s", 15, &m) == 0 &&
		       strstr(m.body, "not kept"),
	       "a live update, which would lose what is not kept: %s", m.body);
	EXPECT(prlimit(s.pid, RLIMIT_FSIZE, &none, NULL) == 0, "set-up");
	/* Killed in the moment in which it says that all is kept. */
	for (end = now() + 240; now() < end && !says_kept(c);)
		usleep(100);
	EXPECT(says_kept(c), "it does not say that all is kept again");
	EXPECT(xsc_write(c, 0, "/last", "x") == 0, "the last write");
	xsc_close(c);
	server_kill(&s);
	s.file_limit = 0;
	EXPECT(server_restart(&s), "does not start");
	c = server_connect(&s);
	EXPECT(still_there(c, "/again", 8000) == 8000, "not all is kept after there was room");
	EXPECT(xsc_path_op(c, XS_READ, 0, "/last", &m) == 0, "the last write is gone");
	xsc_close(c);
	server_stop(&s);
}

/* Too long a message ends the connection that sent it, and no other. */
static void test_oversized(void)
{
	struct xsd_sockmsg header = {XS_WRITE, 1, 0, XENSTORE_PAYLOAD_MAX + 1};
	struct server s = {0};
	struct xsc_msg m;
	struct xsc *c;

	if (!start(&s, SERVER_NO_QUOTA, 0))
		return;
	for (uint32_t len = XENSTORE_PAYLOAD_MAX + 1; len; len = len < 0x80000000 ? len * 2 : 0) {
		c = server_connect(&s);
		header.len = len;
		xsc_queue_raw(c, &header, sizeof(header));
		EXPECT(xsc_wait(c, &m, xsc_timeout) == -1, "a header of %u bytes does not end it",
		       len);
		xsc_close(c);
	}
	serve_others(&s);
	server_stop(&s);
}

/* "/NAME/a/a/a", LEVELS names. */
static void deep_path(char *to, const char *name, unsigned int levels)
{
	to += sprintf(to, "/%s", name);
	while (--levels) {
		memcpy(to, "/a", 3);
		to += 2;
	}
}

/*
 * Many missing parents at once, ever more of them, and in a transaction: neither does the daemon grow
 * by what it could have needed, nor is it too much to be restored.
 */
static void test_deep(void)
{
	char path[2048], name[16];
	struct server s = {0};
	struct xsc *c;
	uint32_t tx;
	long before;

	if (!start(&s, SERVER_NO_QUOTA, 0))
		return;
	c = server_connect(&s);
	before = server_rss(&s);
	for (unsigned int levels = 10; levels <= 130; levels += 10) {
		snprintf(name, sizeof(name), "d%u", levels);
		deep_path(path, name, levels);
		EXPECT(xsc_path_op(c, XS_MKDIR, 0, path, NULL) == 0, "%u levels", levels);
	}
	printf("# 910 levels: %ld KiB more\n", server_rss(&s) - before);
	EXPECT(server_rss(&s) - before < 32768, "%ld KiB more", server_rss(&s) - before);
	deep_path(path, "t", 900);
	EXPECT(xsc_begin(c, &tx) == 0, "set-up");
	EXPECT(xsc_path_op(c, XS_MKDIR, tx, path, NULL) == 0, "in a transaction");
	EXPECT(xsc_end(c, tx, true) == 0, "at its end");
	xsc_close(c);
	server_kill(&s);
	EXPECT(server_restart(&s), "does not start again");
	c = server_try(&s);
	EXPECT(c && xsc_path_op(c, XS_READ, 0, path, NULL) == 0, "it is not there after a kill");
	xsc_close(c);
	server_stop(&s);
}

static const struct {
	const char *name;
	void (*run)(void);
	bool ours_only; /* the stock daemons keep no state over a kill */
} cases[] = {
	{"never-reads", test_never_reads, false},
	{"never-reads-events", test_never_reads_events, false},
	{"slow-writer", test_slow_writer, false},
	{"connections", test_connections, false},
	{"owed-after-kill", test_owed_after_kill, true},
	{"full-disk", test_full_disk, true},
	{"oversized", test_oversized, false},
	{"deep", test_deep, true},
};

int main(int argc, char **argv)
{
	server_options(&paths, &argc, argv);
	/* How large the daemon is must not depend on the host's setting of huge pages. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--connections") == 0)
			connections = (unsigned int)strtoul(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--pause") == 0)
			pause_ms = (unsigned int)strtoul(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--only") == 0)
			only = argv[i + 1];
		else if (strcmp(argv[i], "--on") == 0)
			kind = server_kind_named(argv[i + 1]);
		else
			return 2;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if ((only && strcmp(only, cases[i].name) != 0) ||
		    (cases[i].ours_only && kind != SERVER_OURS))
			continue;
		cases[i].run();
		tap_case(cases[i].name);
	}
	return tap_cases_failed != 0;
}
