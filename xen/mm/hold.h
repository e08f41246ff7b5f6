/* SPDX-License-Identifier: MIT */
/*
 * References on frames in line, for the paths that take and drop them by the hundred.  Where
 * something is out of the ordinary the functions of mm/frame.h do it.  The host tests, which
 * put their own in the place of those, replace this header.
 */
#ifndef DAIS_MM_HOLD_H
#define DAIS_MM_HOLD_H

#include "mm/frame.h"

/* frame_get_owned() */
static inline bool __must_check frame_hold(mfn_t mfn, u16 owner)
{
	unsigned long m;

	return (likely(index_below(mfn.m, max_mfn, &m)) &&
		likely(frame_try_get(frame_of(MFN(m)), FRAME_PLAIN(owner)))) ||
	       frame_get_owned(mfn, owner);
}

/* frame_put() */
static inline void frame_drop(mfn_t mfn)
{
	if (frame_put_one(frame_of(mfn)))
		frame_put_last(mfn);
}

/* frame_hold() and FRAME_TYPE_WRITABLE, undone on failure; and the reverse. */
static inline bool __must_check frame_hold_writable(mfn_t mfn, u16 owner)
{
	if (!frame_hold(mfn, owner))
		return false;
	if (likely(frame_try_get_writable(frame_of(mfn))) ||
	    !frame_get_type(mfn, FRAME_TYPE_WRITABLE, NULL))
		return true;
	frame_put(mfn);
	return false;
}

static inline void frame_drop_writable(mfn_t mfn)
{
	if (unlikely(!frame_try_put_writable(frame_of(mfn))))
		frame_put_type(mfn);
	frame_drop(mfn);
}

#endif
