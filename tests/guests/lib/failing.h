/* SPDX-License-Identifier: MIT */
/*
 * Allocations of the hypervisor that fail, on builds with --enable-fail-always: key F arms, so
 * that one fails, the first from there on at first and then each time the next.
 */
#ifndef FAILING_H
#define FAILING_H

#include "pvrt.h"

struct failing {
	bool failed; /* an allocation, since the last F */
	unsigned long objects, frames; /* in use, free */
	unsigned long count; /* of failures since boot */
};

struct failing failing_so_far(void);
/* None fails from here on; if none has, F begins with the first again. */
struct failing failing_end(void);

#endif
