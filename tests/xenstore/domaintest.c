// SPDX-License-Identifier: MIT
/*
 * How the store speaks of domains that come and go: who hears of it, how often, under which name.
 *
 *   domaintest --ours FILE --preload FILE [--only NAME]
 *
 * No stock daemon of Xen 4.17 has a watch's depth, nor the names with a number.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "hostxen.h"
#include "server.h"
#include "tap.h"

static struct server server;
static struct xsc *dom0, *watcher;
static char heard[1024]; /* what the watcher has heard: "PATH TOKEN", each with a ";" after it */

static void hear(void *arg, const struct xsc_msg *event)
{
	size_t len = strlen(heard);

	(void)arg;
	snprintf(heard + len, sizeof(heard) - len, "%s %s;", event->body,
		 event->body + strlen(event->body) + 1);
}

/* All that there is to hear until now comes before the answer to this. */
static void listen_to(struct xsc *c)
{
	heard[0] = 0;
	xsc_on_event(c, hear, NULL);
	EXPECT(xsc_call(c, XS_GET_DOMAIN_PATH, 0, "0", 2, NULL) == 0, "no answer");
}

static bool hears(struct xsc *c, const char *what)
{
	bool same;

	listen_to(c);
	same = strcmp(heard, what) == 0;
	if (!same)
		printf("# heard \"%s\", not \"%s\"\n", heard, what);
	return same;
}

static void watch(struct xsc *c, const char *path, const char *token, const char *depth)
{
	char body[128];
	int len = snprintf(body, sizeof(body), "%s%c%s%c%s", path, 0, token, 0, depth);

	EXPECT(xsc_call(c, XS_WATCH, 0, body, (size_t)len + (*depth != 0), NULL) == 0, "watch %s",
	       path);
}

static struct xsc *introduce(unsigned int domid)
{
	hostxen_create(server.hx, domid);
	EXPECT(xsc_introduce(dom0, domid) == 0, "domain %u is not introduced", domid);
	return xsc_ring(server.hx, domid);
}

/* Until the daemon has looked at a domain whose state has changed. */
static void change(unsigned int domid, enum hostxen_state state)
{
	hostxen_set_state(server.hx, domid, state);
	/* Its port is raised before these are sent. */
	for (int i = 0; i < 20; i++)
		EXPECT(xsc_call(dom0, XS_GET_DOMAIN_PATH, 0, "0", 2, NULL) == 0, "no answer");
}

/* Without a depth and with one, of all domains and of one. */
static void names(void)
{
	struct xsc *domain;

	watch(watcher, "@introduceDomain", "i", "");
	watch(watcher, "@introduceDomain", "i0", "0");
	watch(watcher, "@introduceDomain", "i1", "1");
	watch(watcher, "@introduceDomain/7", "i7", "");
	watch(watcher, "@introduceDomain/8", "i8", "");
	watch(watcher, "@releaseDomain", "r1", "1");
	watch(watcher, "@releaseDomain", "r0", "0");
	watch(watcher, "@releaseDomain/7", "r7", "0");
	watch(watcher, "@releaseDomain/8", "r8", "1");
	watch(watcher, "@nothing", "n", "");
	listen_to(watcher);
	domain = introduce(7);
	EXPECT(hears(watcher, "@introduceDomain i;@introduceDomain i0;@introduceDomain/7 i1;"
			      "@introduceDomain/7 i7;"),
	       "INTRODUCE");
	/* It is known: nothing has come. */
	EXPECT(xsc_introduce(dom0, 7) == 0, "again");
	EXPECT(hears(watcher, ""), "INTRODUCE again");
	EXPECT(xsc_release(dom0, 7) == 0, "release");
	EXPECT(hears(watcher, "@releaseDomain/7 r1;@releaseDomain r0;@releaseDomain/7 r7;"),
	       "RELEASE");
	xsc_close(domain);
}

/* For its shutdown, when it is dying, and when it is gone; and after RESUME once more. */
static void times(void)
{
	struct xsc *domain = introduce(7);
	struct xsc_msg m;

	watch(watcher, "@releaseDomain", "t", "");
	listen_to(watcher);
	change(7, HOSTXEN_SHUTDOWN);
	EXPECT(hears(watcher, "@releaseDomain t;"), "a shutdown");
	change(7, HOSTXEN_SHUTDOWN);
	EXPECT(hears(watcher, ""), "nothing new");
	EXPECT(xsc_path_op(dom0, XS_RESUME, 0, "7", &m) == 0, "resume");
	change(7, HOSTXEN_ALIVE);
	EXPECT(hears(watcher, ""), "it runs on");
	change(7, HOSTXEN_SHUTDOWN);
	EXPECT(hears(watcher, "@releaseDomain t;"), "a shutdown after RESUME");
	EXPECT(xsc_path_op(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "7", &m) == 0 && m.body[0] == 'T',
	       "it is there until it dies");
	change(7, HOSTXEN_DYING);
	EXPECT(hears(watcher, "@releaseDomain t;"), "its death");
	EXPECT(xsc_path_op(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "7", &m) == 0 && m.body[0] == 'F',
	       "it is dead");
	change(7, HOSTXEN_NONE);
	EXPECT(hears(watcher, "@releaseDomain t;"), "its end");
	xsc_close(domain);
}

/* A domain hears of others only if dom0 lets it, as long as it does; and over a restart. */
static void rights(void)
{
	struct xsc *one = introduce(1), *other;

	watch(one, "@introduceDomain", "i", "");
	watch(one, "@releaseDomain", "r", "1");
	listen_to(one);
	other = introduce(7);
	EXPECT(hears(one, ""), "without the right");
	EXPECT(xsc_set_perms(one, 0, "@releaseDomain", "n1") == EACCES,
	       "it gives itself the right");
	EXPECT(xsc_set_perms(dom0, 0, "@releaseDomain", "n0 r1") == 0, "set-up");
	change(7, HOSTXEN_NONE);
	/* Its death and its end at once. */
	EXPECT(hears(one, "@releaseDomain/7 r;"), "with it");
	xsc_close(other);
	xsc_close(dom0);
	xsc_close(watcher);
	server_kill(&server);
	EXPECT(server_restart(&server), "it does not start again");
	dom0 = server_connect(&server);
	watcher = server_connect(&server);
	other = introduce(7);
	EXPECT(hears(one, ""), "of @introduceDomain it hears nothing");
	change(7, HOSTXEN_NONE);
	EXPECT(hears(one, "@releaseDomain/7 r;"), "after a kill");
	EXPECT(xsc_set_perms(dom0, 0, "@releaseDomain", "n0") == 0, "set-up");
	xsc_close(other);
	other = introduce(7);
	change(7, HOSTXEN_NONE);
	EXPECT(hears(one, ""), "when it has been taken away");
	xsc_close(other);
	xsc_close(one);
}

/* A port bound again begins anew: no watch, no transaction, and the store as it was. */
static void reintroduced(void)
{
	struct xsc *one = introduce(1);
	uint32_t tx = 0;

	EXPECT(xsc_write(dom0, 0, "/local/domain/1", "") == 0 &&
		       xsc_set_perms(dom0, 0, "/local/domain/1", "n1") == 0,
	       "set-up");
	EXPECT(xsc_write(one, 0, "kept", "x") == 0 && xsc_begin(one, &tx) == 0, "set-up");
	watch(one, "kept", "t", "");
	listen_to(one);
	EXPECT(xsc_introduce(dom0, 1) == 0, "again");
	EXPECT(xsc_write(dom0, 0, "/local/domain/1/kept", "y") == 0, "a write");
	EXPECT(hears(one, ""), "its watch is there still");
	EXPECT(xsc_end(one, tx, true) == ENOENT, "its transaction is there still");
	EXPECT(xsc_path_op(one, XS_READ, 0, "kept", NULL) == 0, "its node");
	xsc_close(one);
}

/* A domain that breaks its ring and asks for another connection, again and again: one line in the log. */
static void broken_again(void)
{
	enum { TIMES = 50 };
	struct xenstore_domain_interface *ring;
	unsigned int lines = 0, connected = 0;
	char path[128], line[256];
	struct xsc *one = introduce(1);
	FILE *f;

	ring = hostxen_ring(server.hx, 1);
	for (int i = 0; i < TIMES; i++) {
		ring->req_prod = ring->req_cons + 2 * XENSTORE_RING_SIZE;
		hostxen_raise(server.hx, HOSTXEN_PORT(1));
		change(2, HOSTXEN_NONE);
		EXPECT(ring->error == XENSTORE_ERROR_RINGIDX, "error %u", ring->error);
		ring->connection = XENSTORE_RECONNECT;
		hostxen_raise(server.hx, HOSTXEN_PORT(1));
		change(2, HOSTXEN_NONE);
		connected += ring->connection == XENSTORE_CONNECTED;
	}
	EXPECT(connected == TIMES, "%u of %d new connections", connected, TIMES);
	EXPECT(xsc_call(one, XS_GET_DOMAIN_PATH, 0, "1", 2, NULL) == 0, "the last one works");
	snprintf(path, sizeof(path), "%s/log", server.dir);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		lines += strstr(line, "it is served no more") != NULL;
	if (f)
		fclose(f);
	EXPECT(lines == 1, "%u lines in the log", lines);
	xsc_close(one);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"names", names},
	{"times", times},
	{"rights", rights},
	{"reintroduced", reintroduced},
	{"broken-again", broken_again},
};

int main(int argc, char **argv)
{
	struct server_paths paths = {0};
	const char *only = NULL;

	server_options(&paths, &argc, argv);
	if (argc == 3 && strcmp(argv[1], "--only") == 0)
		only = argv[2];
	else if (argc > 1)
		return 2;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (only && strcmp(only, cases[i].name) != 0)
			continue;
		if (server_start(&server, &paths, SERVER_OURS, SERVER_DOMAINS)) {
			dom0 = server_connect(&server);
			watcher = server_connect(&server);
			cases[i].run();
			xsc_close(dom0);
			xsc_close(watcher);
		} else {
			EXPECT(false, "the daemon does not start");
		}
		server_stop(&server);
		tap_case(cases[i].name);
	}
	return tap_cases_failed != 0;
}
