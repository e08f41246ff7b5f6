// SPDX-License-Identifier: MIT
/*
 * prefetch.h.  A way is at one of the things it has to read, which it has asked of memory when it
 * was last looked at; in each round every way reads what has come and asks for the next.  The
 * walk is that of recent_look(): a name is compared when its node has come.
 */
#include "prefetch.h"

#include <stdint.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "kidsparts.h"
#include "mem.h"
#include "recent.h"

#define WAYS_MAX 64
#define LINE 64ul

enum stop { AT_NODE, AT_KIDS, AT_SLOT, AT_LEAF, AT_LISTED };

struct way {
	const char *path;
	size_t len;
	struct recent *recent; /* where the directory at the end of its way is noted, or NULL */
	size_t up; /* that one's path's length */
	struct recent *own; /* where the node itself is, if it is to be listed; or NULL */
	const char *rest; /* of the path, with its slash */
	size_t left;
	const char *name; /* looked for */
	size_t name_len;
	struct node **place; /* of the node */
	struct found *found; /* where that is to be noted, or NULL */
	void *thing;
	const struct inner *inner; /* that its slot is of */
	enum stop at;
	uint32_t hash; /* of the name looked for */
	unsigned int shift;
	bool lists; /* the node's children will be listed */
	bool alone;
};

struct found {
	const char *path;
	size_t len;
	struct place place;
	struct node *listed; /* or NULL; what is to be listed, found without its place */
};

/* Of a list of names, so much is asked for. */
#define LIST_SIZE 384

static struct way waiting[WAYS_MAX];
static unsigned int count;
/* In the order of the requests; the first that has not been asked for. */
static struct found found[WAYS_MAX];
static unsigned int found_count, found_next;

static inline void ask(const void *p, size_t size)
{
	uintptr_t line = (uintptr_t)p & ~(LINE - 1);

	do
		__builtin_prefetch((const void *)line);
	while ((line += LINE) < (uintptr_t)p + size);
}

bool prefetch_pays(void)
{
	return mem_used() >= PREFETCH_FROM;
}

bool prefetch_path(const char *path, size_t len)
{
	size_t up = tree_parent(path, len);

	if (count == WAYS_MAX)
		return false;
	waiting[count++] = (struct way){.path = path,
					.len = len,
					.recent = recent_at(path, up),
					.up = up,
					.rest = path,
					.left = len,
					.alone = true};
	return true;
}

size_t prefetch_requests(const char *data, size_t size)
{
	struct xsd_sockmsg head;
	size_t at = 0;

	if (!count)
		prefetch_forget();
	while (size - at >= sizeof(head) && count < WAYS_MAX) {
		const char *body = data + at + sizeof(head), *end;

		memcpy(&head, data + at, sizeof(head));
		if (head.len > size - at - sizeof(head))
			break;
		end = head.len && *body == '/' ? memchr(body, 0, head.len) : NULL;
		if (end) {
			struct found *f = &found[found_count++];

			*f = (struct found){.path = body, .len = (size_t)(end - body)};
			prefetch_path(f->path, f->len);
			waiting[count - 1].found = f;
			if (head.type == XS_DIRECTORY) {
				waiting[count - 1].lists = true;
				waiting[count - 1].own = recent_at(f->path, f->len);
			}
		}
		at += sizeof(head) + head.len;
	}
	return at;
}

/* Asks for what a pointer into a directory leads to. */
static bool follow(struct way *w, uintptr_t p)
{
	if (!p)
		return false;
	if (kind(p) == KIND_INNER) {
		struct inner *in = part(p);

		/* A change reads the count of references as well. */
		w->thing = &in->way[way(w->hash, w->shift)];
		w->shift += WAY_BITS;
		w->at = AT_SLOT;
		w->inner = in;
		ask(in, sizeof(in->ref));
		ask(w->thing, sizeof(uintptr_t));
		return true;
	}
	w->thing = part(p);
	w->at = AT_LEAF;
	ask(w->thing, 2 * LINE);
	return true;
}

static bool at_node(struct way *w)
{
	const struct node *n = w->thing;
	const char *name = w->rest + 1, *slash;
	size_t len;

	if (w->name && !same_name(n, w->name, w->name_len))
		return false;
	if (w->left < 2 && w->found)
		w->found->place = (struct place){w->place, NULL, kids_changes, w->alone};
	if (!n->kids || (w->left < 2 && !w->lists))
		return false;
	w->alone &= n->ref == 1;
	w->thing = n->kids;
	ask(n->kids, sizeof(struct kids));
	if (w->left < 2) {
		w->at = AT_LISTED;
		return true;
	}
	slash = memchr(name, '/', w->left - 1);
	len = slash ? (size_t)(slash - name) : w->left - 1;
	w->hash = name_hash(name, len);
	w->name = name;
	w->name_len = len;
	w->rest = name + len;
	w->left -= len + 1;
	w->at = AT_KIDS;
	w->shift = 0;
	return true;
}

static bool at_leaf(struct way *w)
{
	struct leaf *l = w->thing;

	w->alone &= l->ref == 1;
	for (unsigned int i = 0; i < l->count; i++) {
		if (l->entry[i].hash != w->hash)
			continue;
		w->place = &l->entry[i].node;
		w->thing = *w->place;
		w->at = AT_NODE;
		ask(w->thing, LINE);
		return true;
	}
	return false;
}

/* The first chunk of names, if it is alone; the last stop. */
static bool at_listed(struct way *w)
{
	const struct kids *k = w->thing;

	if (w->own && !w->left)
		recent_note(w->own, w->path, w->len, *w->place, w->alone && k->ref == 1);
	if (k->order && kind(k->order) == KIND_CHUNK)
		ask(part(k->order), LIST_SIZE);
	return false;
}

/* What is to be listed has been found before: there its way begins. */
static void from_own(struct way *w)
{
	w->thing = w->own->dir;
	ask(w->thing, LINE);
	w->found->listed = w->own->dir;
	w->found->place.when = kids_changes;
	w->found = NULL;
	w->own = NULL;
	w->left = 0;
}

/* True if the way begins at its directory, or at the node itself. */
static bool from_recent(struct way *w)
{
	if (w->own && recent_is(w->own, w->path, w->len)) {
		from_own(w);
		return true;
	}
	if (!w->recent || !recent_is(w->recent, w->path, w->up))
		return false;
	w->alone = w->recent->alone;
	w->name = w->path + w->up + 1;
	w->name_len = w->left - w->up - 1;
	w->hash = name_hash(w->name, w->name_len);
	w->rest = w->name + w->name_len;
	w->left = 0;
	return follow(w, w->recent->names);
}

static bool at_kids(struct way *w)
{
	const struct kids *k = w->thing;

	w->alone &= k->ref == 1;
	/* Not so where a path ends with a slash, which is no path. */
	if (w->recent && !w->left)
		recent_note(w->recent, w->path, w->up, *w->place, w->alone);
	return follow(w, k->names);
}

/* One step; false at the end of the way. */
static bool step(struct way *w)
{
	switch (w->at) {
	case AT_NODE:
		return at_node(w);
	case AT_KIDS:
		return at_kids(w);
	case AT_SLOT:
		w->alone &= w->inner->ref == 1;
		return follow(w, *(const uintptr_t *)w->thing);
	case AT_LISTED:
		return at_listed(w);
	default:
		return at_leaf(w);
	}
}

void prefetch_run(struct node **root)
{
	/* One alone is as fast without. */
	if (count == 1)
		count = 0;
	for (unsigned int i = 0; i < count; i++) {
		waiting[i].place = root;
		waiting[i].thing = *root;
		from_recent(&waiting[i]);
	}
	while (count)
		for (unsigned int i = 0; i < count;)
			if (step(&waiting[i]))
				i++;
			else
				waiting[i] = waiting[--count];
}

struct node *prefetch_find(const char *path, size_t len, struct place *where)
{
	for (unsigned int i = found_next; i < found_count; i++) {
		if (found[i].path != path || found[i].len != len)
			continue;
		found_next = i + 1;
		*where = found[i].listed ? (struct place){0} : found[i].place;
		if (found[i].place.when != kids_changes)
			return NULL;
		return where->at ? *where->at : found[i].listed;
	}
	return NULL;
}

void prefetch_forget(void)
{
	found_count = found_next = 0;
}
