// SPDX-License-Identifier: MIT
/*
 * xenstore/prefetch.c and the places that it and transactions remember: requests that were looked
 * at together answer as a model does that knows each path's value, whatever those before them have
 * made or removed; and a tree that is held meanwhile stays as it was.
 */
#include "../../xenstore/prefetch.h"
#include "check.h"
#include "xs_host.h"

#define DIRS 3
#define LEAVES 300 /* so many that a directory has inner parts below inner parts */
#define NODES (DIRS * (LEAVES + 1))
#define BATCH 48
#define ROUNDS 6000

static int value[NODES], seen[NODES]; /* -1: not there; SEEN in the open transaction */
static int last_value;
static struct conn client;
static uint32_t tx;

static char data[BATCH * 80];
static size_t data_len;
static struct {
	uint32_t type;
	unsigned int node;
	int value;
} asked[BATCH];

static unsigned int dir_of(unsigned int i)
{
	return i / (LEAVES + 1) * (LEAVES + 1);
}

static int path_of(char *to, unsigned int i)
{
	if (i == dir_of(i))
		return sprintf(to, "/p/d%u", i / (LEAVES + 1));
	return sprintf(to, "/p/d%u/n%u", i / (LEAVES + 1), i % (LEAVES + 1));
}

static void put(uint32_t type, unsigned int i)
{
	char body[64];
	struct xsd_sockmsg head = {type, 1, tx, 2};

	if (type == XS_TRANSACTION_END)
		memcpy(body, "T", 2);
	else
		head.len = (uint32_t)path_of(body, i) + 1;
	if (type == XS_WRITE)
		/* Now and then one that needs a larger block. */
		head.len += (uint32_t)sprintf(body + head.len, i % 5 ? "%d" : "%020d",
					      ++last_value);
	memcpy(data + data_len, &head, sizeof(head));
	memcpy(data + data_len + sizeof(head), body, head.len);
	data_len += sizeof(head) + head.len;
}

/* A listing has the names of all that is there, each once. */
static void check_names(const int *model, unsigned int i)
{
	bool listed[LEAVES + 1] = {false};
	unsigned int end = i == dir_of(i) ? i + LEAVES + 1 : i + 1;

	for (size_t at = 0; at < xs_reply_len; at += strlen(xs_reply + at) + 1) {
		unsigned int k = (unsigned int)atoi(xs_reply + at + 1);

		CHECK(xs_reply[at] == 'n' && k <= LEAVES && !listed[k]);
		listed[k % (LEAVES + 1)] = true;
	}
	for (unsigned int k = i + 1; k < end; k++)
		CHECK_EQ(listed[k - i], model[k] >= 0);
}

/* What a request does to the model, which says what its reply must be. */
static void check(uint32_t type, unsigned int i, int written, uint32_t got)
{
	int *model = tx ? seen : value;
	unsigned int d = dir_of(i);

	switch (type) {
	case XS_READ:
		CHECK_EQ(got, model[i] < 0 ? XS_ERROR : XS_READ);
		CHECK_EQ(got == XS_READ ? atoi(xs_reply) : -1, model[i]);
		break;
	case XS_WRITE:
		CHECK_EQ(got, XS_WRITE);
		model[d] = model[d] < 0 ? 0 : model[d];
		model[i] = written;
		break;
	case XS_MKDIR:
		CHECK_EQ(got, XS_MKDIR);
		model[d] = model[d] < 0 ? 0 : model[d];
		model[i] = model[i] < 0 ? 0 : model[i];
		break;
	case XS_RM:
		CHECK_EQ(got, i == d || model[d] >= 0 ? XS_RM : XS_ERROR);
		for (unsigned int k = i; k < (i == d ? d + LEAVES + 1 : i + 1); k++)
			model[k] = -1;
		break;
	case XS_DIRECTORY:
		CHECK_EQ(got, model[i] < 0 ? XS_ERROR : XS_DIRECTORY);
		if (got == XS_DIRECTORY)
			check_names(model, i);
		break;
	default:
		CHECK_EQ(got, XS_TRANSACTION_END);
		memcpy(value, seen, sizeof(value));
		tx = 0;
	}
}

static void begin(void)
{
	CHECK(xs_send(&client, XS_TRANSACTION_START, 0, "", 1) == XS_TRANSACTION_START);
	tx = (uint32_t)atoi(xs_reply);
	memcpy(seen, value, sizeof(seen));
}

/* In calm times values alone change. */
static uint32_t some_type(bool calm)
{
	static const uint32_t types[] = {XS_READ,  XS_WRITE, XS_WRITE,     XS_WRITE, XS_READ,
					 XS_MKDIR, XS_WRITE, XS_DIRECTORY, XS_RM};

	return types[(unsigned int)rand() % (calm ? 5 : 9)];
}

static void batch(bool calm)
{
	unsigned int n = 2 + (unsigned int)rand() % (BATCH - 2), from = 0, ahead;
	size_t at = 0;

	if (rand() % 2)
		begin();
	data_len = 0;
	for (unsigned int k = 0; k < n; k++) {
		unsigned int i = (unsigned int)rand() % NODES;

		if (rand() % 16 == 0)
			i = dir_of(i);
		asked[k].type = tx && k + 1 == n ? XS_TRANSACTION_END : some_type(calm);
		/* Rarely a whole directory. */
		if (asked[k].type == XS_RM && i == dir_of(i) && rand() % 8)
			i++;
		while (calm && value[i] < 0)
			i = (i + 1) % NODES;
		asked[k].node = i;
		put(asked[k].type, i);
		asked[k].value = last_value;
	}
	ahead = (unsigned int)prefetch_requests(data, data_len);
	CHECK_EQ(ahead, data_len);
	prefetch_run(&store_root);
	for (; from < n; from++) {
		struct xsd_sockmsg head;
		const char *body = data + at + sizeof(head);

		memcpy(&head, data + at, sizeof(head));
		CHECK(request_run(&client, &head, body));
		conn_flush_all();
		check(asked[from].type, asked[from].node, asked[from].value, xs_take(&client));
		at += sizeof(head) + head.len;
	}
	tree_reap(100);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Two names with one hash, one of them there: the other is not found in its stead. */
static void collision(void)
{
	static uint64_t all[1u << 19];
	char one[32], other[32];
	size_t n = sizeof(all) / sizeof(all[0]), k = 1;
	struct xsd_sockmsg head = {XS_READ, 1, 0, 0};

	for (unsigned int i = 0; i < n; i++) {
		int len = sprintf(one, "%u", i);

		all[i] = (uint64_t)name_hash(one, (size_t)len) << 32 | i;
	}
	qsort(all, n, sizeof(all[0]), compare);
	while (k < n && all[k] >> 32 != all[k - 1] >> 32)
		k++;
	CHECK(k < n);
	sprintf(one, "/p/%u", (uint32_t)all[k]);
	head.len = (uint32_t)sprintf(other, "/p/%u", (uint32_t)all[k - 1]) + 1;
	CHECK(xs_send(&client, XS_MKDIR, 0, one, strlen(one) + 1) == XS_MKDIR);
	for (data_len = 0; data_len < 2 * (sizeof(head) + head.len);) {
		memcpy(data + data_len, &head, sizeof(head));
		memcpy(data + data_len + sizeof(head), other, head.len);
		data_len += sizeof(head) + head.len;
	}
	prefetch_requests(data, data_len);
	prefetch_run(&store_root);
	CHECK(request_run(&client, &head, data + sizeof(head)));
	CHECK_EQ(xs_take(&client), XS_ERROR);
}

/* All that a tree says, as one number. */
static uint64_t sum(struct node *root)
{
	struct tree_walk walk;
	uint64_t h = 0;
	size_t depth;
	struct node *n;

	tree_walk_begin(&walk, root);
	while ((n = tree_walk_next(&walk, &depth)))
		for (unsigned int i = 0; i < n->name_len + (unsigned int)n->value_len; i++)
			h = (h ^ (unsigned char)n->data[i] ^ depth << 8) * 0x100000001b3ull;
	tree_walk_end(&walk);
	return h;
}

int main(void)
{
	struct node *held = NULL;
	void *large = NULL;
	uint64_t was = 0;

	srand(1);
	store_init();
	xs_client(&client, 0);
	CHECK(xs_send(&client, XS_MKDIR, 0, "/p", 3) == XS_MKDIR);
	for (unsigned int i = 0; i < NODES; i++)
		value[i] = -1;
	for (int k = 0; k < 20; k++)
		batch(false);
	for (int k = 0; k < ROUNDS; k++) {
		/* Half of the time the store is a large one, whose directories are remembered. */
		if (k % 250 == 0 && large) {
			mem_free(large, PREFETCH_FROM);
			large = NULL;
		} else if (k % 250 == 0) {
			large = mem_alloc(PREFETCH_FROM);
		}
		batch(k / 100 % 2 == 0);
		if (rand() % 16)
			continue;
		if (held) {
			CHECK(sum(held) == was);
			node_put(held);
			held = NULL;
		} else {
			held = tree_hold(store_root);
			was = sum(held);
		}
	}
	node_put(held);
	collision();
	conn_close(&client);
	mem_free(large, PREFETCH_FROM);
	return check_done("t_xs_ahead");
}
