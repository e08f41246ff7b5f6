/* SPDX-License-Identifier: MIT */
/*
 * Unpacked kernels, one file each, named by the packed file's SHA-512/256; beside them
 * symbolic links, named by an inode's numbers and times, that spare reading a file whose
 * inode has not changed, and others, named by paths, from which it is known what to drop when
 * a file is replaced or gone. Files get their name only when they are whole and on the disk.
 * The directory must be ours alone: who can write there decides what guests boot.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <time.h>

#include "cleanup.h"
#include "image/private.h"
#include "log.h"

#define CACHE_FILES_MAX 16
#define NAME_SIZE 192
#define KEPT_SIZE 72 /* a digest, ".elf", and a byte by which a longer name is seen */
#define BLOCK 4096u

int image_cache_open(const char *path)
{
	autoclose int dir = -1;
	struct stat st;

	if (!*path)
		return -1;
	if (mkdir(path, 0700) && errno == ENOENT) {
		autofree char *parent = strdup(path);
		char *slash = parent ? strrchr(parent, '/') : NULL;

		if (slash && slash != parent) {
			*slash = '\0';
			mkdir(parent, 0755);
			mkdir(path, 0700);
		}
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st))
		return -1;
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH)) {
		dais_log(DAIS_LOG_WARNING,
			 "%s is not used to keep unpacked kernels: others may write to it", path);
		return -1;
	}
	return steal_fd(&dir);
}

static char *stat_name(const struct image_key *key, char name[NAME_SIZE])
{
	const struct stat *st = &key->stat;

	snprintf(name, NAME_SIZE, "inode-%jx-%ju-%jd-%jd.%09ld-%jd.%09ld", (uintmax_t)st->st_dev,
		 (uintmax_t)st->st_ino, (intmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec,
		 st->st_mtim.tv_nsec, (intmax_t)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
	return name;
}

static int open_kept(int dir, const char *name)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & (S_IWGRP | S_IWOTH) || st.st_size <= 0 ||
	    (uint64_t)st.st_size > DAIS_IMAGE_MAX)
		return -1;
	return steal_fd(&fd);
}

/* The kernel that a link is to. */
static int read_link(int dir, const char *link, char name[KEPT_SIZE])
{
	ssize_t n = readlinkat(dir, link, name, KEPT_SIZE - 1);

	if (n != 64 + 4)
		return -1;
	name[n] = '\0';
	return strchr(name, '/') ? -1 : 0;
}

int image_cache_by_stat(int dir, const struct image_key *key)
{
	char link[NAME_SIZE], name[KEPT_SIZE];

	return read_link(dir, stat_name(key, link), name) ? -1 : open_kept(dir, name);
}

/*
 * An inode whose last change is so recent that a further one could carry the same time is not
 * remembered: its numbers do not yet stand for its bytes.
 */
static void remember_inode(int dir, const struct image_key *key, const char *name)
{
	char link[NAME_SIZE];

	if (key->looked - key->stat.st_ctim.tv_sec < 2)
		return;
	if (symlinkat(name, dir, stat_name(key, link)) && errno != EEXIST)
		dais_log(DAIS_LOG_INFO, "cannot note %s in the cache of kernels: %s", link,
			 strerror(errno));
}

static bool is_link(const char *name)
{
	return !strncmp(name, "inode-", 6) || !strncmp(name, "path-", 5);
}

/* Makes room: the oldest kernels go, and links that lead nowhere. */
static void prune(int dir)
{
	autodir DIR *d = NULL;
	char oldest[NAME_MAX + 1] = "";
	struct timespec age = {0};
	struct dirent *entry;
	unsigned int files = 0;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	d = copy >= 0 ? fdopendir(copy) : NULL;
	while (d && (entry = readdir(d))) {
		struct stat st;

		if (is_link(entry->d_name) && fstatat(dir, entry->d_name, &st, 0)) {
			unlinkat(dir, entry->d_name, 0);
			continue;
		}
		if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		files++;
		if (!*oldest || st.st_mtim.tv_sec < age.tv_sec) {
			age = st.st_mtim;
			snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
		}
	}
	if (files > CACHE_FILES_MAX)
		unlinkat(dir, oldest, 0);
}

/* A link's name; false for a path that is too long for one: it is not remembered. */
static bool path_name(const char *path, char link[NAME_MAX + 1])
{
	if (!path || snprintf(link, NAME_MAX + 1, "path-%s", path) > NAME_MAX)
		return false;
	for (char *at = link; (at = strchr(at, '/')) != NULL;)
		*at = '%';
	return true;
}

/* Whether a path's kernel is @name. */
static bool is_named(int dir, const char *name)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		char other[KEPT_SIZE];

		if (!strncmp(entry->d_name, "path-", 5) && !read_link(dir, entry->d_name, other) &&
		    !strcmp(other, name))
			return true;
	}
	return false;
}

bool image_cache_forget(int dir, const char *path)
{
	char link[NAME_MAX + 1], name[KEPT_SIZE];

	if (!path_name(path, link) || read_link(dir, link, name))
		return false;
	unlinkat(dir, link, 0);
	if (!is_named(dir, name))
		unlinkat(dir, name, 0);
	prune(dir);
	return true;
}

static void remember_path(int dir, const struct image_key *key, const char *name)
{
	char link[NAME_MAX + 1], before[KEPT_SIZE];

	if (!path_name(key->path, link))
		return;
	if (!read_link(dir, link, before)) {
		if (!strcmp(before, name))
			return;
		image_cache_forget(dir, key->path);
	}
	if (symlinkat(name, dir, link) && errno != EEXIST)
		dais_log(DAIS_LOG_INFO, "cannot note %s in the cache of kernels: %s", link,
			 strerror(errno));
}

int image_cache_by_digest(int dir, const struct image_key *key)
{
	char name[KEPT_SIZE];
	int fd;

	snprintf(name, sizeof(name), "%s.elf", key->digest);
	fd = open_kept(dir, name);
	if (fd >= 0) {
		remember_inode(dir, key, name);
		remember_path(dir, key, name);
	}
	return fd;
}

static bool is_zero(const uint8_t *at, size_t size)
{
	return !*at && !memcmp(at, at + 1, size - 1);
}

static int write_whole(int fd, const uint8_t *bytes, size_t size, off_t at)
{
	while (size) {
		ssize_t n = pwrite(fd, bytes, size, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Blocks of zeros, half of a kernel, are left out: they take neither time nor place. */
static int write_sparse(int out, const uint8_t *bytes, size_t size)
{
	size_t from, to, part;

	if (ftruncate(out, (off_t)size))
		return -1;
	for (from = to = 0; to < size; to += part) {
		part = size - to < BLOCK ? size - to : BLOCK;
		if (!is_zero(bytes + to, part))
			continue;
		if (write_whole(out, bytes + from, to - from, (off_t)from))
			return -1;
		from = to + part;
	}
	return write_whole(out, bytes + from, to - from, (off_t)from);
}

void image_cache_add(int dir, const struct image_key *key, const struct dais_blob *unpacked)
{
	autoclose int out = openat(dir, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0400);
	char name[KEPT_SIZE], path[64];

	snprintf(name, sizeof(name), "%s.elf", key->digest);
	if (out < 0 || write_sparse(out, unpacked->data, unpacked->size))
		goto failed;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", out);
	if (fdatasync(out) ||
	    (linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW) && errno != EEXIST))
		goto failed;
	remember_inode(dir, key, name);
	remember_path(dir, key, name);
	prune(dir);
	return;
failed:
	dais_log(DAIS_LOG_INFO, "cannot keep the unpacked kernel: %s", strerror(errno));
}
