/* SPDX-License-Identifier: MIT */
/*
 * Arrays of bits in words of 64: CPU masks, port masks, free slots.  @bits is the size of a
 * map in bits; bits of the last word beyond it are kept zero by every function here, and
 * searches answer @bits for "none".  The atomic ones are marked; all others need the lock of
 * the map's owner.
 */
#ifndef DAIS_LIB_BITMAP_H
#define DAIS_LIB_BITMAP_H

#include "lib/types.h"

#define BITS_PER_WORD 64U
#define BITMAP_WORDS(bits) (((bits) + BITS_PER_WORD - 1) / BITS_PER_WORD)
#define DECLARE_BITMAP(name, bits) u64 name[BITMAP_WORDS(bits)]

static inline bool bit_test(const u64 *map, unsigned int bit)
{
	return (__atomic_load_n(&map[bit / BITS_PER_WORD], __ATOMIC_RELAXED) >>
		(bit % BITS_PER_WORD)) &
	       1;
}

static inline void bit_set(u64 *map, unsigned int bit)
{
	map[bit / BITS_PER_WORD] |= 1ULL << (bit % BITS_PER_WORD);
}

static inline void bit_clear(u64 *map, unsigned int bit)
{
	map[bit / BITS_PER_WORD] &= ~(1ULL << (bit % BITS_PER_WORD));
}

/* Atomic, with full ordering; both return the bit as it was before. */
static inline bool bit_test_and_set(u64 *map, unsigned int bit)
{
	u64 mask = 1ULL << (bit % BITS_PER_WORD);

	return __atomic_fetch_or(&map[bit / BITS_PER_WORD], mask, __ATOMIC_SEQ_CST) & mask;
}

static inline bool bit_test_and_clear(u64 *map, unsigned int bit)
{
	u64 mask = 1ULL << (bit % BITS_PER_WORD);

	return __atomic_fetch_and(&map[bit / BITS_PER_WORD], ~mask, __ATOMIC_SEQ_CST) & mask;
}

/* Lowest bit >= @from that is set, or @bits. */
unsigned int bitmap_next_set(const u64 *map, unsigned int bits, unsigned int from);

#define bitmap_for_each_set(bit, map, bits)                         \
	for ((bit) = bitmap_next_set(map, bits, 0); (bit) < (bits); \
	     (bit) = bitmap_next_set(map, bits, (bit) + 1))

void bitmap_fill(u64 *map, unsigned int bits);
void bitmap_set_range(u64 *map, unsigned int first, unsigned int count);
void bitmap_clear_range(u64 *map, unsigned int first, unsigned int count);

/*
 * To and from the ABI's byte arrays (struct xenctl_bitmap, cpumap of VCPUOP).  @nbits is the
 * array's size; bits that one side has and the other has not are dropped or read as zero.
 * @bytes holds (@nbits + 7) / 8 bytes.
 */
void bitmap_to_bytes(u8 *bytes, unsigned int nbits, const u64 *map, unsigned int bits);
void bitmap_from_bytes(u64 *map, unsigned int bits, const u8 *bytes, unsigned int nbits);

#endif
