/* SPDX-License-Identifier: MIT */
/*
 * Whole pages and large blocks by the processor's own block instructions, which no loop of ours
 * comes near.  Small things are lib/string.h's.  The host tests replace this header.
 */
#ifndef DAIS_MACHINE_BLOCK_H
#define DAIS_MACHINE_BLOCK_H

#include "lib/types.h"

/* n is a multiple of 8. */
static inline void block_zero(void *p, size_t n)
{
	n /= 8;
	asm volatile("rep stosq" : "+D"(p), "+c"(n) : "a"(0UL) : "memory");
}

/* Ranges that overlap must start apart by at least 8 bytes, with dst before src. */
static inline void block_copy(void *dst, const void *src, size_t n)
{
	size_t words = n / 8;

	asm volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(words)::"memory");
	n %= 8;
	asm volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(n)::"memory");
}

#endif
