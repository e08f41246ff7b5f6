// SPDX-License-Identifier: MIT
/*
 * lib/bitmap.c against an array of bools: random single and range operations on sizes
 * around the word boundaries, then every query compared with the naive answer.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bitmap.h"

#define MAX_BITS 200

static void compare(const u64 *map, const bool *naive, unsigned int bits)
{
	unsigned int from = (unsigned int)rand() % (bits + 1), set = from;
	u8 bytes[MAX_BITS / 8 + 2];
	DECLARE_BITMAP(back, MAX_BITS);

	while (set < bits && !naive[set])
		set++;
	for (unsigned int i = 0; i < bits; i++)
		CHECK_EQ(bit_test(map, i), naive[i]);
	CHECK_EQ(bitmap_next_set(map, bits, from), set);

	bitmap_to_bytes(bytes, bits + 5, map, bits);
	bitmap_from_bytes(back, bits, bytes, bits + 5);
	for (unsigned int i = 0; i < bits; i++)
		CHECK_EQ(bit_test(back, i), naive[i]);
	bitmap_from_bytes(back, bits, bytes, bits / 2);
	CHECK_EQ(bitmap_next_set(back, bits, bits / 2), bits);
}

static void random_walk(unsigned int bits)
{
	DECLARE_BITMAP(map, MAX_BITS) = {0};
	bool naive[MAX_BITS] = {false};

	for (int round = 0; round < 300; round++) {
		unsigned int bit = (unsigned int)rand() % bits;
		unsigned int count = (unsigned int)rand() % (bits - bit + 1);
		bool value = rand() & 1;

		switch (rand() % 4) {
		case 0:
			(value ? bit_set : bit_clear)(map, bit);
			naive[bit] = value;
			break;
		case 1:
			CHECK_EQ((value ? bit_test_and_set : bit_test_and_clear)(map, bit),
				 naive[bit]);
			naive[bit] = value;
			break;
		case 2:
			(value ? bitmap_set_range : bitmap_clear_range)(map, bit, count);
			memset(naive + bit, value, count);
			break;
		default:
			if (round % 50)
				break;
			bitmap_fill(map, bits);
			memset(naive, true, bits);
		}
		compare(map, naive, bits);
	}
}

int main(void)
{
	static const unsigned int sizes[] = {1, 7, 63, 64, 65, 127, 128, 129, 200};

	srand(1);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		random_walk(sizes[i]);
	return check_done("bitmap");
}
