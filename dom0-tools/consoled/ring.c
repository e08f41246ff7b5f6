/* SPDX-License-Identifier: MIT */
/*
 * Our own indices are read from the page as well, because they outlive a restart of the daemon
 * there; a guest that changes them harms its own console only.
 */
#include "ring.h"

/* Bytes between two indices of a ring of @size bytes; RING_BAD if there cannot be so many. */
static int used(uint32_t producer, uint32_t consumer, uint32_t size)
{
	return producer - consumer > size ? RING_BAD : (int)(producer - consumer);
}

int ring_take(struct xencons_interface *ring, void *to, size_t size)
{
	uint32_t consumer = __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);
	uint32_t producer = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
	int count = used(producer, consumer, sizeof(ring->out));
	uint8_t *out = to;
	int i;

	if (count < 0)
		return RING_BAD;
	if ((size_t)count > size)
		count = (int)size;
	for (i = 0; i < count; i++) {
		uint32_t at = MASK_XENCONS_IDX(consumer + (uint32_t)i, ring->out);

		out[i] = (uint8_t)__atomic_load_n(&ring->out[at], __ATOMIC_RELAXED);
	}
	__atomic_store_n(&ring->out_cons, consumer + (uint32_t)count, __ATOMIC_RELEASE);
	return count;
}

int ring_room(const struct xencons_interface *ring)
{
	uint32_t consumer = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
	uint32_t producer = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);
	int count = used(producer, consumer, sizeof(ring->in));

	return count < 0 ? RING_BAD : (int)sizeof(ring->in) - count;
}

int ring_give(struct xencons_interface *ring, const void *from, size_t size)
{
	uint32_t producer = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);
	int room = ring_room(ring);
	const char *in = from;
	int i;

	if (room < 0)
		return RING_BAD;
	if ((size_t)room > size)
		room = (int)size;
	for (i = 0; i < room; i++) {
		uint32_t at = MASK_XENCONS_IDX(producer + (uint32_t)i, ring->in);

		__atomic_store_n(&ring->in[at], in[i], __ATOMIC_RELAXED);
	}
	__atomic_store_n(&ring->in_prod, producer + (uint32_t)room, __ATOMIC_RELEASE);
	return room;
}
