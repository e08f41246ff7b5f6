// SPDX-License-Identifier: MIT
/*
 * A fixed array of marks: noting one costs a clock reading and nothing that can fail.
 */
#include "timeline.h"

#include <stddef.h>
#include <time.h>

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void timeline_start(struct timeline *timeline)
{
	if (!timeline)
		return;
	timeline->count = 0;
	timeline->start_ns = now_ns();
}

void timeline_mark(struct timeline *timeline, const char *name, uint64_t hypercalls,
		   uint64_t store_requests)
{
	if (!timeline || timeline->count == TIMELINE_MAX)
		return;
	timeline->mark[timeline->count++] = (struct timeline_mark){
		name,
		now_ns() - timeline->start_ns,
		hypercalls,
		store_requests,
	};
}
