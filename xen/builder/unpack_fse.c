// SPDX-License-Identifier: MIT
/*
 * FSE tables of zstd: predefined, of one symbol, or from a description of how often each
 * symbol occurs.  What an entry of a sequence table means (base and extra bits) is put
 * right into it, so that decoding looks up nothing else.
 */
#include "builder/fse.h"
#include "lib/init.h"
#include "lib/string.h"

#define SYMBOLS_MAX 64
#define WEIGHT_BITS_MAX 6
#define WEIGHT_SYMBOLS 12

/* Per kind of code: largest symbol, largest table, and the predefined distribution. */
static const struct fse_kind {
	u8 symbols, bits_max, default_bits;
	s8 counts[53];
} kinds[3] __initconst = {
	[FSE_LL] = {36, 9, 6, {4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1,  1,  2,  2,
			       2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1}},
	[FSE_OF] = {32, 8, 5, {1, 1, 1, 1, 1, 1, 2, 2, 2, 1,  1,  1,  1,  1, 1,
			       1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1}},
	[FSE_ML] = {53, 9, 6, {1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1,  1,  1,  1,  1,  1,  1, 1,
			       1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1, 1,
			       1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1}},
};

/* Extra bits of the literal and match length codes from the first that has any. */
#define LL_PLAIN 16
#define ML_PLAIN 32
#define ML_MIN 3
static const u8 ll_extra[] __initconst = {1, 1, 1, 1,  2,  2,  3,  3,  4,  6,
					  7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const u8 ml_extra[] __initconst = {1, 1, 1, 1,  2,  2,  3,  3,  4,  4, 5,
					  7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

/* What symbol @sym of @kind stands for.  Bases follow on one another without gaps. */
static void __init fse_meaning(struct fse_entry *e, u32 kind, u32 sym)
{
	const u8 *extra = kind == FSE_LL ? ll_extra : ml_extra;
	u32 plain = kind == FSE_LL ? LL_PLAIN : ML_PLAIN;
	u32 base = kind == FSE_LL ? 0 : ML_MIN;

	if (kind == FSE_OF) {
		e->extra = (u8)sym;
		e->base = 1u << sym;
		return;
	}
	e->extra = sym < plain ? 0 : extra[sym - plain];
	for (u32 i = 0; i < sym; i++)
		base += i < plain ? 1 : 1u << extra[i - plain];
	e->base = base;
}

/*
 * Spreads symbols over a table of 2^@bits states in proportion to @counts (-1: less than
 * one, a state at the table's end), each state's base being its symbol for now.
 */
static void __init fse_spread(struct fse_entry *table, u32 bits, const s16 *counts, u32 symbols)
{
	u32 size = 1u << bits, high = size, at = 0;
	u32 step = (size >> 1) + (size >> 3) + 3;
	u16 next[SYMBOLS_MAX];

	for (u32 sym = 0; sym < symbols; sym++) {
		next[sym] = (u16)(counts[sym] < 0 ? 1 : counts[sym]);
		if (counts[sym] < 0)
			table[--high].base = sym;
	}
	for (u32 sym = 0; sym < symbols; sym++) {
		for (int i = 0; i < counts[sym]; i++) {
			table[at].base = sym;
			do {
				at = (at + step) & (size - 1);
			} while (at >= high);
		}
	}
	for (u32 i = 0; i < size; i++) {
		u32 x = next[table[i].base]++;
		u32 n = bits - (31 - (u32)__builtin_clz(x));

		table[i].bits = (u8)n;
		table[i].next = (u16)((x << n) - size);
	}
}

/*
 * Reads a distribution of at most @symbols symbols from forward bits at @*p.  The counts
 * add up to the table's size, so each takes only as many bits as what is left can need,
 * and one less if it is among the small values that the odd codes are spent on.
 */
static int __init fse_read_counts(s16 *counts, u32 symbols, u32 bits_max, u32 *bits, const u8 **p,
				  const u8 *end)
{
	u32 at = 4, sym = 0, size = (u32)(end - *p) * 8;
	int left;

	if (*p == end || (**p & 15) + 5u > bits_max)
		return -EINVAL;
	*bits = (**p & 15) + 5;
	left = 1 << *bits;
	memset(counts, 0, symbols * sizeof(*counts));
	while (left > 0 && sym < symbols) {
		u32 n = 32 - (u32)__builtin_clz((u32)left + 1), low = (1u << (n - 1)) - 1;
		u32 spare = (1u << n) - 2 - (u32)left, word = 0, value, repeat = 3;

		for (u32 i = 0; i < 4 && at / 8 + i < size / 8; i++)
			word |= (u32)(*p)[at / 8 + i] << (8 * i);
		value = word >> (at & 7) & ((1u << n) - 1);
		at += n;
		if ((value & low) < spare) {
			value &= low;
			at--;
		} else if (value > low) {
			value -= spare;
		}
		counts[sym++] = (s16)((int)value - 1);
		left -= value ? (int)value - 1 : 1;
		/* Behind a zero: how many more, two bits at a time as long as these are 3. */
		while (value == 1 && repeat == 3) {
			repeat = 0;
			for (u32 i = 0; i < 2; i++, at++)
				repeat |= at < size ? ((*p)[at / 8] >> (at & 7) & 1u) << i : 0;
			sym += repeat;
		}
	}
	if (left || sym > symbols || at > size)
		return -EINVAL;
	*p += (at + 7) / 8;
	return 0;
}

int __init fse_read_table(struct fse_entry *table, u32 *bits, u32 kind, u32 mode, const u8 **p,
			  const u8 *end)
{
	const struct fse_kind *k = &kinds[kind];
	s16 counts[SYMBOLS_MAX] = {0};

	if (mode == FSE_RLE) {
		if (*p == end || **p >= k->symbols)
			return -EINVAL;
		*bits = 0;
		table[0] = (struct fse_entry){.base = *(*p)++};
	} else {
		*bits = k->default_bits;
		for (u32 i = 0; i < k->symbols; i++)
			counts[i] = k->counts[i];
		if (mode == FSE_COMPRESSED &&
		    fse_read_counts(counts, k->symbols, k->bits_max, bits, p, end))
			return -EINVAL;
		fse_spread(table, *bits, counts, k->symbols);
	}
	for (u32 i = 0; i < 1u << *bits; i++)
		fse_meaning(&table[i], kind, table[i].base);
	return 0;
}

int __init fse_read_weights(const u8 *p, const u8 *end, u8 *weight)
{
	struct fse_entry table[1 << WEIGHT_BITS_MAX];
	s16 counts[SYMBOLS_MAX];
	const struct fse_entry *state[2];
	struct back_bits b;
	u32 bits, n = 0;

	if (fse_read_counts(counts, WEIGHT_SYMBOLS, WEIGHT_BITS_MAX, &bits, &p, end))
		return -EINVAL;
	fse_spread(table, bits, counts, WEIGHT_SYMBOLS);
	if (!back_start(&b, p, end))
		return -EINVAL;
	state[0] = &table[back_read(&b, bits)];
	state[1] = &table[back_read(&b, bits)];
	/* Two states take turns; when one finds no more bits, the other has one symbol left. */
	for (;;) {
		const struct fse_entry **s = &state[n & 1];

		if (n >= 254)
			return -EINVAL;
		weight[n++] = (u8)(*s)->base;
		if (back_left(&b) < (*s)->bits) {
			weight[n] = (u8)state[n & 1]->base;
			return (int)n + 1;
		}
		*s = &table[(*s)->next + back_read(&b, (*s)->bits)];
		if (!back_refill(&b))
			return -EINVAL;
	}
}
