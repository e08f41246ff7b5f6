// SPDX-License-Identifier: MIT
/*
 * xenstore/past.c: each transaction sees the store as it was at its beginning, whatever is changed
 * around it, and ends in EAGAIN exactly if a node that it used has changed; beside a model that
 * copies all values at each beginning.
 */
#include "check.h"
#include "xs_host.h"

#define NODES 10 /* the last is below the first */
#define OPEN 6
#define STEPS 60000

struct state {
	int value[NODES]; /* 0: not there */
	unsigned int version[NODES]; /* how often it was changed */
};

struct open {
	uint32_t id;
	struct state seen, began;
	bool used[NODES], changed[NODES];
};

static struct state now;
static struct open open[OPEN];
static struct conn client;
static int last_value;

static const char *path_of(unsigned int i)
{
	static char path[32];

	snprintf(path, sizeof(path), i == NODES - 1 ? "/p/0/c" : "/p/%u", i);
	return path;
}

static uint32_t send_path(uint32_t type, uint32_t tx, unsigned int i)
{
	const char *path = path_of(i);

	return xs_send(&client, type, tx, path, strlen(path) + 1);
}

static uint32_t send_write(uint32_t tx, unsigned int i, int value)
{
	char data[64];
	int n = snprintf(data, sizeof(data), "%s", path_of(i)) + 1;

	/* Now and then one that needs a larger block. */
	n += snprintf(data + n, sizeof(data) - (size_t)n, value % 5 ? "%d" : "%030d", value);
	return xs_send(&client, XS_WRITE, tx, data, (size_t)n);
}

static void check_read(uint32_t tx, unsigned int i, int value)
{
	uint32_t got = send_path(XS_READ, tx, i);

	CHECK_EQ(got, value ? XS_READ : XS_ERROR);
	CHECK_EQ(got == XS_READ ? atoi(xs_reply) : 0, value);
}

static void begin(struct open *o)
{
	memset(o, 0, sizeof(*o));
	o->seen = o->began = now;
	CHECK(xs_send(&client, XS_TRANSACTION_START, 0, "", 1) == XS_TRANSACTION_START);
	o->id = (uint32_t)atoi(xs_reply);
}

static void end(struct open *o)
{
	bool conflict = false;

	for (unsigned int i = 0; i < NODES; i++)
		conflict |= o->used[i] && o->began.version[i] != now.version[i] &&
			    (o->began.value[i] || now.value[i]);
	CHECK_EQ(xs_send(&client, XS_TRANSACTION_END, o->id, "T", 2),
		 conflict ? XS_ERROR : XS_TRANSACTION_END);
	o->id = 0;
	for (unsigned int i = 0; i < NODES && !conflict; i++)
		if (o->changed[i]) {
			now.value[i] = o->seen.value[i];
			now.version[i]++;
		}
}

/* A change in a transaction or, O being NULL, at once. */
static void change(struct open *o, unsigned int i, bool away)
{
	struct state *s = o ? &o->seen : &now;
	uint32_t tx = o ? o->id : 0;

	/* The first stays, for the one below it. */
	if (away && i && s->value[i]) {
		s->value[i] = 0;
		CHECK_EQ(send_path(XS_RM, tx, i), XS_RM);
	} else {
		s->value[i] = ++last_value;
		CHECK_EQ(send_write(tx, i, last_value), XS_WRITE);
	}
	s->version[i]++;
	if (o)
		o->used[i] = o->changed[i] = true;
}

static void step(bool calm)
{
	struct open *o = &open[rand() % OPEN];
	unsigned int i = (unsigned int)rand() % NODES, what = (unsigned int)rand() % 12;
	/* In calm times nothing comes or goes, and no value is that of a node with children. */
	bool away = !calm && rand() % 4 == 0;

	if (calm && i == 0)
		i = 1;
	if (calm && what >= 6 && !now.value[i])
		return;
	if (!o->id) {
		begin(o);
	} else if (what == 0) {
		end(o);
	} else if (what < 6) {
		check_read(o->id, i, o->seen.value[i]);
		o->used[i] = true;
	} else if (what < 8 && (o->seen.value[i] || !calm)) {
		change(o, i, away);
	} else {
		change(NULL, i, away);
		check_read(0, i, now.value[i]);
	}
}

/* More changes than are kept, while one transaction looks on. */
static void many(void)
{
	begin(&open[0]);
	for (unsigned int k = 0; k < 20000; k++) {
		begin(&open[1]);
		change(NULL, 1 + k % (NODES - 2), false);
		end(&open[1]);
	}
	for (unsigned int i = 0; i < NODES; i++)
		check_read(open[0].id, i, open[0].seen.value[i]);
	memset(open[0].used, true, sizeof(open[0].used));
	end(&open[0]);
}

/* A node whose value a transaction changes stays where it is, and who began before sees the earlier one. */
static void stays(void)
{
	const char *path = path_of(1);

	/* Of different lengths, for which there is the same room. */
	for (int value = 1; value < 4; value++) {
		struct node *n;

		last_value = value - 1;
		change(NULL, 1, false);
		n = tree_find(store_root, path, strlen(path));
		begin(&open[0]);
		begin(&open[1]);
		last_value = 1000 + value;
		change(&open[1], 1, false);
		end(&open[1]);
		CHECK(tree_find(store_root, path, strlen(path)) == n);
		check_read(0, 1, last_value);
		check_read(open[0].id, 1, open[0].seen.value[1]);
		open[0].used[1] = true;
		end(&open[0]);
	}
}

int main(void)
{
	size_t before;

	srand(1);
	store_init();
	xs_client(&client, 0);
	for (unsigned int i = 0; i < NODES; i++)
		change(NULL, i, false);
	for (int k = 0; k < STEPS; k++)
		step(k / 500 % 2 == 0);
	txn_abort_all(&client);
	stays();
	for (unsigned int i = 0; i < NODES; i++)
		change(NULL, i, false);
	many();
	while (tree_reap(1000))
		;
	before = mem_used();
	many();
	while (tree_reap(1000))
		;
	/* Nothing stays of what was kept; values may differ in size. */
	CHECK(mem_used() < before + 1024);
	for (unsigned int i = 0; i < NODES; i++)
		check_read(0, i, now.value[i]);
	conn_close(&client);
	return check_done("t_xs_past");
}
