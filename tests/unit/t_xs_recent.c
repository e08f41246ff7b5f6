// SPDX-License-Identifier: MIT
/*
 * xenstore/recent.c: what begins at a directory found before finds what a way from the root finds,
 * whatever has been made, removed and held since; of directories that share a line of the table each
 * is itself; and what is no path is not noted.
 */
#include "../../xenstore/prefetch.h"
#include "../../xenstore/recent.h"
#include "check.h"
#include "xs_host.h"

#define ROUNDS 60000
#define NAMES 6 /* of each of four levels */

static void make(const char *path)
{
	CHECK(tree_reserve(strlen(path), 1));
	tree_add(&store_root, path, strlen(path), "v", 1, store_root->perms, ++store_gen);
}

/* A path seen both ways; what recent_look() says is alone must be. */
static void same(const char *path)
{
	struct place near, far;
	struct node *n = recent_look(&store_root, path, strlen(path), &near);

	CHECK(n == tree_look(&store_root, path, strlen(path), &far));
	CHECK(near.at == far.at);
	CHECK(near.dir == far.dir);
	CHECK(!n || place_holds(&near));
	CHECK(!n || far.alone || !near.alone);
}

/* A node is made where the look for it led. */
static void make_where(const char *path, size_t len)
{
	struct place where;
	struct node *n;

	CHECK(!recent_look(&store_root, path, len, &where));
	CHECK(tree_reserve(len, 1));
	n = tree_make(&store_root, &where, path, len, "w", 1, store_root->perms, ++store_gen);
	CHECK(tree_find(store_root, path, len) == n);
}

/* The same; a tree that is held stays as it was. */
static void make_beside(struct node *held, const char *path, size_t len)
{
	struct node *n = held ? tree_find(held, path, len) : NULL;

	make_where(path, len);
	CHECK(!held || tree_find(held, path, len) == n);
}

static int some_path(char *to)
{
	int len = 0;

	for (int depth = rand() % 4, level = 0; level <= depth; level++)
		len += sprintf(to + len, "/%c%d", 'a' + level, rand() % NAMES);
	return len;
}

static void at_random(void)
{
	struct node *held = NULL;
	char path[64];

	for (int k = 0; k < ROUNDS; k++) {
		size_t len = (size_t)some_path(path), at;
		struct node *n = tree_find(store_root, path, len);

		/* Long times without a change are what directories are noted for. */
		if (k % 512 < 64 && !n) {
			tree_deepest(store_root, path, len, &at);
			if (at >= tree_parent(path, len) && rand() % 2)
				make(path);
			else if (at >= tree_parent(path, len))
				make_beside(held, path, len);
		} else if (k % 512 < 64 && rand() % 4 == 0) {
			CHECK(tree_reserve(len, 1));
			node_put(tree_remove(&store_root, path, len, ++store_gen));
		} else if (n && rand() % 8 == 0) {
			CHECK(tree_reserve(len, 1));
			tree_set(&store_root, path, len, "longer than before", rand() % 18, NULL,
				 ++store_gen);
		}
		if (rand() % 1000 == 0) {
			node_put(held);
			held = rand() % 2 ? tree_hold(store_root) : NULL;
		}
		some_path(path);
		same(path);
		tree_reap(20);
	}
	node_put(held);
}

/* Two directories that share a line: PATTERN and OTHER with a number each. */
static void share_a_line(const char *pattern, const char *other)
{
	char a[64], b[64], below[80];
	struct recent *line = NULL;

	for (int i = 0; i < 1000000; i++) {
		sprintf(a, pattern, i);
		sprintf(b, other, i);
		line = recent_at(a, strlen(a));
		if (line == recent_at(b, strlen(b)))
			break;
		line = NULL;
	}
	CHECK(line);
	make(a);
	make(b);
	sprintf(below, "%s/of-a", a);
	make(below);
	sprintf(below, "%s/of-b", b);
	make(below);
	for (int i = 0; i < 3; i++) {
		sprintf(below, "%s/of-b", a);
		same(below);
		sprintf(below, "%s/of-a", b);
		same(below);
		sprintf(below, "%s/of-b", b);
		same(below);
		sprintf(below, "%s/of-a", a);
		same(below);
		same(below);
	}
}

static void longest(void)
{
	char path[80] = "/l", below[90];
	struct recent *line;

	make(path);
	while (strlen(path) < RECENT_PATH + 6) {
		strcat(path, strlen(path) == 2 ? "/x" : "x");
		if (path[3])
			make(path);
		sprintf(below, "%s/y", path);
		make(below);
		line = recent_at(path, strlen(path));
		CHECK(strlen(path) <= RECENT_PATH ? line != NULL : !line);
		same(below);
		CHECK(!line || recent_is(line, path, strlen(path)));
		same(below);
	}
	CHECK(!recent_at("/", 1));
}

/* A directory that grows stays noted, but for the times that its names move. */
static void grows(void)
{
	unsigned int forgotten = 0;
	struct recent *line;
	char path[32];

	make("/g");
	make("/g/dir");
	line = recent_at("/g/dir", 6);
	for (int i = 0; i < 2000; i++) {
		sprintf(path, "/g/dir/%d", i);
		make_where(path, strlen(path));
		forgotten += !recent_is(line, "/g/dir", 6);
		same(path);
		same("/g/dir/0");
		same("/g/dir/none");
	}
	/* Its first leaf, of 2, 4, 8 and 16, and what took that one's place. */
	CHECK_EQ(forgotten, 5);
}

/*
 * Two requests looked at ahead, so that they are walked together; true if what they led to is said to
 * be alone.
 */
static bool ahead(const char *path)
{
	struct place found;
	bool alone;

	static char data[256];
	struct xsd_sockmsg head = {XS_READ, 1, 0, (uint32_t)strlen(path) + 1};
	size_t size = 0;

	for (int i = 0; i < 2; i++) {
		memcpy(data + size, &head, sizeof(head));
		memcpy(data + size + sizeof(head), path, head.len);
		size += sizeof(head) + head.len;
	}
	prefetch_forget();
	CHECK_EQ(prefetch_requests(data, size), size);
	prefetch_run(&store_root);
	alone = prefetch_find(data + sizeof(head), strlen(path), &found) && found.alone;
	prefetch_forget();
	return alone;
}

/* The same of listings; true if they began at what they list, whose place is not known then. */
static bool listed_at_once(const char *path)
{
	static char data[256];
	struct xsd_sockmsg head = {XS_DIRECTORY, 1, 0, (uint32_t)strlen(path) + 1};
	struct place found = {0};
	struct node *n;

	for (int i = 0; i < 2; i++) {
		memcpy(data + i * (sizeof(head) + head.len), &head, sizeof(head));
		memcpy(data + i * (sizeof(head) + head.len) + sizeof(head), path, head.len);
	}
	prefetch_forget();
	prefetch_requests(data, 2 * (sizeof(head) + head.len));
	prefetch_run(&store_root);
	n = prefetch_find(data + sizeof(head), strlen(path), &found);
	CHECK(n == tree_find(store_root, path, strlen(path)));
	prefetch_forget();
	return n && !found.at;
}

/* A listing begins at its directory from the second time on, until that may be another. */
static void ahead_lists(void)
{
	struct node *held;

	make("/l");
	make("/l/dir");
	make("/l/dir/n");
	for (int i = 0; i < 3; i++) {
		CHECK(!listed_at_once("/l/dir"));
		CHECK(listed_at_once("/l/dir"));
		make("/l/dir/m");
		CHECK(listed_at_once("/l/dir"));
		CHECK(tree_reserve(6, 2));
		node_put(tree_remove(&store_root, i == 1 ? "/l/dir" : "/l/dir/m", i == 1 ? 6 : 8,
				     ++store_gen));
		if (i == 1) {
			make("/l/dir");
			make("/l/dir/n");
		}
	}
	/* Not so the root, nor what has no children. */
	for (int i = 0; i < 2; i++) {
		CHECK(!listed_at_once("/"));
		CHECK(!listed_at_once("/l/dir/n"));
	}
	held = tree_hold(store_root);
	CHECK(!listed_at_once("/l/dir"));
	CHECK(listed_at_once("/l/dir"));
	same("/l/dir/n");
	node_put(held);
}

static void ahead_notes(void)
{
	struct recent *line = recent_at("/s/dir", 6);
	struct node *held;

	make("/s");
	make("/s/n");
	make("/s/dir");
	make("/s/dir/n");
	ahead("/s/dir/");
	same("/s/dir/n");
	make("/s/other");
	CHECK(!recent_is(line, "/s/dir", 6));
	ahead("/s/dir/none");
	CHECK(recent_is(line, "/s/dir", 6));
	CHECK(line->alone);
	same("/s/dir/n");
	CHECK(ahead("/s/dir/n"));
	same("/s/dir/n");
	/* Shared from above. */
	held = tree_hold(store_root);
	CHECK(!recent_is(line, "/s/dir", 6));
	CHECK(!ahead("/s/dir/n"));
	CHECK(recent_is(line, "/s/dir", 6) && !line->alone);
	CHECK(!ahead("/s/dir/n"));
	same("/s/dir/n");
	node_put(held);
}

int main(void)
{
	void *large = mem_alloc(PREFETCH_FROM);

	srand(1);
	store_init();
	CHECK(prefetch_pays());
	at_random();
	share_a_line("/t%05d", "/u%05d");
	share_a_line("/v%d", "/v%d0");
	share_a_line("/w%d0", "/w%d");
	longest();
	grows();
	ahead_notes();
	ahead_lists();
	mem_free(large, PREFETCH_FROM);
	CHECK(!prefetch_pays());
	same("/s/dir/n");
	return check_done("t_xs_recent");
}
