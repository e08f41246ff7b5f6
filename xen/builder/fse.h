/* SPDX-License-Identifier: MIT */
/*
 * Finite state entropy, the coder of zstd's numbers (RFC 8878, section 4.1), and the
 * bitstreams that are read from their end.  Private to unpack_zstd.c and unpack_fse.c.
 */
#ifndef DAIS_BUILDER_FSE_H
#define DAIS_BUILDER_FSE_H

#include "builder/codec.h"

#define FSE_BITS_MAX 9

/* The codes of a sequence, in the order in which a block describes them. */
enum { FSE_LL, FSE_OF, FSE_ML };
enum { FSE_PREDEFINED, FSE_RLE, FSE_COMPRESSED, FSE_REPEAT };

/*
 * A state: its symbol stands for @base plus @extra bits; then @bits bits added to @next
 * give the next state.  next + 2^bits never exceeds the table's size.
 */
struct fse_entry {
	u16 next;
	u8 bits, extra;
	u32 base;
};

/*
 * Fills @table for one @kind of code as @mode says, from a description at @*p if it is
 * FSE_RLE or FSE_COMPRESSED; moves @*p behind that.  *@bits = log2 of the table's size.
 */
int fse_read_table(struct fse_entry *table, u32 *bits, u32 kind, u32 mode, const u8 **p,
		   const u8 *end);

/* FSE-coded Huffman weights in [p, end) to @weight[255]; their number, or -EINVAL. */
int fse_read_weights(const u8 *p, const u8 *end, u8 *weight);

/* A bitstream read backwards; of the word's 64 bits, the highest @used are taken. */
struct back_bits {
	u64 word;
	u32 used;
	const u8 *at, *start; /* the word was loaded from here; first byte of the stream */
};

/* Moves the word so that used < 8; false if the stream was overrun.  used <= 64 before. */
static __force_inline bool back_refill(struct back_bits *b)
{
	b->at -= b->used >> 3;
	b->used &= 7;
	if (unlikely(b->at < b->start - 8))
		return false;
	b->word = load64(b->at);
	return true;
}

/* At least 8 readable bytes lie in front of @start.  false if the end mark is missing. */
static __force_inline bool back_start(struct back_bits *b, const u8 *start, const u8 *end)
{
	if (end <= start || !end[-1])
		return false;
	b->start = start;
	b->at = end - 8;
	b->used = (u32)__builtin_clz(end[-1]) - 24 + 1;
	return back_refill(b);
}

/* @n < 32 bits.  The caller keeps used + n <= 64. */
static __force_inline u32 back_read(struct back_bits *b, u32 n)
{
	u64 v = (b->word << b->used) >> 1 >> (63 - n);

	b->used += n;
	return (u32)v;
}

/* Bits left; negative if more were read than there are. */
static inline long back_left(const struct back_bits *b)
{
	return (b->at + 8 - b->start) * 8 - (long)b->used;
}

static inline bool back_at_end(const struct back_bits *b)
{
	return back_left(b) == 0;
}

#endif
