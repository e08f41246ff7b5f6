// SPDX-License-Identifier: MIT
/*
 * Parsers for option values and command lines.  Pure logic without state: whatever the
 * boot loader hands us, they read no further than its NUL and never wrap a number.
 */
#include "lib/parse.h"
#include "lib/string.h"

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src), n = len < size ? len : size - 1;

	if (!size)
		return len;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return len;
}

static unsigned int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c = (char)(c | 0x20);
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	return 99;
}

bool parse_u64(const char **p, u64 *value)
{
	const char *s = *p;
	unsigned int base = 10;
	u64 v = 0;

	/* "0x" without a digit behind it is the number 0 followed by an x. */
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit_of(s[2]) < 16) {
		base = 16;
		s += 2;
	}
	if (digit_of(*s) >= base)
		return false;
	for (; digit_of(*s) < base; s++) {
		if (__builtin_mul_overflow(v, (u64)base, &v) ||
		    __builtin_add_overflow(v, (u64)digit_of(*s), &v))
			return false;
	}
	*p = s;
	*value = v;
	return true;
}

bool parse_size(const char **p, u64 unit, u64 *bytes)
{
	static const char suffixes[] = "bkmgt";
	const char *s = *p, *at;
	u64 v;

	if (!parse_u64(&s, &v))
		return false;
	at = *s ? strchr(suffixes, *s | 0x20) : NULL;
	if (at) {
		unit = 1ULL << (10 * (at - suffixes));
		s++;
	}
	if (__builtin_mul_overflow(v, unit, &v))
		return false;
	*p = s;
	*bytes = v;
	return true;
}

bool parse_literal(const char **p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*p, word, n))
		return false;
	*p += n;
	return true;
}

bool parse_switch(const char *s, bool *value)
{
	static const char *const words[] = {
		"off", "on", "no", "yes", "false", "true", "0", "1", "disable", "enable",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(s, words[i])) {
			*value = i & 1;
			return true;
		}
	}
	return false;
}

size_t parse_word(const char **s)
{
	size_t n = 0;

	while (**s == ' ' || **s == '\t' || **s == '\n' || **s == '\r')
		(*s)++;
	while ((*s)[n] && !strchr(" \t\n\r", (*s)[n]))
		n++;
	return n;
}
