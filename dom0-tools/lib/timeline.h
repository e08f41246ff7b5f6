/* SPDX-License-Identifier: MIT */
/*
 * Where the time of one piece of work went: named marks, each with the time since the last.
 */
#ifndef DAIS_TIMELINE_H
#define DAIS_TIMELINE_H

#include <stdint.h>

#define TIMELINE_MAX 32

struct timeline {
	unsigned int count;
	uint64_t start_ns; /* of the monotonic clock */
	struct timeline_mark {
		const char *name; /* a literal */
		uint64_t at_ns; /* since start_ns */
		uint64_t hypercalls, store_requests; /* so far */
	} mark[TIMELINE_MAX];
};

/* @timeline may be NULL: nothing is noted. */
void timeline_start(struct timeline *timeline);
void timeline_mark(struct timeline *timeline, const char *name, uint64_t hypercalls,
		   uint64_t store_requests);

#endif
