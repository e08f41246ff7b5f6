// SPDX-License-Identifier: MIT
/*
 * Bit arrays.  Everything goes by whole words; the last one is masked wherever a result
 * could otherwise carry bits beyond the size.
 */
#include "lib/bitmap.h"
#include "lib/string.h"

/* The bits of word @i that belong to a map of @bits bits. */
static u64 word_mask(unsigned int bits, unsigned int i)
{
	unsigned int left = bits - i * BITS_PER_WORD;

	return left >= BITS_PER_WORD ? ~0ULL : (1ULL << left) - 1;
}

/* Searches for a one in map ^ flip. */
static unsigned int next_bit(const u64 *map, unsigned int bits, unsigned int from, u64 flip)
{
	unsigned int i = from / BITS_PER_WORD;
	u64 word, mask = ~0ULL << (from % BITS_PER_WORD);

	if (from >= bits)
		return bits;
	for (; i < BITMAP_WORDS(bits); i++, mask = ~0ULL) {
		word = (map[i] ^ flip) & mask & word_mask(bits, i);
		if (word)
			return i * BITS_PER_WORD + (unsigned int)__builtin_ctzll(word);
	}
	return bits;
}

unsigned int bitmap_next_set(const u64 *map, unsigned int bits, unsigned int from)
{
	return next_bit(map, bits, from, 0);
}

unsigned int bitmap_next_clear(const u64 *map, unsigned int bits, unsigned int from)
{
	return next_bit(map, bits, from, ~0ULL);
}

void bitmap_zero(u64 *map, unsigned int bits)
{
	memset(map, 0, BITMAP_WORDS(bits) * sizeof(*map));
}

void bitmap_fill(u64 *map, unsigned int bits)
{
	for (unsigned int i = 0; i < BITMAP_WORDS(bits); i++)
		map[i] = word_mask(bits, i);
}

void bitmap_copy(u64 *dst, const u64 *src, unsigned int bits)
{
	memmove(dst, src, BITMAP_WORDS(bits) * sizeof(*dst));
}

/* The part of [first, first + count) that lies in the word of @first. */
static u64 range_mask(unsigned int first, unsigned int count)
{
	u64 mask = count >= BITS_PER_WORD ? ~0ULL : (1ULL << count) - 1;

	return mask << (first % BITS_PER_WORD);
}

void bitmap_set_range(u64 *map, unsigned int first, unsigned int count)
{
	while (count) {
		unsigned int here = min(BITS_PER_WORD - first % BITS_PER_WORD, count);

		map[first / BITS_PER_WORD] |= range_mask(first, here);
		first += here;
		count -= here;
	}
}

void bitmap_clear_range(u64 *map, unsigned int first, unsigned int count)
{
	while (count) {
		unsigned int here = min(BITS_PER_WORD - first % BITS_PER_WORD, count);

		map[first / BITS_PER_WORD] &= ~range_mask(first, here);
		first += here;
		count -= here;
	}
}

void bitmap_and(u64 *dst, const u64 *a, const u64 *b, unsigned int bits)
{
	for (unsigned int i = 0; i < BITMAP_WORDS(bits); i++)
		dst[i] = a[i] & b[i];
}

void bitmap_or(u64 *dst, const u64 *a, const u64 *b, unsigned int bits)
{
	for (unsigned int i = 0; i < BITMAP_WORDS(bits); i++)
		dst[i] = a[i] | b[i];
}

void bitmap_andnot(u64 *dst, const u64 *a, const u64 *b, unsigned int bits)
{
	for (unsigned int i = 0; i < BITMAP_WORDS(bits); i++)
		dst[i] = a[i] & ~b[i];
}

bool bitmap_is_empty(const u64 *map, unsigned int bits)
{
	return bitmap_first_set(map, bits) == bits;
}

bool bitmap_equal(const u64 *a, const u64 *b, unsigned int bits)
{
	for (unsigned int i = 0; i < BITMAP_WORDS(bits); i++)
		if ((a[i] ^ b[i]) & word_mask(bits, i))
			return false;
	return true;
}

bool bitmap_intersects(const u64 *a, const u64 *b, unsigned int bits)
{
	for (unsigned int i = 0; i < BITMAP_WORDS(bits); i++)
		if (a[i] & b[i] & word_mask(bits, i))
			return true;
	return false;
}

bool bitmap_subset(const u64 *sub, const u64 *super, unsigned int bits)
{
	for (unsigned int i = 0; i < BITMAP_WORDS(bits); i++)
		if (sub[i] & ~super[i] & word_mask(bits, i))
			return false;
	return true;
}

/* Counted by clearing the lowest bit: libgcc's table-driven popcount is not linked in. */
unsigned int bitmap_weight(const u64 *map, unsigned int bits)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < BITMAP_WORDS(bits); i++)
		for (u64 word = map[i] & word_mask(bits, i); word; word &= word - 1)
			n++;
	return n;
}

void bitmap_to_bytes(u8 *bytes, unsigned int nbits, const u64 *map, unsigned int bits)
{
	memset(bytes, 0, (nbits + 7) / 8);
	for (unsigned int bit = 0; bit < min(bits, nbits); bit++)
		if (bit_test(map, bit))
			bytes[bit / 8] = (u8)(bytes[bit / 8] | (1U << (bit % 8)));
}

void bitmap_from_bytes(u64 *map, unsigned int bits, const u8 *bytes, unsigned int nbits)
{
	bitmap_zero(map, bits);
	for (unsigned int bit = 0; bit < min(bits, nbits); bit++)
		if (bytes[bit / 8] & (1U << (bit % 8)))
			bit_set(map, bit);
}
