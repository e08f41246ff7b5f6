// SPDX-License-Identifier: MIT
/*
 * checkpoint.h.  The tree is held and walked, which keeps it as it was while requests go on; what
 * they change meanwhile is copied as for a transaction.  A file that is not whole keeps the name
 * of an unfinished one.
 */
#include "checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"
#include "domain.h"
#include "mem.h"
#include "persist.h"
#include "quota.h"
#include "record.h"
#include "store.h"
#include "tree.h"
#include "watch.h"

#define SLICE_NODES 1000
#define WRITE_SIZE (256u << 10)

struct checkpoint {
	bool active, failed, walked;
	int dir_fd, fd;
	uint64_t number;
	struct tree_walk walk;
	struct perms *perms; /* of the last node */
	size_t size; /* written */
	char *buffer;
	size_t used, room, sent;
};

static struct checkpoint current = {.fd = -1};

bool checkpoint_active(void)
{
	return current.active;
}

struct checkpoint *checkpoint_begin(int dir_fd, uint64_t n)
{
	struct checkpoint *c = &current;

	if (c->active)
		checkpoint_abort();
	*c = (struct checkpoint){.dir_fd = dir_fd, .number = n};
	c->fd = openat(dir_fd, CHECKPOINT_UNFINISHED, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		       0600);
	if (c->fd < 0)
		return NULL;
	tree_walk_begin(&c->walk, store_root);
	c->active = true;
	return c;
}

char *checkpoint_room(struct checkpoint *c, size_t size)
{
	if (c->used + size > c->room) {
		size_t room = c->room ? c->room : WRITE_SIZE;
		char *more;

		while (room < c->used + size)
			room *= 2;
		more = mem_grow(c->buffer, c->room, room);
		if (!more) {
			c->failed = true;
			return NULL;
		}
		c->buffer = more;
		c->room = room;
	}
	c->used += size;
	return c->buffer + c->used - size;
}

void checkpoint_rest(struct checkpoint *c)
{
	(void)c;
	for (unsigned int i = 0; i < SPECIAL_COUNT; i++)
		persist_special(i);
	for (unsigned int q = 0; q < QUOTA_COUNT; q++) {
		if (quota_is_running((enum quota)q))
			persist_quota(PERSIST_ALL_DOMAINS, q, quota_limit(0, (enum quota)q));
		for (unsigned int domid = 1; domid < DOMID_LIMIT; domid++)
			if (quota_is_own(domid, (enum quota)q))
				persist_quota(domid, q, quota_limit(domid, (enum quota)q));
	}
	domain_persist_all();
	for (const struct conn *each = conn_list; each; each = each->next) {
		if (!each->kept)
			continue;
		persist_conn(each);
		for (const struct watch *w = each->watches; w; w = w->next)
			persist_watch(each, w);
		if (each->owes)
			persist_owes(each);
	}
}

/* A node as the walk meets it; rights only when they differ from the last node's. */
static bool add_node(struct checkpoint *c, const struct node *n, size_t depth)
{
	unsigned int count = n->perms == c->perms ? 0 : n->perms->count;
	size_t perms_len = count * sizeof(struct perm);
	size_t size = sizeof(struct record) + n->name_len + n->value_len + perms_len;
	struct record head = {(uint32_t)(size + 7) & ~7u, RECORD_NODE, n->name_len, n->value_len,
			      (uint32_t)depth | count << 16};
	char *to = checkpoint_room(c, head.size);

	if (!to)
		return false;
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), n->data, n->name_len + (size_t)n->value_len);
	if (count)
		memcpy(to + sizeof(head) + n->name_len + n->value_len, n->perms->perm, perms_len);
	/* The walk holds the tree, and with it the rights. */
	c->perms = n->perms;
	return true;
}

static bool send(struct checkpoint *c)
{
	while (c->sent < c->used) {
		ssize_t n = write(c->fd, c->buffer + c->sent, c->used - c->sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		c->sent += (size_t)n;
		c->size += (size_t)n;
	}
	c->used = c->sent = 0;
	return true;
}

static void finish(struct checkpoint *c)
{
	if (c->walk.root)
		tree_walk_end(&c->walk);
	mem_free(c->buffer, c->room);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct checkpoint){.fd = -1};
}

void checkpoint_abort(void)
{
	if (!current.active)
		return;
	unlinkat(current.dir_fd, CHECKPOINT_UNFINISHED, 0);
	finish(&current);
}

enum checkpoint_state checkpoint_slice(size_t *size)
{
	struct checkpoint *c = &current;
	struct record end = {.size = sizeof(end), .type = RECORD_END};
	char name[40], *to;
	struct node *n;
	size_t depth;

	for (int i = 0; i < SLICE_NODES && !c->walked && !c->failed; i++) {
		n = tree_walk_next(&c->walk, &depth);
		if (n)
			c->failed |= !add_node(c, n, depth);
		else if (c->walk.failed)
			c->failed = true;
		else
			c->walked = true;
	}
	if (c->walked) {
		to = checkpoint_room(c, sizeof(end));
		if (to)
			memcpy(to, &end, sizeof(end));
	}
	if (c->failed)
		errno = ENOMEM;
	else if ((c->used >= WRITE_SIZE || c->walked) && !send(c))
		c->failed = true;
	if (c->failed)
		return CHECKPOINT_FAILED;
	if (!c->walked)
		return CHECKPOINT_MORE;
	snprintf(name, sizeof(name), "checkpoint.%llu", (unsigned long long)c->number);
	if (renameat(c->dir_fd, CHECKPOINT_UNFINISHED, c->dir_fd, name))
		return CHECKPOINT_FAILED;
	*size = c->size;
	finish(c);
	return CHECKPOINT_DONE;
}

int checkpoint_scan(int dir_fd, uint64_t *checkpoint, uint64_t *first, uint64_t *last)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	*checkpoint = *first = *last = 0;
	if (!d) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	for (errno = 0; (e = readdir(d)); errno = 0) {
		const char *dot = strchr(e->d_name, '.');
		uint64_t n = dot ? strtoull(dot + 1, NULL, 10) : 0;

		if (!n)
			continue;
		if (strncmp(e->d_name, "checkpoint.", 11) == 0 && n > *checkpoint)
			*checkpoint = n;
		if (!*first || n < *first)
			*first = n;
		if (n > *last)
			*last = n;
	}
	if (errno) {
		closedir(d);
		return -1;
	}
	closedir(d);
	return 0;
}
