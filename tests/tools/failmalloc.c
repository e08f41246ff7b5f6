/* SPDX-License-Identifier: MIT */
/*
 * Preloaded: the allocation of number FAILMALLOC fails, and with FAILMALLOC_ALL those after it.
 * Says so in the file FAILMALLOC_MARK, so that a run without the fault can be told apart.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* The C library's own, which need no looking up (that would allocate). */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static long left = -1;
static bool all, ready;

__attribute__((constructor)) static void start(void)
{
	const char *number = getenv("FAILMALLOC");

	left = number ? atol(number) : -1;
	all = getenv("FAILMALLOC_ALL");
	ready = true;
}

static bool fails(void)
{
	const char *mark;
	int fd;

	if (!ready || left < 0)
		return false;
	if (left > 1) {
		left--;
		return false;
	}
	if (!all)
		left = -1;
	mark = getenv("FAILMALLOC_MARK");
	fd = mark ? open(mark, O_WRONLY | O_CREAT, 0600) : -1;
	if (fd >= 0)
		close(fd);
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
