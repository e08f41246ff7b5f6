/* SPDX-License-Identifier: MIT */
/*
 * From a path to a kernel in memory. A file's bytes are copied once and looked at afterwards,
 * so that its owner cannot change them under our eyes; what has to be unpacked comes from the
 * cache or from the confined child.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "cleanup.h"
#include "export.h"
#include "image/private.h"

#define DEFAULT_SECONDS 120
#define HEAP_SIZE (64u << 10) /* of bytes for which a mapping costs more than they do */
#define START_SIZE 1024u /* of a file: an ELF header and more program headers than kernels have */

static int open_regular(const char *path, struct stat *st, struct dais_error *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, st))
		return dais_fail_errno(err, DAIS_IMAGE, errno, "open", path);
	if (!S_ISREG(st->st_mode))
		return dais_fail(err, DAIS_IMAGE, "use", path, "it is not a regular file");
	if (st->st_size == 0)
		return dais_fail(err, DAIS_IMAGE, "use", path, "it is empty");
	if ((uint64_t)st->st_size > DAIS_IMAGE_MAX)
		return dais_fail(err, DAIS_IMAGE, "use", path, "it is larger than %llu MiB",
				 DAIS_IMAGE_MAX >> 20);
	return steal_fd(&fd);
}

static int read_whole(int fd, void *to, size_t size, size_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (uint8_t *)to + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* A private copy of the file's bytes. */
static int copy_file(int fd, size_t size, const char *path, struct dais_blob *blob,
		     struct dais_error *err)
{
	/* A large one's is written at once: no page fault for each page. */
	void *bytes = size <= HEAP_SIZE ? malloc(size)
					: mmap(NULL, size, PROT_READ | PROT_WRITE,
					       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (!bytes || bytes == MAP_FAILED)
		return dais_fail_errno(err, DAIS_FAILED, errno, "get memory for", path);
	*blob = (struct dais_blob){.data = bytes, .size = size, .fd = -1};
	errno = 0;
	if (read_whole(fd, bytes, size, 0)) {
		dais_blob_close(blob);
		if (errno)
			return dais_fail_errno(err, DAIS_IMAGE, errno, "read", path);
		return dais_fail(err, DAIS_IMAGE, "read", path, "it became shorter meanwhile");
	}
	if (size > HEAP_SIZE)
		mprotect(bytes, size, PROT_READ);
	return 0;
}

/* Memory that holds what @fd does: of the cache or sealed, so that nobody changes it. */
static int map_result(int fd, struct dais_blob *blob, struct dais_error *err)
{
	struct stat st;
	void *bytes;

	if (fstat(fd, &st))
		return dais_fail_errno(err, DAIS_FAILED, errno, "use", "the unpacked kernel");
	if (st.st_size > 0 && (size_t)st.st_size <= HEAP_SIZE)
		return copy_file(fd, (size_t)st.st_size, "the unpacked kernel", blob, err);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return dais_fail_errno(err, DAIS_FAILED, errno, "get memory for",
				       "the unpacked kernel");
	*blob = (struct dais_blob){.data = bytes, .size = (size_t)st.st_size, .fd = -1};
	return 0;
}

/* Replaces the packed bytes in @image by the unpacked ones. */
static int unpack(struct dais_image *image, const struct dais_payload *payload, const char *path,
		  int cache, struct image_key *key, unsigned int seconds, struct dais_error *err)
{
	struct dais_blob packed = image->blob;
	autofree char *whole = NULL;
	autoclose int result = -1;

	if (cache >= 0) {
		whole = realpath(path, NULL);
		key->path = whole;
		if (image_digest(&packed, key->digest, err))
			return -1;
		result = image_cache_by_digest(cache, key);
		image->cached = result >= 0;
	}
	if (result < 0)
		result = image_unpack_confined(payload, seconds, err);
	if (result < 0 || map_result(result, &image->blob, err))
		return -1;
	/* What no domain can boot is not worth its place. */
	if (cache >= 0 && !image->cached &&
	    !dais_elf_parse(image->blob.data, image->blob.size, &image->elf, err))
		image_cache_add(cache, key, &image->blob);
	dais_blob_close(&packed);
	return 0;
}

/* As much of the file as its headers need: debug information can be most of it. */
static size_t wanted(const char *start, size_t read, size_t size)
{
	uint64_t extent = read > 4 && !memcmp(start, "\177ELF", 4) ? image_elf_extent(start, read)
								   : 0;

	return extent && extent < size ? (size_t)extent : size;
}

static int load(int fd, const char *path, const struct dais_image_options *options,
		struct image_key *key, struct dais_image *image, struct dais_error *err)
{
	autoclose int cache = -1;
	autoclose int hit = -1;
	struct dais_payload payload;
	const char *dir = options && options->cache ? options->cache : DAIS_IMAGE_CACHE;
	unsigned int seconds = options && options->seconds ? options->seconds : DEFAULT_SECONDS;
	size_t size = (size_t)key->stat.st_size;
	size_t read = size < START_SIZE ? size : START_SIZE;
	char start[START_SIZE] = "";

	/* An ELF file is not worth a cache. */
	if (!read_whole(fd, start, read, 0) && memcmp(start, "\177ELF", 4) != 0)
		cache = image_cache_open(dir);
	if (cache >= 0)
		hit = image_cache_by_stat(cache, key);
	if (hit >= 0) {
		image->cached = true;
		return map_result(hit, &image->blob, err);
	}
	if (copy_file(fd, wanted(start, read, size), path, &image->blob, err) ||
	    dais_payload_find(image->blob.data, image->blob.size, &payload, err))
		return -1;
	image->packing = payload.packing;
	if (payload.packing == DAIS_PACK_NONE)
		return 0;
	return unpack(image, &payload, path, cache, key, seconds, err);
}

static int parse(int fd, const char *path, const struct image_key *key, struct dais_image *image,
		 struct dais_error *err)
{
	size_t size = (size_t)key->stat.st_size;

	if (!dais_elf_parse(image->blob.data, image->blob.size, &image->elf, err))
		return 0;
	if (image->cached || image->packing != DAIS_PACK_NONE || image->blob.size == size)
		return -1;
	/* Its notes may be in a section alone: the rest of the file is needed. */
	dais_blob_close(&image->blob);
	if (copy_file(fd, size, path, &image->blob, err))
		return -1;
	return dais_elf_parse(image->blob.data, image->blob.size, &image->elf, err);
}

EXPORT int dais_image_open(const char *path, const struct dais_image_options *options,
			   struct dais_image *image, struct dais_error *err)
{
	struct image_key key = {.looked = time(NULL)};
	autoclose int fd = -1;

	*image = (struct dais_image){.blob = {.fd = -1}};
	fd = open_regular(path, &key.stat, err);
	if (fd < 0) {
		dais_hint(err, "Name a kernel's file with kernel=, such as /boot/vmlinuz.");
		return dais_while(err, "use the kernel", path);
	}
	if (load(fd, path, options, &key, image, err) || parse(fd, path, &key, image, err)) {
		dais_image_close(image);
		/* The reason alone is enough: what was done to the file is in it. */
		return dais_while(err, "use the kernel", path);
	}
	return 0;
}

EXPORT void dais_image_close(struct dais_image *image)
{
	dais_blob_close(&image->blob);
}

/* @path without links; of a file that is gone by its folder's. */
static char *whole_path(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *whole = realpath(path, NULL);
	autofree char *given = NULL;
	autofree char *folder = NULL;

	if (whole)
		return whole;
	given = slash ? strndup(path, (size_t)(name - path)) : strdup(".");
	folder = given ? realpath(given, NULL) : NULL;
	if (!folder || asprintf(&whole, "%s/%s", strcmp(folder, "/") ? folder : "", name) < 0)
		return NULL;
	return whole;
}

EXPORT int dais_image_forget(const char *path, const struct dais_image_options *options,
			     struct dais_error *err)
{
	const char *dir = options && options->cache ? options->cache : DAIS_IMAGE_CACHE;
	autofree char *whole = whole_path(path);
	autoclose int cache = -1;

	if (!whole)
		return dais_fail_errno(err, DAIS_IMAGE, errno, "forget the kernel", path);
	cache = image_cache_open(dir);
	return cache >= 0 && image_cache_forget(cache, whole);
}

EXPORT int dais_blob_open(const char *path, struct dais_blob *blob, struct dais_error *err)
{
	struct stat st;
	int fd;

	*blob = (struct dais_blob){.fd = -1};
	fd = open_regular(path, &st, err);
	if (fd < 0)
		return dais_while(err, "use the ramdisk", path);
	blob->fd = fd;
	blob->size = (size_t)st.st_size;
	return 0;
}

/*
 * Some file systems (9p, direct I/O) hand the reader's own pages to a device, which a guest's
 * memory mapped here does not allow: they refuse with EFAULT, and the bytes go by way of ours.
 */
static int read_by_copy(int fd, void *to, size_t size, size_t offset)
{
	uint8_t buffer[65536];
	size_t done, part;

	errno = 0;
	for (done = 0; done < size; done += part) {
		part = size - done < sizeof(buffer) ? size - done : sizeof(buffer);
		if (read_whole(fd, buffer, part, offset + done))
			return -1;
		memcpy((uint8_t *)to + done, buffer, part);
	}
	return 0;
}

EXPORT int dais_blob_read(const struct dais_blob *blob, size_t offset, void *to, size_t size,
			  struct dais_error *err)
{
	if (offset > blob->size || size > blob->size - offset)
		return dais_fail(err, DAIS_IMAGE, "read", "an image", "it is shorter than that");
	if (blob->data) {
		memcpy(to, (const uint8_t *)blob->data + offset, size);
		return 0;
	}
	errno = 0;
	if (!read_whole(blob->fd, to, size, offset) ||
	    (errno == EFAULT && !read_by_copy(blob->fd, to, size, offset)))
		return 0;
	if (errno)
		return dais_fail_errno(err, DAIS_IMAGE, errno, "read", "the ramdisk");
	return dais_fail(err, DAIS_IMAGE, "read", "the ramdisk", "it became shorter meanwhile");
}

EXPORT void dais_blob_close(struct dais_blob *blob)
{
	if (blob->data && blob->size <= HEAP_SIZE)
		free((void *)(uintptr_t)blob->data);
	else if (blob->data)
		munmap((void *)(uintptr_t)blob->data, blob->size);
	if (blob->fd >= 0)
		close(blob->fd);
	*blob = (struct dais_blob){.fd = -1};
}
