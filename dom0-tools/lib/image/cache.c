/* SPDX-License-Identifier: MIT */
/*
 * Unpacked kernels, one file each, named by the packed file's SHA-512/256; beside them
 * symbolic links, named by an inode's numbers and times, that spare reading a file whose
 * inode has not changed. Files get their name only when they are whole and on the disk.
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

int image_cache_by_stat(int dir, const struct image_key *key)
{
	char link[NAME_SIZE], name[72];
	ssize_t n = readlinkat(dir, stat_name(key, link), name, sizeof(name) - 1);

	if (n != 64 + 4)
		return -1;
	name[n] = '\0';
	return strchr(name, '/') ? -1 : open_kept(dir, name);
}

/*
 * An inode whose last change is so recent that a further one could carry the same time is not
 * remembered: its numbers do not yet stand for its bytes.
 */
static void remember_inode(int dir, const struct image_key *key, const char *name)
{
	char link[NAME_SIZE];

	if (time(NULL) - key->stat.st_ctim.tv_sec < 2)
		return;
	if (symlinkat(name, dir, stat_name(key, link)) && errno != EEXIST)
		dais_log(DAIS_LOG_INFO, "cannot note %s in the cache of kernels: %s", link,
			 strerror(errno));
}

int image_cache_by_digest(int dir, const struct image_key *key)
{
	char name[72];
	int fd;

	snprintf(name, sizeof(name), "%s.elf", key->digest);
	fd = open_kept(dir, name);
	if (fd >= 0)
		remember_inode(dir, key, name);
	return fd;
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

		if (!strncmp(entry->d_name, "inode-", 6) && fstatat(dir, entry->d_name, &st, 0)) {
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
	char name[72], path[64];

	snprintf(name, sizeof(name), "%s.elf", key->digest);
	if (out < 0 || write_sparse(out, unpacked->data, unpacked->size))
		goto failed;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", out);
	if (fdatasync(out) ||
	    (linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW) && errno != EEXIST))
		goto failed;
	remember_inode(dir, key, name);
	prune(dir);
	return;
failed:
	dais_log(DAIS_LOG_INFO, "cannot keep the unpacked kernel: %s", strerror(errno));
}
