/* SPDX-License-Identifier: MIT */
/*
 * What the files of this room need of texts and lists: faults, trimming, numbers, UUIDs.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "config/private.h"
#include "export.h"

/* Something could not be kept, in this thread, since text_whole() was asked last. */
static _Thread_local bool lost;

/* Passes on what an allocation gave. */
static char *noted(char *text)
{
	lost = lost || !text;
	return text;
}

char *copy_text(const char *text)
{
	return noted(strdup(text));
}

char *copy_part(const char *text, size_t length)
{
	return noted(strndup(text, length));
}

int print_text(char **text, const char *fmt, ...)
{
	va_list args;
	int length;

	va_start(args, fmt);
	length = vasprintf(text, fmt, args);
	va_end(args);
	lost = lost || length < 0;
	return length;
}

FILE *text_begin(struct text *text)
{
	FILE *f = text_open(text);

	lost = lost || !f;
	return f;
}

char *text_end(FILE *f, struct text *text)
{
	return noted(text_close(text, f));
}

char *text_whole(char *text)
{
	bool whole = !lost;

	lost = false;
	if (whole)
		return text;
	free(text);
	return NULL;
}

bool memory_lasted(void)
{
	bool lasted = !lost;

	lost = false;
	return lasted;
}

void *list_add(void *list, size_t *count, size_t size)
{
	/* Room grows by doubling: it is full whenever the count is a power of two. */
	char *old;
	char *items;

	memcpy(&old, list, sizeof(old));
	items = old;
	if ((*count & (*count - 1)) == 0 || !*count) {
		items = realloc(old, (*count ? 2 * *count : 1) * size);
		lost = lost || !items;
		if (!items)
			return NULL;
		memcpy(list, &items, sizeof(items));
	}
	memset(items + *count * size, 0, size);
	return items + (*count)++ * size;
}

char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r\n");
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

bool spec_next(char **spec, char **key, char **value)
{
	char *part, *equals;

	if (!*spec)
		return false;
	part = strsep(spec, ",");
	equals = strchr(part, '=');
	*value = NULL;
	if (equals) {
		*equals = '\0';
		*value = trim(equals + 1);
	}
	*key = trim(part);
	return true;
}

bool config_number(const char *text, int64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)*text) && !((*text == '-' || *text == '+') && text[1]))
		return false;
	errno = 0;
	*number = strtoll(text, &end, 0);
	return !errno && end != text && !*end;
}

EXPORT void dais_faults_free(struct dais_faults *faults)
{
	size_t i;

	for (i = 0; i < faults->count; i++) {
		free(faults->list[i].key);
		free(faults->list[i].reason);
		free(faults->list[i].remedy);
	}
	free(faults->list);
	*faults = (struct dais_faults){.list = NULL};
}

EXPORT void dais_faults_add(struct dais_faults *faults, bool warning, unsigned int line,
			    const char *key, const char *remedy, const char *reason, ...)
{
	struct dais_fault fault = {.warning = warning, .line = line};
	struct dais_fault *place;
	va_list args;
	size_t i;

	faults->errors += !warning;
	va_start(args, reason);
	if (vasprintf(&fault.reason, reason, args) < 0)
		fault.reason = NULL;
	va_end(args);
	fault.key = key ? strdup(key) : NULL;
	fault.remedy = remedy ? strdup(remedy) : NULL;
	if (!fault.reason || !fault.key != !key || !fault.remedy != !remedy ||
	    !list_add(&faults->list, &faults->count, sizeof(fault))) {
		/* Counted as an error, so that a fault that cannot be shown is not overlooked. */
		faults->errors += warning;
		lost = true;
		free(fault.reason);
		free(fault.key);
		free(fault.remedy);
		return;
	}
	/* In the order of lines; what has none stands at the end. */
	for (i = faults->count - 1; i && line; i--) {
		place = &faults->list[i - 1];
		if (place->line && place->line <= line)
			break;
		faults->list[i] = *place;
	}
	faults->list[line ? i : faults->count - 1] = fault;
}

EXPORT int dais_uuid_parse(const char *text, uint8_t uuid[16])
{
	unsigned int digits = 0;

	memset(uuid, 0, 16);
	for (; *text && digits < 32; text++) {
		int c = tolower((unsigned char)*text);

		/* Hyphens where they belong or none at all. */
		if (c == '-' && (digits == 8 || digits == 12 || digits == 16 || digits == 20))
			continue;
		if (!isxdigit(c))
			return -1;
		c = c <= '9' ? c - '0' : c - 'a' + 10;
		uuid[digits / 2] = (uint8_t)(uuid[digits / 2] << 4 | c);
		digits++;
	}
	return digits == 32 && !*text ? 0 : -1;
}

EXPORT char *dais_uuid_text(const uint8_t uuid[16], char buf[37])
{
	static const char hex[] = "0123456789abcdef";
	char *out = buf;
	int i;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = hex[uuid[i] >> 4];
		*out++ = hex[uuid[i] & 15];
	}
	*out = '\0';
	return buf;
}

EXPORT void dais_uuid_make(uint8_t uuid[16])
{
	size_t done = 0;

	while (done < 16) {
		ssize_t n = getrandom(uuid + done, 16 - done, 0);

		done += n > 0 ? (size_t)n : 0;
	}
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}
