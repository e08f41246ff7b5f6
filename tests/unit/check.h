/* SPDX-License-Identifier: MIT */
/*
 * What a unit test needs: CHECK() reports a false condition with its place and goes on,
 * check_done() gives main()'s exit status.  Both sides of CHECK_EQ() are shown as numbers.
 */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <stdio.h>

static int check_failures, check_count;

#define CHECK(cond)                                                                \
	do {                                                                       \
		check_count++;                                                     \
		if (!(cond)) {                                                     \
			check_failures++;                                          \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		}                                                                  \
	} while (0)

#define CHECK_EQ(a, b)                                                                    \
	do {                                                                              \
		unsigned long long check_a = (unsigned long long)(a);                     \
		unsigned long long check_b = (unsigned long long)(b);                     \
                                                                                          \
		check_count++;                                                            \
		if (check_a != check_b) {                                                 \
			check_failures++;                                                 \
			fprintf(stderr, "%s:%d: %s is %#llx, not %s (%#llx)\n", __FILE__, \
				__LINE__, #a, check_a, #b, check_b);                      \
		}                                                                         \
	} while (0)

static inline int check_done(const char *name)
{
	fprintf(stderr, "%s: %d checks, %d failed\n", name, check_count, check_failures);
	return check_failures != 0;
}

#endif
