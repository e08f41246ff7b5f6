/* SPDX-License-Identifier: MIT */
/*
 * Small parsers over text: numbers, sizes, keywords, words.  Each takes a cursor that it
 * moves past what it understood and leaves where it was on failure, so that callers chain
 * them and finally look whether the text is used up.
 */
#ifndef DAIS_LIB_PARSE_H
#define DAIS_LIB_PARSE_H

#include "lib/types.h"

/* Digits in base 10, or base 16 after "0x".  False without a digit or beyond 64 bits. */
bool parse_u64(const char **p, u64 *value);

/* A number with an optional suffix B, K, M, G or T (either case; none means @unit bytes). */
bool parse_size(const char **p, u64 unit, u64 *bytes);

/* Skips @word when the text goes on with it. */
bool parse_literal(const char **p, const char *word);

/* Switch values: on, yes, true, 1, enable against off, no, false, 0, disable. */
bool parse_switch(const char *s, bool *value);

/* The first word of @s ends here; blanks before it are skipped by *@s. */
size_t parse_word(const char **s);

#endif
