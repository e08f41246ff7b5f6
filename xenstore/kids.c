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

#include "mem.h"

#define SMALL 16
#define CHUNK_TEXT 1000
#define WAYS 16
#define WAY_BITS 4
#define HASH_BITS 32

enum { KIND_LEAF, KIND_INNER, KIND_CHUNK, KIND_MASK = 3 };

struct entry {
	struct node *node;
	uint32_t hash;
	uint32_t chunk;
};

struct leaf {
	uint32_t ref;
	uint16_t count, room;
	struct entry entry[];
};

struct chunk {
	uint32_t ref;
	uint16_t used, room;
	char text[];
};

struct inner {
	uint32_t ref;
	uint32_t bytes; /* of text below; order only */
	uintptr_t way[WAYS];
};

struct kids {
	uint32_t ref;
	uint32_t count;
	uint64_t gen;
	uint64_t text;
	uintptr_t names; /* a leaf, or an inner part */
	uintptr_t order; /* 0 as long as names is one small leaf */
	uint32_t chunks; /* numbers given out */
	uint32_t levels; /* of order above the chunks */
};

struct dead {
	struct dead *next;
};

/* Let go of and waiting for kids_reap(): the link lies over what is no longer needed. */
static struct dead *dead_inner;
static struct node *dead_node; /* linked through gen */

static uint64_t hash_key = 0x9e3779b97f4a7c15ull;

void name_hash_seed(uint64_t seed)
{
	hash_key = seed | 1;
}

uint32_t name_hash(const char *name, size_t len)
{
	uint64_t h = hash_key ^ len * 0xff51afd7ed558ccdull, word;

	while (len) {
		size_t n = len < 8 ? len : 8;

		word = 0;
		memcpy(&word, name, n);
		h = (h ^ word) * 0x9fb21c651e98df25ull;
		h ^= h >> 29 ^ hash_key >> 7;
		name += n;
		len -= n;
	}
	h *= 0xff51afd7ed558ccdull;
	return (uint32_t)(h >> 32);
}

static inline void *part(uintptr_t p)
{
	return (void *)(p & ~(uintptr_t)KIND_MASK);
}

static inline unsigned int kind(uintptr_t p)
{
	return p & KIND_MASK;
}

static inline void get(uintptr_t p)
{
	++*(uint32_t *)part(p);
}

static size_t leaf_size(unsigned int room)
{
	return sizeof(struct leaf) + room * sizeof(struct entry);
}

static void put(uintptr_t p)
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
				put(in->way[i]);
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
	put(k->names);
	put(k->order);
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

static struct inner *inner_new(void)
{
	struct inner *in = mem_take(sizeof(*in));

	memset(in, 0, sizeof(*in));
	in->ref = 1;
	return in;
}

/* Makes what PLACE points to ours alone. */
static void *own(uintptr_t *place)
{
	uintptr_t p = *place;
	struct leaf *l, *was_leaf;
	struct chunk *c, *was_chunk;
	struct inner *in;

	if (*(uint32_t *)part(p) == 1)
		return part(p);
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
	put(p);
	return part(*place);
}

static struct kids *own_kids(struct kids **place)
{
	struct kids *k = *place, *was = k;

	if (k && k->ref == 1)
		return k;
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
	for (int i = 0; i < l->count; i++) {
		const struct node *n = l->entry[i].node;

		if (l->entry[i].hash == hash && n->name_len == len &&
		    memcmp(node_name(n), name, len) == 0)
			return i;
	}
	return -1;
}

static unsigned int way(uint32_t hash, unsigned int shift)
{
	return hash >> shift & (WAYS - 1);
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

/* The place of the leaf where a hash belongs, all above it ours; it may be empty. */
static uintptr_t *names_own(struct kids *k, uint32_t hash, unsigned int *shift)
{
	uintptr_t *p = &k->names;

	for (*shift = 0; *p && kind(*p) == KIND_INNER; *shift += WAY_BITS) {
		struct inner *in = own(p);

		p = &in->way[way(hash, *shift)];
	}
	return p;
}

struct node **kids_own(struct kids **place, const char *name, size_t len, uint32_t hash)
{
	struct kids *k = own_kids(place);
	unsigned int shift;
	struct leaf *l = own(names_own(k, hash, &shift));

	return &l->entry[leaf_find(l, name, len, hash)].node;
}

/* The way to chunk ID, made ours and made where missing, each part counting CHANGE bytes more. */
static uintptr_t *order_own(struct kids *k, uint32_t id, int change)
{
	uintptr_t *p = &k->order;

	while (k->levels < 8 && id >> k->levels * WAY_BITS) {
		struct inner *top = inner_new();

		top->way[0] = k->order;
		top->bytes = (uint32_t)k->text;
		k->order = (uintptr_t)top | KIND_INNER;
		k->levels++;
	}
	for (unsigned int level = k->levels; level--;) {
		struct inner *in;

		if (!*p)
			*p = (uintptr_t)inner_new() | KIND_INNER;
		in = own(p);
		in->bytes += (uint32_t)change;
		p = &in->way[way(id, level * WAY_BITS)];
	}
	return p;
}

/*
 * Appends a name and returns its chunk.  k->text still says the bytes before it.  A chunk that a
 * removal has emptied is gone, then its number is not used again.
 */
static uint32_t order_append(struct kids *k, const char *name, size_t len)
{
	uintptr_t *p = NULL;
	struct chunk *c = NULL;

	if (k->chunks) {
		p = order_own(k, k->chunks - 1, 0);
		if (*p)
			c = own(p);
	}
	if (!c || c->used + len + 1 > c->room) {
		size_t room = len + 1 > CHUNK_TEXT ? len + 1 : CHUNK_TEXT;

		c = mem_take(sizeof(*c) + room);
		c->ref = 1;
		c->used = 0;
		c->room = (uint16_t)room;
		p = order_own(k, k->chunks++, 0);
		*p = (uintptr_t)c | KIND_CHUNK;
	}
	memcpy(c->text + c->used, name, len);
	c->text[c->used + len] = 0;
	c->used = (uint16_t)(c->used + len + 1);
	order_own(k, k->chunks - 1, (int)len + 1);
	return k->chunks - 1;
}

/* Offset of a name that is there. */
static unsigned int chunk_find(const struct chunk *c, const char *name, size_t len)
{
	unsigned int at = 0;

	while (at < c->used) {
		size_t n = strlen(c->text + at);

		if (n == len && memcmp(c->text + at, name, len) == 0)
			break;
		at += (unsigned int)n + 1;
	}
	return at;
}

static void order_remove(struct kids *k, uint32_t id, const char *name, size_t len)
{
	struct chunk *c = own(order_own(k, id, -(int)len - 1));
	unsigned int at = chunk_find(c, name, len);
	uintptr_t *p = &k->order;

	memmove(c->text + at, c->text + at + len + 1, c->used - at - len - 1);
	c->used = (uint16_t)(c->used - len - 1);
	if (c->used)
		return;
	/* Nothing below the highest part that counts no bytes is of use. */
	for (unsigned int level = k->levels; level--;) {
		struct inner *in = part(*p);

		if (!in->bytes)
			break;
		p = &in->way[way(id, level * WAY_BITS)];
	}
	put(*p);
	*p = 0;
}

/* Puts an entry into the leaf at PLACE, splitting it when it is full. */
static void leaf_insert(uintptr_t *place, struct entry e, unsigned int shift)
{
	struct leaf *l = *place ? own(place) : NULL;

	if (l && l->count >= SMALL && shift < HASH_BITS) {
		struct inner *in = inner_new();

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
	struct entry e = {child, child->hash, 0};
	unsigned int shift;
	uintptr_t *p;

	if (!k->order && k->count == SMALL) {
		struct leaf *l = own(&k->names);
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
	k->count++;
	k->text += child->name_len + 1u;
	k->gen = gen;
}

void kids_remove(struct kids **place, const char *name, size_t len, uint32_t hash, uint64_t gen)
{
	struct kids *k = own_kids(place);
	unsigned int shift;
	uintptr_t *p = names_own(k, hash, &shift);
	struct leaf *l = own(p);
	int i = leaf_find(l, name, len, hash);
	struct node *child = l->entry[i].node;

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
		put(k->names);
		put(k->order);
		k->names = (uintptr_t)leaf_new(2);
		k->order = 0;
		k->chunks = k->levels = 0;
	}
}

/* The first chunk whose number is *ID or higher; *ID becomes its number. */
static const struct chunk *order_seek(const struct kids *k, uint64_t *id)
{
	while (*id >> k->levels * WAY_BITS == 0) {
		uintptr_t p = k->order;
		unsigned int level = k->levels;

		while (p && level)
			p = ((struct inner *)part(p))->way[way((uint32_t)*id, --level * WAY_BITS)];
		if (p)
			return part(p);
		/* Nothing from here to the end of this part. */
		*id = ((*id >> level * WAY_BITS) + 1) << level * WAY_BITS;
	}
	return NULL;
}

/* The chunk with byte OFFSET of the list, and the offset inside it. */
static uint64_t order_offset(const struct kids *k, size_t *offset)
{
	uintptr_t p = k->order;
	uint64_t id = 0;

	for (unsigned int level = k->levels; level && p; level--) {
		const struct inner *in = part(p);
		unsigned int w = 0;

		for (;; w++) {
			size_t bytes = 0;

			if (in->way[w])
				bytes = level > 1 ? ((struct inner *)part(in->way[w]))->bytes
						  : ((struct chunk *)part(in->way[w]))->used;
			if (*offset < bytes || w == WAYS - 1)
				break;
			*offset -= bytes;
		}
		id = id << WAY_BITS | w;
		p = in->way[w];
	}
	return id;
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
	return id << 16 | chunk_find(order_seek(k, &id), name, len);
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
