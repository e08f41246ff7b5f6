/* SPDX-License-Identifier: MIT */
/*
 * What the files of this room share: the child that unpacks, and the cache of its results.
 */
#ifndef DAIS_IMAGE_PRIVATE_H
#define DAIS_IMAGE_PRIVATE_H

#include <sys/stat.h>
#include <time.h>

#include "image/image.h"

/*
 * Unpacks @payload in a child process that has no rights and at most @seconds of processor
 * time. Returns a descriptor of sealed memory that holds the result, or -1.
 */
int image_unpack_confined(const struct dais_payload *payload, unsigned int seconds,
			  struct dais_error *err);

/*
 * How much of an ELF file its program headers need, from the first @size bytes of it. 0: they do
 * not tell, or its notes may stand elsewhere.
 */
uint64_t image_elf_extent(const void *start, size_t size);

/* The SHA-512/256 of @blob, in hex with a NUL. Fails only if it cannot be loaded. */
int image_digest(const struct dais_blob *blob, char hex[65], struct dais_error *err);

/* What a packed file is known by. */
struct image_key {
	struct stat stat; /* of the file, before it was read */
	time_t looked; /* when that was asked for */
	const char *path; /* without links, for what is to be kept; may be NULL */
	char digest[65]; /* SHA-512/256 of its bytes in hex; "" until computed */
};

/*
 * The cache directory, made if need be; -1 when there is none to be used (not ours, or others
 * may write to it): then there is no cache, which is no error.
 */
int image_cache_open(const char *path);

/* The unpacked kernel by what its file's inode says; -1: not there. */
int image_cache_by_stat(int dir, const struct image_key *key);
/* By key->digest; found, inode and path are remembered. -1: not there. */
int image_cache_by_digest(int dir, const struct image_key *key);
/* Keeps the kernel under key->digest. Failing is no error: a line in the log. */
void image_cache_add(int dir, const struct image_key *key, const struct dais_blob *unpacked);
/* Drops the kernel that came from @path, unless another path's is the same; true if it knew it. */
bool image_cache_forget(int dir, const char *path);

#endif
