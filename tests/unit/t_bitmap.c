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
	unsigned int from = (unsigned int)rand() % (bits + 1), set = from, clear = from, n = 0;
	u8 bytes[MAX_BITS / 8 + 2];
	DECLARE_BITMAP(back, MAX_BITS);

	while (set < bits && !naive[set])
		set++;
	while (clear < bits && naive[clear])
		clear++;
	for (unsigned int i = 0; i < bits; i++) {
		CHECK_EQ(bit_test(map, i), naive[i]);
		n += naive[i];
	}
	CHECK_EQ(bitmap_next_set(map, bits, from), set);
	CHECK_EQ(bitmap_next_clear(map, bits, from), clear);
	CHECK_EQ(bitmap_weight(map, bits), n);
	CHECK_EQ(bitmap_is_empty(map, bits), n == 0);

	bitmap_to_bytes(bytes, bits + 5, map, bits);
	bitmap_from_bytes(back, bits, bytes, bits + 5);
	CHECK(bitmap_equal(map, back, bits));
	bitmap_from_bytes(back, bits, bytes, bits / 2);
	CHECK(bitmap_subset(back, map, bits));
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
			(value ? bitmap_fill : bitmap_zero)(map, bits);
			memset(naive, value, bits);
		}
		compare(map, naive, bits);
	}
}

static void operations(void)
{
	u64 a[2] = {0xf0f0, 0x3}, b[2] = {0xff00, 0x1}, c[2];

	bitmap_and(c, a, b, 66);
	CHECK_EQ(c[0], 0xf000);
	CHECK_EQ(c[1], 1);
	bitmap_or(c, a, b, 66);
	CHECK_EQ(c[0], 0xfff0);
	bitmap_andnot(c, a, b, 66);
	CHECK_EQ(c[0], 0xf0);
	CHECK_EQ(c[1], 2);
	CHECK(!bitmap_intersects(c, b, 66));
	CHECK(bitmap_intersects(a, b, 66));
	bitmap_copy(c, a, 66);
	CHECK(bitmap_equal(a, c, 66));
}

int main(void)
{
	static const unsigned int sizes[] = {1, 7, 63, 64, 65, 127, 128, 129, 200};

	srand(1);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		random_walk(sizes[i]);
	operations();
	return check_done("bitmap");
}
