/* SPDX-License-Identifier: MIT */
/*
 * Cases of the guests' suites.  Each prints one line, "ok - NAME" or "not ok - NAME: what came
 * and what should", for run.py, which runs every guest on Dais and on Debian's Xen 4.17: a case
 * that fails there is wrong, unless it says what differs and why (differs()).
 */
#ifndef TEST_H
#define TEST_H

#include "part.h"
#include "pvrt.h"

bool on_dais(void);

void ok_(bool good, const char *name, const char *file, int line);
void is_(unsigned long got, unsigned long want, const char *name, int line);

/* A statement that is true. */
#define ok(good, name) ok_(good, name, __FILE__, __LINE__)
/* A number that is as it should be: an errno, a vector, a register. */
#define is(name, got, want) is_((unsigned long)(got), (unsigned long)(want), name, __LINE__)
/* As is(), but by intent another number on Xen; why is for the reader and the log. */
#define differs(name, got, dais, xen, why) \
	is_((unsigned long)(got), (unsigned long)(on_dais() ? (dais) : (xen)), name, __LINE__)
/* A case that only makes sense on Dais. */
#define ours(good, name)                \
	do {                            \
		if (on_dais())          \
			ok(good, name); \
	} while (0)

extern struct cases {
	unsigned int good, failed;
	unsigned int spoilt; /* failed while excused */
	bool excused; /* what fails is not the case's fault */
	bool quiet; /* those that fail are printed, no others */
} cases;

/* The value for guest_main(): how many failed. */
int test_end(void);

#endif
