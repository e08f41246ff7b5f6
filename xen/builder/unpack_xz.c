// SPDX-License-Identifier: MIT
/*
 * The xz container (tukaani.org's file format text 1.1.0) as kernels are packed in it:
 * one stream of blocks, each LZMA2 with or without the x86 filter before it, checked
 * by CRC-32 or not at all.  A kernel's own decoder knows no more than that.  Headers,
 * index and footer are verified whole: a flipped bit anywhere is refused.
 */
#include <libdeflate.h>

#include "builder/codec.h"
#include "builder/unpack.h"
#include "lib/init.h"
#include "lib/string.h"

#define HEADER_SIZE 12
#define CHECK_NONE 0
#define CHECK_CRC32 1
#define FILTER_X86 0x04
#define FILTER_LZMA2 0x21
#define NO_SIZE (~0ull)

/* What the index must repeat about the blocks. */
struct xz_totals {
	u64 blocks, packed, unpacked;
};

/*
 * CRC-32 of what is long, without tables and on any processor: modulo the CRC's polynomial,
 * X^3006 = X^2866 + X^2215 + 1 with X = x^64 (found by search; t_unpack.c shows it).  So a
 * leading 64-bit word of the message may be deleted if it is added (xor) to the words 140, 791
 * and 3006 places later: four loads and a store per 8 bytes, where libdeflate's tables take
 * some thirty instructions.  The last 3006 words are left to libdeflate.
 */
#define RING 3006u
#define RING_BYTES (RING * 8)
#define TAP1 140
#define TAP2 791

static_assert(RING_BYTES <= UNPACK_WORKSPACE, "fits the workspace");

/*
 * Takes in @count words for the ring slots from @slot on, between which and the taps there is
 * no wrap.  A slot's old content is the third tap.
 */
static __force_inline const u8 *crc32_words(u64 *slot, const u8 *p, size_t count, long tap1,
					    long tap2)
{
	for (; count; count--, slot++, p += 8)
		*slot ^= load64(p) ^ slot[tap1] ^ slot[tap2];
	return p;
}

static __init u32 crc32_long(const u8 *p, size_t len, u64 *ring)
{
	u32 crc = 0;

	if (len >= 2 * RING_BYTES) {
		memset(ring, 0, RING_BYTES);
		ring[0] = ~0u; /* a CRC's initial value is added to the first bytes */
		for (; len >= 2 * RING_BYTES; len -= RING_BYTES) {
			p = crc32_words(ring, p, TAP1, RING - TAP1, RING - TAP2);
			p = crc32_words(ring + TAP1, p, TAP2 - TAP1, -TAP1, RING - TAP2);
			p = crc32_words(ring + TAP2, p, RING - TAP2, -TAP1, -TAP2);
		}
		crc = ~0u; /* none: it is in the words already */
		/* What the deleted words left to add to the next ones, which stay. */
		for (size_t i = 0; i < RING; i++, p += 8, len -= 8) {
			u64 word = load64(p) ^ ring[i] ^ ring[(i + RING - TAP1) % RING] ^
				   ring[(i + RING - TAP2) % RING];

			ring[i] = 0;
			crc = libdeflate_crc32(crc, &word, sizeof(word));
		}
	}
	return libdeflate_crc32(crc, p, len);
}

/* A variable-length integer, at most 63 bits; false if it is malformed or crosses @end. */
static __init bool xz_number(const u8 **p, const u8 *end, u64 *value)
{
	*value = 0;
	for (u32 shift = 0; shift < 63 && *p < end; shift += 7) {
		u8 byte = *(*p)++;

		*value |= (u64)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return byte || !shift;
	}
	return false;
}

/*
 * The x86 filter turned the relative target of each CALL and JMP (e8, e9) into an
 * absolute one if the operand's top byte was 00 or ff; this turns them back.  An
 * opcode byte that was left alone can be the operand of a real one before it, so
 * the filter looks at the last three bytes: bit d-1 of @seen says that d bytes ago
 * there was one.  Two of them, or a telling top byte, and it stays as it is.
 */
static __force_inline bool x86_is_top(u32 byte)
{
	return byte == 0 || byte == 0xff;
}

static __init void x86_restore(u8 *operand, u32 next, u32 back)
{
	u32 value = load32(operand) - next;

	/* The byte that overlaps the earlier opcode's top byte must not look like one. */
	if (back && x86_is_top((u8)(value >> (24 - 8 * back))))
		value = (value ^ ((1u << (32 - 8 * back)) - 1)) - next;
	value &= 0x1ffffff;
	value |= 0 - (value & 0x1000000);
	__builtin_memcpy(operand, &value, sizeof(value));
}

/* Top bits of the bytes of @x that are e8 or e9 are clear; those of all others are set. */
static __force_inline u64 x86_none(u64 x)
{
	const u64 low7 = 0x7f7f7f7f7f7f7f7f, e8 = 0x7474747474747474;

	return ((x >> 1 & low7) ^ e8) + low7;
}

/* Index of the next byte e8 or e9 from @i on, or @size; 32 bytes at a time. */
static __force_inline size_t x86_find(const u8 *buf, size_t i, size_t size)
{
	const u64 high = 0x8080808080808080;

	for (; i + 32 <= size; i += 32) {
		u64 a = load64(buf + i), b = load64(buf + i + 8);
		u64 c = load64(buf + i + 16), d = load64(buf + i + 24);

		/* More than half of a kernel is zeros or text. */
		if (!((a | b | c | d) & high))
			continue;
		if ((x86_none(a) & x86_none(b) & x86_none(c) & x86_none(d) & high) != high)
			break;
	}
	for (; i + 8 <= size; i += 8) {
		u64 found = ~x86_none(load64(buf + i)) & high;

		if (found)
			return i + (u32)__builtin_ctzll(found) / 8;
	}
	while (i < size && (buf[i] & 0xfe) != 0xe8)
		i++;
	return i;
}

static __init void x86_unfilter(u8 *buf, size_t size, u32 start)
{
	size_t next = 0; /* the byte after the last opcode that was left alone */
	u32 seen = 0;

	if (size < 5)
		return;
	size -= 4;
	for (size_t i = x86_find(buf, 0, size); i < size; i = x86_find(buf, i, size)) {
		u32 back;

		seen = i - next < 3 ? seen << (i - next) & 7 : 0;
		back = seen - (seen >> 2); /* 1, 2, 4: that many bytes ago, 4 meaning 3 */
		if ((seen & (seen - 1)) || (back && x86_is_top(buf[i + 4 - back])) ||
		    !x86_is_top(buf[i + 4])) {
			seen = seen << 1 | 1;
			next = ++i;
		} else {
			x86_restore(buf + i + 1, start + (u32)i + 5, back);
			seen = 0;
			i += 5;
		}
	}
}

/* The filter chain of a block header: [x86,] LZMA2. */
static __init int xz_filters(struct unpack_job *job, const u8 **p, const u8 *end, u32 filters,
			     bool *x86, u32 *x86_start)
{
	u64 id, size;

	*x86 = false;
	*x86_start = 0;
	while (filters--) {
		if (!xz_number(p, end, &id) || !xz_number(p, end, &size) ||
		    size > (size_t)(end - *p))
			return unpack_refuse(job, "xz block header is corrupt");
		if (id == FILTER_X86 && filters && !*x86 && (size == 0 || size == 4)) {
			*x86 = true;
			if (size)
				*x86_start = load32(*p);
		} else if (id != FILTER_LZMA2 || filters || size != 1 || **p > 40) {
			return unpack_refuse(job, "xz filter other than x86 and LZMA2");
		}
		*p += size;
	}
	return 0;
}

static __init int xz_block(struct unpack_job *job, u32 check, struct xz_totals *totals)
{
	const u8 *start = job->in, *p = start + 2, *body;
	size_t header = 4 * (size_t)(start[0] + 1);
	const u8 *end = start + header - 4;
	u64 packed = NO_SIZE, unpacked = NO_SIZE;
	u8 *out = job->out;
	u32 x86_start;
	bool x86;
	int rc;

	if (in_left(job) < header || libdeflate_crc32(0, start, header - 4) != load32(end) ||
	    (start[1] & 0x3c) || ((start[1] & 0x40) && !xz_number(&p, end, &packed)) ||
	    ((start[1] & 0x80) && !xz_number(&p, end, &unpacked)))
		return unpack_refuse(job, "xz block header is corrupt");
	rc = xz_filters(job, &p, end, (start[1] & 3) + 1, &x86, &x86_start);
	if (rc)
		return rc;
	while (p < end)
		if (*p++)
			return unpack_refuse(job, "xz block header is corrupt");

	job->in = body = start + header;
	rc = unpack_lzma2(job);
	if (rc)
		return rc;
	totals->blocks++;
	totals->packed += (size_t)(job->in - start) + 4 * check;
	totals->unpacked += (size_t)(job->out - out);
	if ((packed != NO_SIZE && packed != (size_t)(job->in - body)) ||
	    (unpacked != NO_SIZE && unpacked != (size_t)(job->out - out)))
		return unpack_refuse(job, "xz block size is wrong");
	for (; (job->in - start) & 3; job->in++)
		if (job->in == job->in_end || *job->in)
			return unpack_refuse(job, "xz block padding is corrupt");
	if (x86)
		x86_unfilter(out, (size_t)(job->out - out), x86_start);
	if (check == CHECK_CRC32) {
		if (in_left(job) < 4)
			return unpack_refuse(job, "xz data is truncated");
		if (crc32_long(out, (size_t)(job->out - out), job->workspace) != load32(job->in))
			return unpack_refuse(job, "xz check of the data fails");
		job->in += 4;
	}
	return 0;
}

/* Index and footer: they repeat what the blocks were. */
static __init int xz_index(struct unpack_job *job, const u8 *flags, struct xz_totals totals)
{
	const u8 *start = job->in, *p = start + 1, *end = job->in_end;
	u64 records, packed, unpacked;
	size_t size;

	if (!xz_number(&p, end, &records) || records != totals.blocks)
		goto corrupt;
	while (records--) {
		if (!xz_number(&p, end, &packed) || !xz_number(&p, end, &unpacked))
			goto corrupt;
		totals.packed -= packed;
		totals.unpacked -= unpacked;
	}
	while (((p - start) & 3) && p < end)
		if (*p++)
			goto corrupt;
	size = (size_t)(p - start) + 4;
	if (end - p < 4 + HEADER_SIZE || totals.packed || totals.unpacked ||
	    libdeflate_crc32(0, start, size - 4) != load32(p))
		goto corrupt;
	p += 4;
	if (libdeflate_crc32(0, p + 4, 6) != load32(p) || load32(p + 4) != size / 4 - 1 ||
	    load16(p + 8) != load16(flags) || p[10] != 'Y' || p[11] != 'Z')
		goto corrupt;
	job->in = p + HEADER_SIZE;
	return 0;
corrupt:
	return unpack_refuse(job, "xz index or footer is corrupt");
}

__init int unpack_xz(struct unpack_job *job)
{
	const u8 *flags = job->in + 6;
	struct xz_totals totals = {0};

	/* The caller has seen the magic: six bytes are there. */
	if (in_left(job) <= HEADER_SIZE)
		return unpack_refuse(job, "xz data is truncated");
	if (libdeflate_crc32(0, flags, 2) != load32(flags + 2))
		return unpack_refuse(job, "xz header is corrupt");
	if (flags[0] || (flags[1] != CHECK_NONE && flags[1] != CHECK_CRC32))
		return unpack_refuse(job, "xz check is not CRC32; pack with xz --check=crc32");
	job->in += HEADER_SIZE;
	while (job->in < job->in_end && *job->in) {
		int rc = xz_block(job, flags[1], &totals);

		if (rc)
			return rc;
	}
	if (job->in == job->in_end)
		return unpack_refuse(job, "xz data is truncated");
	return xz_index(job, flags, totals);
}
