// SPDX-License-Identifier: MIT
/*
 * The door to the decoders, and the two checksums they share.
 *
 * CRC-32 without tables: modulo the CRC's polynomial, X^3006 = X^2866 + X^2215 + 1
 * with X = x^64 (found by search; t_unpack.c proves it).  So a leading 64-bit word of
 * the message may be deleted if it is added (xor) to the words 140, 791 and 3006
 * places later: four loads and a store per 8 bytes, where table lookups would take
 * some twenty instructions.  Only the last 3006 words are left for the slow way.
 */
#include "builder/unpack.h"
#include "builder/codec.h"
#include "lib/init.h"
#include "lib/string.h"

#define RING (CRC32_RING / 8)
#define TAP1 140
#define TAP2 791

/* The plain definition, for short buffers: @count bits of @word, lowest first. */
static __init u32 crc32_bits(u32 crc, u32 word, u32 count)
{
	for (crc ^= word; count; count--)
		crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
	return crc;
}

/*
 * Takes in @count words for the ring slots from @slot on, between which and the slots
 * @back1, @back2 (the taps) there is no wrap.  A slot's old content is the third tap.
 */
static __force_inline const u8 *crc32_words(u64 *slot, const u8 *p, size_t count, long tap1,
					    long tap2)
{
	for (; count >= 4; count -= 4, slot += 4, p += 32) {
		slot[0] ^= load64(p) ^ slot[tap1] ^ slot[tap2];
		slot[1] ^= load64(p + 8) ^ slot[tap1 + 1] ^ slot[tap2 + 1];
		slot[2] ^= load64(p + 16) ^ slot[tap1 + 2] ^ slot[tap2 + 2];
		slot[3] ^= load64(p + 24) ^ slot[tap1 + 3] ^ slot[tap2 + 3];
	}
	for (; count; count--, slot++, p += 8)
		slot[0] ^= load64(p) ^ slot[tap1] ^ slot[tap2];
	return p;
}

__init u32 crc32_ieee(const u8 *p, size_t len, u64 *ring)
{
	u32 crc = ~0u;

	if (ring && len >= 2 * CRC32_RING) {
		memset(ring, 0, CRC32_RING);
		ring[0] = crc; /* the initial value is added to the first bytes */
		for (; len >= 2 * CRC32_RING; len -= CRC32_RING) {
			p = crc32_words(ring, p, TAP1, RING - TAP1, RING - TAP2);
			p = crc32_words(ring + TAP1, p, TAP2 - TAP1, -TAP1, RING - TAP2);
			p = crc32_words(ring + TAP2, p, RING - TAP2, -TAP1, -TAP2);
		}
		/* What the deleted words left to add to the next ones, which stay. */
		crc = 0;
		for (size_t i = 0; i < RING; i++, p += 8, len -= 8) {
			u64 word = load64(p) ^ ring[i] ^ ring[(i + RING - TAP1) % RING] ^
				   ring[(i + RING - TAP2) % RING];

			ring[i] = 0;
			crc = crc32_bits(crc, (u32)word, 32);
			crc = crc32_bits(crc, (u32)(word >> 32), 32);
		}
	}
	for (; len; len--)
		crc = crc32_bits(crc, *p++, 8);
	return ~crc;
}

/* XXH64, from its public specification: four lanes of 8 bytes, then a mix of the tail. */
#define XXH_P1 0x9e3779b185ebca87ull
#define XXH_P2 0xc2b2ae3d27d4eb4full
#define XXH_P3 0x165667b19e3779f9ull
#define XXH_P4 0x85ebca77c2b2ae63ull
#define XXH_P5 0x27d4eb2f165667c5ull

static __force_inline u64 rol64(u64 v, u32 n)
{
	return v << n | v >> (64 - n);
}

static __force_inline u64 xxh_round(u64 lane, u64 word)
{
	return rol64(lane + word * XXH_P2, 31) * XXH_P1;
}

__init u64 xxh64(const u8 *p, size_t len)
{
	u64 lane[4] = {XXH_P1 + XXH_P2, XXH_P2, 0, 0 - XXH_P1}, h = XXH_P5;
	const u8 *end = p + len;

	if (len >= 32) {
		for (; end - p >= 32; p += 32)
			for (u32 i = 0; i < 4; i++)
				lane[i] = xxh_round(lane[i], load64(p + 8 * i));
		h = rol64(lane[0], 1) + rol64(lane[1], 7) + rol64(lane[2], 12) + rol64(lane[3], 18);
		for (u32 i = 0; i < 4; i++)
			h = (h ^ xxh_round(0, lane[i])) * XXH_P1 + XXH_P4;
	}
	h += len;
	for (; end - p >= 8; p += 8)
		h = rol64(h ^ xxh_round(0, load64(p)), 27) * XXH_P1 + XXH_P4;
	if (end - p >= 4) {
		h = rol64(h ^ load32(p) * XXH_P1, 23) * XXH_P2 + XXH_P3;
		p += 4;
	}
	for (; p < end; p++)
		h = rol64(h ^ *p * XXH_P5, 11) * XXH_P1;
	h = (h ^ h >> 33) * XXH_P2;
	h = (h ^ h >> 29) * XXH_P3;
	return h ^ h >> 32;
}

static __init int unpack_copy(struct unpack_job *job)
{
	if (out_left(job) < in_left(job))
		return unpack_refuse(job, "image is longer than its place");
	memcpy(job->out, job->in, in_left(job));
	job->out += in_left(job);
	return 0;
}

/* First bytes of each format; without a decoder, of those that a kernel may be packed in. */
static const struct magic {
	u8 len, bytes[7];
	u8 format;
	int (*decode)(struct unpack_job *job);
	const char *why;
} magics[] __initconst = {
	{4, "\177ELF", UNPACK_NONE, unpack_copy, ""},
	{6, "\3757zXZ", UNPACK_XZ, unpack_xz, ""},
	{4, "\050\265\057\375", UNPACK_ZSTD, unpack_zstd, ""},
	{2, "\037\213", UNPACK_GZIP, unpack_gzip, ""},
	{4, "\002\041\114\030", UNPACK_LZ4, unpack_lz4, ""},
	{3, "BZh", UNPACK_UNKNOWN, NULL, "bzip2 kernel: only xz, zstd, gzip, lz4 are known"},
	{3, "\211LZ", UNPACK_UNKNOWN, NULL, "lzo kernel: only xz, zstd, gzip, lz4 are known"},
	{3, "\135\0\0", UNPACK_UNKNOWN, NULL, "lzma kernel: only xz, zstd, gzip, lz4 are known"},
	{0, "", UNPACK_UNKNOWN, NULL, "neither an ELF image nor xz, zstd, gzip or lz4 data"},
};

static __init const struct magic *magic_of(const void *in, size_t in_len)
{
	const struct magic *m = magics;

	while (in_len < m->len || memcmp(in, m->bytes, m->len))
		m++;
	return m;
}

__init enum unpack_format unpack_identify(const void *in, size_t in_len, const char **why)
{
	const struct magic *m = magic_of(in, in_len);

	*why = m->why;
	return m->format;
}

__init int unpack(enum unpack_format format, const void *in, size_t in_len, void *out,
		  size_t out_len, void *workspace, size_t workspace_len, size_t *produced,
		  const char **why)
{
	struct unpack_job job = {
		.in = in,
		.in_end = (const u8 *)in + in_len,
		.out = out,
		.out_end = (u8 *)out + out_len,
		.start = out,
		.workspace = workspace,
		.why = "",
	};
	const struct magic *found = magic_of(in, in_len);
	int rc;

	if (workspace_len < UNPACK_WORKSPACE)
		rc = unpack_refuse(&job, "workspace too small");
	else if (!found->decode || found->format != format)
		rc = unpack_refuse(&job, found->decode ? "not in the format given" : found->why);
	else
		rc = found->decode(&job);
	if (!rc && job.out != job.out_end)
		rc = unpack_refuse(&job, "unpacks to less than it says");
	*produced = (size_t)(job.out - (u8 *)out);
	*why = job.why;
	return rc;
}
