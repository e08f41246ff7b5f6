// SPDX-License-Identifier: MIT
/*
 * watchtrie.h.  A node's children are a list, for walks, and stand in one hash table of all
 * (parent, name) pairs, for finding.  A node lives as long as it has items or children.
 */
#include "watchtrie.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "node.h"

struct trie_node {
	struct trie_node *parent, *child, *next, *prev; /* children and siblings */
	struct trie_node *chain; /* in the hash table */
	struct trie_item *first, *last;
	uint32_t hash; /* of the name */
	uint32_t name_len;
	char name[];
};

static struct trie_node **table;
static size_t table_size, table_used;

static size_t slot(const struct trie_node *parent, uint32_t hash, size_t size)
{
	uint64_t h = ((uintptr_t)parent >> 4) * 0x9fb21c651e98df25ull;

	return ((h >> 32) ^ hash) & (size - 1);
}

static struct trie_node *child_find(const struct trie_node *parent, const char *name, size_t len,
				    uint32_t hash)
{
	struct trie_node *n;

	for (n = table[slot(parent, hash, table_size)]; n; n = n->chain)
		if (n->parent == parent && n->hash == hash && n->name_len == len &&
		    memcmp(n->name, name, len) == 0)
			return n;
	return NULL;
}

/* Twice the table when there are more nodes than places; without memory it stays as it is. */
static void table_grow(void)
{
	size_t size = table_size ? table_size * 2 : 64;
	struct trie_node **new = mem_alloc(size * sizeof(*new));

	if (!new)
		return;
	memset(new, 0, size * sizeof(*new));
	for (size_t i = 0; i < table_size; i++) {
		struct trie_node *n = table[i], *next;

		for (; n; n = next) {
			struct trie_node **head = &new[slot(n->parent, n->hash, size)];

			next = n->chain;
			n->chain = *head;
			*head = n;
		}
	}
	mem_free(table, table_size * sizeof(*table));
	table = new;
	table_size = size;
}

static struct trie_node *node_make(struct trie_node *parent, const char *name, size_t len,
				   uint32_t hash)
{
	struct trie_node *n = mem_alloc(sizeof(*n) + len);

	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->parent = parent;
	n->hash = hash;
	n->name_len = (uint32_t)len;
	memcpy(n->name, name, len);
	if (!parent)
		return n;
	n->next = parent->child;
	if (n->next)
		n->next->prev = n;
	parent->child = n;
	n->chain = table[slot(parent, hash, table_size)];
	table[slot(parent, hash, table_size)] = n;
	table_used++;
	return n;
}

/* Frees a node without use, and then those above it. */
static void prune(struct trie *t, struct trie_node *n)
{
	while (n && !n->first && !n->child) {
		struct trie_node *parent = n->parent, **at;

		if (parent) {
			at = &table[slot(parent, n->hash, table_size)];
			while (*at != n)
				at = &(*at)->chain;
			*at = n->chain;
			if (n->prev)
				n->prev->next = n->next;
			else
				parent->child = n->next;
			if (n->next)
				n->next->prev = n->prev;
			table_used--;
		} else {
			t->root = NULL;
		}
		mem_free(n, sizeof(*n) + n->name_len);
		n = parent;
	}
}

/* The next name of PATH from *AT on, as in tree.c; a path may also begin without a slash. */
static const char *next_name(const char *path, size_t len, size_t *at, size_t *name_len)
{
	const char *name, *slash;

	if (*at < len && path[*at] == '/')
		++*at;
	if (*at >= len)
		return NULL;
	name = path + *at;
	slash = memchr(name, '/', len - *at);
	*name_len = slash ? (size_t)(slash - name) : len - *at;
	*at += *name_len;
	return name;
}

size_t trie_size(const char *path, size_t len)
{
	size_t at = 0, name_len, size = 0;

	while (next_name(path, len, &at, &name_len))
		size += mem_room(sizeof(struct trie_node) + name_len);
	return size;
}

int trie_add(struct trie *t, const char *path, size_t len, struct trie_item *item)
{
	size_t at = 0, name_len;
	const char *name;
	struct trie_node *n, *child;

	if (table_used >= table_size)
		table_grow();
	if (!table_size)
		return ENOMEM;
	if (!t->root)
		t->root = node_make(NULL, "", 0, 0);
	n = t->root;
	if (!n)
		return ENOMEM;
	while ((name = next_name(path, len, &at, &name_len))) {
		uint32_t hash = name_hash(name, name_len);

		child = child_find(n, name, name_len, hash);
		if (!child)
			child = node_make(n, name, name_len, hash);
		if (!child) {
			prune(t, n);
			return ENOMEM;
		}
		n = child;
	}
	item->at = n;
	item->next = NULL;
	item->prev = n->last;
	if (n->last)
		n->last->next = item;
	else
		n->first = item;
	n->last = item;
	return 0;
}

void trie_remove(struct trie *t, struct trie_item *item)
{
	struct trie_node *n = item->at;

	if (item->prev)
		item->prev->next = item->next;
	else
		n->first = item->next;
	if (item->next)
		item->next->prev = item->prev;
	else
		n->last = item->prev;
	item->at = NULL;
	prune(t, n);
}

bool trie_found_reserve(struct trie_found *found, size_t count)
{
	size_t room = found->room ? found->room : 64;
	struct trie_item **more;

	if (count <= found->room)
		return true;
	while (room < count)
		room *= 2;
	more = mem_grow(found->item, found->room * sizeof(*more), room * sizeof(*more));
	if (!more)
		return false;
	found->item = more;
	found->room = room;
	return true;
}

void trie_found_add(struct trie_found *found, struct trie_item *item)
{
	if (found->count < found->room)
		found->item[found->count++] = item;
}

static int by_seq(const void *a, const void *b)
{
	const struct trie_item *const *x = a, *const *y = b;

	return (*x)->seq < (*y)->seq ? -1 : (*x)->seq > (*y)->seq;
}

void trie_sort(struct trie_found *found, size_t start)
{
	if (found->count - start > 1)
		qsort(found->item + start, found->count - start, sizeof(found->item[0]), by_seq);
}

void trie_match(const struct trie *t, const char *path, size_t len, struct trie_found *found)
{
	size_t at = 0, name_len, start = found->count;
	struct trie_node *n = t->root;
	uint32_t below = 0;
	const char *name;
	bool several = false;

	if (!n)
		return;
	for (size_t i = 0; i + 1 < len; i++)
		below += path[i] == '/';
	if (len && path[0] != '/')
		below++;
	while (n) {
		several |= found->count > start && n->first;
		for (struct trie_item *i = n->first; i; i = i->next)
			if (i->depth >= below)
				trie_found_add(found, i);
		name = next_name(path, len, &at, &name_len);
		if (!name)
			break;
		below--;
		if (!n->child)
			break;
		n = child_find(n, name, name_len, name_hash(name, name_len));
	}
	/* Each node's own items are in order already. */
	if (several)
		trie_sort(found, start);
}

struct trie_node *trie_find(const struct trie *t, const char *path, size_t len)
{
	size_t at = 0, name_len;
	struct trie_node *n = t->root;
	const char *name;

	while (n && (name = next_name(path, len, &at, &name_len)))
		n = n->child ? child_find(n, name, name_len, name_hash(name, name_len)) : NULL;
	return n;
}

struct trie_node *trie_first_child(const struct trie_node *n)
{
	return n->child;
}

struct trie_node *trie_next_child(const struct trie_node *n)
{
	return n->next;
}

const char *trie_name(const struct trie_node *n, size_t *len, uint32_t *hash)
{
	*len = n->name_len;
	*hash = n->hash;
	return n->name;
}

struct trie_item *trie_items(const struct trie_node *n)
{
	return n->first;
}
