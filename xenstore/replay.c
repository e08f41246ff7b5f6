// SPDX-License-Identifier: MIT
/*
 * record.h: reading records back.  They are our own, but a file can be damaged, so that nothing
 * outside of them is ever touched and nothing that makes no sense is carried out.
 */
#include <errno.h>
#include <string.h>

#include "conn.h"
#include "conn_socket.h"
#include "domain.h"
#include "handover.h"
#include "mem.h"
#include "persist.h"
#include "quota.h"
#include "record.h"
#include "store.h"
#include "tree.h"
#include "watch.h"

/* What a list of rights can take. */
#define PERMS_NEED 65536

/* Where a walk of the tree stands: the path so far, and its length at each depth. */
static char walk_path[TREE_PATH_MAX];
static uint16_t walk_len[TREE_PATH_MAX / 2];
static struct perms *walk_perms;

/* Memory was out: what is here is right, and to be read again by another process. */
static bool starved;

static bool had_memory(bool yes)
{
	starved |= !yes;
	return yes;
}

struct view {
	struct record head;
	const char *a, *b, *rest; /* first string, second string, what follows */
	size_t rest_len;
};

static bool view(const char *data, size_t size, struct view *v)
{
	size_t used;

	if (size < sizeof(v->head))
		return false;
	memcpy(&v->head, data, sizeof(v->head));
	used = sizeof(v->head) + v->head.a_len + v->head.b_len;
	if (v->head.size > size || v->head.size > RECORD_MAX || v->head.size % 8 ||
	    v->head.b_len > RECORD_MAX || used > v->head.size)
		return false;
	v->a = data + sizeof(v->head);
	v->b = v->a + v->head.a_len;
	v->rest = v->b + v->head.b_len;
	v->rest_len = v->head.size - used;
	return true;
}

/* Rights stand at the end of the rest: COUNT entries, and then less than 8 bytes. */
static struct perms *perms_of(const struct view *v, uint32_t count)
{
	struct perm perm[PERMS_MAX];

	if (!count || count > PERMS_MAX || v->rest_len < count * sizeof(perm[0]))
		return NULL;
	memcpy(perm, v->rest, count * sizeof(perm[0]));
	for (uint32_t i = 0; i < count; i++)
		if (perm[i].domid >= DOMID_LIMIT)
			return NULL;
	return had_memory(mem_reserve(PERMS_NEED)) ? perms_make(perm, count) : NULL;
}

static bool path_ok(const char *path, size_t len)
{
	return len && len < TREE_PATH_MAX && path[0] == '/' && (len == 1 || path[len - 1] != '/') &&
	       !memchr(path, 0, len) && !memmem(path, len, "//", 2);
}

static bool do_set(const struct view *v)
{
	struct perms *perms;

	if (!path_ok(v->a, v->head.a_len) || v->head.b_len > XENSTORE_PAYLOAD_MAX)
		return false;
	perms = perms_of(v, v->head.number);
	if (!perms)
		return false;
	had_memory(store_replay_set(v->a, v->head.a_len, v->b, v->head.b_len, perms));
	perms_put(perms);
	return true;
}

/* The number has the depth below and, in its upper half, how many entries the rights have. */
static bool do_node(const struct view *v)
{
	size_t depth = v->head.number & 0xffff, count = v->head.number >> 16;
	size_t len = depth > 1 ? walk_len[depth - 1] : 0;

	if (depth >= TREE_PATH_MAX / 2 || len + 1 + v->head.a_len >= TREE_PATH_MAX ||
	    v->head.b_len > XENSTORE_PAYLOAD_MAX)
		return false;
	if (count) {
		struct perms *perms = perms_of(v, (uint32_t)count);

		if (!perms)
			return false;
		if (walk_perms)
			perms_put(walk_perms);
		walk_perms = perms;
	}
	if (!walk_perms)
		return false;
	walk_path[len++] = '/';
	if (depth) {
		memcpy(walk_path + len, v->a, v->head.a_len);
		len += v->head.a_len;
		walk_len[depth] = (uint16_t)len;
	}
	if (!path_ok(walk_path, len))
		return false;
	return had_memory(store_replay_set(walk_path, len, v->b, v->head.b_len, walk_perms));
}

static bool do_special(const struct view *v)
{
	struct perms *perms = perms_of(v, v->head.b_len ? 0 : v->head.number >> 8);

	if (!perms)
		return false;
	if ((v->head.number & 0xff) < SPECIAL_COUNT)
		special_set_perms((enum special)(v->head.number & 0xff), perms);
	else
		perms_put(perms);
	return true;
}

static bool do_quota(const struct view *v)
{
	uint32_t word[2];

	if (v->head.a_len != sizeof(word))
		return false;
	memcpy(word, v->a, sizeof(word));
	if (word[0] >= QUOTA_COUNT)
		return false;
	if (v->head.number == PERSIST_ALL_DOMAINS)
		quota_set_running((enum quota)word[0], word[1]);
	else
		had_memory(quota_set(v->head.number, (enum quota)word[0], word[1]) != ENOMEM);
	return true;
}

static bool do_domain(const struct view *v)
{
	struct persist_domain d;

	if (v->head.a_len != sizeof(d))
		return false;
	memcpy(&d, v->a, sizeof(d));
	return d.domid < DOMID_LIMIT && had_memory(domain_restore(&d));
}

static bool do_watch(const struct view *v)
{
	struct conn *c = conn_by_id(v->head.number);
	uint32_t word[2];

	if (v->rest_len < sizeof(word) || !v->head.a_len ||
	    (v->a[0] != '@' && !path_ok(v->a, v->head.a_len)))
		return false;
	memcpy(word, v->rest, sizeof(word));
	if (c && word[1] <= v->head.a_len)
		had_memory(watch_restore(c, v->a, v->head.a_len, word[1], v->b, v->head.b_len,
					 word[0]) != ENOMEM);
	return true;
}

static bool do_owes(const struct view *v)
{
	struct conn *c = conn_by_id(v->head.number);
	uint32_t owes;

	if (v->rest_len < sizeof(owes))
		return false;
	memcpy(&owes, v->rest, sizeof(owes));
	if (c)
		watch_owe_all(c, owes != 0);
	return true;
}

static bool do_unwatch(const struct view *v)
{
	struct conn *c = conn_by_id(v->head.number);

	if (c)
		watch_remove(c, v->a, v->head.a_len, v->b, v->head.b_len);
	return true;
}

/* A socket that was kept, if it has come down to us and no request of its was half done. */
static bool do_conn(const struct view *v)
{
	uint32_t id = v->head.number, word;

	if (v->rest_len < sizeof(word))
		return false;
	memcpy(&word, v->rest, sizeof(word));
	if (id >= CONN_ID_SOCKETS && !conn_by_id(id))
		socket_restore(id, word);
	return true;
}

/* What a live update found in a client's queues. */
static bool do_socket_stream(const struct view *v)
{
	struct conn *c = conn_by_id(v->head.number);
	char *to;

	/* After anything but a live update they have been sent since, or the client was busy. */
	if (!c || !handover_is_update())
		return true;
	conn_mark(c);
	if (v->head.type == RECORD_STASH)
		return had_memory(conn_stash(c, v->b, v->head.b_len));
	to = conn_room(c, v->head.b_len);
	if (!had_memory(to != NULL))
		return false;
	memcpy(c->out + c->out_len, v->b, v->head.b_len);
	c->out_len += v->head.b_len;
	return true;
}

static bool do_stream(const struct view *v)
{
	uint32_t in_pos = 0;

	if (v->head.type != RECORD_OUT) {
		if (v->rest_len < sizeof(in_pos))
			return false;
		memcpy(&in_pos, v->rest, sizeof(in_pos));
	}
	if (v->head.number >= CONN_ID_SOCKETS)
		return do_socket_stream(v);
	if (v->head.type == RECORD_OUT)
		return had_memory(domain_restore_out(v->head.number, v->b, v->head.b_len));
	errno = 0;
	return domain_restore_in(v->head.number, in_pos, v->b, v->head.b_len) ||
	       had_memory(errno != ENOMEM);
}

static bool carry_out(const struct view *v)
{
	switch (v->head.type) {
	case RECORD_SET:
		return do_set(v);
	case RECORD_NODE:
		return do_node(v);
	case RECORD_REMOVE:
		if (!path_ok(v->a, v->head.a_len))
			return false;
		return had_memory(store_replay_remove(v->a, v->head.a_len));
	case RECORD_SPECIAL:
		return do_special(v);
	case RECORD_QUOTA:
		return do_quota(v);
	case RECORD_DOMAIN:
		return do_domain(v);
	case RECORD_CONN:
		return do_conn(v);
	case RECORD_CONN_END:
		conn_lost(v->head.number);
		return true;
	case RECORD_WATCH:
		return do_watch(v);
	case RECORD_UNWATCH:
		return do_unwatch(v);
	case RECORD_OWES:
		return do_owes(v);
	case RECORD_OUT:
	case RECORD_IN:
	case RECORD_STASH:
		return do_stream(v);
	default:
		return false;
	}
}

size_t record_replay(const char *data, size_t size, int *whole)
{
	size_t at = 0;
	struct view v;

	*whole = 0;
	starved = false;
	while (!*whole && !starved && view(data + at, size - at, &v)) {
		if (v.head.type == RECORD_END)
			*whole = 1;
		else if (!carry_out(&v))
			break;
		at += v.head.size;
		tree_reap(64);
	}
	if (walk_perms)
		perms_put(walk_perms);
	walk_perms = NULL;
	if (starved)
		*whole = -1;
	return at;
}
