/* SPDX-License-Identifier: MIT */
/*
 * A stream into memory. open_memstream()'s drops a character without a word when it cannot
 * grow; this one ends badly.
 */
#ifndef DAIS_TEXT_H
#define DAIS_TEXT_H

#include <stddef.h>
#include <stdio.h>

struct text {
	char *data;
	size_t used, room;
};

/* NULL without memory. @text must stay until text_close(). */
FILE *text_open(struct text *text);
/* What was written, which the caller frees; NULL if a part of it is missing. */
char *text_close(struct text *text, FILE *f);

#endif
