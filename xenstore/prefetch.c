// SPDX-License-Identifier: MIT
/*
 * prefetch.h.  A way is at one of the things it has to read, which it has asked of memory when it
 * was last looked at; in each round every way reads what has come and asks for the next.  The
 * walk is that of tree_find() and kids_find(), but for names: the hash alone says where to go on,
 * and what it finds is never used for more than to ask for it.
 */
#include "prefetch.h"

#include <stdint.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "kidsparts.h"
#include "mem.h"

#define WAYS_MAX 64
#define LINE 64ul

enum stop { AT_NODE, AT_KIDS, AT_SLOT, AT_LEAF, AT_LISTED };

struct way {
	const char *rest; /* of the path, with its slash */
	size_t left;
	const void *thing;
	enum stop at;
	uint32_t hash; /* of the name looked for */
	unsigned int shift;
	bool lists; /* the node's children will be listed */
};

/* Of a list of names, so much is asked for. */
#define LIST_SIZE 384

static struct way waiting[WAYS_MAX];
static unsigned int count;

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
	if (count == WAYS_MAX)
		return false;
	waiting[count++] = (struct way){.rest = path, .left = len};
	return true;
}

size_t prefetch_requests(const char *data, size_t size)
{
	struct xsd_sockmsg head;
	size_t at = 0;

	while (size - at >= sizeof(head) && count < WAYS_MAX) {
		const char *body = data + at + sizeof(head), *end;

		memcpy(&head, data + at, sizeof(head));
		if (head.len > size - at - sizeof(head))
			break;
		end = head.len && *body == '/' ? memchr(body, 0, head.len) : NULL;
		if (end) {
			prefetch_path(body, (size_t)(end - body));
			waiting[count - 1].lists = head.type == XS_DIRECTORY;
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
		const struct inner *in = part(p);

		w->thing = &in->way[way(w->hash, w->shift)];
		w->shift += WAY_BITS;
		w->at = AT_SLOT;
		/* A change reads the count of references as well. */
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

	if (!n->kids || (w->left < 2 && !w->lists))
		return false;
	w->thing = n->kids;
	ask(n->kids, sizeof(struct kids));
	if (w->left < 2) {
		w->at = AT_LISTED;
		return true;
	}
	slash = memchr(name, '/', w->left - 1);
	len = slash ? (size_t)(slash - name) : w->left - 1;
	w->hash = name_hash(name, len);
	w->rest = name + len;
	w->left -= len + 1;
	w->at = AT_KIDS;
	w->shift = 0;
	return true;
}

static bool at_leaf(struct way *w)
{
	const struct leaf *l = w->thing;

	for (unsigned int i = 0; i < l->count; i++) {
		if (l->entry[i].hash != w->hash)
			continue;
		w->thing = l->entry[i].node;
		w->at = AT_NODE;
		ask(w->thing, LINE);
		return true;
	}
	return false;
}

/* The first chunk of names, if it is alone; the last stop. */
static bool at_listed(const struct kids *k)
{
	if (k->order && kind(k->order) == KIND_CHUNK)
		ask(part(k->order), LIST_SIZE);
	return false;
}

/* One step; false at the end of the way. */
static bool step(struct way *w)
{
	switch (w->at) {
	case AT_NODE:
		return at_node(w);
	case AT_KIDS:
		return follow(w, ((const struct kids *)w->thing)->names);
	case AT_SLOT:
		return follow(w, *(const uintptr_t *)w->thing);
	case AT_LISTED:
		return at_listed(w->thing);
	default:
		return at_leaf(w);
	}
}

void prefetch_run(const struct node *root)
{
	for (unsigned int i = 0; i < count; i++)
		waiting[i].thing = root;
	/* One alone is as fast without. */
	if (count == 1)
		count = 0;
	while (count)
		for (unsigned int i = 0; i < count;)
			if (step(&waiting[i]))
				i++;
			else
				waiting[i] = waiting[--count];
}
