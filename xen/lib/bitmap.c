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

unsigned int bitmap_next_set(const u64 *map, unsigned int bits, unsigned int from)
{
	unsigned int i = from / BITS_PER_WORD;
	u64 word, mask = ~0ULL << (from % BITS_PER_WORD);

	if (from >= bits)
		return bits;
	for (; i < BITMAP_WORDS(bits); i++, mask = ~0ULL) {
		word = map[i] & mask & word_mask(bits, i);
		if (word)
			return i * BITS_PER_WORD + (unsigned int)__builtin_ctzll(word);
	}
	return bits;
}

void bitmap_fill(u64 *map, unsigned int bits)
{
	for (unsigned int i = 0; i < BITMAP_WORDS(bits); i++)
		map[i] = word_mask(bits, i);
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

void bitmap_to_bytes(u8 *bytes, unsigned int nbits, const u64 *map, unsigned int bits)
{
	memset(bytes, 0, (nbits + 7) / 8);
	for (unsigned int bit = 0; bit < min(bits, nbits); bit++)
		if (bit_test(map, bit))
			bytes[bit / 8] = (u8)(bytes[bit / 8] | (1U << (bit % 8)));
}

void bitmap_from_bytes(u64 *map, unsigned int bits, const u8 *bytes, unsigned int nbits)
{
	memset(map, 0, BITMAP_WORDS(bits) * sizeof(*map));
	for (unsigned int bit = 0; bit < min(bits, nbits); bit++)
		if (bytes[bit / 8] & (1U << (bit % 8)))
			bit_set(map, bit);
}
