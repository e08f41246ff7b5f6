// SPDX-License-Identifier: MIT
/*
 * xenstore/tree.c and kids.c against a naive model: a flat list of paths, in the order of their
 * creation.  Random additions, changes and removals, with snapshots taken at random and compared
 * with what the model was then; directories grow past the size where their form changes.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "../../xenstore/mem.h"
#include "../../xenstore/tree.h"

#define ITEMS 600
#define SNAPSHOTS 4

struct item {
	char path[48];
	char value[24];
};

struct model {
	struct item item[ITEMS];
	int count;
};

static struct model now, then[SNAPSHOTS];
static struct node *root, *snapshot[SNAPSHOTS];
static uint64_t gen = 1;

static int model_find(const struct model *m, const char *path)
{
	for (int i = 0; i < m->count; i++)
		if (strcmp(m->item[i].path, path) == 0)
			return i;
	return -1;
}

static void model_remove(struct model *m, const char *path)
{
	size_t len = strlen(path);
	int to = 0;

	for (int i = 0; i < m->count; i++) {
		const char *p = m->item[i].path;

		if (strncmp(p, path, len) == 0 && (!p[len] || p[len] == '/'))
			continue;
		m->item[to++] = m->item[i];
	}
	m->count = to;
}

/* What DIRECTORY would list of PATH, by the model. */
static size_t model_list(const struct model *m, const char *path, char *to)
{
	size_t len = strcmp(path, "/") == 0 ? 0 : strlen(path), done = 0;

	for (int i = 0; i < m->count; i++) {
		const char *p = m->item[i].path, *name = p + len + 1;

		if (strncmp(p, path, len) != 0 || p[len] != '/' || strchr(name, '/'))
			continue;
		strcpy(to + done, name);
		done += strlen(name) + 1;
	}
	return done;
}

static void compare_list(const struct model *m, struct node *r, const char *path)
{
	static char want[65536], got[65536];
	struct node *n = tree_find(r, path, strlen(path)), *child;
	size_t size = model_list(m, path, want), at;
	uint64_t pos = 0, last = 0;

	CHECK(n != NULL);
	if (!n)
		return;
	CHECK_EQ(kids_text(n->kids), size);
	CHECK_EQ(kids_list(n->kids, 0, got, sizeof(got)), size);
	CHECK(memcmp(want, got, size) == 0);
	/* From any offset, in whole names. */
	at = size ? (size_t)rand() % size : 0;
	if (size) {
		size_t part = kids_list(n->kids, at, got, 100);

		CHECK(part <= 100 && part <= size - at && memcmp(want + at, got, part) == 0);
		CHECK(part == 0 || got[part - 1] == 0);
	}
	for (at = 0; (child = kids_next(n->kids, &pos)); at += child->name_len + 1u) {
		uint64_t place = kids_position(n->kids, node_name(child), child->name_len,
					       child->hash);

		CHECK(at < size && memcmp(want + at, node_name(child), child->name_len) == 0);
		CHECK(at == 0 || place > last);
		last = place;
	}
	CHECK_EQ(at, size);
}

static void compare(const struct model *m, struct node *r)
{
	struct tree_walk walk;
	struct node *n;
	size_t depth;
	int count = 0;

	for (int i = 0; i < m->count; i++) {
		const struct item *it = &m->item[i];

		n = tree_find(r, it->path, strlen(it->path));
		CHECK(n && n->value_len == strlen(it->value) &&
		      memcmp(node_value(n), it->value, n->value_len) == 0);
	}
	tree_walk_begin(&walk, r);
	while ((n = tree_walk_next(&walk, &depth))) {
		char path[TREE_PATH_MAX];
		size_t len = tree_walk_path(&walk, path);

		path[len] = 0;
		CHECK(!depth || model_find(m, path) >= 0);
		count += depth > 0;
	}
	tree_walk_end(&walk);
	CHECK_EQ(count, m->count);
	compare_list(m, r, "/");
	compare_list(m, r, "/d0");
	if (m->count) {
		const struct item *it = &m->item[rand() % m->count];

		compare_list(m, r, it->path);
	}
}

static void step(struct perms *perms)
{
	char path[48], value[24];
	int at, kind = rand() % 10;
	size_t up;

	/* Most under one directory, which so changes its form again and again. */
	if (rand() % 3)
		snprintf(path, sizeof(path), "/d0/n%d", rand() % 90);
	else
		snprintf(path, sizeof(path), "/d%d/e%d/f%d", rand() % 4, rand() % 4, rand() % 5);
	if (rand() % 4 == 0)
		path[strlen(path) - (size_t)(rand() % 2 ? 3 : 0)] = 0;
	if (path[strlen(path) - 1] == '/')
		path[strlen(path) - 1] = 0;
	memset(value, 'v', sizeof(value));
	value[rand() % 23] = 0;
	CHECK(tree_reserve(strlen(path), 1));
	at = model_find(&now, path);
	gen++;
	if (kind < 3) {
		if (at < 0 || (strcmp(path, "/d0") == 0 && rand() % 8))
			return;
		node_put(tree_remove(&root, path, strlen(path), gen));
		model_remove(&now, path);
		if (strcmp(path, "/d0") == 0) {
			tree_add(&root, path, 3, "", 0, perms, gen);
			strcpy(now.item[now.count].path, path);
			now.item[now.count++].value[0] = 0;
		}
		return;
	}
	if (at >= 0) {
		tree_set(&root, path, strlen(path), value, strlen(value), NULL, gen);
		strcpy(now.item[at].value, value);
		return;
	}
	up = tree_parent(path, strlen(path));
	if (!tree_find(root, path, up) || now.count == ITEMS)
		return;
	tree_add(&root, path, strlen(path), value, strlen(value), perms, gen);
	strcpy(now.item[now.count].path, path);
	strcpy(now.item[now.count++].value, value);
}

/* Many children, one by one in and, in another order, out again. */
static void large_directory(struct perms *perms)
{
	struct node *r = tree_new(gen), *held;
	char path[32], list[256];

	for (int i = 0; i < 20000; i++) {
		CHECK(tree_reserve(16, 1));
		tree_add(&r, path, (size_t)snprintf(path, sizeof(path), "/x%d", i), "", 0, perms,
			 gen);
	}
	held = node_get(r);
	CHECK_EQ(kids_count(r->kids), 20000);
	for (int i = 0; i < 20000; i++) {
		int n = i * 7919 % 20000;

		CHECK(tree_reserve(16, 1));
		snprintf(path, sizeof(path), "/x%d", n);
		node_put(tree_remove(&r, path, strlen(path), gen));
		CHECK(!tree_find(r, path, strlen(path)));
	}
	CHECK_EQ(kids_count(r->kids), 0);
	CHECK_EQ(kids_count(held->kids), 20000);
	CHECK_EQ(kids_list(held->kids, kids_text(held->kids) - 7, list, sizeof(list)), 7);
	CHECK(strcmp(list, "x19999") == 0);
	node_put(held);
	node_put(r);
	while (tree_reap(100))
		;
}

/* The bound on rights: what a list says of domains, and of a number's next life. */
static void rights(void)
{
	struct perm perm[3] = {
		{.domid = 5, .rights = RIGHT_READ}, {.domid = 6, .rights = 3}, {.domid = 7}};
	struct subject who = {.domid = 5, .target = DOMID_LIMIT};
	struct perms *p = perms_make(perm, 3), *q = perms_make(perm, 3);
	char text[64];

	CHECK(p == q);
	perms_put(q);
	CHECK_EQ(perms_rights(p, &who), RIGHT_ALL);
	who.domid = 6;
	CHECK_EQ(perms_rights(p, &who), RIGHT_READ | RIGHT_WRITE);
	who.domid = 7;
	CHECK_EQ(perms_rights(p, &who), 0);
	who.target = 5;
	CHECK_EQ(perms_rights(p, &who), RIGHT_ALL);
	who.target = DOMID_LIMIT;
	who.domid = 8;
	CHECK_EQ(perms_rights(p, &who), RIGHT_READ);
	CHECK_EQ(perms_format(p, text, sizeof(text)), 9);
	CHECK(memcmp(text, "r5\0b6\0n7", 9) == 0);
	CHECK_EQ(perms_format(p, text, 8), 0);
	/* XSA-322: the next domain with the number gains nothing. */
	perm_life_set(6, 1);
	who.domid = 6;
	CHECK_EQ(perms_rights(p, &who), RIGHT_READ);
	CHECK_EQ(perms_format(p, text, sizeof(text)), 6);
	perm_life_set(5, 1);
	who.domid = 5;
	CHECK_EQ(perms_rights(p, &who), RIGHT_READ);
	perms_put(p);
	CHECK(perm_parse("r5", perm) == 0 && perm_parse("b0", perm) == 0);
	CHECK(perm_parse("x5", perm) && perm_parse("r", perm) && perm_parse("r5x", perm) &&
	      perm_parse("", perm) && perm_parse("r-1", perm) && perm_parse("r32752", perm));
}

int main(void)
{
	struct perm dom0 = {.domid = 0};
	struct perms *perms = perms_make(&dom0, 1);

	srand(1);
	root = tree_new(gen);
	tree_add(&root, "/d0", 3, "", 0, perms, gen);
	strcpy(now.item[now.count++].path, "/d0");
	for (int i = 0; i < 30000; i++) {
		step(perms);
		if (rand() % 100 == 0) {
			int s = rand() % SNAPSHOTS;

			if (snapshot[s]) {
				compare(&then[s], snapshot[s]);
				node_put(snapshot[s]);
			}
			snapshot[s] = node_get(root);
			then[s] = now;
		}
		if (i % 500 == 0)
			compare(&now, root);
		tree_reap(50);
	}
	compare(&now, root);
	for (int s = 0; s < SNAPSHOTS; s++)
		node_put(snapshot[s]);
	node_put(root);
	large_directory(perms);
	perms_put(perms);
	while (tree_reap(1000))
		;
	/* Every block has been given back. */
	CHECK_EQ(mem_used(), 0);
	rights();
	return check_done("t_xs_tree");
}
