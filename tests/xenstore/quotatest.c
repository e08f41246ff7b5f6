// SPDX-License-Identifier: MIT
/*
 * Each quota of a domain, exceeded: plainly, inside a transaction, and with another domain's help;
 * what an owner leaves behind when it dies; and dom0, which no quota holds.
 *
 *   quotatest --ours FILE --preload FILE [--stock DIR] [--on ours|C|OCaml] [--only NAME]
 *
 * Every case begins with a fresh daemon on which the domains 1 and 2 are up, each the owner of
 * /local/domain/ID.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "client.h"
#include "hostxen.h"
#include "quotatest.h"
#include "server.h"
#include "tap.h"

static struct server_paths paths;
static enum server_kind kind = SERVER_OURS;
struct server server;
struct xsc *dom0, *dom1, *dom2;

struct xsc *domain_up(unsigned int domid)
{
	char path[64], perms[16];

	hostxen_create(server.hx, domid);
	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	snprintf(perms, sizeof(perms), "n%u", domid);
	EXPECT(xsc_write(dom0, 0, path, "") == 0, "set-up");
	EXPECT(xsc_set_perms(dom0, 0, path, perms) == 0, "set-up");
	EXPECT(xsc_introduce(dom0, domid) == 0, "domain %u is not introduced", domid);
	return xsc_ring(server.hx, domid);
}

static void domain_die(unsigned int domid, struct xsc *ring)
{
	hostxen_set_state(server.hx, domid, HOSTXEN_NONE);
	xsc_release(dom0, domid);
	xsc_close(ring);
}

static bool set_up(void)
{
	if (!server_start(&server, &paths, kind, SERVER_DOMAINS)) {
		EXPECT(false, "the daemon does not start");
		return false;
	}
	dom0 = server_connect(&server);
	dom1 = domain_up(1);
	dom2 = domain_up(2);
	return true;
}

static void tear_down(void)
{
	xsc_close(dom0);
	xsc_close(dom1);
	xsc_close(dom2);
	server_stop(&server);
}

unsigned int write_many(struct xsc *c, uint32_t tx, const char *base, unsigned int most, int *err)
{
	char path[128];
	unsigned int n;

	*err = 0;
	for (n = 0; n < most; n++) {
		snprintf(path, sizeof(path), "%s/%u/%u", base, n / 100, n % 100);
		*err = xsc_write(c, tx, path, "x");
		if (*err)
			break;
	}
	return n;
}

static unsigned int count_nodes(const char *path)
{
	char *list, below[256];
	unsigned int n = 1;
	struct xsc_msg m;

	if (xsc_path_op(dom0, XS_DIRECTORY, 0, path, &m) != 0)
		return 0;
	list = malloc(m.len + 1);
	memcpy(list, m.body, m.len + 1);
	for (const char *p = list, *end = list + m.len; p < end; p += strlen(p) + 1) {
		snprintf(below, sizeof(below), "%s/%s", path, p);
		n += count_nodes(below);
	}
	free(list);
	return n;
}

static void nodes_plain(void)
{
	struct xsc_msg m;
	int err;
	unsigned int n = write_many(dom1, 0, "/local/domain/1/d", 2000, &err);

	printf("# %u writes, then %s; %u nodes\n", n, xsc_errname(err),
	       count_nodes("/local/domain/1"));
	EXPECT(err == ENOSPC, "%s", xsc_errname(err));
	EXPECT(count_nodes("/local/domain/1") <= 1001, "too many");
	EXPECT(xsc_write(dom1, 0, "/local/domain/1/d/0/0", "new value") == 0,
	       "no more writing at all");
	EXPECT(xsc_path_op(dom1, XS_MKDIR, 0, "/local/domain/1/more", &m) == ENOSPC, "mkdir");
	EXPECT(xsc_path_op(dom1, XS_RM, 0, "/local/domain/1/d/0/1", &m) == 0, "rm");
	EXPECT(xsc_write(dom1, 0, "/local/domain/1/d/0/1", "x") == 0,
	       "the place is not given back");
	EXPECT(write_many(dom2, 0, "/local/domain/2/d", 500, &err) == 500, "the other domain: %s",
	       xsc_errname(err));
	EXPECT(xsc_path_op(dom1, XS_RM, 0, "/local/domain/1/d", &m) == 0, "rm");
	EXPECT(write_many(dom1, 0, "/local/domain/1/d", 900, &err) == 900,
	       "places not given back: %s", xsc_errname(err));
}

static void nodes_transaction(void)
{
	uint32_t tx = 0;
	int err, end;
	unsigned int n;

	n = write_many(dom1, 0, "/local/domain/1/d", 800, &err);
	EXPECT(n == 800, "%u", n);
	EXPECT(xsc_begin(dom1, &tx) == 0, "start");
	n = write_many(dom1, tx, "/local/domain/1/e", 500, &err);
	end = xsc_end(dom1, tx, true);
	printf("# %u writes in it, then %s; its end: %s; %u nodes\n", n, xsc_errname(err),
	       xsc_errname(end), count_nodes("/local/domain/1"));
	EXPECT(err != 0 || end != 0, "nothing was refused");
	EXPECT(count_nodes("/local/domain/1") <= 1001, "too many");
	/* Two at once, each of which would fit. */
	xsc_path_op(dom1, XS_RM, 0, "/local/domain/1/e", NULL);
	{
		uint32_t a = 0, b = 0;
		int end_a, end_b;

		EXPECT(xsc_begin(dom1, &a) == 0 && xsc_begin(dom1, &b) == 0, "start");
		write_many(dom1, a, "/local/domain/1/e", 150, &err);
		write_many(dom1, b, "/local/domain/1/f", 150, &err);
		end_a = xsc_end(dom1, a, true);
		end_b = xsc_end(dom1, b, true);
		printf("# two of 150 beside 800: %s, %s; %u nodes\n", xsc_errname(end_a),
		       xsc_errname(end_b), count_nodes("/local/domain/1"));
	}
	EXPECT(count_nodes("/local/domain/1") <= 1001, "too many");
}

static void nodes_helped(void)
{
	struct xsc_msg m;
	uint32_t tx = 0;
	int err;

	EXPECT(xsc_write(dom2, 0, "/local/domain/2/open", "") == 0, "set-up");
	EXPECT(xsc_set_perms(dom2, 0, "/local/domain/2/open", "b2") == 0, "set-up");
	write_many(dom1, 0, "/local/domain/1/d", 2000, &err);
	EXPECT(err == ENOSPC, "%s", xsc_errname(err));
	/* In another's directory it creates its own nodes. */
	EXPECT(xsc_write(dom1, 0, "/local/domain/2/open/a", "x") == ENOSPC, "below the other's");
	EXPECT(xsc_begin(dom1, &tx) == 0, "start");
	err = xsc_write(dom1, tx, "/local/domain/2/open/b", "x");
	EXPECT((xsc_end(dom1, tx, true) | err) != 0, "below the other's, in a transaction");
	/* It cannot give nodes away. */
	err = xsc_set_perms(dom1, 0, "/local/domain/1/d/0/0", "b2");
	EXPECT(err == EPERM || err == EACCES, "a node given away: %s", xsc_errname(err));
	EXPECT(xsc_write(dom1, 0, "/local/domain/1/more", "x") == ENOSPC, "after that");
	/* What the other creates in an open directory of the first is the other's. */
	EXPECT(xsc_set_perms(dom1, 0, "/local/domain/1", "b1") == 0, "open");
	write_many(dom2, 0, "/local/domain/1/from2", 2000, &err);
	EXPECT(err == ENOSPC, "%s", xsc_errname(err));
	EXPECT(xsc_path_op(dom2, XS_MKDIR, 0, "/local/domain/2/one", &m) == ENOSPC, "two quotas");
	printf("# with help: %u and %u nodes\n", count_nodes("/local/domain/1"),
	       count_nodes("/local/domain/2"));
}

static void size_of_node(void)
{
	char body[4096];
	uint32_t tx = 0;
	int err;

	memset(body, 'v', sizeof(body));
	memcpy(body, "/local/domain/1/sizeable", 25);
	EXPECT(xsc_call(dom1, XS_WRITE, 0, body, 25 + 1500, NULL) == 0, "1500 bytes");
	err = xsc_call(dom1, XS_WRITE, 0, body, 25 + 2100, NULL);
	EXPECT(err == ENOSPC || err == E2BIG || err == EINVAL, "2100 bytes: %s", xsc_errname(err));
	EXPECT(xsc_begin(dom1, &tx) == 0, "start");
	err = xsc_call(dom1, XS_WRITE, tx, body, 25 + 2100, NULL);
	EXPECT((xsc_end(dom1, tx, true) | err) != 0, "2100 bytes in a transaction");
	EXPECT(xsc_call(dom0, XS_WRITE, 0, body, 25 + 3000, NULL) == 0, "dom0 is not limited");
}

static void watches(void)
{
	char path[64];
	unsigned int n;
	int err = 0;

	for (n = 0; n < 1000 && !err; n++) {
		snprintf(path, sizeof(path), "/local/domain/1/w%u", n);
		err = xsc_watch(dom1, path, "t");
	}
	printf("# %u watches, then %s\n", n - 1, xsc_errname(err));
	EXPECT(err == E2BIG || err == ENOSPC, "%s", xsc_errname(err));
	EXPECT(n - 1 <= 129, "too many"); /* the C daemon counts one late */
	err = xsc_watch(dom2, "/local/domain/2/w", "t");
	EXPECT(err == 0, "the other domain: %s", xsc_errname(err));
	EXPECT(xsc_call(dom1, XS_UNWATCH, 0, "/local/domain/1/w0\0t", 21, NULL) == 0, "unwatch");
	EXPECT(xsc_watch(dom1, "/local/domain/1/again", "t") == 0, "the place is not given back");
	EXPECT(xsc_call(dom1, XS_RESET_WATCHES, 0, "", 1, NULL) == 0, "reset");
	EXPECT(xsc_watch(dom1, "/local/domain/1/w5", "t") == 0, "after a reset");
	for (n = 0, err = 0; n < 1000 && !err; n++) {
		snprintf(path, sizeof(path), "/t/w%u", n);
		err = xsc_watch(dom0, path, "t");
	}
	EXPECT(n == 1000 && !err, "dom0 after %u: %s", n, xsc_errname(err));
}

static void transactions(void)
{
	uint32_t tx[100];
	unsigned int n;
	int err = 0;

	for (n = 0; n < 100 && !err; n++)
		err = xsc_begin(dom1, &tx[n]);
	printf("# %u transactions, then %s\n", n - 1, xsc_errname(err));
	EXPECT(err == EBUSY || err == ENOSPC, "%s", xsc_errname(err));
	EXPECT(n - 1 <= 11, "too many");
	EXPECT(xsc_end(dom1, tx[0], false) == 0, "end");
	EXPECT(xsc_begin(dom1, &tx[0]) == 0, "the place is not given back");
	EXPECT(xsc_begin(dom2, &tx[50]) == 0, "the other domain");
	for (n = 0, err = 0; n < 30 && !err; n++)
		err = xsc_begin(dom0, &tx[n]);
	EXPECT(n == 30 && !err, "dom0 after %u: %s", n, xsc_errname(err));
}

/* Nodes touched by one transaction: of its own, and read of others. */
static void transaction_nodes(void)
{
	char path[64];
	struct xsc_msg m;
	uint32_t tx = 0;
	unsigned int n;
	int err = 0;

	for (n = 0; n < 2000; n++) {
		snprintf(path, sizeof(path), "/open/%u/%u", n / 100, n % 100);
		xsc_write(dom0, 0, path, "x");
		xsc_set_perms(dom0, 0, path, "r0");
	}
	EXPECT(xsc_begin(dom1, &tx) == 0, "start");
	for (n = 0; n < 2000 && !err; n++) {
		snprintf(path, sizeof(path), "/open/%u/%u", n / 100, n % 100);
		err = xsc_path_op(dom1, XS_READ, tx, path, &m);
	}
	printf("# %u nodes read in a transaction, then %s\n", n - 1, xsc_errname(err));
	EXPECT(err == ENOSPC, "%s", xsc_errname(err));
	EXPECT(xsc_end(dom1, tx, false) == 0, "cannot be ended");
	EXPECT(xsc_begin(dom1, &tx) == 0 && xsc_path_op(dom1, XS_READ, tx, "/open/0/0", &m) == 0 &&
		       xsc_end(dom1, tx, true) == 0,
	       "after it");
}

static void permissions(void)
{
	uint32_t tx = 0;
	int err;

	EXPECT(xsc_write(dom1, 0, "/local/domain/1/p", "") == 0, "set-up");
	EXPECT(xsc_set_perms(dom1, 0, "/local/domain/1/p", "n1 r2 r3 r4 r5") == 0, "five");
	err = xsc_set_perms(dom1, 0, "/local/domain/1/p", "n1 r2 r3 r4 r5 r6 r7 r8 r9");
	EXPECT(err == ENOSPC, "nine: %s", xsc_errname(err));
	EXPECT(xsc_begin(dom1, &tx) == 0, "start");
	err = xsc_set_perms(dom1, tx, "/local/domain/1/p", "n1 r2 r3 r4 r5 r6 r7 r8 r9");
	EXPECT((xsc_end(dom1, tx, true) | err) != 0, "nine in a transaction");
}

static void path_length(void)
{
	char path[3200];

	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[3072] = 0;
	EXPECT(xsc_path_op(dom0, XS_MKDIR, 0, path, NULL) == EINVAL, "3072 characters");
	memcpy(path, "/local/domain/1/", 16);
	for (int i = 16; i < 2300; i += 100)
		path[i] = '/';
	path[17] = 'p';
	path[2200] = 0;
	EXPECT(xsc_path_op(dom1, XS_READ, 0, path, NULL) != 0, "2184 below home");
	path[0] = 'p';
	path[2049] = 0;
	EXPECT(xsc_path_op(dom1, XS_READ, 0, path, NULL) == EINVAL, "relative, 2049");
}

/* All kinds of memory together: values, transactions' copies, watches. */
static void memory(void)
{
	char body[2048];
	unsigned int n;
	long before = server_rss(&server);
	int err = 0;

	memset(body, 'm', sizeof(body));
	for (n = 0; n < 995 && !err; n++) {
		int len = snprintf(body, 64, "/local/domain/1/m/%u/%u", n / 30, n % 30) + 1;

		err = xsc_call(dom1, XS_WRITE, 0, body, (size_t)len + 1850, NULL);
	}
	for (int t = 0; t < 10; t++) {
		uint32_t tx = 0;

		if (xsc_begin(dom1, &tx) != 0)
			break;
		for (n = 0, err = 0; n < 500 && !err; n++) {
			int len = snprintf(body, 64, "/local/domain/1/m/%u/%u", n / 30, n % 30) + 1;

			err = xsc_call(dom1, XS_WRITE, tx, body, (size_t)len + 1800, NULL);
		}
	}
	printf("# one domain takes %ld KiB of the daemon, at last %s\n",
	       server_rss(&server) - before, xsc_errname(err));
	/* 2.5 MiB by the quota; twice that for what an allocator adds, and slack for the test. */
	EXPECT(server_rss(&server) - before < 8192, "too much");
	EXPECT(xsc_write(dom2, 0, "/local/domain/2/x", "x") == 0, "the other domain is refused");
}

/* What is only asked for counts as well: long paths in transactions, */
static void memory_of_notes(void)
{
	long before = server_rss(&server);
	char path[2040];
	int err = 0;

	memset(path, 'p', sizeof(path));
	for (int t = 0; t < 10; t++) {
		uint32_t tx = 0;

		if (xsc_begin(dom1, &tx) != 0)
			break;
		for (unsigned int n = 0; n < 1000; n++) {
			snprintf(path + 2000, 40, "%u", n);
			err = xsc_path_op(dom1, XS_READ, tx, path, NULL);
			if (err != ENOENT && err != EACCES)
				break;
		}
	}
	printf("# one domain's transactions take %ld KiB, at last %s\n",
	       server_rss(&server) - before, xsc_errname(err));
	EXPECT(server_rss(&server) - before < 8192, "too much");
	EXPECT(xsc_call(dom1, XS_RESET_WATCHES, 0, "", 1, NULL) == 0, "it cannot let go of them");
	err = xsc_write(dom1, 0, "x", "x");
	EXPECT(err == 0, "nor has it room then: %s", xsc_errname(err));
}

/* and watches of deep paths. */
static void memory_of_watches(void)
{
	long before = server_rss(&server);
	char path[2000];
	int err = 0;

	for (unsigned int i = 0; i < sizeof(path); i += 2)
		memcpy(path + i, "a/", 2);
	path[sizeof(path) - 1] = 0;
	for (unsigned int n = 0; n < 128 && !err; n++) {
		snprintf(path, 4, "%03u", n);
		path[3] = '/';
		err = xsc_watch(dom1, path, "t");
	}
	printf("# one domain's watches take %ld KiB, at last %s\n", server_rss(&server) - before,
	       xsc_errname(err));
	EXPECT(server_rss(&server) - before < 8192, "too much");
	EXPECT(xsc_write(dom2, 0, "/local/domain/2/x", "x") == 0, "the other domain is refused");
}

/* A domain that sends without reading, and one that watches without reading. */
static void outstanding(void)
{
	char body[2000];
	long before = server_rss(&server);
	struct xsc_msg m;

	memset(body, 'b', sizeof(body));
	memcpy(body, "/local/domain/1/big", 20);
	EXPECT(xsc_call(dom1, XS_WRITE, 0, body, 1900, NULL) == 0, "set-up");
	EXPECT(xsc_watch(dom1, "/local/domain/1", "t") == 0, "set-up");
	EXPECT(xsc_set_perms(dom1, 0, "/local/domain/1", "b1") == 0, "set-up");
	xsc_pump(dom1);
	/* Its ring takes requests as long as the daemon takes them; the replies stay there. */
	{
		struct xenstore_domain_interface *r = hostxen_ring(server.hx, 1);
		uint32_t read_to = r->rsp_cons;

		for (int i = 0; i < 3000; i++) {
			if (i < 400)
				xsc_queue(dom1, XS_READ, 0, "/local/domain/1/big", 20);
			xsc_push(dom1);
			r->rsp_cons = read_to; /* as if nothing had been taken */
			if (i % 10 == 0)
				EXPECT(xsc_write(dom2, 0, "/local/domain/1/n", "x") == 0,
				       "the other domain is refused");
		}
	}
	printf("# %ld KiB for one that does not read; of 400 requests %zu bytes were not taken\n",
	       server_rss(&server) - before, xsc_unsent(dom1));
	EXPECT(xsc_unsent(dom1) > 0, "all were taken");
	EXPECT(server_rss(&server) - before < 4096, "too much");
	EXPECT(xsc_path_op(dom0, XS_READ, 0, "/local/domain/1/n", &m) == 0, "dom0");
}

/* What is left of a domain: nothing, and no right for the next with its id. */
static void death(void)
{
	struct xsc_msg m;
	struct xsc *next;
	int err;

	EXPECT(xsc_write(dom0, 0, "/shared", "") == 0, "set-up");
	EXPECT(xsc_set_perms(dom0, 0, "/shared", "b0") == 0, "set-up");
	EXPECT(xsc_write(dom1, 0, "/shared/of1", "") == 0, "set-up");
	EXPECT(xsc_write(dom1, 0, "/shared/of1/below", "x") == 0, "set-up");
	EXPECT(xsc_write(dom2, 0, "/shared/of2", "secret") == 0, "set-up");
	EXPECT(xsc_set_perms(dom2, 0, "/shared/of2", "n2 r1") == 0, "set-up");
	EXPECT(xsc_path_op(dom1, XS_READ, 0, "/shared/of2", &m) == 0, "before");
	EXPECT(xsc_watch(dom0, "/shared", "t") == 0, "set-up");
	domain_die(1, dom1);
	err = xsc_path_op(dom0, XS_READ, 0, "/shared/of1", &m);
	EXPECT(err == ENOENT, "a node of the dead is there: %s", xsc_errname(err));
	err = xsc_path_op(dom0, XS_READ, 0, "/local/domain/1", &m);
	EXPECT(err == ENOENT, "its home is there: %s", xsc_errname(err));
	next = domain_up(1);
	err = xsc_path_op(next, XS_READ, 0, "/shared/of2", &m);
	EXPECT(err == EACCES, "the next with its id inherits a right: %s", xsc_errname(err));
	write_many(next, 0, "/local/domain/1/d", 900, &err);
	EXPECT(err == 0, "the next with its id inherits a full quota: %s", xsc_errname(err));
	dom1 = next;
}

static const struct quota_case cases[] = {
	{"nodes", nodes_plain},
	{"nodes-in-a-transaction", nodes_transaction},
	{"nodes-with-help", nodes_helped},
	{"size", size_of_node},
	{"watches", watches},
	{"transactions", transactions},
	{"transaction-nodes", transaction_nodes},
	{"permissions", permissions},
	{"path-length", path_length},
	{"memory", memory},
	{"memory-of-notes", memory_of_notes},
	{"memory-of-watches", memory_of_watches},
	{"outstanding", outstanding},
	{"death", death},
};

static void run(const struct quota_case *each, const char *only)
{
	if (only && strcmp(only, each->name) != 0)
		return;
	if (set_up()) {
		each->run();
		tear_down();
	}
	tap_case(each->name);
}

int main(int argc, char **argv)
{
	const char *only = NULL;

	server_options(&paths, &argc, argv);
	/* How large the daemon is must not depend on the host's setting of huge pages. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--only") == 0)
			only = argv[i + 1];
		else if (strcmp(argv[i], "--on") == 0)
			kind = server_kind_named(argv[i + 1]);
		else
			return 2;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run(&cases[i], only);
	/* What the stock daemons have no bound for, or not while they run. */
	for (size_t i = 0; kind == SERVER_OURS && i < quota_each_count; i++)
		run(&quota_each[i], only);
	for (size_t i = 0; kind == SERVER_OURS && i < quota_more_count; i++)
		run(&quota_more[i], only);
	return tap_cases_failed != 0;
}
