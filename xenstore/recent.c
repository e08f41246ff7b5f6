// SPDX-License-Identifier: MIT
/*
 * recent.h.  A table in which each path has one line of memory, which the latest of those that share
 * it takes.  Memory for it is taken as it is used, by stores for which it pays.
 */
#include "recent.h"

#include <assert.h>
#include <string.h>

#include "kidsparts.h"
#include "mem.h"
#include "prefetch.h"

/* A power of two; together a huge page, lest each be a miss of the TLB as well. */
#define LINES 32768

static struct recent *table;

static_assert(sizeof(struct recent) == 64, "a line of memory");

struct recent *recent_at(const char *path, size_t len)
{
	struct recent *r;

	/* Of the root there is no need. */
	if (len < 2 || len > RECENT_PATH)
		return NULL;
	if (!table)
		table = mem_table(LINES * sizeof(*table));
	if (!table)
		return NULL;
	r = &table[name_hash(path, len) % LINES];
	__builtin_prefetch(r);
	return r;
}

bool recent_is(const struct recent *r, const char *path, size_t len)
{
	return r->when == kids_moves && r->len == len && memcmp(r->path, path, len) == 0;
}

void recent_note(struct recent *r, const char *path, size_t len, struct node *dir, bool alone)
{
	r->when = kids_moves;
	r->dir = dir;
	r->names = dir->kids->names;
	r->len = (uint8_t)len;
	r->alone = alone;
	memcpy(r->path, path, len);
}

struct node *recent_look(struct node **root, const char *path, size_t len, struct place *where)
{
	size_t up = tree_parent(path, len);
	struct recent *r = prefetch_pays() ? recent_at(path, up) : NULL;
	const char *name = path + up + 1;
	size_t name_len = len - up - 1;
	struct node *dir;
	bool alone;

	if (!r)
		return tree_look(root, path, len, where);
	if (!recent_is(r, path, up)) {
		dir = tree_look(root, path, up, where);
		if (!dir || !dir->kids) {
			where->alone &= dir && dir->ref == 1;
			where->at = NULL;
			where->dir = dir;
			return NULL;
		}
		alone = where->alone && dir->ref == 1 && dir->kids->ref == 1;
		recent_note(r, path, up, dir, alone);
	}
	alone = r->alone;
	where->at = kids_names_place(r->names, name, name_len, name_hash(name, name_len), &alone);
	where->dir = r->dir;
	where->when = kids_changes;
	where->alone = alone;
	return where->at ? *where->at : NULL;
}
