// SPDX-License-Identifier: MIT
/*
 * Zstandard (RFC 8878): one frame, no dictionary, any window (all output so far is the
 * window).  A block is literals, Huffman coded into scratch, and sequences (literal run,
 * match length, offset) whose three codes are FSE states.  unpack_fse.c makes the tables.
 *
 * Both kinds of bitstream are read backwards, from a 64-bit word that holds at least 57
 * unread bits after a refill.  A refill may reach up to 8 bytes in front of a stream;
 * the frame and block headers are there, so the load itself is always harmless, and
 * that a stream was used up exactly is checked at its end.
 */
#include "builder/fse.h"
#include "lib/init.h"
#include "lib/string.h"

#define MAGIC_SIZE 4
#define BLOCK_MAX (128u * 1024)
#define HUF_BITS 11
#define LITERAL_STREAMS 4

enum { BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED };
enum { LITERALS_RAW, LITERALS_RLE, LITERALS_COMPRESSED, LITERALS_TREELESS };

/* What lives through a frame. */
struct zstd {
	struct fse_entry code[3][1 << FSE_BITS_MAX]; /* FSE_LL, FSE_OF, FSE_ML */
	u32 bits[3]; /* table sizes, as powers of two; set once valid */
	bool valid[3], huf_valid;
	u16 huf[1 << HUF_BITS]; /* symbol << 8 | code length, by the next 11 bits */
	u64 rep[3]; /* last three offsets */
	size_t literals;
	u8 literal[BLOCK_MAX + WIDE_SLACK];
};

static_assert(sizeof(struct zstd) <= 176 * 1024, "fits the workspace");

/* One Huffman stream: exactly @count symbols, exactly all bits. */
static int __init zstd_huf_stream(const u16 *table, const u8 *start, const u8 *end, u8 *out,
				  size_t count)
{
	u8 *const last = out + count;
	struct back_bits b;

	if (!back_start(&b, start, end))
		return -EINVAL;
	while (last - out >= 5) {
		u64 word = b.word << b.used;
		u32 used = 0;

		for (int i = 0; i < 5; i++) {
			u32 entry = table[word >> (64 - HUF_BITS)];

			*out++ = (u8)(entry >> 8);
			word <<= entry & 63;
			used += entry & 63;
		}
		b.used += used;
		if (!back_refill(&b))
			return -EINVAL;
	}
	while (out < last) {
		u32 entry = table[(b.word << b.used) >> (64 - HUF_BITS)];

		*out++ = (u8)(entry >> 8);
		b.used += entry & 63;
	}
	return back_refill(&b) && back_at_end(&b) ? 0 : -EINVAL;
}

/* The Huffman table from symbol weights; the last symbol's weight is what is missing. */
static int __init zstd_huf_table(struct zstd *z, u8 *weight, u32 n)
{
	u32 sum = 0, bits, left, at = 0;

	for (u32 i = 0; i < n; i++)
		sum += weight[i] ? 1u << (weight[i] - 1) : 0;
	if (!sum || sum >= 1u << HUF_BITS)
		return -EINVAL;
	bits = 32 - (u32)__builtin_clz(sum);
	left = (1u << bits) - sum;
	if (left & (left - 1))
		return -EINVAL;
	weight[n++] = (u8)(32 - __builtin_clz(left));
	for (u32 w = 1; w <= bits; w++) {
		u32 span = 1u << (HUF_BITS - bits + w - 1);

		for (u32 sym = 0; sym < n; sym++) {
			if (weight[sym] != w)
				continue;
			for (u32 i = 0; i < span; i++)
				z->huf[at++] = (u16)(sym << 8 | (bits + 1 - w));
		}
	}
	z->huf_valid = true;
	return 0;
}

/* A Huffman tree description at @*p; moves @*p behind it. */
static int __init zstd_huf_read(struct zstd *z, const u8 **p, const u8 *end)
{
	u8 weight[256] = {0};
	u32 size, n;
	int count;

	if (*p == end)
		return -EINVAL;
	size = *(*p)++;
	if (size < 128) {
		if (size > (size_t)(end - *p))
			return -EINVAL;
		count = fse_read_weights(*p, *p + size, weight);
		if (count < 0)
			return -EINVAL;
		n = (u32)count;
	} else {
		n = size - 127;
		size = (n + 1) / 2;
		if (size > (size_t)(end - *p))
			return -EINVAL;
		for (u32 i = 0; i < n; i++)
			weight[i] = i & 1 ? (*p)[i / 2] & 15 : (*p)[i / 2] >> 4;
	}
	*p += size;
	for (u32 i = 0; i < n; i++)
		if (weight[i] > HUF_BITS)
			return -EINVAL;
	return zstd_huf_table(z, weight, n);
}

static int __init zstd_huf_literals(struct zstd *z, const u8 *p, const u8 *end, u32 streams)
{
	size_t each = (z->literals + LITERAL_STREAMS - 1) / LITERAL_STREAMS;
	u8 *out = z->literal;
	const u8 *jump = p;

	if (!z->huf_valid)
		return -EINVAL;
	if (streams == 1)
		return zstd_huf_stream(z->huf, p, end, out, z->literals);
	if (end - p < 6 || z->literals < 6)
		return -EINVAL;
	p += 6;
	for (u32 i = 0; i < LITERAL_STREAMS - 1; i++) {
		u32 size = load16(jump + 2 * i);

		if (size > (size_t)(end - p) || zstd_huf_stream(z->huf, p, p + size, out, each))
			return -EINVAL;
		p += size;
		out += each;
	}
	return zstd_huf_stream(z->huf, p, end, out, z->literals - 3 * each);
}

/* The literals section at @*p; moves @*p behind it. */
static int __init zstd_literals(struct zstd *z, const u8 **p, const u8 *end)
{
	static const u8 raw_header[4] = {1, 2, 1, 3}, raw_shift[4] = {3, 4, 3, 4};
	static const u8 header[4] = {3, 3, 4, 5}, width[4] = {10, 10, 14, 18};
	u32 type = **p & 3, format = **p >> 2 & 3;
	u32 head = type < LITERALS_COMPRESSED ? raw_header[format] : header[format];
	size_t packed;
	u64 fields = 0;
	const u8 *body;

	if (head > (size_t)(end - *p))
		return -EINVAL;
	for (u32 i = 0; i < head; i++)
		fields |= (u64)(*p)[i] << (8 * i);
	*p += head;
	if (type < LITERALS_COMPRESSED) {
		z->literals = fields >> raw_shift[format];
		packed = type == LITERALS_RAW ? z->literals : 1;
	} else {
		z->literals = fields >> 4 & ((1u << width[format]) - 1);
		packed = fields >> (4 + width[format]);
	}
	if (z->literals > BLOCK_MAX || packed > (size_t)(end - *p))
		return -EINVAL;
	body = *p;
	*p += packed;
	if (type == LITERALS_RAW)
		memcpy(z->literal, body, z->literals);
	else if (type == LITERALS_RLE)
		memset(z->literal, *body, z->literals);
	else if (type == LITERALS_COMPRESSED && zstd_huf_read(z, &body, *p))
		return -EINVAL;
	if (type >= LITERALS_COMPRESSED)
		return zstd_huf_literals(z, body, *p, format ? LITERAL_STREAMS : 1);
	return 0;
}

/*
 * An offset code's value to an offset: 1 to 3 stand for one of the last three, shifted by
 * one if there are no literals in between (3 then is the last offset less one).
 */
static __force_inline u64 zstd_offset(u64 rep[3], u64 value, size_t literals)
{
	u64 offset;

	if (likely(value > 3)) {
		offset = value - 3;
	} else {
		value -= literals != 0;
		if (value == 0)
			return rep[0];
		offset = value < 3 ? rep[value] : rep[0] - 1;
		if (value == 1) {
			rep[1] = rep[0];
			rep[0] = offset;
			return offset;
		}
	}
	rep[2] = rep[1];
	rep[1] = rep[0];
	rep[0] = offset;
	return offset;
}

/* The sequences section's @count sequences, from their bitstream [start, end). */
static int __init zstd_run_sequences(struct unpack_job *job, struct zstd *z, u32 count,
				     const u8 *start, const u8 *end)
{
	const u8 *lit = z->literal, *const lit_end = lit + z->literals;
	u8 *out = job->out, *const base = job->start, *const limit = job->out_end;
	u64 rep[3] = {z->rep[0], z->rep[1], z->rep[2]};
	const struct fse_entry *ll, *of, *ml;
	struct back_bits b;

	if (!back_start(&b, start, end))
		return -EINVAL;
	ll = &z->code[FSE_LL][back_read(&b, z->bits[FSE_LL])];
	of = &z->code[FSE_OF][back_read(&b, z->bits[FSE_OF])];
	ml = &z->code[FSE_ML][back_read(&b, z->bits[FSE_ML])];
	while (count--) {
		u64 offset;
		size_t run, len;

		if (!back_refill(&b))
			return -EINVAL;
		offset = of->base + back_read(&b, of->extra);
		len = ml->base + (ml->extra ? back_read(&b, ml->extra) : 0);
		if (b.used > 64 - 16 - 26 && !back_refill(&b))
			return -EINVAL;
		run = ll->base + (ll->extra ? back_read(&b, ll->extra) : 0);
		offset = zstd_offset(rep, offset, run);

		if (run > (size_t)(lit_end - lit) || run + len > (size_t)(limit - out))
			return -EINVAL;
		if (likely((size_t)(limit - out) >= run + WIDE_SLACK))
			copy_wide(out, lit, out + run);
		else
			for (size_t i = 0; i < run; i++)
				out[i] = lit[i];
		lit += run;
		out += run;
		if (offset - 1 >= (u64)(out - base))
			return -EINVAL;
		copy_match(out, offset, len, len + WIDE_COPY <= (size_t)(limit - out));
		out += len;
		if (count) {
			ll = &z->code[FSE_LL][ll->next + back_read(&b, ll->bits)];
			ml = &z->code[FSE_ML][ml->next + back_read(&b, ml->bits)];
			of = &z->code[FSE_OF][of->next + back_read(&b, of->bits)];
		}
	}
	if (!back_refill(&b) || !back_at_end(&b))
		return -EINVAL;
	if ((size_t)(lit_end - lit) > (size_t)(limit - out))
		return -EINVAL;
	memcpy(out, lit, (size_t)(lit_end - lit));
	job->out = out + (lit_end - lit);
	for (int i = 0; i < 3; i++)
		z->rep[i] = rep[i];
	return 0;
}

/* The modes byte at @*p and the three code tables' descriptions; moves @*p behind them. */
static int __init zstd_read_tables(struct zstd *z, const u8 **p, const u8 *end)
{
	u32 modes = *(*p)++;

	if (modes & 3)
		return -EINVAL;
	for (u32 kind = 0; kind < 3; kind++) {
		u32 mode = modes >> (6 - 2 * kind) & 3;

		if (mode == FSE_REPEAT
			    ? !z->valid[kind]
			    : fse_read_table(z->code[kind], &z->bits[kind], kind, mode, p, end))
			return -EINVAL;
		z->valid[kind] = true;
	}
	return 0;
}

static int __init zstd_block(struct unpack_job *job, struct zstd *z, const u8 *p, const u8 *end)
{
	u32 count;

	if (p == end || zstd_literals(z, &p, end) || p == end)
		return -EINVAL;
	count = *p++;
	if (count == 0) {
		if (z->literals > out_left(job) || p != end)
			return -EINVAL;
		memcpy(job->out, z->literal, z->literals);
		job->out += z->literals;
		return 0;
	}
	if (end - p < 1 + (count >= 128) + (count == 255))
		return -EINVAL;
	if (count == 255) {
		count = load16(p) + 0x7f00;
		p += 2;
	} else if (count >= 128) {
		count = (count - 128) << 8 | *p++;
	}
	if (zstd_read_tables(z, &p, end))
		return -EINVAL;
	return zstd_run_sequences(job, z, count, p, end);
}

/* Frame header; whether a checksum follows the blocks, or -EINVAL. */
static int __init zstd_header(struct unpack_job *job)
{
	static const u8 dict_size[4] = {0, 1, 2, 4}, content_size[4] = {0, 2, 4, 8};
	u32 flags, size;

	if (in_left(job) < MAGIC_SIZE + 1)
		return unpack_refuse(job, "zstd data is truncated");
	flags = job->in[MAGIC_SIZE];
	/* Single-segment frames have no window byte but always a content size. */
	size = content_size[flags >> 6] + 1u;
	if ((flags & 0xe0) == 0x20)
		size = 1;
	if (flags & 0x08 || dict_size[flags & 3])
		return unpack_refuse(job, "zstd data of an unknown kind, or with a dictionary");
	if (flags >> 6 && flags & 0x20)
		size--;
	if (in_left(job) < MAGIC_SIZE + 1 + size)
		return unpack_refuse(job, "zstd data is truncated");
	job->in += MAGIC_SIZE + 1 + size;
	return flags >> 2 & 1;
}

int __init unpack_zstd(struct unpack_job *job)
{
	struct zstd *z = job->workspace;
	int checksum = zstd_header(job);
	u32 header;

	if (checksum < 0)
		return checksum;
	memset(z, 0, offsetof(struct zstd, literal));
	z->rep[0] = 1;
	z->rep[1] = 4;
	z->rep[2] = 8;
	do {
		u32 type, size, stored;

		if (in_left(job) < 3)
			return unpack_refuse(job, "zstd data is truncated");
		header = load16(job->in) | (u32)job->in[2] << 16;
		job->in += 3;
		type = header >> 1 & 3;
		size = header >> 3;
		stored = type == BLOCK_RLE ? 1 : size;
		if (type > BLOCK_COMPRESSED || size > BLOCK_MAX)
			return unpack_refuse(job, "zstd block header is corrupt");
		if (stored > in_left(job))
			return unpack_refuse(job, "zstd data is truncated");
		if (type != BLOCK_COMPRESSED && size > out_left(job))
			return unpack_refuse(job, "zstd data is longer than the kernel says");
		if (type == BLOCK_COMPRESSED) {
			if (zstd_block(job, z, job->in, job->in + size))
				return unpack_refuse(job, "zstd data is corrupt");
		} else {
			if (type == BLOCK_RAW)
				memcpy(job->out, job->in, size);
			else
				memset(job->out, *job->in, size);
			job->out += size;
		}
		job->in += stored;
	} while (!(header & 1));
	if (!checksum)
		return 0;
	if (in_left(job) < 4)
		return unpack_refuse(job, "zstd data is truncated");
	if ((u32)xxh64(job->start, (size_t)(job->out - job->start)) != load32(job->in))
		return unpack_refuse(job, "zstd check of the data fails");
	job->in += 4;
	return 0;
}
