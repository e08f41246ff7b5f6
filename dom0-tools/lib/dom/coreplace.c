// SPDX-License-Identifier: MIT
/*
 * Claims on files for cores, and what is left of those whose holder is gone.
 */
#include "dom/coreplace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define REST ".core.new"

static bool is_at(int fd, int dir, const char *path)
{
	struct stat own, there;

	return !fstat(fd, &own) && !fstatat(dir, path, &there, AT_SYMLINK_NOFOLLOW) &&
	       own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

/* A file system without locks is gone without: two at once are rare. */
static bool lock(int fd, int how)
{
	int ret;

	while ((ret = flock(fd, how)) && errno == EINTR)
		;
	return !ret || errno != EWOULDBLOCK;
}

/* What is there if one of us made it, so that nobody else can have a lock on it; or -1. */
static int open_rest(int dir, const char *name)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 07777) != 0600) {
		errno = EPERM;
		return -1;
	}
	return steal_fd(&fd);
}

/* 1: it was finished; 0: the name is free now; -1 with errno. */
static int wait_for(const struct coreplace *place)
{
	autoclose int fd = open_rest(AT_FDCWD, place->fresh);

	if (fd >= 0) {
		lock(fd, LOCK_EX);
		if (is_at(fd, AT_FDCWD, place->path))
			return 1;
		if (!is_at(fd, AT_FDCWD, place->fresh))
			return 0;
	}
	return unlink(place->fresh) && errno != ENOENT ? -1 : 0;
}

int coreplace_take(struct coreplace *place, const char *path)
{
	*place = (struct coreplace){.path = path, .fd = -1};
	if (asprintf(&place->fresh, "%s.new", path) < 0) {
		place->fresh = NULL;
		return -1;
	}
	for (;;) {
		autoclose int fd = open(place->fresh,
					O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		int ret = fd < 0 && errno != EEXIST ? -1 : 0;

		if (fd >= 0 && lock(fd, LOCK_EX | LOCK_NB) && is_at(fd, AT_FDCWD, place->fresh)) {
			place->fd = steal_fd(&fd);
			return 0;
		}
		/* Else somebody took it for a rest before it was locked. */
		if (fd < 0 && !ret)
			ret = wait_for(place);
		if (ret)
			return ret;
	}
}

int coreplace_finish(struct coreplace *place)
{
	if (rename(place->fresh, place->path))
		return -1;
	free(place->fresh);
	place->fresh = NULL;
	return 0;
}

void coreplace_leave(struct coreplace *place)
{
	if (place->fd >= 0 && place->fresh)
		unlink(place->fresh);
	if (place->fd >= 0)
		close(place->fd);
	free(place->fresh);
	*place = (struct coreplace){.fd = -1};
}

static bool is_rest(const char *name)
{
	size_t length = strlen(name), end = sizeof(REST) - 1;

	return length > end && !strcmp(name + length - end, REST);
}

void coreplace_tidy(const char *path)
{
	autodir DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		autoclose int fd = -1;

		if (!is_rest(entry->d_name))
			continue;
		fd = open_rest(dirfd(dir), entry->d_name);
		if (fd >= 0 && lock(fd, LOCK_EX | LOCK_NB) && is_at(fd, dirfd(dir), entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
}
