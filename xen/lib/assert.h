/* SPDX-License-Identifier: MIT */
/*
 * ASSERT: what our own code guarantees, checked in debug builds; one that a
 * guest can trip is a security bug.  PANIC: going on would corrupt or leak.
 */
#ifndef DAIS_LIB_ASSERT_H
#define DAIS_LIB_ASSERT_H

#include "lib/types.h"

_Noreturn void panic(const char *fmt, ...) __printf(1, 2);

#ifdef DAIS_DEBUG
#define ASSERT(c)                                                                      \
	do {                                                                           \
		if (unlikely(!(c)))                                                    \
			panic("assertion failed: %s (%s:%d)", #c, __FILE__, __LINE__); \
	} while (0)
#else
#define ASSERT(c) ((void)sizeof(c))
#endif

#define PANIC_ON(c)                                                                \
	do {                                                                       \
		if (unlikely(c))                                                   \
			panic("cannot go on: %s (%s:%d)", #c, __FILE__, __LINE__); \
	} while (0)

#endif
