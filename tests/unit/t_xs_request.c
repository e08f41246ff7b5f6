// SPDX-License-Identifier: MIT
/*
 * xenstore/request.c and what is behind it: rights, quotas (each exceeded: plainly, in a
 * transaction, and by two domains helping each other), conflicts, events, and memory that runs
 * out at every place in turn.
 */
#include "check.h"
#include "xs_host.h"

static struct conn dom0, other, guest, helper;

/* A request with text payloads, "|" standing for NUL; true if the answer is WANT. */
static bool ask(struct conn *c, uint32_t type, uint32_t tx, const char *text, const char *want)
{
	char data[XENSTORE_PAYLOAD_MAX];
	size_t len = strlen(text);
	uint32_t got;

	for (size_t i = 0; i < len; i++)
		data[i] = text[i] == '|' ? 0 : text[i];
	got = xs_send(c, type, tx, data, len);
	if (got != XS_ERROR && got != type)
		return false;
	if (strcmp(xs_reply, want) == 0)
		return true;
	fprintf(stderr, "%s: %s, not %s\n", text, xs_reply, want);
	return false;
}

static uint32_t begin(struct conn *c)
{
	if (xs_send(c, XS_TRANSACTION_START, 0, "", 1) != XS_TRANSACTION_START)
		return 0;
	return (uint32_t)atoi(xs_reply);
}

/* Domain 2 stands for domain 1: what it may do, as the C daemon has it. */
static void rights_of_two(void)
{
	static const struct {
		const char *perms;
		bool reads, writes;
	} list[] = {
		{"n0|", false, false},      {"r0|", true, false},        {"w0|", false, true},
		{"b0|", true, true},        {"n0|r1|", true, false},     {"n0|r2|", true, false},
		{"n0|w1|r2|", false, true}, {"r0|n2|", false, false},    {"r0|n1|", false, false},
		{"b0|r1|n2|", true, false}, {"b0|n2|r1|", false, false}, {"n1|n2|", true, true},
		{"r1|n2|", true, true},     {"n2|r1|", true, true},      {"w0|r1|", true, false},
		{"w0|r2|", true, false},    {"n0|b1|r2|", true, true},   {"n0|r2|b1|", true, false},
	};
	char text[64];

	helper.who.target = 1;
	CHECK(ask(&dom0, XS_WRITE, 0, "/two|x", "OK"));
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		snprintf(text, sizeof(text), "/two|%s", list[i].perms);
		CHECK(ask(&dom0, XS_SET_PERMS, 0, text, "OK"));
		CHECK(ask(&helper, XS_READ, 0, "/two|", list[i].reads ? "x" : "EACCES"));
		CHECK(ask(&helper, XS_WRITE, 0, "/two|x", list[i].writes ? "OK" : "EACCES"));
	}
	CHECK(ask(&dom0, XS_RM, 0, "/two|", "OK"));
	helper.who.target = DOMID_LIMIT;
}

static void rights(void)
{
	CHECK(ask(&dom0, XS_WRITE, 0, "/local/domain/1/a|1", "OK"));
	CHECK(ask(&guest, XS_READ, 0, "a|", "EACCES"));
	CHECK(ask(&guest, XS_READ, 0, "missing|", "EACCES"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/local/domain/1|n1|", "OK"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/local/domain/1/a|n0|r1|", "OK"));
	/* No domain's number: refused in each place, and not taken for what was there before. */
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/local/domain/1/a|n99999|", "ENOENT"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/local/domain/1/a|n0|r99999|", "ENOENT"));
	CHECK(ask(&guest, XS_READ, 0, "a|", "1"));
	CHECK(ask(&guest, XS_READ, 0, "missing|", "ENOENT"));
	CHECK(ask(&guest, XS_WRITE, 0, "a|2", "EACCES"));
	CHECK(ask(&guest, XS_WRITE, 0, "own/b|2", "OK"));
	CHECK(ask(&guest, XS_GET_PERMS, 0, "own/b|", "n1"));
	CHECK(ask(&helper, XS_READ, 0, "/local/domain/1/own/b|", "EACCES"));
	/* XSA-352: an owner cannot give a node away; XSA-353: the root is no exception. */
	CHECK(ask(&guest, XS_SET_PERMS, 0, "own/b|n2|", "EPERM"));
	CHECK(ask(&guest, XS_SET_PERMS, 0, "/|b0|b1|", "EACCES"));
	CHECK(ask(&guest, XS_WRITE, 0, "/top|x", "EACCES"));
	CHECK(ask(&guest, XS_RM, 0, "/local|", "EACCES"));
	CHECK(ask(&guest, XS_INTRODUCE, 0, "1|2|3|", "EACCES"));
	CHECK(ask(&guest, XS_CONTROL, 0, "help|", "EACCES"));
	CHECK(ask(&guest, XS_SET_PERMS, 0, "@releaseDomain|b1|", "EACCES"));
	CHECK(ask(&dom0, XS_MKDIR, 0, "/sign|", "OK"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/sign|n+1|", "EINVAL"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/sign|n 1|", "EINVAL"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/sign|n-1|", "ENOENT"));
	CHECK(ask(&dom0, XS_RM, 0, "/sign|", "OK"));
	/* 1, were it cut to 32 bits. */
	CHECK(ask(&dom0, XS_RELEASE, 0, "4294967297|", "ENOENT"));
	CHECK(ask(&dom0, XS_RELEASE, 0, "-4294967295|", "ENOENT"));
}

static void conflicts(void)
{
	uint32_t t;

	CHECK(ask(&dom0, XS_WRITE, 0, "/c/x|1", "OK"));
	CHECK(ask(&dom0, XS_WRITE, 0, "/c/y|1", "OK"));
	t = begin(&dom0);
	CHECK(ask(&dom0, XS_READ, t, "/c/x|", "1"));
	CHECK(ask(&other, XS_WRITE, 0, "/c/y|2", "OK"));
	CHECK(ask(&dom0, XS_WRITE, t, "/c/z|1", "OK"));
	CHECK(ask(&other, XS_READ, 0, "/c/z|", "ENOENT"));
	CHECK(ask(&dom0, XS_READ, t, "/c/y|", "1"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "EAGAIN"));
	t = begin(&dom0);
	CHECK(ask(&dom0, XS_READ, t, "/c/x|", "1"));
	CHECK(ask(&dom0, XS_WRITE, t, "/c/z|1", "OK"));
	CHECK(ask(&other, XS_WRITE, 0, "/c/y|3", "OK"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "OK"));
	CHECK(ask(&dom0, XS_READ, 0, "/c/y|", "3"));
	CHECK(ask(&dom0, XS_READ, 0, "/c/z|", "1"));
	/* The same value again is a change; another child conflicts with a listing. */
	t = begin(&dom0);
	CHECK(ask(&dom0, XS_READ, t, "/c/x|", "1"));
	CHECK(ask(&other, XS_WRITE, 0, "/c/x|1", "OK"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "EAGAIN"));
	t = begin(&dom0);
	CHECK(xs_send(&dom0, XS_DIRECTORY, t, "/c", 3) == XS_DIRECTORY);
	CHECK(ask(&other, XS_MKDIR, 0, "/c/new|", "OK"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "EAGAIN"));
	/* Removed and made anew inside; something below removed meanwhile outside. */
	t = begin(&dom0);
	CHECK(ask(&dom0, XS_RM, t, "/c|", "OK"));
	CHECK(ask(&dom0, XS_WRITE, t, "/c/only|1", "OK"));
	CHECK(ask(&other, XS_WRITE, 0, "/elsewhere|1", "OK"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "OK"));
	CHECK(xs_send(&dom0, XS_DIRECTORY, 0, "/c", 3) == XS_DIRECTORY);
	CHECK(xs_reply_len == 5 && strcmp(xs_reply, "only") == 0);
	t = begin(&dom0);
	CHECK(ask(&dom0, XS_RM, t, "/c|", "OK"));
	CHECK(ask(&other, XS_WRITE, 0, "/c/only|2", "OK"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "EAGAIN"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "ENOENT"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, begin(&dom0), "X|", "EINVAL"));
	txn_abort_all(&dom0);
}

/* New values stand beside the tree of a transaction until it changes in another way. */
static void beside(void)
{
	uint32_t t;

	CHECK(ask(&dom0, XS_WRITE, 0, "/b/x|1", "OK"));
	CHECK(ask(&dom0, XS_WRITE, 0, "/b/x/y|1", "OK"));
	t = begin(&dom0);
	CHECK(ask(&dom0, XS_WRITE, t, "/b/x|22", "OK"));
	CHECK(ask(&dom0, XS_WRITE, t, "/b/x|a longer value than there was before", "OK"));
	CHECK(ask(&dom0, XS_WRITE, t, "/b/x/y|2", "OK"));
	CHECK(ask(&dom0, XS_READ, t, "/b/x|", "a longer value than there was before"));
	CHECK(ask(&dom0, XS_READ, t, "/b/x/y|", "2"));
	CHECK(ask(&dom0, XS_READ, 0, "/b/x/y|", "1"));
	CHECK(ask(&other, XS_WRITE, 0, "/elsewhere|2", "OK"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "OK"));
	CHECK(ask(&dom0, XS_READ, 0, "/b/x|", "a longer value than there was before"));
	CHECK(ask(&dom0, XS_READ, 0, "/b/x/y|", "2"));
	/* What changes in another way has them too. */
	t = begin(&dom0);
	CHECK(ask(&dom0, XS_WRITE, t, "/b/x|3", "OK"));
	CHECK(ask(&dom0, XS_MKDIR, t, "/b/x/z|", "OK"));
	CHECK(ask(&dom0, XS_WRITE, t, "/b/x/y|3", "OK"));
	CHECK(ask(&dom0, XS_READ, t, "/b/x|", "3"));
	CHECK(ask(&dom0, XS_RM, t, "/b/x/z|", "OK"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "OK"));
	CHECK(ask(&dom0, XS_READ, 0, "/b/x|", "3"));
	CHECK(ask(&dom0, XS_READ, 0, "/b/x/y|", "3"));
	CHECK(ask(&dom0, XS_READ, 0, "/b/x/z|", "ENOENT"));
	/* A change outside is a conflict, and nothing of it is left. */
	t = begin(&dom0);
	CHECK(ask(&dom0, XS_WRITE, t, "/b/x|4", "OK"));
	CHECK(ask(&other, XS_WRITE, 0, "/b/x|5", "OK"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "EAGAIN"));
	CHECK(ask(&dom0, XS_READ, 0, "/b/x|", "5"));
	t = begin(&dom0);
	CHECK(ask(&dom0, XS_WRITE, t, "/b/x|6", "OK"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "F|", "OK"));
	CHECK(ask(&dom0, XS_READ, 0, "/b/x|", "5"));
	CHECK(ask(&dom0, XS_RM, 0, "/b|", "OK"));
}

/* A node removed with one above it, and made again on the way to another, is not what it was. */
static void remade(void)
{
	uint32_t t;

	CHECK(ask(&dom0, XS_WRITE, 0, "/r/a/b|1", "OK"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/r/a|b1|", "OK"));
	CHECK(ask(&guest, XS_WATCH, 0, "/r/a|t|", "OK"));
	t = begin(&dom0);
	CHECK(ask(&dom0, XS_RM, t, "/r|", "OK"));
	CHECK(ask(&dom0, XS_WRITE, t, "/r/a/c|1", "OK"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, t, "T|", "OK"));
	xs_events = 0;
	xs_take(&guest);
	CHECK_EQ(xs_events, 1);
	CHECK(strcmp(xs_event, "/r/a") == 0);
	CHECK(ask(&guest, XS_RESET_WATCHES, 0, "|", "OK"));
	CHECK(ask(&dom0, XS_RM, 0, "/r|", "OK"));
}

static void events(void)
{
	CHECK(ask(&dom0, XS_WATCH, 0, "/w|t|", "OK"));
	CHECK(xs_events == 1 && strcmp(xs_event, "/w") == 0);
	CHECK(ask(&dom0, XS_WATCH, 0, "/w|t|", "EEXIST"));
	CHECK(ask(&dom0, XS_WATCH, 0, "/w|flat|0|", "OK"));
	CHECK(ask(&dom0, XS_WATCH, 0, "/w|one|1|", "OK"));
	CHECK(ask(&dom0, XS_WATCH, 0, "/w|bad|x|", "EINVAL"));
	CHECK(ask(&other, XS_WRITE, 0, "/w/a/b|1", "OK"));
	xs_events = 0;
	xs_take(&dom0);
	CHECK_EQ(xs_events, 1);
	CHECK(ask(&other, XS_WRITE, 0, "/w/a|1", "OK"));
	xs_events = 0;
	xs_take(&dom0);
	CHECK_EQ(xs_events, 2);
	/* XSA-115: no word of what one may not read. */
	CHECK(ask(&guest, XS_WATCH, 0, "/w|secret|", "OK"));
	CHECK(ask(&other, XS_WRITE, 0, "/w/a|2", "OK"));
	xs_events = 0;
	xs_take(&guest);
	CHECK_EQ(xs_events, 0);
	CHECK(ask(&other, XS_RM, 0, "/w|", "OK"));
	xs_events = 0;
	xs_take(&guest);
	CHECK_EQ(xs_events, 0);
	xs_take(&dom0);
	/* Two of the last write, three of the removal. */
	CHECK_EQ(xs_events, 5);
	CHECK(ask(&dom0, XS_RESET_WATCHES, 0, "|", "OK"));
	CHECK(ask(&guest, XS_RESET_WATCHES, 0, "|", "OK"));
	CHECK_EQ(watch_count_all(), 0);
	remade();
	beside();
}

/* A client that never reads costs no more than its bound, and has lost nothing when it reads. */
static void never_reads(void)
{
	size_t before;

	CHECK(ask(&guest, XS_WATCH, 0, "own|t|", "OK"));
	for (int i = 0; i < 100000; i++)
		CHECK(ask(&dom0, XS_WRITE, 0, "/local/domain/1/own|x", "OK"));
	before = conn_pending(&guest);
	CHECK(before < 65536 + 8192);
	xs_events = 0;
	xs_take(&guest);
	CHECK(xs_events > 100);
	CHECK(ask(&guest, XS_RESET_WATCHES, 0, "|", "OK"));
}

static void quotas(void)
{
	char big[2100], text[64];
	uint32_t t;
	int i;

	quota_set_all(QUOTA_NODES, 50);
	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "own/q%d|", i);
		if (!ask(&guest, XS_MKDIR, 0, text, i < 47 ? "OK" : "ENOSPC"))
			break;
	}
	CHECK_EQ(quota_used(1, QUOTA_NODES), 50);
	/* The same in a transaction, at the request and, by a second one, at its end. */
	for (i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "own/q%d|", i);
		CHECK(ask(&guest, XS_RM, 0, text, "OK"));
	}
	CHECK_EQ(quota_used(1, QUOTA_NODES), 30);
	t = begin(&guest);
	for (i = 0; i < 25; i++) {
		snprintf(text, sizeof(text), "own/q%d|", i);
		CHECK(ask(&guest, XS_MKDIR, t, text, i < 20 ? "OK" : "OK"));
	}
	CHECK(ask(&guest, XS_WRITE, 0, "own/more/and/more|1", "OK"));
	CHECK_EQ(quota_used(1, QUOTA_NODES), 33);
	CHECK(ask(&guest, XS_TRANSACTION_END, t, "T|", "ENOSPC"));
	CHECK_EQ(quota_used(1, QUOTA_NODES), 33);
	t = begin(&guest);
	for (i = 60; i < 80; i++) {
		snprintf(text, sizeof(text), "own/q%d|", i);
		CHECK(ask(&guest, XS_MKDIR, t, text, i < 77 ? "OK" : "ENOSPC"));
	}
	CHECK(ask(&guest, XS_TRANSACTION_END, t, "T|", "OK"));
	CHECK_EQ(quota_used(1, QUOTA_NODES), 50);
	/* XSA-419: a helper that may write there makes nodes of its own, and pays for them. */
	CHECK(ask(&guest, XS_SET_PERMS, 0, "own|b1|b2|", "OK"));
	CHECK(ask(&helper, XS_MKDIR, 0, "/local/domain/1/own/h|", "OK"));
	CHECK_EQ(quota_used(1, QUOTA_NODES), 50);
	CHECK_EQ(quota_used(2, QUOTA_NODES), 1);
	CHECK(ask(&helper, XS_SET_PERMS, 0, "/local/domain/1/own/h|b1|", "EPERM"));
	quota_set_all(QUOTA_NODES, 1000);
	/* XSA-272: the size of an entry. */
	memset(big, 'x', sizeof(big));
	memcpy(big, "own|", 4);
	CHECK(xs_send(&guest, XS_WRITE, 0, "own\0x", 5) == XS_WRITE);
	big[3] = 0;
	CHECK(xs_send(&guest, XS_WRITE, 0, big, 2048) == XS_ERROR && !strcmp(xs_reply, "ENOSPC"));
	CHECK(xs_send(&dom0, XS_WRITE, 0, big, 2048) == XS_WRITE);
	CHECK(ask(&guest, XS_SET_PERMS, 0, "own|n1|r2|r3|r4|r5|r6|", "ENOSPC"));
	quota_set_all(QUOTA_WATCHES, 3);
	for (i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "own|t%d|", i);
		CHECK(ask(&guest, XS_WATCH, 0, text, i < 3 ? "OK" : "E2BIG"));
	}
	CHECK(quota_set(1, QUOTA_WATCHES, 4) == 0);
	CHECK(ask(&guest, XS_WATCH, 0, "own|t4|", "OK"));
	CHECK(ask(&guest, XS_WATCH, 0, "own|t5|", "E2BIG"));
	CHECK(ask(&guest, XS_RESET_WATCHES, 0, "|", "OK"));
	CHECK_EQ(quota_used(1, QUOTA_WATCHES), 0);
	for (i = 0; i < 10; i++)
		CHECK(begin(&guest) != 0);
	CHECK(begin(&guest) == 0);
	txn_abort_all(&guest);
	CHECK_EQ(quota_used(1, QUOTA_TRANSACTIONS), 0);
	quota_set_all(QUOTA_TRANSACTION_NODES, 5);
	t = begin(&guest);
	for (i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), "own/q%d|", i + 60);
		CHECK(ask(&guest, XS_READ, t, text, i < 5 ? "" : "ENOSPC"));
	}
	txn_abort_all(&guest);
	quota_set_all(QUOTA_TRANSACTION_NODES, 1024);
	quota_set_all(QUOTA_MEMORY, (uint32_t)quota_used(1, QUOTA_MEMORY) + 50);
	CHECK(ask(&guest, XS_MKDIR, 0, "own/one|", "ENOSPC"));
	quota_set_all(QUOTA_MEMORY, 2621440);
	quota_set_all(QUOTA_OUTSTANDING, 3);
	guest.unread = 3;
	CHECK(!conn_may_ask(&guest));
	guest.unread = 2;
	CHECK(conn_may_ask(&guest));
	guest.unread = 0;
}

/* When a domain dies, its nodes go wherever they are, and their count with them. */
static void death(void)
{
	CHECK(ask(&guest, XS_WRITE, 0, "own/deep/down|1", "OK"));
	CHECK(ask(&dom0, XS_WRITE, 0, "/backend/1/x|1", "OK"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/backend/1/x|n1|", "OK"));
	CHECK(quota_used(1, QUOTA_NODES) > 3);
	/* The first node of a domain in a directory that was dom0's alone. */
	CHECK(ask(&dom0, XS_MKDIR, 0, "/shelf/1|", "OK"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/shelf/1|n0|b1|", "OK"));
	CHECK(ask(&guest, XS_MKDIR, 0, "/shelf/1/its|", "OK"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/|w1|r0|", "OK"));
	store_remove_owned(1);
	CHECK(ask(&dom0, XS_DIRECTORY, 0, "/shelf/1|", ""));
	/* The root cannot go: it is dom0's again. */
	CHECK(xs_send(&dom0, XS_GET_PERMS, 0, "/", 2) == XS_GET_PERMS);
	CHECK(strcmp(xs_reply, "w0") == 0);
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/|n0|", "OK"));
	CHECK_EQ(quota_used(1, QUOTA_NODES), 0);
	CHECK_EQ(quota_used(1, QUOTA_MEMORY), 0);
	CHECK(ask(&dom0, XS_READ, 0, "/backend/1/x|", "ENOENT"));
	CHECK(ask(&dom0, XS_READ, 0, "/backend/1|", ""));
	CHECK(ask(&dom0, XS_READ, 0, "/local/domain/1|", "ENOENT"));
}

/* Memory ends after N more requests to the system, for each N: an error, and nothing half-done. */
static void faults(void)
{
	static const struct {
		uint32_t type;
		const char *text;
		size_t len;
	} script[] = {
		{XS_WRITE, "/f/a/b/c\0value", 14},
		{XS_WATCH, "/f\0token", 9},
		{XS_MKDIR, "/f/d", 5},
		{XS_READ, "/f/a/b/c", 9},
		{XS_SET_PERMS, "/f/d\0n3\0r4", 11},
		{XS_DIRECTORY, "/f", 3},
		{XS_TRANSACTION_START, "", 1},
		{XS_RM, "/f/a", 5},
		{XS_RM, "/f", 3},
		{XS_RESET_WATCHES, "", 1},
	};
	unsigned int refused = 0;

	quota_open(3);
	for (long n = 0; n < 120; n++) {
		struct conn c;

		xs_client(&c, 0);
		mem_fail_after(n);
		for (size_t i = 0; i < sizeof(script) / sizeof(script[0]); i++) {
			uint32_t got = xs_send(&c, script[i].type, 0, script[i].text,
					       script[i].len);

			refused += got == XS_INVALID ||
				   (got == XS_ERROR && strcmp(xs_reply, "ENOMEM") == 0);
		}
		/* A transaction, likewise. */
		if (c.txns) {
			uint32_t id = c.txns->id;

			xs_send(&c, XS_WRITE, id, "/f/t\0v", 6);
			xs_send(&c, XS_TRANSACTION_END, id, "T", 2);
		}
		mem_fail_after(-1);
		conn_close(&c);
		if (tree_find(store_root, "/f", 2))
			CHECK(xs_send(&dom0, XS_RM, 0, "/f", 3) == XS_RM);
		CHECK_EQ(quota_used(3, QUOTA_NODES), 0);
		while (tree_reap(100))
			;
	}
	CHECK(refused > 50);
}

/* After a restart a domain may still speak of as many transactions as it could have had. */
static void of_before_a_restart(void)
{
	uint32_t limit = quota_limit(1, QUOTA_TRANSACTIONS);
	struct conn c;

	xs_client(&c, 1);
	c.restored = true;
	for (uint32_t id = 1; id <= 2 * limit; id++) {
		CHECK_EQ(xs_send(&c, XS_GET_DOMAIN_PATH, id, "1", 2),
			 id <= limit ? XS_GET_DOMAIN_PATH : XS_ERROR);
		CHECK(id <= limit || strcmp(xs_reply, "ENOENT") == 0);
	}
	CHECK_EQ(c.txn_count, limit);
	CHECK(xs_send(&c, XS_TRANSACTION_END, 1, "T", 2) == XS_ERROR);
	CHECK(strcmp(xs_reply, "EAGAIN") == 0);
	CHECK_EQ(xs_send(&c, XS_GET_DOMAIN_PATH, limit + 1, "1", 2), XS_GET_DOMAIN_PATH);
	conn_close(&c);
}

/* A domain's transaction that has seen too much change goes on with the store of now, for nothing. */
static void moved_on(void)
{
	uint32_t of_dom0, beside, in_tree;
	struct conn c;

	xs_client(&c, 7);
	CHECK(ask(&dom0, XS_WRITE, 0, "/m/1|old", "OK"));
	CHECK(ask(&dom0, XS_WRITE, 0, "/m/gone|old", "OK"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/m|b7|", "OK"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/m/1|b7|", "OK"));
	CHECK(ask(&dom0, XS_SET_PERMS, 0, "/m/gone|b7|", "OK"));
	of_dom0 = begin(&dom0);
	beside = begin(&c);
	in_tree = begin(&c);
	CHECK(ask(&c, XS_WRITE, beside, "/m/gone|mine", "OK"));
	CHECK(ask(&c, XS_WRITE, in_tree, "/m/1|mine", "OK"));
	CHECK(ask(&c, XS_MKDIR, in_tree, "/m/new/below|", "OK"));
	CHECK(ask(&dom0, XS_RM, 0, "/m/gone|", "OK"));
	past_bytes += 1u << 30;
	CHECK(ask(&c, XS_READ, 0, "/m/1|", "old"));
	CHECK(ask(&c, XS_READ, beside, "/m/gone|", "ENOENT"));
	CHECK(ask(&c, XS_MKDIR, beside, "/m/other|", "OK"));
	CHECK(ask(&c, XS_READ, in_tree, "/m/1|", "old"));
	CHECK(ask(&c, XS_WRITE, in_tree, "/m/1|again", "OK"));
	CHECK(ask(&c, XS_READ, in_tree, "/m/new|", "ENOENT"));
	CHECK(ask(&c, XS_MKDIR, in_tree, "/m/new|", "OK"));
	CHECK(ask(&dom0, XS_READ, of_dom0, "/m/gone|", "old"));
	CHECK(ask(&c, XS_TRANSACTION_END, beside, "T|", "EAGAIN"));
	CHECK(ask(&c, XS_TRANSACTION_END, in_tree, "T|", "EAGAIN"));
	CHECK(ask(&dom0, XS_TRANSACTION_END, of_dom0, "F|", "OK"));
	CHECK(ask(&dom0, XS_DIRECTORY, 0, "/m|", "1"));
	CHECK(ask(&dom0, XS_RM, 0, "/m|", "OK"));
	CHECK_EQ(quota_used(7, QUOTA_MEMORY), 0);
	conn_close(&c);
}

static struct conn starved[2];
static unsigned int retried;

/* The request that is taken up again ends the other, as a RELEASE does. */
static void end_other(struct conn *c)
{
	retried++;
	conn_close(&starved[c == &starved[0]]);
}

/* Of those who wait for memory, one that another has ended is not asked any more. */
static void ended_while_starved(void)
{
	static const struct conn_transport ends = {xs_flush, xs_end, end_other};

	for (int i = 0; i < 2; i++) {
		conn_init(&starved[i], &ends);
		conn_starve(&starved[i]);
	}
	conn_retry_all();
	CHECK_EQ(retried, 1);
	conn_close(&starved[0]);
	conn_close(&starved[1]);
}

int main(void)
{
	store_init();
	xs_client(&dom0, 0);
	xs_client(&other, 0);
	xs_client(&guest, 1);
	xs_client(&helper, 2);
	rights();
	rights_of_two();
	conflicts();
	events();
	never_reads();
	quotas();
	death();
	faults();
	ended_while_starved();
	of_before_a_restart();
	moved_on();
	CHECK(xs_notes > 0);
	conn_close(&dom0);
	conn_close(&other);
	conn_close(&guest);
	conn_close(&helper);
	CHECK_EQ(watch_count_all(), 0);
	CHECK_EQ(txn_count_all(), 0);
	return check_done("t_xs_request");
}
