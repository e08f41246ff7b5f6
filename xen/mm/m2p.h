/* SPDX-License-Identifier: MIT */
/*
 * The machine-to-physical table: for each frame the number that its owner gave
 * it.  Guests read it at M2P_START; it means nothing to us.
 */
#ifndef DAIS_MM_M2P_H
#define DAIS_MM_M2P_H

#include "lib/types.h"
#include "machine/pagemap.h"
#include "mm/frame.h"

/* The frame is one of those that the table itself lies in. */
static inline bool m2p_is_frame(mfn_t mfn)
{
	unsigned long first = virt_to_mfn(m2p_writable).m;

	return mfn.m - first < DIV_ROUND_UP(max_mfn * sizeof(unsigned long), PAGE_SIZE);
}

static inline void m2p_set(mfn_t mfn, unsigned long pfn)
{
	WRITE_ONCE(m2p_writable[mfn.m], pfn);
}

#endif
