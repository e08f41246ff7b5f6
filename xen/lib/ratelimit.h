/* SPDX-License-Identifier: MIT */
/*
 * Rate limit for messages: at most @burst per @interval_ns, the rest only counted.  Pure
 * logic over a time that the caller gives; safe from any context without a lock.
 */
#ifndef DAIS_LIB_RATELIMIT_H
#define DAIS_LIB_RATELIMIT_H

#include "lib/types.h"

struct ratelimit {
	u64 interval_ns; /* constant after init */
	u32 burst; /* constant after init */
	u32 busy; /* atomic: whoever set it owns the fields below */
	u32 used; /* passed in this window */
	u32 missed; /* refused since the last report */
	u64 window_start; /* ns */
};

#define RATELIMIT_INIT(interval, count)                     \
	{                                                   \
		.interval_ns = (interval), .burst = (count) \
	}

/*
 * True when one more may pass at @now.  *@missed is then the number refused since the last
 * one that passed, for the caller to mention.
 */
bool ratelimit_pass(struct ratelimit *limit, u64 now, u32 *missed);

#endif
