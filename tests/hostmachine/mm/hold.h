/* SPDX-License-Identifier: MIT */
/* In host tests references are taken and dropped by functions, which a test may replace. */
#ifndef DAIS_MM_HOLD_H
#define DAIS_MM_HOLD_H

#include "mm/frame.h"

#define frame_hold frame_get_owned
#define frame_drop frame_put

static inline bool __must_check frame_hold_writable(mfn_t mfn, u16 owner)
{
	if (!frame_get_owned(mfn, owner))
		return false;
	if (!frame_get_type(mfn, FRAME_TYPE_WRITABLE, NULL))
		return true;
	frame_put(mfn);
	return false;
}

static inline void frame_drop_writable(mfn_t mfn)
{
	frame_put_type(mfn);
	frame_put(mfn);
}

#endif
