/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail on demand, in builds with --enable-fail-always; in all others the
 * question costs nothing.  Asked once by each allocation of frames and each of small objects.
 */
#ifndef DAIS_MM_FAILING_H
#define DAIS_MM_FAILING_H

#include "lib/types.h"

#ifdef DAIS_FAIL_ALWAYS

/* True: the caller is to behave as if there were no memory. */
bool allocation_fails(void);
/* The nth allocation from here on fails, once; 0: none. */
void failing_arm(unsigned long n);
/* True when one has failed since failing_arm(). */
bool failing_failed(void);
/* None from here on.  True when one has failed since failing_arm(). */
bool failing_disarm(void);
/* How many have failed since boot. */
unsigned long failing_count(void);

#else

static inline bool allocation_fails(void)
{
	return false;
}

#endif

#endif
