/* SPDX-License-Identifier: MIT */
/* Large blocks, as the host's C library has them. */
#ifndef DAIS_MACHINE_BLOCK_H
#define DAIS_MACHINE_BLOCK_H

#include <string.h>

#include "lib/types.h"

static inline void block_zero(void *p, size_t n)
{
	memset(p, 0, n);
}

static inline void block_copy(void *dst, const void *src, size_t n)
{
	memcpy(dst, src, n);
}

#endif
