/* SPDX-License-Identifier: MIT */
/*
 * Lines of the Test Anything Protocol: one for each named case.  A case may check many things; the
 * first that fails makes it "not ok", and each failing one is shown.
 */
#ifndef TESTS_XENSTORE_TAP_H
#define TESTS_XENSTORE_TAP_H

#include <stdbool.h>
#include <stdio.h>

/* One of each for a program, however many of its files count. */
__attribute__((weak)) unsigned int tap_faults, tap_cases_failed;

#define EXPECT(cond, ...)                                           \
	do {                                                        \
		if (!(cond)) {                                      \
			tap_faults++;                               \
			printf("# line %d: %s: ", __LINE__, #cond); \
			printf(__VA_ARGS__);                        \
			printf("\n");                               \
		}                                                   \
	} while (0)

/* Ends a case: everything that was expected since the last one. */
static inline void tap_case(const char *name)
{
	printf("%s - %s\n", tap_faults ? "not ok" : "ok", name);
	fflush(stdout);
	tap_cases_failed += tap_faults != 0;
	tap_faults = 0;
}

static inline void tap_skip(const char *name, const char *why)
{
	printf("ok - %s # SKIP %s\n", name, why);
	tap_faults = 0;
}

#endif
