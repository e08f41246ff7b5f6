// SPDX-License-Identifier: MIT
/*
 * One request per call. The library's connection is kept; a transaction is used nowhere,
 * because what is written here becomes visible by one last node ("state", or INTRODUCE), and
 * transactions of two creates would only get in each other's way.
 */
#include "store/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

int store_open(struct store *store, struct dais_error *err)
{
	store->requests = 0;
	store->xs = xs_open(0);
	if (store->xs)
		return 0;
	dais_fail_errno(err, DAIS_NO_HOST, errno, "reach the store", "xenstored");
	return dais_hint(err, "start xenstored: systemctl start xenstored");
}

void store_close(struct store *store)
{
	if (store->xs)
		xs_close(store->xs);
	store->xs = NULL;
}

#define PATH_OF(buffer, fmt)                                 \
	do {                                                 \
		va_list al_;                                 \
		va_start(al_, fmt);                          \
		vsnprintf(buffer, sizeof(buffer), fmt, al_); \
		va_end(al_);                                 \
	} while (0)

char *store_read(struct store *store, const char *path_fmt, ...)
{
	char path[STORE_PATH_MAX];
	unsigned int length;

	PATH_OF(path, path_fmt);
	store->requests++;
	return xs_read(store->xs, XBT_NULL, path, &length);
}

long store_read_number(struct store *store, long other, const char *path_fmt, ...)
{
	char path[STORE_PATH_MAX], *end;
	autofree char *text = NULL;
	unsigned int length;
	long value;

	PATH_OF(path, path_fmt);
	store->requests++;
	text = xs_read(store->xs, XBT_NULL, path, &length);
	if (!text || !*text)
		return other;
	value = strtol(text, &end, 10);
	return *end ? other : value;
}

char *store_plain(char *text)
{
	for (char *c = text; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return text;
}

int store_write(struct store *store, const char *path, const char *value)
{
	store->requests++;
	return xs_write(store->xs, XBT_NULL, path, value, (unsigned int)strlen(value)) ? 0 : -1;
}

int store_remove(struct store *store, const char *path_fmt, ...)
{
	char path[STORE_PATH_MAX];

	PATH_OF(path, path_fmt);
	store->requests++;
	return xs_rm(store->xs, XBT_NULL, path) ? 0 : -1;
}

char **store_list(struct store *store, unsigned int *count, const char *path_fmt, ...)
{
	char path[STORE_PATH_MAX];

	PATH_OF(path, path_fmt);
	store->requests++;
	*count = 0;
	return xs_directory(store->xs, XBT_NULL, path, count);
}

void store_dir_at(struct store_dir *dir, struct store *store, const char *path_fmt, ...)
{
	dir->store = store;
	dir->errnum = 0;
	PATH_OF(dir->path, path_fmt);
}

static void join(const struct store_dir *dir, const char *name, char path[STORE_PATH_MAX])
{
	snprintf(path, STORE_PATH_MAX, "%s%s%s", dir->path, *name ? "/" : "", name);
}

static void note(struct store_dir *dir, bool good, const char *path)
{
	dir->store->requests++;
	if (good || dir->errnum)
		return;
	dir->errnum = errno ? errno : EIO;
	snprintf(dir->failed, sizeof(dir->failed), "%s", path);
}

void store_dir_write(struct store_dir *dir, const char *name, const char *value_fmt, ...)
{
	char path[STORE_PATH_MAX], value[2048];

	if (dir->errnum)
		return;
	join(dir, name, path);
	PATH_OF(value, value_fmt);
	note(dir, xs_write(dir->store->xs, XBT_NULL, path, value, (unsigned int)strlen(value)),
	     path);
}

void store_dir_perms(struct store_dir *dir, const char *name, uint32_t owner, uint32_t reader)
{
	struct xs_permissions perms[2] = {
		{.id = owner, .perms = XS_PERM_NONE},
		{.id = reader, .perms = XS_PERM_READ},
	};
	char path[STORE_PATH_MAX];

	if (dir->errnum)
		return;
	join(dir, name, path);
	note(dir,
	     xs_set_permissions(dir->store->xs, XBT_NULL, path, perms, owner == reader ? 1 : 2),
	     path);
}

int store_dir_done(const struct store_dir *dir, struct dais_error *err)
{
	if (!dir->errnum)
		return 0;
	return dais_fail_errno(err, DAIS_FAILED, dir->errnum, "write to the store", dir->failed);
}
