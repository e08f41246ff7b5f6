// SPDX-License-Identifier: MIT
/*
 * past.h.  What is kept stands in a ring, in the order of its changes; the oldest goes when the
 * oldest transaction without a root does.
 */
#include "past.h"

#include <string.h>

#include "mem.h"
#include "store.h"
#include "tree.h"

#define KEPT_MAX 4096 /* a power of two */
#define BYTES_MAX (1u << 20)
#define AHEAD 6
/* Of changes, that a domain's transaction may see; and between two looks at them. */
#define OUTLIVES_MAX (64u << 20)
#define LOOK_STEP (OUTLIVES_MAX / 16)

struct kept {
	uint64_t gen; /* of the change */
	struct node *node; /* before it */
	char *path;
	uint32_t hash;
	uint16_t len;
};

uint64_t past_bytes, past_look_at;
static struct kept ring[KEPT_MAX];
static unsigned int first, count;
static size_t bytes;
/* Transactions without a root, in the order of their beginning. */
static struct txn *oldest, *newest;

static struct kept *nth(unsigned int i)
{
	return &ring[(first + i) % KEPT_MAX];
}

static void forget(struct kept *k)
{
	bytes -= k->len + k->node->value_len;
	mem_free(k->path, k->len);
	node_put(k->node);
	count--;
}

void past_enter(struct txn *t)
{
	t->gen = store_gen;
	t->past_from = past_bytes;
	t->rootless = true;
	t->past_next = NULL;
	t->past_prev = newest;
	if (newest)
		newest->past_next = t;
	else
		oldest = t;
	newest = t;
}

static void unlink_txn(struct txn *t)
{
	if (!t->rootless)
		return;
	t->rootless = false;
	if (t->past_prev)
		t->past_prev->past_next = t->past_next;
	else
		oldest = t->past_next;
	if (t->past_next)
		t->past_next->past_prev = t->past_prev;
	else
		newest = t->past_prev;
}

void past_leave(struct txn *t)
{
	unlink_txn(t);
	while (count && (!oldest || nth(0)->gen <= oldest->gen)) {
		/* Out of the caches for long, as a rule. */
		__builtin_prefetch(nth(AHEAD)->node);
		__builtin_prefetch(nth(AHEAD)->path);
		forget(nth(0));
		first++;
	}
}

struct node *past_search(const struct txn *t, struct node *n)
{
	const struct note *note = t->last;

	for (unsigned int i = 0; i < count; i++) {
		const struct kept *k = nth(i);

		if (k->gen > t->gen && k->hash == note->hash && k->len == note->len &&
		    memcmp(k->path, note->path, k->len) == 0)
			return k->node;
	}
	return n;
}

void past_expect(const struct node *n, unsigned int more)
{
	if (oldest && (n->kids || count + more > KEPT_MAX || bytes > BYTES_MAX))
		past_settle();
}

void past_keep(const char *path, size_t len, struct node *n, uint64_t gen)
{
	struct kept *k;

	/* Nobody began after the change that made it what it is: an earlier self is here. */
	if (!oldest || n->gen > newest->gen)
		return;
	k = nth(count++);
	*k = (struct kept){gen, node_get(n), mem_take(len), name_hash(path, len), (uint16_t)len};
	memcpy(k->path, path, len);
	bytes += len + n->value_len;
}

/* The roots of all whose beginning was after the last change that is still to be undone in AT. */
static void settle_newest(struct node *at, uint64_t gen, bool doomed)
{
	while (newest && newest->gen >= gen) {
		struct txn *t = newest;

		t->base = node_get(at);
		t->root = node_get(at);
		t->doomed |= doomed;
		unlink_txn(t);
	}
}

void past_settle(void)
{
	struct node *at;

	if (!oldest)
		return;
	at = tree_hold(store_root);
	while (count && oldest) {
		struct kept *k = nth(count - 1);

		settle_newest(at, k->gen, false);
		if (oldest && !tree_reserve(k->len, 1))
			settle_newest(at, 0, true);
		if (oldest)
			tree_set(&at, k->path, k->len, node_value(k->node), k->node->value_len,
				 NULL, k->node->gen);
		forget(k);
	}
	settle_newest(at, 0, false);
	node_put(at);
	while (count)
		forget(nth(count - 1));
}

/* Lets go of all that it sees and has made. */
static void move_on(struct txn *t)
{
	for (unsigned int i = 0; i < t->count; i++) {
		node_put(t->note[i]->beside);
		t->note[i]->beside = NULL;
	}
	t->beside = 0;
	node_put(t->root);
	node_put(t->base);
	t->base = tree_hold(store_root);
	t->root = node_get(t->base);
	t->delta_count = 0;
	t->doomed = true;
	t->past_from = past_bytes;
}

void past_move_on(void)
{
	past_look_at = past_bytes + LOOK_STEP;
	for (const struct conn *c = conn_list; c; c = c->next)
		for (struct txn *t = c->who.privileged ? NULL : c->txns; t; t = t->next)
			if (!t->rootless && past_bytes - t->past_from > OUTLIVES_MAX)
				move_on(t);
}
