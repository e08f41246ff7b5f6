// SPDX-License-Identifier: MIT
/*
 * Plain C memory and string functions.  The bulk of a copy or fill goes by eight bytes:
 * x86 does unaligned words at full speed, long runs of them are left to its block
 * instructions, and nothing here needs a vector register, which the hypervisor must not
 * touch.
 */
#include "lib/string.h"

#include "machine/barrier.h"

/*
 * gcc recognises these loops as memcpy() and memset() and would replace them with calls to
 * themselves; clang does not do so in a freestanding build and lacks the attribute.
 */
#if defined(__clang__)
#define KEEP_LOOP
#else
#define KEEP_LOOP __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

/* A word at any address that may overlay objects of any type. */
typedef u64 __attribute__((may_alias, aligned(1))) word_t;

#define LONG_RUN 256 /* bytes from which the block instructions repay their start */

KEEP_LOOP void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (n >= LONG_RUN) {
		copy_words(d, s, n / 8);
		d += n & ~7ul;
		s += n & ~7ul;
		n &= 7;
	}
	for (; n >= 8; n -= 8, d += 8, s += 8)
		*(word_t *)d = *(const word_t *)s;
	while (n--)
		*d++ = *s++;
	return dst;
}

KEEP_LOOP void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	/* Forwards is safe unless dst starts inside src: a word is read before it is written. */
	if ((size_t)d - (size_t)s >= n) {
		for (; n >= 8; n -= 8, d += 8, s += 8)
			*(word_t *)d = *(const word_t *)s;
		while (n--)
			*d++ = *s++;
		return dst;
	}
	for (; n >= 8; n -= 8)
		*(word_t *)(d + n - 8) = *(const word_t *)(s + n - 8);
	while (n--)
		d[n] = s[n];
	return dst;
}

KEEP_LOOP void *memset(void *dst, int c, size_t n)
{
	u8 *d = dst;
	u64 word = 0x0101010101010101ULL * (u8)c;

	if (n >= LONG_RUN) {
		fill_words(d, word, n / 8);
		d += n & ~7ul;
		n &= 7;
	}
	for (; n >= 8; n -= 8, d += 8)
		*(word_t *)d = word;
	while (n--)
		*d++ = (u8)c;
	return dst;
}

KEEP_LOOP int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 8 && *(const word_t *)x == *(const word_t *)y; n -= 8)
		x += 8, y += 8;
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

KEEP_LOOP size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

KEEP_LOOP size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}
