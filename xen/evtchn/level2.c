// SPDX-License-Identifier: MIT
/*
 * The two-level layout: an array of pending bits and one of mask bits in
 * shared_info, and in each vcpu_info a selector with one bit per word of them.
 * The guest may write any of it at any time; nothing here depends on what it
 * finds there but whether this guest is notified.
 */
#include "domain/domain.h"
#include "evtchn/evtchn.h"

static u64 *pending_map(const struct domain *d)
{
	return (u64 *)d->shared_info->evtchn_pending;
}

static u64 *mask_map(const struct domain *d)
{
	return (u64 *)d->shared_info->evtchn_mask;
}

void level2_clear_pending(struct domain *d, u32 port)
{
	bit_test_and_clear(pending_map(d), port);
}

bool level2_is_pending(const struct domain *d, u32 port)
{
	return bit_test(pending_map(d), port);
}

bool level2_is_masked(const struct domain *d, u32 port)
{
	return bit_test(mask_map(d), port);
}

bool level2_unmask(struct domain *d, struct vcpu *v, u32 port)
{
	return bit_test_and_clear(mask_map(d), port) && bit_test(pending_map(d), port) &&
	       level2_select_word(v, port);
}
