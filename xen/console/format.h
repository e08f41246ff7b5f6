/* SPDX-License-Identifier: MIT */
/*
 * The printf core: text into a buffer, never beyond it.
 *
 * Conversions: %d %i %u %x %X %o %c %s %p %%, sizes hh h l ll z j t, flags - 0 + # and
 * blank, width and precision as digits or `*`.  No floating point, no %n.
 */
#ifndef DAIS_CONSOLE_FORMAT_H
#define DAIS_CONSOLE_FORMAT_H

#include "lib/types.h"

/*
 * Writes at most @size bytes, the NUL included (always there unless @size is 0), and returns
 * the length that the whole text has, as C does.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);

/* The same, returning how many characters are in @buf: what a caller appends behind. */
size_t scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#endif
