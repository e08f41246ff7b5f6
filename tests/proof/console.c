// SPDX-License-Identifier: MIT
/*
 * For the model checker: the console's ring with a guest that may change every word of the page
 * between any two reads.  Whatever it does: we stay inside the page and our own buffer, never take
 * or give more than asked, and move our index by what we say.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A load from the page may bring anything: the guest writes there meanwhile. */
#define __atomic_load_n(p, order)             \
	({                                    \
		__typeof__(*(p)) anything_;   \
		__typeof__(*(p)) now_ = *(p); \
		hostile ? anything_ : now_;   \
	})

static bool hostile;

#include "dom0-tools/consoled/ring.c"

#define MOST 5u /* bytes at a time; indices are any */

static struct xencons_interface ring;

void proof_take(void)
{
	uint8_t to[MOST];
	bool any;
	size_t size;
	uint32_t before;
	int taken;

	hostile = any;
	__CPROVER_assume(size <= MOST);
	__CPROVER_havoc_object(&ring);
	before = ring.out_cons;
	taken = ring_take(&ring, to, size);
	__CPROVER_assert(taken == RING_BAD || (taken >= 0 && (size_t)taken <= size),
			 "no more than there is room for");
	if (hostile)
		return;
	__CPROVER_assert((taken == RING_BAD) == (ring.out_prod - before > sizeof(ring.out)),
			 "refused exactly when the indices are too far apart");
	__CPROVER_assert(ring.out_cons == before + (taken < 0 ? 0u : (uint32_t)taken),
			 "the index moves by what was taken");
	__CPROVER_assert(taken < 0 || (size_t)taken == size ||
				 (uint32_t)taken == ring.out_prod - before,
			 "all that there is, or all that was asked for");
}

void proof_give(void)
{
	uint8_t from[MOST];
	bool any;
	size_t size;
	uint32_t before;
	int given;

	hostile = any;
	__CPROVER_assume(size <= MOST);
	__CPROVER_havoc_object(&ring);
	before = ring.in_prod;
	given = ring_give(&ring, from, size);
	__CPROVER_assert(given == RING_BAD || (given >= 0 && (size_t)given <= size),
			 "no more than was asked for");
	if (hostile)
		return;
	__CPROVER_assert(ring.in_prod == before + (given < 0 ? 0u : (uint32_t)given),
			 "the index moves by what was given");
	__CPROVER_assert(given < 0 || ring.in_prod - ring.in_cons <= sizeof(ring.in),
			 "nothing unread is written over");
}
