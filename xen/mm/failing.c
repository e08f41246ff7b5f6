// SPDX-License-Identifier: MIT
/* A count down to the allocation that fails.  Part of builds with --enable-fail-always only. */
#include "mm/failing.h"

static unsigned long left; /* allocations up to and with the one that fails; 0: none will */
static bool failed;
static unsigned long count;

bool allocation_fails(void)
{
	unsigned long old = READ_ONCE(left);

	do {
		if (!old)
			return false;
	} while (!__atomic_compare_exchange_n(&left, &old, old - 1, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	if (old > 1)
		return false;
	WRITE_ONCE(failed, true);
	__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
	return true;
}

void failing_arm(unsigned long n)
{
	WRITE_ONCE(failed, false);
	__atomic_store_n(&left, n, __ATOMIC_SEQ_CST);
}

bool failing_failed(void)
{
	return READ_ONCE(failed);
}

bool failing_disarm(void)
{
	__atomic_store_n(&left, 0, __ATOMIC_SEQ_CST);
	return failing_failed();
}

unsigned long failing_count(void)
{
	return READ_ONCE(count);
}
