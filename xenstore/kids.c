// SPDX-License-Identifier: MIT
/*
 * The children of a node (node.h).  Up to SMALL of them stand in one leaf, in the order of their
 * creation.  More are kept twice, both times in a radix tree of 16 ways whose parts are shared
 * between snapshots like the nodes themselves:
 *
 *   names   by the bits of the name's hash, down to leaves that are split when full
 *   order   by the number of a chunk of text, that holds some hundred names as DIRECTORY sends
 *           them, NUL after each; the chunks in sequence are the list in the order of creation
 *
 * A leaf's entry says in which chunk its name stands.  Each inner part of `order` counts the bytes
 * below it, so that a byte offset (DIRECTORY_PART) is found on one way down.
 *
 * Pointers carry their kind in the lowest bits.  Every kind begins with its reference count.
 */
#include "node.h"

#include <string.h>

#include "kidsparts.h"
#include "mem.h"

struct dead {
	struct dead *next;
};

/* Let go of and waiting for kids_reap(): the link lies over what is no longer needed. */
static struct dead *dead_inner;
static struct node *dead_node; /* linked through gen */

static uint64_t hash_key = 0x9e3779b97f4a7c15ull;
uint64_t kids_changes, kids_moves;

void name_hash_seed(uint64_t seed)
{
	hash_key = seed | 1;
}

uint32_t name_hash(const char *name, size_t len)
{
	uint64_t h = hash_key ^ len * 0xff51afd7ed558ccdull;

	for (;;) {
		h = (h ^ name_bytes(name, len)) * 0x9fb21c651e98df25ull;
		h ^= h >> 29 ^ hash_key >> 7;
		if (len <= 8)
			break;
		name += 8;
		len -= 8;
	}
	h *= 0xff51afd7ed558ccdull;
	return (uint32_t)(h >> 32);
}

static inline void get(uintptr_t p)
{
	++*(uint32_t *)part(p);
}

static size_t leaf_size(unsigned int room)
{
	return sizeof(struct leaf) + room * sizeof(struct entry);
}

void kids_part_put(uintptr_t p)
{
	struct leaf *l;
	struct chunk *c;

	if (!p || --*(uint32_t *)part(p))
		return;
	switch (kind(p)) {
	case KIND_LEAF:
		l = part(p);
		for (unsigned int i = 0; i < l->count; i++)
			node_put(l->entry[i].node);
		mem_free(l, leaf_size(l->room));
		break;
	case KIND_CHUNK:
		c = part(p);
		mem_free(c, sizeof(*c) + c->room);
		break;
	default:
		((struct dead *)part(p))->next = dead_inner;
		dead_inner = part(p);
	}
}

void node_put(struct node *n)
{
	if (!n || --n->ref)
		return;
	n->gen = (uint64_t)(uintptr_t)dead_node;
	dead_node = n;
}

/* From tree.c: what a node holds besides its directory. */
void node_free(struct node *n);

bool kids_reap(unsigned int budget)
{
	while (budget && (dead_node || dead_inner)) {
		if (dead_inner) {
			struct inner *in = (struct inner *)dead_inner;

			dead_inner = dead_inner->next;
			for (int i = 0; i < WAYS; i++)
				kids_part_put(in->way[i]);
			mem_free(in, sizeof(*in));
			budget -= budget < WAYS ? budget : WAYS;
		} else {
			struct node *n = dead_node;

			dead_node = (struct node *)(uintptr_t)n->gen;
			kids_put(n->kids);
			node_free(n);
			budget--;
		}
	}
	return dead_node || dead_inner;
}

struct kids *kids_get(struct kids *k)
{
	if (k)
		k->ref++;
	return k;
}

void kids_put(struct kids *k)
{
	if (!k || --k->ref)
		return;
	kids_part_put(k->names);
	kids_part_put(k->order);
	mem_free(k, sizeof(*k));
}

unsigned int kids_count(const struct kids *k)
{
	return k ? k->count : 0;
}

size_t kids_text(const struct kids *k)
{
	return k ? k->text : 0;
}

uint64_t kids_gen(const struct kids *k)
{
	return k ? k->gen : 0;
}

static struct leaf *leaf_new(unsigned int room)
{
	struct leaf *l = mem_take(leaf_size(room));

	l->ref = 1;
	l->count = 0;
	l->room = (uint16_t)room;
	return l;
}

struct inner *kids_inner_new(void)
{
	struct inner *in = mem_take(sizeof(*in));

	memset(in, 0, sizeof(*in));
	in->ref = 1;
	return in;
}

/* Makes what PLACE points to ours alone. */
void *kids_part_own(uintptr_t *place)
{
	uintptr_t p = *place;
	struct leaf *l, *was_leaf;
	struct chunk *c, *was_chunk;
	struct inner *in;

	if (*(uint32_t *)part(p) == 1)
		return part(p);
	kids_moved();
	switch (kind(p)) {
	case KIND_LEAF:
		was_leaf = part(p);
		l = leaf_new(was_leaf->room);
		l->count = was_leaf->count;
		memcpy(l->entry, was_leaf->entry, l->count * sizeof(l->entry[0]));
		for (unsigned int i = 0; i < l->count; i++)
			node_get(l->entry[i].node);
		*place = (uintptr_t)l;
		break;
	case KIND_CHUNK:
		was_chunk = part(p);
		c = mem_take(sizeof(*c) + was_chunk->room);
		memcpy(c, was_chunk, sizeof(*c) + was_chunk->used);
		c->ref = 1;
		*place = (uintptr_t)c | KIND_CHUNK;
		break;
	default:
		in = mem_take(sizeof(*in));
		memcpy(in, part(p), sizeof(*in));
		in->ref = 1;
		for (int i = 0; i < WAYS; i++)
			if (in->way[i])
				get(in->way[i]);
		*place = (uintptr_t)in | KIND_INNER;
	}
	kids_part_put(p);
	return part(*place);
}

static struct kids *own_kids(struct kids **place)
{
	struct kids *k = *place, *was = k;

	if (k && k->ref == 1)
		return k;
	kids_moved();
	k = mem_take(sizeof(*k));
	if (was) {
		*k = *was;
		get(k->names);
		if (k->order)
			get(k->order);
		kids_put(was);
	} else {
		memset(k, 0, sizeof(*k));
		k->names = (uintptr_t)leaf_new(2);
	}
	k->ref = 1;
	*place = k;
	return k;
}

static int leaf_find(const struct leaf *l, const char *name, size_t len, uint32_t hash)
{
	for (int i = 0; i < l->count; i++)
		if (l->entry[i].hash == hash && same_name(l->entry[i].node, name, len))
			return i;
	return -1;
}

static const struct leaf *names_leaf(const struct kids *k, uint32_t hash)
{
	uintptr_t p = k->names;

	for (unsigned int shift = 0; kind(p) == KIND_INNER; shift += WAY_BITS)
		p = ((struct inner *)part(p))->way[way(hash, shift)];
	return part(p);
}

struct node *kids_find(const struct kids *k, const char *name, size_t len, uint32_t hash)
{
	const struct leaf *l = k ? names_leaf(k, hash) : NULL;
	int i = l ? leaf_find(l, name, len, hash) : -1;

	return i < 0 ? NULL : l->entry[i].node;
}

struct node **kids_place(const struct kids *k, const char *name, size_t len, uint32_t hash,
			 bool *alone)
{
	if (!k)
		return NULL;
	*alone &= k->ref == 1;
	return kids_names_place(k->names, name, len, hash, alone);
}

struct node **kids_names_place(uintptr_t p, const char *name, size_t len, uint32_t hash,
			       bool *alone)
{
	struct leaf *l;
	int i;

	for (unsigned int shift = 0; kind(p) == KIND_INNER; shift += WAY_BITS) {
		struct inner *in = part(p);

		*alone &= in->ref == 1;
		p = in->way[way(hash, shift)];
	}
	l = part(p);
	i = l ? leaf_find(l, name, len, hash) : -1;
	if (i < 0)
		return NULL;
	*alone &= l->ref == 1;
	return &l->entry[i].node;
}

/* The place of the leaf where a hash belongs, all above it ours; it may be empty. */
static uintptr_t *names_own(struct kids *k, uint32_t hash, unsigned int *shift)
{
	uintptr_t *p = &k->names;

	for (*shift = 0; *p && kind(*p) == KIND_INNER; *shift += WAY_BITS) {
		struct inner *in = kids_part_own(p);

		p = &in->way[way(hash, *shift)];
	}
	return p;
}

struct node **kids_own(struct kids **place, const char *name, size_t len, uint32_t hash)
{
	struct kids *k = own_kids(place);
	unsigned int shift;
	struct leaf *l = kids_part_own(names_own(k, hash, &shift));

	return &l->entry[leaf_find(l, name, len, hash)].node;
}

/* Puts an entry into the leaf at PLACE, splitting it when it is full. */
static void leaf_insert(uintptr_t *place, struct entry e, unsigned int shift)
{
	struct leaf *l = *place ? kids_part_own(place) : NULL;

	if (l && l->count >= SMALL && shift < HASH_BITS) {
		struct inner *in = kids_inner_new();

		*place = (uintptr_t)in | KIND_INNER;
		for (int i = 0; i < l->count; i++)
			leaf_insert(&in->way[way(l->entry[i].hash, shift)], l->entry[i],
				    shift + WAY_BITS);
		mem_free(l, leaf_size(l->room));
		leaf_insert(&in->way[way(e.hash, shift)], e, shift + WAY_BITS);
		return;
	}
	if (!l || l->count == l->room) {
		struct leaf *was = l;

		l = leaf_new(was ? was->room * 2u : 2);
		if (was) {
			l->count = was->count;
			memcpy(l->entry, was->entry, was->count * sizeof(e));
			mem_free(was, leaf_size(was->room));
		}
		*place = (uintptr_t)l;
	}
	l->entry[l->count++] = e;
}

void kids_add(struct kids **place, struct node *child, uint64_t gen)
{
	struct kids *k = own_kids(place);
	uintptr_t names = k->names;
	struct entry e = {child, child->hash, 0};
	unsigned int shift;
	uintptr_t *p;

	kids_changes++;
	if (!k->order && k->count == SMALL) {
		struct leaf *l = kids_part_own(&k->names);
		uint64_t text = k->text;

		k->text = 0;
		for (int i = 0; i < l->count; i++) {
			struct node *n = l->entry[i].node;

			l->entry[i].chunk = order_append(k, node_name(n), n->name_len);
			k->text += n->name_len + 1u;
		}
		k->text = text;
	}
	if (k->order)
		e.chunk = order_append(k, node_name(child), child->name_len);
	p = names_own(k, child->hash, &shift);
	leaf_insert(p, e, shift);
	if (k->names != names)
		kids_moved();
	k->count++;
	k->text += child->name_len + 1u;
	k->gen = gen;
}

void kids_remove(struct kids **place, const char *name, size_t len, uint32_t hash, uint64_t gen)
{
	struct kids *k = own_kids(place);
	unsigned int shift;
	uintptr_t *p = names_own(k, hash, &shift);
	struct leaf *l = kids_part_own(p);
	int i = leaf_find(l, name, len, hash);
	struct node *child = l->entry[i].node;

	kids_moved();
	if (k->order)
		order_remove(k, l->entry[i].chunk, name, len);
	l->count--;
	memmove(&l->entry[i], &l->entry[i + 1], (size_t)(l->count - i) * sizeof(l->entry[0]));
	if (!l->count && p != &k->names) {
		mem_free(l, leaf_size(l->room));
		*p = 0;
	}
	k->count--;
	k->text -= len + 1;
	k->gen = gen;
	node_put(child);
	/* Empty, it is small again; this bounds how sparse the two trees can become. */
	if (!k->count && k->chunks) {
		kids_part_put(k->names);
		kids_part_put(k->order);
		k->names = (uintptr_t)leaf_new(2);
		k->order = 0;
		k->chunks = k->levels = 0;
	}
}

size_t kids_list(const struct kids *k, size_t offset, char *to, size_t room)
{
	size_t done = 0, n;
	const struct chunk *c;
	uint64_t id;

	if (!k || offset >= k->text)
		return 0;
	if (!k->order) {
		const struct leaf *l = part(k->names);

		for (int i = 0; i < l->count; i++) {
			n = l->entry[i].node->name_len + 1u;
			if (offset >= n) {
				offset -= n;
				continue;
			}
			n -= offset;
			if (done + n > room)
				break;
			memcpy(to + done, node_name(l->entry[i].node) + offset, n - 1);
			to[done + n - 1] = 0;
			done += n;
			offset = 0;
		}
		return done;
	}
	for (id = order_offset(k, &offset); (c = order_seek(k, &id)); id++) {
		n = c->used - offset;
		if (done + n > room) {
			/* Whole names only. */
			for (n = room - done; n && c->text[offset + n - 1]; n--)
				;
			memcpy(to + done, c->text + offset, n);
			return done + n;
		}
		memcpy(to + done, c->text + offset, n);
		done += n;
		offset = 0;
	}
	return done;
}

uint64_t kids_position(const struct kids *k, const char *name, size_t len, uint32_t hash)
{
	const struct leaf *l = names_leaf(k, hash);
	int i = leaf_find(l, name, len, hash);
	uint64_t id;

	if (!k->order)
		return (uint64_t)i;
	id = l->entry[i].chunk;
	return id << 16 | order_chunk_find(order_seek(k, &id), name, len);
}

struct node *kids_next(const struct kids *k, uint64_t *pos)
{
	const struct chunk *c;
	const char *name;
	uint64_t id;
	size_t len;

	if (!k)
		return NULL;
	if (!k->order) {
		const struct leaf *l = part(k->names);

		return *pos < l->count ? l->entry[(*pos)++].node : NULL;
	}
	for (id = *pos >> 16; (c = order_seek(k, &id)); *pos = ++id << 16) {
		if (id != *pos >> 16)
			*pos = id << 16;
		if ((*pos & 0xffff) < c->used)
			break;
	}
	if (!c)
		return NULL;
	name = c->text + (*pos & 0xffff);
	len = strlen(name);
	*pos += len + 1;
	return kids_find(k, name, len, name_hash(name, len));
}
