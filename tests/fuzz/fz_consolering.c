// SPDX-License-Identifier: MIT
/*
 * Any bytes as the page that a guest shares for its console: what is taken and given stays
 * within bounds, and indices that make no sense are seen.
 */
#include <stdlib.h>
#include <string.h>

#include "../../dom0-tools/consoled/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xencons_interface *ring = calloc(1, sizeof(*ring));
	size_t part = size < sizeof(*ring) ? size : sizeof(*ring);
	char to[1500];
	int n, room;

	if (!ring)
		return 0;
	/* Most of it in the indices, which stand at the end. */
	memcpy((uint8_t *)ring + sizeof(*ring) - part, data, part);
	n = ring_take(ring, to, sizeof(to));
	if (n != RING_BAD && ((size_t)n > sizeof(to) || ring->out_prod - ring->out_cons > 2048))
		abort();
	room = ring_room(ring);
	n = ring_give(ring, to, sizeof(to));
	if ((n == RING_BAD) != (room == RING_BAD) || n > room)
		abort();
	if (n != RING_BAD && ring->in_prod - ring->in_cons > 1024)
		abort();
	free(ring);
	return 0;
}
