// SPDX-License-Identifier: MIT
/*
 * The C library's stream over a buffer of ours, with room for the NUL at the end.
 */
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static ssize_t add(void *cookie, const char *data, size_t size)
{
	struct text *text = cookie;

	if (text->room - text->used <= size) {
		size_t room = 2 * (text->used + size) + 256;
		char *more = realloc(text->data, room);

		if (!more)
			return 0;
		text->data = more;
		text->room = room;
	}
	memcpy(text->data + text->used, data, size);
	text->used += size;
	text->data[text->used] = '\0';
	return (ssize_t)size;
}

FILE *text_open(struct text *text)
{
	const cookie_io_functions_t functions = {.write = add};
	FILE *f;

	*text = (struct text){.room = 256};
	text->data = calloc(1, text->room);
	f = text->data ? fopencookie(text, "w", functions) : NULL;
	if (!f)
		free(text->data);
	return f;
}

char *text_close(struct text *text, FILE *f)
{
	/* What was written before the end may have been lost as well as the end. */
	int bad = ferror(f);

	if (!fclose(f) && !bad)
		return text->data;
	free(text->data);
	return NULL;
}
