// SPDX-License-Identifier: MIT
/*
 * A create needs no transaction: what it writes becomes visible by one last node ("state", or
 * INTRODUCE), and transactions of two creates would only get in each other's way.
 */
#include "store/client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

int store_open(struct store *store, struct dais_error *err)
{
	if (!stream_open(store))
		return 0;
	dais_fail_errno(err, DAIS_NO_HOST, errno, "reach the store", "xenstored");
	return dais_hint(err, "start xenstored: systemctl start xenstored");
}

void store_close(struct store *store)
{
	stream_wait(store);
	stream_close(store);
}

/*
 * A path and its NUL as the first part of a payload. One that does not fit is as long as it
 * would be, so that the request is refused instead of being made for another node.
 */
struct path {
	char text[STORE_PATH_MAX];
	size_t size;
};

static bool path_fits(const struct path *path)
{
	return path->size <= sizeof(path->text);
}

#define PATH_OF(path, fmt)                                                         \
	do {                                                                       \
		va_list al_;                                                       \
		int length_;                                                       \
		va_start(al_, fmt);                                                \
		length_ = vsnprintf((path)->text, sizeof((path)->text), fmt, al_); \
		va_end(al_);                                                       \
		(path)->size = length_ < 0 ? SIZE_MAX : (size_t)length_ + 1;       \
	} while (0)

/* A request of a path and @count - 1 more parts, whose first place is free for the path. */
static void queue(struct store *store, uint32_t type, const struct path *path,
		  struct store_part *parts, unsigned int count, struct store_value *to,
		  bool checked)
{
	parts[0] = (struct store_part){path->text, path->size};
	if (path_fits(path))
		stream_queue(store, type, parts, count, to, checked);
	else
		stream_refuse(store, ENAMETOOLONG, path->text, to, checked);
}

static void ask(struct store *store, uint32_t type, const struct path *path, struct store_value *to)
{
	struct store_part part[1];

	queue(store, type, path, part, 1, to, false);
}

/* Its text, with errno if there is none. */
static char *text_of(const struct store_value *value)
{
	if (!value->text)
		errno = value->errnum;
	return value->text;
}

/* ----- reading ------------------------------------------------------------------------- */

void store_ask(struct store *store, struct store_value *to, const char *path_fmt, ...)
{
	struct path path;

	PATH_OF(&path, path_fmt);
	ask(store, XS_READ, &path, to);
}

void store_wait(struct store *store)
{
	stream_wait(store);
}

char *store_read(struct store *store, const char *path_fmt, ...)
{
	struct store_value value;
	struct path path;

	PATH_OF(&path, path_fmt);
	ask(store, XS_READ, &path, &value);
	stream_wait(store);
	return text_of(&value);
}

long store_number(struct store_value *value, long other)
{
	autofree char *text = steal_ptr(value->text);
	char *end;
	long number;

	if (!text || !*text)
		return other;
	errno = 0;
	number = strtol(text, &end, 10);
	return *end || errno ? other : number;
}

long store_read_number(struct store *store, long other, const char *path_fmt, ...)
{
	struct store_value value;
	struct path path;

	PATH_OF(&path, path_fmt);
	ask(store, XS_READ, &path, &value);
	stream_wait(store);
	return store_number(&value, other);
}

char *store_plain(char *text)
{
	for (char *c = text; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return text;
}

#define NAMES_MOST (1u << 22)

/* Adds @size bytes of names to @all. False without memory, or if they have no end. */
static bool add_names(struct store_value *all, const char *names, uint32_t size)
{
	char *more = all->size > NAMES_MOST ? NULL : realloc(all->text, all->size + size + 1);

	if (!more)
		return false;
	memcpy(more + all->size, names, size);
	all->text = more;
	all->size += size;
	all->text[all->size] = '\0';
	return true;
}

/*
 * More names than one answer holds come in parts, each with the generation of the node, which
 * must be the same for all; the last part ends with an empty name.
 */
static void list_parts(struct store *store, const struct path *path, struct store_value *all)
{
	char generation[32] = "", offset[16];
	unsigned int turns = 0;

	*all = (struct store_value){.errnum = ENOMEM};
	for (;;) {
		struct store_part parts[2];
		struct store_value value;
		autofree char *text = NULL;
		size_t head;
		bool last;

		snprintf(offset, sizeof(offset), "%" PRIu32, all->size);
		parts[1] = (struct store_part){offset, strlen(offset) + 1};
		queue(store, XS_DIRECTORY_PART, path, parts, 2, &value, false);
		stream_wait(store);
		text = text_of(&value);
		if (!text) {
			all->errnum = value.errnum;
			break;
		}
		head = strlen(text) + 1;
		if (head > value.size || head > sizeof(generation)) {
			all->errnum = EPROTO;
			break;
		}
		if (*generation && strcmp(generation, text) != 0) {
			/* It changed meanwhile: from the start. */
			*generation = '\0';
			all->size = 0;
			if (++turns < 16)
				continue;
			all->errnum = EAGAIN;
			break;
		}
		memcpy(generation, text, head);
		last = value.size == head || (value.size >= head + 1 && !text[value.size - 1] &&
					      (value.size == head + 1 || !text[value.size - 2]));
		if (!add_names(all, text + head, (uint32_t)(value.size - head)))
			break;
		if (last)
			return;
	}
	free(steal_ptr(all->text));
}

char **store_list(struct store *store, unsigned int *count, const char *path_fmt, ...)
{
	struct store_value value;
	autofree char *text = NULL;
	struct path path;
	size_t names = 0;
	char **list, *at;

	*count = 0;
	PATH_OF(&path, path_fmt);
	ask(store, XS_DIRECTORY, &path, &value);
	stream_wait(store);
	if (!value.text && value.errnum == E2BIG)
		list_parts(store, &path, &value);
	text = text_of(&value);
	if (!text)
		return NULL;
	for (uint32_t i = 0; i < value.size; i++)
		names += !text[i];
	/* The pointers, one of them NULL, then what they point to. */
	list = malloc((names + 1) * sizeof(*list) + value.size + 1);
	if (!list)
		return NULL;
	at = (char *)(list + names + 1);
	memcpy(at, text, value.size + 1);
	for (size_t i = 0; i < names; i++, at += strlen(at) + 1) {
		if (*at)
			list[(*count)++] = at;
	}
	list[*count] = NULL;
	return list;
}

/* ----- the rest ------------------------------------------------------------------------ */

void store_remove(struct store *store, const char *path_fmt, ...)
{
	struct path path;

	PATH_OF(&path, path_fmt);
	ask(store, XS_RM, &path, NULL);
}

void store_introduce(struct store *store, uint32_t domid, uint64_t mfn, uint32_t port)
{
	char text[64];
	int first = snprintf(text, sizeof(text), "%" PRIu32, domid) + 1;
	int second = snprintf(text + first, sizeof(text) - (size_t)first, "%" PRIu64, mfn) + 1;
	int third = snprintf(text + first + second, sizeof(text) - (size_t)(first + second),
			     "%" PRIu32, port) +
		    1;
	struct store_part part = {text, (size_t)(first + second + third)};

	stream_queue(store, XS_INTRODUCE, &part, 1, NULL, true);
}

void store_release(struct store *store, uint32_t domid)
{
	char text[16];
	struct store_part part = {text,
				  (size_t)snprintf(text, sizeof(text), "%" PRIu32, domid) + 1};

	stream_queue(store, XS_RELEASE, &part, 1, NULL, false);
}

/* A request of one text or two. */
static void queue_texts(struct store *store, uint32_t type, const char *first, const char *second,
			struct store_value *to)
{
	struct store_part parts[2] = {
		{first, strlen(first) + 1},
		{second, second ? strlen(second) + 1 : 0},
	};

	stream_queue(store, type, parts, second ? 2 : 1, to, false);
}

/* The errno of a request that tells nothing but that. */
static int result_of(struct store *store, uint32_t type, const char *first, const char *second)
{
	struct store_value value;

	queue_texts(store, type, first, second, &value);
	stream_wait(store);
	free(value.text);
	return value.errnum;
}

int store_watch(struct store *store, const char *path, const char *token)
{
	return result_of(store, XS_WATCH, path, token);
}

void store_watch_soon(struct store *store, const char *path, const char *token)
{
	queue_texts(store, XS_WATCH, path, token, NULL);
}

void store_unwatch(struct store *store, const char *path, const char *token)
{
	result_of(store, XS_UNWATCH, path, token);
}

int store_begin(struct store *store)
{
	static const struct store_part nothing = {"", 1};
	struct store_value value;
	unsigned long number = 0;
	char *end = NULL;

	stream_queue(store, XS_TRANSACTION_START, &nothing, 1, &value, false);
	stream_wait(store);
	if (value.text)
		number = strtoul(value.text, &end, 10);
	else
		errno = value.errnum;
	if (value.text && (!number || number > UINT32_MAX || *end)) {
		errno = EPROTO;
		number = 0;
	}
	cleanup_free(&value.text);
	store->transaction = (uint32_t)number;
	return number ? 0 : -1;
}

static int finish(struct store *store, const char *how)
{
	int errnum = result_of(store, XS_TRANSACTION_END, how, NULL);

	store->transaction = 0;
	errno = errnum;
	return errnum ? -1 : 0;
}

int store_commit(struct store *store)
{
	return finish(store, "T");
}

void store_abort(struct store *store)
{
	finish(store, "F");
}

/* ----- places -------------------------------------------------------------------------- */

void store_dir_at(struct store_dir *dir, struct store *store, const char *path_fmt, ...)
{
	va_list al;

	dir->store = store;
	va_start(al, path_fmt);
	vsnprintf(dir->path, sizeof(dir->path), path_fmt, al);
	va_end(al);
}

/* Like snprintf(), for less: this is done for each node of a create. */
static void join(const struct store_dir *dir, const char *name, struct path *path)
{
	size_t before = strlen(dir->path), length = strlen(name);

	path->size = before + (length ? length + 1 : 0) + 1;
	memcpy(path->text, dir->path, before + 1);
	if (!length || !path_fits(path))
		return;
	path->text[before] = '/';
	memcpy(path->text + before + 1, name, length + 1);
}

void store_dir_write(struct store_dir *dir, const char *name, const char *value_fmt, ...)
{
	char value[2048];
	const char *text = value;
	struct store_part parts[2];
	struct path path;
	va_list al;
	long length;

	join(dir, name, &path);
	va_start(al, value_fmt);
	if (!strcmp(value_fmt, "%s")) {
		/* A text as it is, as most are: without printf(), which costs more than the rest. */
		text = va_arg(al, const char *);
		text = text ? text : "";
		length = (long)strlen(text);
	} else {
		length = vsnprintf(value, sizeof(value), value_fmt, al);
	}
	va_end(al);
	if (length < 0 || (size_t)length >= sizeof(value)) {
		stream_refuse(dir->store, E2BIG, path.text, NULL, true);
		return;
	}
	parts[1] = (struct store_part){text, (size_t)length};
	queue(dir->store, XS_WRITE, &path, parts, 2, NULL, true);
}

void store_dir_perms(struct store_dir *dir, const char *name, uint32_t owner, uint32_t reader)
{
	struct store_part parts[2];
	struct path path;
	char text[40];
	size_t size;

	join(dir, name, &path);
	size = (size_t)snprintf(text, sizeof(text), "n%" PRIu32, owner) + 1;
	if (owner != reader)
		size += (size_t)snprintf(text + size, sizeof(text) - size, "r%" PRIu32, reader) + 1;
	parts[1] = (struct store_part){text, size};
	queue(dir->store, XS_SET_PERMS, &path, parts, 2, NULL, true);
}

int store_done(struct store *store, struct dais_error *err)
{
	int errnum;

	stream_wait(store);
	errnum = store->errnum;
	store->errnum = 0;
	if (!errnum)
		return 0;
	return dais_fail_errno(err, errnum == store->broken ? DAIS_NO_HOST : DAIS_FAILED, errnum,
			       "write to the store", store->failed);
}
