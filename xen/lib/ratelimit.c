// SPDX-License-Identifier: MIT
/*
 * Fixed-window rate limit.  A caller that finds another one inside is refused rather than
 * made to wait: this runs in paths that guests provoke at will, NMI included, and a lost
 * message is what a rate limit is for.
 */
#include "lib/ratelimit.h"

bool ratelimit_pass(struct ratelimit *limit, u64 now, u32 *missed)
{
	bool pass;

	*missed = 0;
	if (__atomic_exchange_n(&limit->busy, 1, __ATOMIC_ACQUIRE)) {
		__atomic_fetch_add(&limit->missed, 1, __ATOMIC_RELAXED);
		return false;
	}
	/* Unsigned difference: a clock that stepped back opens a new window at once. */
	if (!limit->window_start || now - limit->window_start >= limit->interval_ns) {
		limit->window_start = now;
		limit->used = 0;
	}
	pass = limit->used < limit->burst;
	if (pass) {
		limit->used++;
		*missed = __atomic_exchange_n(&limit->missed, 0, __ATOMIC_RELAXED);
	} else {
		__atomic_fetch_add(&limit->missed, 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&limit->busy, 0, __ATOMIC_RELEASE);
	return pass;
}
