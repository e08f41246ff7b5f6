// SPDX-License-Identifier: MIT
/*
 * request.h.  A handler checks the request's form, finds its node, checks rights, and only then
 * acts.  It returns 0 when it has replied, or the errno to reply.
 */
#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "domain.h"
#include "log.h"
#include "mem.h"
#include "past.h"
#include "persist.h"
#include "prefetch.h"
#include "quota.h"
#include "recent.h"
#include "store.h"
#include "tree.h"
#include "watch.h"

bool request_log;
uint64_t request_count;

const char *request_home(const struct conn *c)
{
	static char home[32];

	snprintf(home, sizeof(home), "/local/domain/%u/", c->who.domid);
	return home;
}

/* conn_room() has promised the room before the request ran. */
void request_reply(const struct request *r, const void *data, size_t len)
{
	char *to = conn_room(r->conn, len);

	if (!to)
		return;
	memcpy(to, data, len);
	conn_push(r->conn, r->head.type, r->head.req_id, r->head.tx_id, len);
}

int request_ok(const struct request *r)
{
	request_reply(r, "OK", 3);
	return 0;
}

static int path_of(const struct request *r, const char *text, size_t len, struct wire_path *p)
{
	const char *home = len && text[0] != '/' ? request_home(r->conn) : "";
	uint32_t limit = quota_limit(r->conn->who.domid, QUOTA_PATH_MAX);

	/* It may have more, with the others, but never less than the protocol gives it. */
	if (r->conn->who.privileged && limit < XENSTORE_REL_PATH_MAX)
		limit = XENSTORE_REL_PATH_MAX;
	return wire_path(p, text, len, home, limit);
}

/* The payload as one path, ended by its only NUL. */
static int one_path(const struct request *r, struct wire_path *p)
{
	size_t len = r->head.len;

	if (!len || r->data[len - 1])
		return EINVAL;
	return path_of(r, r->data, len - 1, p);
}

/* What stands at a path in the store of now, and where, if that was looked for. */
static struct node *look(const struct wire_path *p, struct place *where)
{
	struct node *n = prefetch_find(p->text, p->len, where);

	return n ? n : recent_look(&store_root, p->text, p->len, where);
}

/* Finds a node on which the client has RIGHT, noting its use, and where it stands. */
static int find_place(const struct request *r, const struct wire_path *p, unsigned int right,
		      enum txn_use use, struct node **n, struct place *where)
{
	int err = txn_note(r->txn, p->text, p->len, use);
	const struct node *above;
	size_t at;

	*n = NULL;
	if (err)
		return err;
	if (r->txn && r->txn->root) {
		*where = (struct place){0};
		*n = tree_find(r->txn->root, p->text, p->len);
	} else {
		*n = look(p, where);
		if (r->txn)
			r->txn->last->place = *where;
	}
	/* Of what is not there no more is said than its nearest parent allows. */
	if (!*n) {
		above = where->dir;
		if (!above)
			above = tree_deepest(store_view(r->txn), p->text, p->len, &at);
		return perms_rights(above->perms, &r->conn->who) & right ? ENOENT : EACCES;
	}
	*n = txn_node(r->txn, *n);
	return (perms_rights((*n)->perms, &r->conn->who) & right) == right ? 0 : EACCES;
}

static int find(const struct request *r, const struct wire_path *p, unsigned int right,
		enum txn_use use, struct node **n)
{
	struct place where;

	return find_place(r, p, right, use, n, &where);
}

static int do_read(const struct request *r)
{
	struct wire_path p;
	struct node *n;
	int err = one_path(r, &p);

	if (!err)
		err = find(r, &p, RIGHT_READ, USE_READ, &n);
	if (err)
		return err;
	request_reply(r, node_value(n), n->value_len);
	return 0;
}

static int do_directory(const struct request *r)
{
	struct wire_path p;
	struct node *n;
	char *to;
	int err = one_path(r, &p);

	if (!err)
		err = find(r, &p, RIGHT_READ, USE_LIST, &n);
	if (err)
		return err;
	if (kids_text(n->kids) > XENSTORE_PAYLOAD_MAX)
		return E2BIG;
	to = conn_room(r->conn, XENSTORE_PAYLOAD_MAX);
	if (!to)
		return ENOMEM;
	conn_push(r->conn, r->head.type, r->head.req_id, r->head.tx_id,
		  kids_list(n->kids, 0, to, XENSTORE_PAYLOAD_MAX));
	return 0;
}

static int do_directory_part(const struct request *r)
{
	struct wire_field field[2];
	struct wire_path p;
	struct node *n;
	size_t offset, len;
	char *to;
	int err;

	if (wire_fields(r->data, r->head.len, field, 2) != 2)
		return EINVAL;
	err = path_of(r, field[0].text, field[0].len, &p);
	if (!err)
		err = find(r, &p, RIGHT_READ, USE_LIST, &n);
	if (err)
		return err;
	offset = strtoul(field[1].text, NULL, 10);
	to = conn_room(r->conn, XENSTORE_PAYLOAD_MAX);
	if (!to)
		return ENOMEM;
	len = (size_t)snprintf(to, 32, "%llu", (unsigned long long)kids_gen(n->kids)) + 1;
	if (offset < kids_text(n->kids)) {
		size_t got = kids_list(n->kids, offset, to + len, XENSTORE_PAYLOAD_MAX - len - 1);

		len += got;
		offset += got;
	}
	/* One more NUL says that this is the end. */
	if (offset >= kids_text(n->kids))
		to[len++] = 0;
	conn_push(r->conn, r->head.type, r->head.req_id, r->head.tx_id, len);
	return 0;
}

static int do_get_perms(const struct request *r)
{
	struct wire_path p;
	struct node *n;
	char *to;
	size_t len;
	int err = one_path(r, &p);

	if (!err)
		err = find(r, &p, RIGHT_READ, USE_READ, &n);
	if (err)
		return err;
	to = conn_room(r->conn, XENSTORE_PAYLOAD_MAX);
	if (!to)
		return ENOMEM;
	len = perms_format(n->perms, to, XENSTORE_PAYLOAD_MAX);
	if (!len)
		return E2BIG;
	conn_push(r->conn, r->head.type, r->head.req_id, r->head.tx_id, len);
	return 0;
}

static int do_write(const struct request *r)
{
	const char *nul = memchr(r->data, 0, r->head.len);
	struct wire_path p;
	struct place where;
	struct node *n;
	size_t value_len;
	int err;

	if (!nul)
		return EINVAL;
	err = path_of(r, r->data, (size_t)(nul - r->data), &p);
	if (err)
		return err;
	value_len = r->head.len - (size_t)(nul + 1 - r->data);
	err = find_place(r, &p, RIGHT_WRITE, USE_READ, &n, &where);
	if (!err)
		err = store_write(r->txn, &r->conn->who, n, &where, p.text, p.len, nul + 1,
				  value_len);
	else if (err == ENOENT && !n)
		err = store_make(r->txn, &r->conn->who, &where, p.text, p.len, nul + 1, value_len);
	return err ? err : request_ok(r);
}

static int do_mkdir(const struct request *r)
{
	struct wire_path p;
	struct place where;
	struct node *n;
	int err = one_path(r, &p);

	if (err)
		return err;
	err = find_place(r, &p, RIGHT_WRITE, USE_READ, &n, &where);
	if (err == ENOENT && !n)
		err = store_make(r->txn, &r->conn->who, &where, p.text, p.len, NULL, 0);
	return err ? err : request_ok(r);
}

static int do_rm(const struct request *r)
{
	struct wire_path p;
	struct node *n;
	int err = one_path(r, &p);

	if (err)
		return err;
	err = find(r, &p, RIGHT_WRITE, USE_READ, &n);
	if (p.len == 1)
		return err ? err : EINVAL;
	if (!err) {
		err = store_remove(r->txn, p.text, p.len);
	} else if (err == ENOENT && !n) {
		/* Already as wished, if there is a parent. */
		size_t up = tree_parent(p.text, p.len);

		err = txn_note(r->txn, p.text, up, USE_PERMS);
		if (!err && !tree_find(store_view(r->txn), p.text, up))
			err = ENOENT;
	}
	return err ? err : request_ok(r);
}

/* Reads the entries of a SET_PERMS into a list, which the caller puts. */
static int perms_of(const struct request *r, const char *text, size_t len, struct perms **perms)
{
	struct perm perm[PERMS_MAX];
	unsigned int count = 0;
	int err;

	while (len) {
		size_t n = strlen(text) + 1;

		if (count == PERMS_MAX)
			return ENOSPC;
		err = perm_parse(text, &perm[count]);
		if (err)
			return err;
		err = domain_name_in_rights(perm[count].domid);
		/* An owner has to exist; others gain nothing from being named too early. */
		if (err == ENOENT && count && perm[count].domid)
			perm[count].life = PERM_NOBODY;
		else if (err)
			return err;
		else
			perm[count].life = perm_life(perm[count].domid);
		count++;
		text += n;
		len -= n;
	}
	if (!count)
		return EINVAL;
	if (!r->conn->who.privileged && count > quota_limit(r->conn->who.domid, QUOTA_PERMISSIONS))
		return ENOSPC;
	if (!mem_reserve(65536))
		return ENOMEM;
	*perms = perms_make(perm, count);
	return 0;
}

static int do_set_perms(const struct request *r)
{
	const char *nul = memchr(r->data, 0, r->head.len);
	struct perms *perms;
	struct wire_path p;
	struct node *n;
	enum special special;
	size_t rest;
	int err;

	if (!nul || r->data[r->head.len - 1] || nul + 1 == r->data + r->head.len)
		return EINVAL;
	rest = r->head.len - (size_t)(nul + 1 - r->data);
	if (r->data[0] == '@') {
		special = special_find(r->data, (size_t)(nul - r->data));
		if (special == SPECIAL_COUNT)
			return EINVAL;
		if (!r->conn->who.privileged)
			return EACCES;
		err = perms_of(r, nul + 1, rest, &perms);
		if (err)
			return err;
		special_set_perms(special, perms);
		persist_special(special);
		return request_ok(r);
	}
	err = perms_of(r, nul + 1, rest, &perms);
	if (err)
		return err;
	err = path_of(r, r->data, (size_t)(nul - r->data), &p);
	if (!err)
		err = find(r, &p, RIGHT_WRITE | RIGHT_OWNER, USE_READ, &n);
	if (err) {
		perms_put(perms);
		return err;
	}
	if (!r->conn->who.privileged && (perms->perm[0].domid != n->perms->perm[0].domid ||
					 perms->perm[0].life != n->perms->perm[0].life))
		err = EPERM;
	else
		err = store_set_perms(r->txn, &r->conn->who, p.text, p.len, perms);
	perms_put(perms);
	return err ? err : request_ok(r);
}

/* Path and token of WATCH and UNWATCH, and a depth if there is a third string. */
static int watch_args(const struct request *r, struct wire_field *field, unsigned int room,
		      struct wire_path *p, uint32_t *depth)
{
	unsigned int count = wire_fields(r->data, r->head.len, field, room);
	int err = 0;

	if (count < 2 || count > room)
		return EINVAL;
	*depth = WATCH_DEPTH_ANY;
	if (count == 3)
		err = wire_number(field[2].text, UINT32_MAX - 1, depth);
	if (err)
		return err;
	if (field[0].text[0] != '@')
		return path_of(r, field[0].text, field[0].len, p);
	/* Special names: any, so that clients may ask for what other servers have. */
	if (field[0].len > XENSTORE_REL_PATH_MAX)
		return EINVAL;
	p->text = field[0].text;
	p->len = field[0].len;
	p->home_len = 0;
	return 0;
}

static int do_watch(const struct request *r)
{
	struct wire_field field[3];
	struct wire_path p;
	uint32_t depth;
	int err = watch_args(r, field, 3, &p, &depth);

	if (err)
		return err;
	/* Its event, path and token, must fit into a message. */
	if (p.len + field[1].len + 2 > XENSTORE_PAYLOAD_MAX)
		return E2BIG;
	err = watch_add(r->conn, p.text, p.len, p.home_len, field[1].text, field[1].len, depth);
	if (err)
		return err;
	request_ok(r);
	watch_first(r->conn);
	return 0;
}

static int do_unwatch(const struct request *r)
{
	struct wire_field field[2];
	struct wire_path p;
	uint32_t depth;
	int err = watch_args(r, field, 2, &p, &depth);

	/* What no watch can have been set on is not there. */
	if (err && wire_fields(r->data, r->head.len, field, 2) == 2)
		return ENOENT;
	if (!err)
		err = watch_remove(r->conn, p.text, p.len, field[1].text, field[1].len);
	return err ? err : request_ok(r);
}

static int do_reset_watches(const struct request *r)
{
	while (r->conn->watches) {
		struct watch *w = r->conn->watches;

		watch_remove(r->conn, w->text, w->path_len, w->text + w->path_len + 1,
			     w->token_len);
	}
	txn_abort_all(r->conn);
	return request_ok(r);
}

static int do_transaction_start(const struct request *r)
{
	char text[16];
	uint32_t id;
	int err;

	if (r->txn)
		return EBUSY;
	err = txn_begin(r->conn, &id);
	if (err)
		return err;
	request_reply(r, text, (size_t)snprintf(text, sizeof(text), "%u", id) + 1);
	return 0;
}

static int do_transaction_end(const struct request *r)
{
	int err = 0;

	if (r->head.len != 2 || r->data[1] || (r->data[0] != 'T' && r->data[0] != 'F'))
		return EINVAL;
	if (!r->txn)
		return ENOENT;
	if (r->data[0] == 'T')
		err = txn_commit(r->txn);
	txn_end(r->txn);
	return err ? err : request_ok(r);
}

/* What an operation needs. */
enum { NEEDS_NOTHING = 0, NEEDS_DOM0 = 1 };

static const struct {
	int (*run)(const struct request *r);
	unsigned int needs;
} table[XS_TYPE_COUNT] = {
	[XS_CONTROL] = {control_run, NEEDS_DOM0},
	[XS_DIRECTORY] = {do_directory, NEEDS_NOTHING},
	[XS_READ] = {do_read, NEEDS_NOTHING},
	[XS_GET_PERMS] = {do_get_perms, NEEDS_NOTHING},
	[XS_WATCH] = {do_watch, NEEDS_NOTHING},
	[XS_UNWATCH] = {do_unwatch, NEEDS_NOTHING},
	[XS_TRANSACTION_START] = {do_transaction_start, NEEDS_NOTHING},
	[XS_TRANSACTION_END] = {do_transaction_end, NEEDS_NOTHING},
	[XS_INTRODUCE] = {request_introduce, NEEDS_DOM0},
	[XS_RELEASE] = {request_release, NEEDS_DOM0},
	[XS_GET_DOMAIN_PATH] = {request_domain_path, NEEDS_NOTHING},
	[XS_WRITE] = {do_write, NEEDS_NOTHING},
	[XS_MKDIR] = {do_mkdir, NEEDS_NOTHING},
	[XS_RM] = {do_rm, NEEDS_NOTHING},
	[XS_SET_PERMS] = {do_set_perms, NEEDS_NOTHING},
	[XS_IS_DOMAIN_INTRODUCED] = {request_is_introduced, NEEDS_DOM0},
	[XS_RESUME] = {request_release, NEEDS_DOM0},
	[XS_SET_TARGET] = {request_set_target, NEEDS_DOM0},
	[XS_RESET_WATCHES] = {do_reset_watches, NEEDS_NOTHING},
	[XS_DIRECTORY_PART] = {do_directory_part, NEEDS_NOTHING},
};

static int run(struct request *r)
{
	struct conn *c = r->conn;

	if (r->head.type >= XS_TYPE_COUNT || !table[r->head.type].run)
		return ENOSYS;
	if (table[r->head.type].needs & NEEDS_DOM0 && !c->who.privileged)
		return EACCES;
	/* Watches are no part of a transaction, and the peer does not look. */
	if (r->head.tx_id && r->head.type != XS_WATCH && r->head.type != XS_UNWATCH) {
		r->txn = txn_find(c, r->head.tx_id);
		if (!r->txn && c->restored)
			r->txn = txn_begin_doomed(c, r->head.tx_id);
		if (!r->txn)
			return ENOENT;
	}
	return table[r->head.type].run(r);
}

bool request_run(struct conn *c, const struct xsd_sockmsg *head, const char *data)
{
	struct request r = {.conn = c, .head = *head, .data = data};
	int err;

	/* A reply must always be possible, or what was done could not be told. */
	if (!conn_room(c, XENSTORE_PAYLOAD_MAX))
		return false;
	request_count++;
	err = run(&r);
	if (err) {
		const char *name = wire_error(err);

		r.head.type = XS_ERROR;
		request_reply(&r, name, strlen(name) + 1);
	}
	if (request_log)
		log_request(c->who.domid, c->id, wire_type(head->type), head->tx_id, data,
			    head->len, err ? wire_error(err) : "ok");
	past_bound();
	return true;
}
