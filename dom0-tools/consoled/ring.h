/* SPDX-License-Identifier: MIT */
/*
 * The daemon's end of a guest's console ring (<xen/io/console.h>). The page belongs to the
 * guest, which may write anything at any time: each index is read once and checked, and bytes
 * are copied before anybody looks at them.
 */
#ifndef CONSOLED_RING_H
#define CONSOLED_RING_H

#include <stddef.h>
#include <stdint.h>

#include <xen/io/console.h>
#include <xen/xen.h>

#define RING_BAD (-1) /* the guest's indices make no sense */

/* Takes up to @size bytes that the guest wrote. Returns how many, or RING_BAD. */
int ring_take(struct xencons_interface *ring, void *to, size_t size);

/* Gives the guest up to @size bytes. Returns how many there was room for, or RING_BAD. */
int ring_give(struct xencons_interface *ring, const void *from, size_t size);

/* Bytes that the guest could be given now, or RING_BAD. */
int ring_room(const struct xencons_interface *ring);

#endif
