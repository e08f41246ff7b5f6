// SPDX-License-Identifier: MIT
/* Each quota of a domain, set while the daemon runs, in each way that there is to exceed it. */
#include <stdlib.h>
#include <string.h>

#include "quotatest.h"
#include "tap.h"

void set_quota(unsigned int domid, const char *name, unsigned int limit)
{
	char body[64];
	int len = snprintf(body, sizeof(body), "quota%cset%c%u%c%s%c%u", 0, 0, domid, 0, name, 0,
			   limit);

	EXPECT(xsc_call(dom0, XS_CONTROL, 0, body, (size_t)len + 1, NULL) == 0, "quota set %s",
	       name);
}

long used_by(unsigned int domid, const char *name)
{
	struct xsc_msg m;
	const char *at;
	char body[32];
	int len = snprintf(body, sizeof(body), "quota%c%u", 0, domid);

	if (xsc_call(dom0, XS_CONTROL, 0, body, (size_t)len + 1, &m) != 0)
		return -1;
	at = strstr(m.body, name);
	at = at ? strchr(at, ':') : NULL;
	return at ? strtol(at + 1, NULL, 10) : -1;
}

/*
 * For each quota: what exceeds it when it is set to LOW, in transaction TX if that is not 0, with paths
 * that begin with BASE.  The first error is returned; what can be undone is.
 */
static int exceed_nodes(struct xsc *c, uint32_t tx, const char *base)
{
	char path[64];
	int err = 0, i;

	for (i = 0; i < 8 && !err; i++) {
		snprintf(path, sizeof(path), "%sn%d", base, i);
		err = xsc_path_op(c, XS_MKDIR, tx, path, NULL);
	}
	while (i-- > 0) {
		snprintf(path, sizeof(path), "%sn%d", base, i);
		xsc_path_op(c, XS_RM, tx, path, NULL);
	}
	return err;
}

static int exceed_watches(struct xsc *c, uint32_t tx, const char *base)
{
	char body[64];
	int err = 0, i, len;

	for (i = 0; i < 8 && !err; i++) {
		len = snprintf(body, sizeof(body), "%sw%ctoken%d", base, 0, i) + 1;
		err = xsc_call(c, XS_WATCH, tx, body, (size_t)len, NULL);
	}
	while (i-- > 0) {
		len = snprintf(body, sizeof(body), "%sw%ctoken%d", base, 0, i) + 1;
		xsc_call(c, XS_UNWATCH, tx, body, (size_t)len, NULL);
	}
	return err;
}

/* None can be begun inside another, which counts as well. */
static int exceed_transactions(struct xsc *c, uint32_t tx, const char *base)
{
	uint32_t id[8];
	int err = 0, i;

	(void)base;
	EXPECT(!tx || xsc_call(c, XS_TRANSACTION_START, tx, "", 1, NULL) == EBUSY, "inside one");
	for (i = 0; i < 8 && !err; i++)
		err = xsc_begin(c, &id[i]);
	for (int k = 0; k < i - (err != 0); k++)
		EXPECT(xsc_end(c, id[k], false) == 0, "its end");
	return err;
}

static int exceed_transaction_nodes(struct xsc *c, uint32_t tx, const char *base)
{
	uint32_t own = tx;
	char path[64];
	int err = 0;

	if (!tx && xsc_begin(c, &own) != 0)
		return XSC_LOST;
	for (int i = 0; i < 8 && (!err || err == ENOENT); i++) {
		snprintf(path, sizeof(path), "%sr%d", base, i);
		err = xsc_path_op(c, XS_READ, own, path, NULL);
	}
	if (!tx)
		EXPECT(xsc_end(c, own, false) == 0, "its end");
	return err == ENOENT ? 0 : err;
}

static int exceed_memory(struct xsc *c, uint32_t tx, const char *base)
{
	char body[2048];
	int err = 0;

	memset(body, 'm', sizeof(body));
	for (int i = 0; i < 3 && !err; i++) {
		int len = snprintf(body, 64, "%sm%d", base, i) + 1;

		err = xsc_call(c, XS_WRITE, tx, body, (size_t)len + 1900, NULL);
	}
	return err;
}

static int exceed_node_size(struct xsc *c, uint32_t tx, const char *base)
{
	char body[256];
	int len = snprintf(body, sizeof(body), "%ss", base) + 1;

	memset(body + len, 's', 200);
	return xsc_call(c, XS_WRITE, tx, body, (size_t)len + 150, NULL);
}

static int exceed_path_max(struct xsc *c, uint32_t tx, const char *base)
{
	char path[64];

	snprintf(path, sizeof(path), "%s%s", base, "a-path-that-is-longer");
	return xsc_path_op(c, XS_MKDIR, tx, path, NULL);
}

/* Of a node of domain 1, or of the caller's. */
static int exceed_permissions(struct xsc *c, uint32_t tx, const char *base)
{
	char path[64];

	snprintf(path, sizeof(path), "%sp", base);
	return xsc_set_perms(c, tx, path, c == dom1 || *base ? "n1 r2 r0" : "n2 r1 r0");
}

static const struct {
	const char *name;
	unsigned int low, high;
	int err;
	int (*exceed)(struct xsc *c, uint32_t tx, const char *base);
	bool counted; /* the daemon says how much of it is used */
} each_quota[] = {
	{"nodes", 8, 1000, ENOSPC, exceed_nodes, true},
	{"watches", 3, 128, E2BIG, exceed_watches, true},
	{"transactions", 3, 10, ENOSPC, exceed_transactions, true},
	{"transaction-nodes", 4, 1024, ENOSPC, exceed_transaction_nodes, false},
	{"memory", 4000, 2621440, ENOSPC, exceed_memory, true},
	{"node-size", 100, 2048, ENOSPC, exceed_node_size, false},
	{"path-max", 20, 2048, EINVAL, exceed_path_max, false},
	{"permissions", 2, 5, ENOSPC, exceed_permissions, false},
};
#define EACH_QUOTA (sizeof(each_quota) / sizeof(each_quota[0]))

/* Nodes whose rights and values the above change. */
static void own_nodes(struct xsc *c)
{
	static const char *const names[] = {"p", "m0", "m1", "m2"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		EXPECT(xsc_write(c, 0, names[i], "") == 0, "set-up");
}

/* Of one domain alone, and while the daemon runs. */
static void each_plainly(void)
{
	own_nodes(dom1);
	own_nodes(dom2);
	for (size_t i = 0; i < EACH_QUOTA; i++) {
		int err;

		set_quota(1, each_quota[i].name, each_quota[i].low);
		err = each_quota[i].exceed(dom1, 0, "");
		EXPECT(err == each_quota[i].err, "%s: %s", each_quota[i].name, xsc_errname(err));
		err = each_quota[i].exceed(dom2, 0, "");
		EXPECT(!err, "%s of the other: %s", each_quota[i].name, xsc_errname(err));
		set_quota(1, each_quota[i].name, each_quota[i].high);
		err = each_quota[i].exceed(dom1, 0, "");
		EXPECT(!err, "%s set back: %s", each_quota[i].name, xsc_errname(err));
	}
}

static void each_in_a_transaction(void)
{
	own_nodes(dom1);
	for (size_t i = 0; i < EACH_QUOTA; i++) {
		uint32_t tx = 0;
		int err;

		set_quota(1, each_quota[i].name, each_quota[i].low);
		EXPECT(xsc_begin(dom1, &tx) == 0, "start");
		err = each_quota[i].exceed(dom1, tx, "");
		EXPECT(err == each_quota[i].err, "%s: %s", each_quota[i].name, xsc_errname(err));
		EXPECT(xsc_end(dom1, tx, false) == 0, "%s: it cannot be ended", each_quota[i].name);
		set_quota(1, each_quota[i].name, each_quota[i].high);
		EXPECT(xsc_begin(dom1, &tx) == 0, "start");
		err = each_quota[i].exceed(dom1, tx, "");
		EXPECT(!err, "%s set back: %s", each_quota[i].name, xsc_errname(err));
		err = xsc_end(dom1, tx, true);
		EXPECT(!err, "%s set back, at its end: %s", each_quota[i].name, xsc_errname(err));
	}
}

/*
 * Domain 2 may do for domain 1 whatever that may.  Neither gets more by it, plainly or in a
 * transaction; and its own limit is no other.
 */
static void each_with_help(void)
{
	static const char home[] = "/local/domain/1/";

	own_nodes(dom1);
	own_nodes(dom2);
	EXPECT(xsc_call(dom0, XS_SET_TARGET, 0,
			"2\0"
			"1",
			4, NULL) == 0,
	       "set-up");
	for (size_t i = 0; i < EACH_QUOTA; i++) {
		const char *name = each_quota[i].name;
		uint32_t tx = 0;
		int err;

		set_quota(1, name, each_quota[i].low);
		set_quota(2, name, each_quota[i].low);
		err = each_quota[i].exceed(dom1, 0, "");
		EXPECT(err == each_quota[i].err, "%s: %s", name, xsc_errname(err));
		err = each_quota[i].exceed(dom2, 0, home);
		EXPECT(err == each_quota[i].err, "%s, the helper: %s", name, xsc_errname(err));
		EXPECT(xsc_begin(dom2, &tx) == 0, "start");
		err = each_quota[i].exceed(dom2, tx, home);
		EXPECT(err == each_quota[i].err, "%s, the helper in a transaction: %s", name,
		       xsc_errname(err));
		xsc_end(dom2, tx, true);
		for (unsigned int domid = 1; each_quota[i].counted && domid <= 2; domid++)
			EXPECT(used_by(domid, name) <= (long)each_quota[i].low, "%ld %s of %u",
			       used_by(domid, name), name, domid);
		set_quota(1, name, each_quota[i].high);
		set_quota(2, name, each_quota[i].high);
	}
}

/* Queues what it does not read the replies to. */
static void ask_unread(struct xsc *c, uint32_t tx, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		xsc_queue(c, XS_READ, tx, "big", 4);
	xsc_push(c);
	/* As long as it takes more. */
	for (long was = -1, is = 0; is != was;) {
		was = is;
		for (int i = 0; i < 20; i++)
			xsc_path_op(dom0, XS_IS_DOMAIN_INTRODUCED, 0, "1", NULL);
		xsc_push(c);
		is = used_by(1, "reply-bytes");
	}
}

static void read_all(struct xsc *c, unsigned int count)
{
	unsigned int replies = 0;
	struct xsc_msg m;

	while (replies < count && xsc_wait(c, &m, xsc_timeout) == 1)
		replies += m.type == XS_READ;
	EXPECT(replies == count, "%u of %u answered", replies, count);
}

/* Requests and bytes that a domain leaves unread: plainly, in a transaction, and with help. */
static void unread(void)
{
	enum { REQUESTS = 60, BIG = 1900, BYTES = 8000, MESSAGE = 4112 };
	struct xsc_msg m;
	char body[2048];
	uint32_t tx = 0;

	memset(body, 'b', sizeof(body));
	memcpy(body, "big", 4);
	EXPECT(xsc_call(dom1, XS_WRITE, 0, body, 4 + BIG, NULL) == 0, "set-up");
	EXPECT(xsc_begin(dom1, &tx) == 0, "set-up");
	for (int inside = 0; inside < 2; inside++) {
		set_quota(1, "outstanding", 3);
		ask_unread(dom1, inside ? tx : 0, REQUESTS);
		EXPECT(used_by(1, "outstanding") == 3, "%ld outstanding",
		       used_by(1, "outstanding"));
		read_all(dom1, REQUESTS);
		set_quota(1, "outstanding", 1000);
		set_quota(1, "reply-bytes", BYTES);
		ask_unread(dom1, inside ? tx : 0, REQUESTS);
		EXPECT(used_by(1, "reply-bytes") >= BYTES &&
			       used_by(1, "reply-bytes") < BYTES + MESSAGE,
		       "%ld bytes", used_by(1, "reply-bytes"));
		read_all(dom1, REQUESTS);
	}
	/* Another makes events for it. */
	EXPECT(xsc_set_perms(dom1, 0, "/local/domain/1", "b1") == 0, "set-up");
	EXPECT(xsc_watch(dom1, "/local/domain/1", "t") == 0, "set-up");
	for (int i = 0; i < 1000; i++)
		EXPECT(xsc_write(dom2, 0, "/local/domain/1/event", "") == 0, "the helper");
	EXPECT(used_by(1, "reply-bytes") >= BYTES && used_by(1, "reply-bytes") < BYTES + MESSAGE,
	       "%ld bytes", used_by(1, "reply-bytes"));
	EXPECT(xsc_path_op(dom1, XS_READ, 0, "big", &m) == 0 && m.len == BIG, "after them");
	/* Stopped, and let go on: nothing but the new limit tells the daemon of its request. */
	set_quota(1, "outstanding", 0);
	xsc_queue(dom1, XS_READ, 0, "big", 4);
	xsc_push(dom1);
	EXPECT(xsc_path_op(dom0, XS_READ, 0, "/local/domain/1/event", NULL) == 0, "dom0");
	EXPECT(used_by(1, "outstanding") == 0, "%ld outstanding", used_by(1, "outstanding"));
	set_quota(1, "outstanding", 20);
	read_all(dom1, 1);
}

/* Dom0 has none, and a limit for all is none for it. */
static void dom0_has_none(void)
{
	static const char *const set[] = {"nodes",       "watches",           "transactions",
					  "outstanding", "transaction-nodes", "memory",
					  "node-size",   "path-max",          "permissions",
					  "reply-bytes", "memory-soft"};
	char body[64];

	own_nodes(dom1);
	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
		int len = snprintf(body, sizeof(body), "quota%cset%c%s%c1", 0, 0, set[i], 0);

		EXPECT(xsc_call(dom0, XS_CONTROL, 0, body, (size_t)len + 1, NULL) == 0, "set %s",
		       set[i]);
	}
	for (size_t i = 0; i < EACH_QUOTA; i++) {
		uint32_t tx = 0;
		int err = each_quota[i].exceed(dom0, 0, "/local/domain/1/");

		EXPECT(!err, "%s: %s", each_quota[i].name, xsc_errname(err));
		EXPECT(xsc_begin(dom0, &tx) == 0, "start");
		err = each_quota[i].exceed(dom0, tx, "/local/domain/1/");
		EXPECT(!err, "%s in a transaction: %s", each_quota[i].name, xsc_errname(err));
		EXPECT(xsc_end(dom0, tx, true) == 0, "its end");
	}
}

/* Rights are part of a node's size. */
static void size_of_rights(void)
{
	char body[2100];

	memset(body, 'v', sizeof(body));
	memcpy(body, "sized", 6);
	EXPECT(xsc_call(dom1, XS_WRITE, 0, body, 6 + 2010, NULL) == 0, "set-up");
	EXPECT(xsc_set_perms(dom1, 0, "sized", "n1 r2") == 0, "two");
	EXPECT(xsc_set_perms(dom1, 0, "sized", "n1 r2 r3 r4 r5") == ENOSPC, "five");
}

/* A line in the log when a domain comes over the soft limit, but not one for each time. */
static void soft_memory(void)
{
	static const char value[] = "soft\0"
				    "0123456789012345678901234567890123456789012345678901234567890";
	char path[128], line[256];
	unsigned int over = 0;
	FILE *f;

	EXPECT(xsc_call(dom0, XS_CONTROL, 0,
			"quota-soft\0set\0memory\0"
			"600",
			26, NULL) == 0,
	       "set");
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "d%d", i % 20);
		EXPECT(xsc_write(dom1, 0, path, value + 5) == 0, "refused");
		if (i % 20 == 19)
			for (int k = 0; k < 20; k++) {
				snprintf(path, sizeof(path), "d%d", k);
				EXPECT(xsc_path_op(dom1, XS_RM, 0, path, NULL) == 0, "rm");
			}
	}
	snprintf(path, sizeof(path), "%s/log", server.dir);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		over += strstr(line, "domain 1 is over its soft memory quota") != NULL;
	if (f)
		fclose(f);
	/* Once a minute: a slow machine may need some. */
	EXPECT(over >= 1 && over < 5, "%u lines", over);
}

const struct quota_case quota_each[] = {
	{"each-plainly", each_plainly},     {"each-in-a-transaction", each_in_a_transaction},
	{"each-with-help", each_with_help}, {"unread", unread},
	{"dom0-has-none", dom0_has_none},   {"size-of-rights", size_of_rights},
	{"soft-memory", soft_memory},
};
const size_t quota_each_count = sizeof(quota_each) / sizeof(quota_each[0]);
