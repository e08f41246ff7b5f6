// SPDX-License-Identifier: MIT
/*
 * console/format.c compared with the C library's printf: every combination of flags, width,
 * precision and size over telling values, truncation at every length, odd formats.  Our
 * functions are renamed here, so that both are at hand.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define vsnprintf dais_vsnprintf
#include "../../xen/console/format.c"
#undef vsnprintf

#include "check.h"

static int dais_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = dais_vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

#pragma GCC diagnostic ignored "-Wpragmas" /* each compiler knows one of the next two */
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

static void same(const char *fmt, unsigned long long value, int width)
{
	char ours[128], theirs[128];
	bool star = strchr(fmt, '*');
	bool wide = strpbrk(fmt, "lzjt");
	int a, b;

	if (wide && star) {
		a = dais_snprintf(ours, sizeof(ours), fmt, width, value);
		b = snprintf(theirs, sizeof(theirs), fmt, width, value);
	} else if (wide) {
		a = dais_snprintf(ours, sizeof(ours), fmt, value);
		b = snprintf(theirs, sizeof(theirs), fmt, value);
	} else if (star) {
		a = dais_snprintf(ours, sizeof(ours), fmt, width, (int)value);
		b = snprintf(theirs, sizeof(theirs), fmt, width, (int)value);
	} else {
		a = dais_snprintf(ours, sizeof(ours), fmt, (int)value);
		b = snprintf(theirs, sizeof(theirs), fmt, (int)value);
	}
	CHECK_EQ(a, b);
	CHECK(!strcmp(ours, theirs));
	if (strcmp(ours, theirs))
		fprintf(stderr, "  \"%s\" of %llx: \"%s\", not \"%s\"\n", fmt, value, ours, theirs);
}

static void all_numbers(void)
{
	static const char *const flags[] = {"", "-", "0", "+", " ", "#", "-0", "0+", "#0", "-#"};
	static const char *const widths[] = {"", "1", "7", "20", "*"};
	static const char *const precisions[] = {"", ".", ".0", ".1", ".9"};
	static const char *const sizes[] = {"", "h", "hh", "l", "ll", "z", "j"};
	static const unsigned long long values[] = {
		0,
		1,
		9,
		10,
		255,
		0x8000,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		LLONG_MAX,
		0x8000000000000000,
		ULLONG_MAX,
	};
	char fmt[32];

	for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
		for (size_t w = 0; w < ARRAY_SIZE(widths); w++)
			for (size_t p = 0; p < ARRAY_SIZE(precisions); p++)
				for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
					for (const char *c = "diuxX"; *c; c++)
						for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
							snprintf(fmt, sizeof(fmt), "%%%s%s%s%s%c",
								 flags[f], widths[w], precisions[p],
								 sizes[s], *c);
							same(fmt, values[v], (int)(v * 3) - 12);
						}
}

static void strings(void)
{
	char buf[64];
	static const char raw[3] = {'a', 'b', 'c'}; /* not terminated */

	CHECK_EQ(dais_snprintf(buf, sizeof(buf), "[%s|%5s|%-5s|%.2s]", "abc", "ab", "cd", "xyz"),
		 20);
	CHECK(!strcmp(buf, "[abc|   ab|cd   |xy]"));
	dais_snprintf(buf, sizeof(buf), "%.*s|%*s|%-*s|", 3, raw, 4, "r", 4, "l");
	CHECK(!strcmp(buf, "abc|   r|l   |"));
	dais_snprintf(buf, sizeof(buf), "%s %c%c %3c%%", (char *)NULL, 'x', 'y', 'z');
	CHECK(!strcmp(buf, "(null) xy   z%"));
	dais_snprintf(buf, sizeof(buf), "%p %zu %016lx", (void *)0xffff82d000001000, (size_t)77,
		      0xabcUL);
	CHECK(!strcmp(buf, "0xffff82d000001000 77 0000000000000abc"));
	CHECK_EQ(dais_snprintf(buf, sizeof(buf), "end%", 0), 3);
	CHECK(!strcmp(buf, "end"));
	CHECK_EQ(dais_snprintf(buf, sizeof(buf), "end%-08l", 0), 3);
}

static void truncation(void)
{
	static const char whole[] = "value 0x12345678 and more";
	char buf[40];

	for (size_t size = 0; size < sizeof(buf); size++) {
		memset(buf, '!', sizeof(buf));
		CHECK_EQ(dais_snprintf(buf, size, "value %#x and %s", 0x12345678, "more"), 25);
		if (size) {
			size_t n = min(size - 1, strlen(whole));

			CHECK(!memcmp(buf, whole, n) && buf[n] == '\0');
		}
		for (size_t i = max(size, (size_t)0); i < sizeof(buf); i++)
			CHECK(buf[i] == '!');
		CHECK(scnprintf(buf, size, "%s", whole) <= (size ? size - 1 : 0));
	}
}

int main(void)
{
	all_numbers();
	strings();
	truncation();
	return check_done("format");
}
