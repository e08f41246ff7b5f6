/* SPDX-License-Identifier: MIT */
/*
 * The few functions of C's <string.h> that the hypervisor uses, with the meaning the
 * standard gives them.  The compiler may also emit calls to the mem* ones on its own.
 * A host build links the C library's versions instead of string.c; strlcpy() lives in
 * parse.c, so that a host build has it as well.
 */
#ifndef DAIS_LIB_STRING_H
#define DAIS_LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/*
 * Copies at most @size - 1 characters of @src and always terminates (unless @size is 0).
 * Returns strlen(@src): a result >= @size means that the copy is cut short.
 */
size_t strlcpy(char *dst, const char *src, size_t size);

#endif
