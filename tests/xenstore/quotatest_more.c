// SPDX-License-Identifier: MIT
/*
 * Quotas where they are easily forgotten: lowered below what is used, over a restart, at the end of a
 * transaction.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostxen.h"
#include "quotatest.h"
#include "tap.h"

/* Ends the daemon, which leaves a checkpoint, and starts it again. */
static void restart(void)
{
	xsc_close(dom0);
	kill(server.pid, SIGTERM);
	waitpid(server.pid, NULL, 0);
	EXPECT(server_restart(&server), "it does not start again");
	dom0 = server_connect(&server);
}

enum { WATCHES = 100, WATCH_LIMIT = 10 };

static void hear(void *heard, const struct xsc_msg *event)
{
	((bool *)heard)[strtoul(event->body + strlen(event->body) + 1, NULL, 10) % WATCHES] = true;
}

/* Watches that a domain has stay, whatever it may have now. */
static void watches_lowered(void)
{
	bool heard[WATCHES] = {false};
	unsigned int lost = 0;
	char path[64], token[8];

	for (int i = 0; i < WATCHES; i++) {
		snprintf(path, sizeof(path), "/local/domain/1/w%d", i);
		snprintf(token, sizeof(token), "%d", i);
		EXPECT(xsc_watch(dom1, path, token) == 0, "set-up");
	}
	/* Each has told of itself before this answer. */
	EXPECT(xsc_call(dom1, XS_GET_DOMAIN_PATH, 0, "0", 2, NULL) == 0, "set-up");
	set_quota(1, "watches", WATCH_LIMIT);
	EXPECT(xsc_watch(dom1, "/local/domain/1/more", "t") == E2BIG, "one more than it may have");
	restart();
	xsc_on_event(dom1, hear, heard);
	for (int i = 0; i < WATCHES; i++) {
		snprintf(path, sizeof(path), "/local/domain/1/w%d", i);
		EXPECT(xsc_write(dom0, 0, path, "") == 0, "a write");
	}
	EXPECT(xsc_watch(dom1, "/local/domain/1/more", "t") == E2BIG, "the limit is forgotten");
	xsc_on_event(dom1, NULL, NULL);
	for (int i = 0; i < WATCHES; i++)
		lost += !heard[i];
	EXPECT(!lost, "of %d watches %u are lost by a restart", WATCHES, lost);
}

/*
 * Ten transactions of another domain, each of which gives nodes of the first as much as it may have in
 * all: each would fit alone.
 */
static void memory_helped(void)
{
	enum { LIMIT = 600000, EACH = 90, TXNS = 10 };
	unsigned int ended = 0;
	char body[2048];
	uint32_t tx[TXNS];
	int err = 0;

	EXPECT(xsc_set_perms(dom1, 0, "/local/domain/1", "b1") == 0, "set-up");
	for (unsigned int i = 0; i < EACH * TXNS; i++) {
		snprintf(body, sizeof(body), "h/%u/%u", i / 30, i % 30);
		EXPECT(xsc_write(dom1, 0, body, "") == 0, "set-up");
	}
	set_quota(1, "memory", LIMIT);
	memset(body, 'm', sizeof(body));
	for (unsigned int t = 0; t < TXNS; t++) {
		EXPECT(xsc_begin(dom2, &tx[t]) == 0, "start");
		for (unsigned int i = t * EACH; i < (t + 1) * EACH; i++) {
			int len = snprintf(body, 64, "/local/domain/1/h/%u/%u", i / 30, i % 30) + 1;

			EXPECT(xsc_call(dom2, XS_WRITE, tx[t], body, (size_t)len + 1800, NULL) == 0,
			       "a write");
		}
	}
	for (unsigned int t = 0; t < TXNS; t++)
		ended += xsc_end(dom2, tx[t], true) == 0;
	printf("# %u of %u transactions, %ld bytes of %d\n", ended, TXNS, used_by(1, "memory"),
	       LIMIT);
	EXPECT(used_by(1, "memory") <= LIMIT, "%ld bytes", used_by(1, "memory"));
	EXPECT(ended > 0 && ended < TXNS, "%u", ended);
	/* And plainly, to those of the last that are still empty. */
	for (unsigned int i = EACH * (TXNS - 1); i < EACH * TXNS && !err; i++) {
		int len = snprintf(body, 64, "/local/domain/1/h/%u/%u", i / 30, i % 30) + 1;

		err = xsc_call(dom2, XS_WRITE, 0, body, (size_t)len + 1800, NULL);
	}
	EXPECT(err == ENOSPC, "plainly: %s", xsc_errname(err));
	EXPECT(used_by(1, "memory") <= LIMIT, "%ld bytes", used_by(1, "memory"));
}

/* Ten transactions that each add names to one directory, which fit alone. */
static void size_of_list(void)
{
	enum { TXNS = 10, EACH = 9 };
	struct xsc *who[TXNS];
	unsigned int ended = 0;
	char path[256];
	uint32_t tx[TXNS];

	memset(path, 'n', sizeof(path));
	memcpy(path, "/local/domain/1/s/", 18);
	EXPECT(xsc_set_perms(dom1, 0, "/local/domain/1", "b1") == 0, "set-up");
	EXPECT(xsc_write(dom1, 0, "s", "") == 0, "set-up");
	/* The last of them in the open directory of the other. */
	for (unsigned int t = 0; t < TXNS; t++) {
		who[t] = t < TXNS / 2 ? dom1 : dom2;
		EXPECT(xsc_begin(who[t], &tx[t]) == 0, "start");
		for (unsigned int i = 0; i < EACH; i++) {
			snprintf(path + 200, 20, "%u-%u", t, i);
			EXPECT(xsc_write(who[t], tx[t], path, "") == 0, "a write");
		}
	}
	for (unsigned int t = 0; t < TXNS; t++)
		ended += xsc_end(who[t], tx[t], true) == 0;
	EXPECT(ended == 1, "%u transactions of about 1,700 bytes of names end well", ended);
	EXPECT(xsc_path_op(dom1, XS_DIRECTORY, 0, "s", NULL) == 0, "the list cannot be read");
}

/* A domain that dies before a transaction ends that would give it a node. */
static void owner_dies(void)
{
	struct xsc_msg m;
	uint32_t tx = 0;
	int err;

	EXPECT(xsc_write(dom0, 0, "/given", "v") == 0, "set-up");
	/* Its death changes nothing else. */
	EXPECT(xsc_path_op(dom0, XS_RM, 0, "/local/domain/1", NULL) == 0, "set-up");
	EXPECT(xsc_begin(dom0, &tx) == 0, "start");
	EXPECT(xsc_set_perms(dom0, tx, "/given", "n1 r2") == 0, "set-up");
	EXPECT(xsc_write(dom0, tx, "/given/below", "v") == 0, "set-up");
	hostxen_set_state(server.hx, 1, HOSTXEN_NONE);
	while (xsc_path_op(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "1", &m) == 0 && m.body[0] == 'T')
		usleep(1000);
	err = xsc_end(dom0, tx, true);
	EXPECT(err == EAGAIN, "its end: %s", xsc_errname(err));
	EXPECT(xsc_path_op(dom0, XS_GET_PERMS, 0, "/given", &m) == 0 && strcmp(m.body, "n0") == 0,
	       "it has the dead one's node: %s", m.body);
	xsc_close(dom1);
	dom1 = domain_up(1);
	EXPECT(used_by(1, "nodes") == 1, "the next with its number begins with %ld nodes",
	       used_by(1, "nodes"));
}

/* A domain that stood for another has no rights of the next one with its number. */
static void target_dies(void)
{
	struct xsc_msg m;

	EXPECT(xsc_call(dom0, XS_SET_TARGET, 0,
			"2\0"
			"1",
			4, NULL) == 0,
	       "set-up");
	EXPECT(xsc_path_op(dom2, XS_READ, 0, "/local/domain/1", &m) == 0, "before");
	hostxen_set_state(server.hx, 1, HOSTXEN_NONE);
	while (xsc_path_op(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "1", &m) == 0 && m.body[0] == 'T')
		usleep(1000);
	xsc_close(dom1);
	dom1 = domain_up(1);
	for (int restarted = 0; restarted < 2; restarted++) {
		EXPECT(xsc_path_op(dom2, XS_READ, 0, "/local/domain/1", &m) == EACCES,
		       "it reads what is another's now");
		EXPECT(xsc_write(dom2, 0, "/local/domain/1/x", "") == EACCES, "and writes there");
		restart();
	}
}

/* Writes the 900 nodes of a domain anew, ten at a time. */
static void write_all(struct xsc *c, char value)
{
	struct xsc_msg m;
	char body[2048];

	memset(body, value, sizeof(body));
	for (unsigned int i = 0; i < 900; i += 10) {
		unsigned int answered = 0;

		for (unsigned int k = i; k < i + 10; k++) {
			int len = snprintf(body, 64, "s/%u/%u", k / 30, k % 30) + 1;

			xsc_queue(c, XS_WRITE, 0, body, (size_t)len + 1800);
		}
		while (answered < 10 && xsc_wait(c, &m, xsc_timeout) == 1)
			answered += m.type == XS_WRITE;
		EXPECT(answered == 10, "writes are refused");
	}
}

/*
 * Domains that write all their nodes anew, again and again, between the beginnings of transactions that
 * they leave open, each of which sees another store: together far more than their memory.
 */
static void snapshots_helped(void)
{
	enum { DOMAINS = 4, ROUNDS = 6 };
	struct xsc *dom[DOMAINS] = {dom1, dom2, domain_up(3), domain_up(4)};
	uint32_t tx[ROUNDS * DOMAINS] = {0};
	unsigned int last = ROUNDS * DOMAINS - 1;
	struct xsc_msg m;
	long before, grown;

	for (unsigned int d = 0; d < DOMAINS; d++)
		write_all(dom[d], 'a');
	before = server_rss(&server);
	for (unsigned int t = 0; t <= last; t++) {
		struct xsc *c = dom[t % DOMAINS];

		EXPECT(xsc_begin(c, &tx[t]) == 0, "start");
		EXPECT(xsc_path_op(c, XS_READ, tx[t], "s/0/0", &m) == 0, "its own node");
		/* A new node, with which the transaction has to keep the whole store. */
		EXPECT(xsc_write(c, 0, t / DOMAINS % 2 ? "x" : "y", "") == 0, "a write");
		EXPECT(xsc_path_op(c, XS_RM, 0, t / DOMAINS % 2 ? "y" : "x", NULL) == 0, "rm");
		for (unsigned int d = 0; d < DOMAINS; d++)
			write_all(dom[d], (char)('a' + t % 26));
	}
	grown = server_rss(&server) - before;
	printf("# %u transactions of %u domains: %ld KiB more\n", last + 1, DOMAINS, grown);
	EXPECT(grown < 120 << 10, "%ld KiB", grown);
	/* They go on, with the store of now, and say at their end that it was for nothing. */
	EXPECT(xsc_write(dom[0], tx[0], "s/0/0", "new") == 0, "a write");
	EXPECT(xsc_path_op(dom[0], XS_READ, tx[0], "s/0/0", &m) == 0 && strcmp(m.body, "new") == 0,
	       "and reading it");
	EXPECT(xsc_path_op(dom[0], XS_RM, tx[0], "s/0", NULL) == 0, "rm");
	for (unsigned int t = 0; t <= last; t++) {
		int err = xsc_end(dom[t % DOMAINS], tx[t], true);

		EXPECT(err == EAGAIN, "%u: %s", t, xsc_errname(err));
	}
	EXPECT(xsc_path_op(dom0, XS_READ, 0, "/local/domain/1/s/0/0", &m) == 0 && m.len == 1800,
	       "what it wrote is in the store");
	xsc_close(dom[2]);
	xsc_close(dom[3]);
}

const struct quota_case quota_more[] = {
	{"watches-lowered", watches_lowered}, {"memory-with-help", memory_helped},
	{"size-of-a-list", size_of_list},     {"owner-dies-in-a-transaction", owner_dies},
	{"target-dies", target_dies},         {"snapshots-with-help", snapshots_helped},
};
const size_t quota_more_count = sizeof(quota_more) / sizeof(quota_more[0]);
