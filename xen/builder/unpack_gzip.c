// SPDX-License-Identifier: MIT
/*
 * gzip (RFC 1952) around deflate (RFC 1951).  Codes are looked up in one table as wide
 * as the longest code in use (15 bits at most), so one load decodes any symbol; bits
 * wait in a 64-bit word that is filled once for a whole length and distance pair.
 * Behind the end of the input come zero bits, and running into them is noticed once
 * per symbol.
 */
#include "builder/codec.h"
#include "lib/init.h"
#include "lib/string.h"

#define CODE_BITS 15
#define LITLEN_CODES 288
#define DIST_CODES 32
#define END_OF_BLOCK 256
#define PAIR_BITS 48 /* length code 15 and extra 5, distance code 15 and extra 13 */

/* Entries: symbol << 4 | code length; 0 where no code leads. */
struct inflate {
	u16 litlen[1 << CODE_BITS], dist[1 << CODE_BITS];
	u32 litlen_mask, dist_mask;
	u8 lens[LITLEN_CODES + DIST_CODES];
};

static_assert(sizeof(struct inflate) <= 176 * 1024, "fits the workspace");

/* Bits not yet used, lowest first; count < 0 once more was taken than there was. */
struct bits {
	u64 word;
	int count;
	const u8 *in, *end;
};

static __force_inline void bits_fill(struct bits *b)
{
	if (likely(b->end - b->in >= 8)) {
		b->word |= load64(b->in) << b->count;
		b->in += (63 - b->count) >> 3;
		b->count |= 56;
		return;
	}
	for (; b->count >= 0 && b->count <= 56 && b->in < b->end; b->count += 8)
		b->word |= (u64)*b->in++ << b->count;
}

/* Takes @n bits; the caller has seen to it that they are there, or looks at count after. */
static __force_inline u32 bits_take(struct bits *b, u32 n)
{
	u32 v = (u32)b->word & ((1u << n) - 1);

	b->word >>= n;
	b->count -= (int)n;
	return v;
}

/* Makes the table of a canonical code from its code lengths; 0, or -EINVAL. */
static int __init inflate_table(u16 *table, u32 *mask, const u8 *lens, u32 n)
{
	u32 count[CODE_BITS + 1] = {0}, next[CODE_BITS + 2], width = 1;
	int left = 1;

	for (u32 i = 0; i < n; i++) {
		count[lens[i]]++;
		width = max(width, (u32)lens[i]);
	}
	count[0] = next[1] = 0;
	for (u32 len = 1; len <= CODE_BITS; len++) {
		left = 2 * left - (int)count[len];
		if (left < 0)
			return -EINVAL;
		next[len + 1] = (next[len] + count[len]) << 1;
	}
	if (left > 0) /* not all codes in use: no entry may stay from an earlier block */
		memset(table, 0, sizeof(*table) << width);
	*mask = (1u << width) - 1;
	for (u32 i = 0; i < n; i++) {
		u32 reversed = 0;

		if (!lens[i])
			continue;
		for (u32 bit = 0, code = next[lens[i]]++; bit < lens[i]; bit++)
			reversed |= (code >> bit & 1) << (lens[i] - 1 - bit);
		for (; reversed <= *mask; reversed += 1u << lens[i])
			table[reversed] = (u16)(i << 4 | lens[i]);
	}
	return 0;
}

/* The code lengths of a block with its own codes, themselves packed with a small code. */
static int __init inflate_read_codes(struct inflate *z, struct bits *b)
{
	static const u8 order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
				     11, 4,  12, 3, 13, 2, 14, 1, 15};
	u32 litlens, dists, small, i;

	bits_fill(b);
	litlens = bits_take(b, 5) + 257;
	dists = bits_take(b, 5) + 1;
	small = bits_take(b, 4) + 4;
	memset(z->lens, 0, sizeof(z->lens));
	for (i = 0; i < small; i++) {
		bits_fill(b);
		z->lens[order[i]] = (u8)bits_take(b, 3);
	}
	if (litlens > 286 || inflate_table(z->dist, &z->dist_mask, z->lens, 19))
		return -EINVAL;
	memset(z->lens, 0, 19);
	for (i = 0; i < litlens + dists;) {
		u32 entry, repeat = 1, value;

		bits_fill(b);
		entry = z->dist[b->word & z->dist_mask];
		value = entry >> 4;
		bits_take(b, entry & 15);
		if (!entry || (value == 16 && i == 0))
			return -EINVAL;
		if (value >= 16) {
			repeat = value == 18 ? bits_take(b, 7) + 11 : bits_take(b, value - 14) + 3;
			value = value == 16 ? z->lens[i - 1] : 0;
		}
		if (b->count < 0 || repeat > litlens + dists - i)
			return -EINVAL;
		for (; repeat; repeat--)
			z->lens[i++] = (u8)value;
	}
	if (!z->lens[END_OF_BLOCK] || inflate_table(z->litlen, &z->litlen_mask, z->lens, litlens))
		return -EINVAL;
	return inflate_table(z->dist, &z->dist_mask, z->lens + litlens, dists);
}

static int __init inflate_fixed_codes(struct inflate *z)
{
	for (u32 i = 0; i < LITLEN_CODES; i++)
		z->lens[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	memset(z->lens + LITLEN_CODES, 5, DIST_CODES);
	if (inflate_table(z->litlen, &z->litlen_mask, z->lens, LITLEN_CODES))
		return -EINVAL;
	return inflate_table(z->dist, &z->dist_mask, z->lens + LITLEN_CODES, DIST_CODES);
}

static int __init inflate_stored(struct unpack_job *job, struct bits *b)
{
	u32 len;

	/* Give whole bytes back, and what is left of the current one up. */
	b->in -= b->count >> 3;
	b->word = 0;
	b->count = 0;
	if (b->end - b->in < 4)
		return -EINVAL;
	len = load16(b->in);
	if ((len ^ load16(b->in + 2)) != 0xffff || len > (size_t)(b->end - b->in - 4) ||
	    len > out_left(job))
		return -EINVAL;
	memcpy(job->out, b->in + 4, len);
	job->out += len;
	b->in += 4 + len;
	return 0;
}

/* Symbols up to the end of the block; -EINVAL for anything that does not fit. */
static int __init inflate_block(struct unpack_job *job, const struct inflate *z, struct bits *bits,
				const u8 *start)
{
	static const u16 len_base[29] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
					 15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
					 67, 83, 99, 115, 131, 163, 195, 227, 258};
	static const u8 len_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
					 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
	struct bits b = *bits;
	u8 *out = job->out, *const end = job->out_end;
	const u64 litlen_mask = z->litlen_mask, dist_mask = z->dist_mask;

	for (;;) {
		u32 entry, sym, extra;
		size_t len, dist;

		if (b.count < PAIR_BITS)
			bits_fill(&b);
		entry = z->litlen[b.word & litlen_mask];
		bits_take(&b, entry & 15);
		sym = entry >> 4;
		if (!entry || b.count < 0)
			return -EINVAL;
		if (likely(sym < END_OF_BLOCK)) {
			if (out == end)
				return -EINVAL;
			*out++ = (u8)sym;
			continue;
		}
		if (sym == END_OF_BLOCK)
			break;
		if (sym > 285)
			return -EINVAL;
		len = len_base[sym - 257] + bits_take(&b, len_extra[sym - 257]);
		entry = z->dist[b.word & dist_mask];
		bits_take(&b, entry & 15);
		sym = entry >> 4;
		if (!entry || sym > 29)
			return -EINVAL;
		extra = sym < 2 ? 0 : (sym >> 1) - 1;
		dist = (sym < 2 ? sym : (2 | (sym & 1)) << extra) + 1 + bits_take(&b, extra);
		if (b.count < 0 || dist > (size_t)(out - start) || len > (size_t)(end - out))
			return -EINVAL;
		copy_match(out, dist, len, len + WIDE_COPY <= (size_t)(end - out));
		out += len;
	}
	*bits = b;
	job->out = out;
	return 0;
}

static int __init inflate(struct unpack_job *job)
{
	struct inflate *z = job->workspace;
	struct bits b = {.in = job->in, .end = job->in_end};
	const u8 *start = job->out;
	u32 last, type;

	do {
		int rc;

		bits_fill(&b);
		last = bits_take(&b, 1);
		type = bits_take(&b, 2);
		if (b.count < 0 || type == 3)
			return unpack_refuse(job, "gzip data is truncated or corrupt (block type)");
		if (type == 0) {
			rc = inflate_stored(job, &b);
		} else {
			rc = type == 1 ? inflate_fixed_codes(z) : inflate_read_codes(z, &b);
			if (!rc)
				rc = inflate_block(job, z, &b, start);
		}
		if (rc)
			return unpack_refuse(job, "gzip data is truncated or corrupt");
	} while (!last);
	job->in = b.in - (b.count >> 3);
	return 0;
}

enum { GZIP_HCRC = 2, GZIP_EXTRA = 4, GZIP_NAME = 8, GZIP_COMMENT = 16, GZIP_RESERVED = 0xe0 };

/* Skips the header, 10 bytes and the parts that its flags name. */
static int __init gzip_header(struct unpack_job *job)
{
	const u8 *p = job->in, *end = job->in_end;
	u32 flags;

	if (end - p < 18)
		return unpack_refuse(job, "gzip data is truncated");
	flags = p[3];
	if (p[2] != 8 || (flags & GZIP_RESERVED))
		return unpack_refuse(job, "gzip data of an unknown kind");
	p += 10;
	if (flags & GZIP_EXTRA)
		p += min((size_t)load16(p) + 2, (size_t)(end - p));
	for (u32 flag = GZIP_NAME; flag <= GZIP_COMMENT; flag <<= 1)
		if (flags & flag)
			while (p < end && *p++)
				;
	if (flags & GZIP_HCRC)
		p += min((size_t)2, (size_t)(end - p));
	job->in = p;
	return 0;
}

int __init unpack_gzip(struct unpack_job *job)
{
	u8 *start = job->out;
	int rc = gzip_header(job);

	if (!rc)
		rc = inflate(job);
	if (rc)
		return rc;
	if (in_left(job) < 8)
		return unpack_refuse(job, "gzip data is truncated");
	if (crc32_ieee(start, (size_t)(job->out - start), job->workspace) != load32(job->in) ||
	    (u32)(job->out - start) != load32(job->in + 4))
		return unpack_refuse(job, "gzip check of the data fails");
	job->in += 8;
	return 0;
}
