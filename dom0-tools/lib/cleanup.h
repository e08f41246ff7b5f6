/* SPDX-License-Identifier: MIT */
/*
 * What ends with the scope: `autofree char *p`, `autoclose int fd = -1`, `autofclose FILE *f`,
 * `autodir DIR *d`, `autojson struct json_object *o`. Always initialise it. When ownership
 * leaves the function, hand it out with steal_ptr() or steal_fd(), so that it can be seen.
 */
#ifndef DAIS_CLEANUP_H
#define DAIS_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define autofree __attribute__((cleanup(cleanup_free)))
#define autoclose __attribute__((cleanup(cleanup_close)))
#define autofclose __attribute__((cleanup(cleanup_fclose)))
#define autodir __attribute__((cleanup(cleanup_closedir)))

/* Each keeps errno: it runs after the return value was decided. */
static inline void cleanup_free(void *p)
{
	int saved = errno;
	void *heap;

	memcpy(&heap, p, sizeof(heap));
	free(heap);
	errno = saved;
}

static inline void cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_fclose(FILE **f)
{
	int saved = errno;

	if (*f)
		fclose(*f);
	errno = saved;
}

static inline void cleanup_closedir(DIR **d)
{
	int saved = errno;

	if (*d)
		closedir(*d);
	errno = saved;
}

/* Takes the value out of the variable, which forgets it. */
#define steal_ptr(p)                         \
	({                                   \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	})

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
