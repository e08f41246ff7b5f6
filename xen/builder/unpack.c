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
	const u8 *end = p + len;
	u64 h = XXH_P5;

	if (len >= 32) {
		u64 a = XXH_P1 + XXH_P2, b = XXH_P2, c = 0, d = 0 - XXH_P1;

		for (; end - p >= 32; p += 32) {
			a = xxh_round(a, load64(p));
			b = xxh_round(b, load64(p + 8));
			c = xxh_round(c, load64(p + 16));
			d = xxh_round(d, load64(p + 24));
		}
		h = rol64(a, 1) + rol64(b, 7) + rol64(c, 12) + rol64(d, 18);
		h = (h ^ xxh_round(0, a)) * XXH_P1 + XXH_P4;
		h = (h ^ xxh_round(0, b)) * XXH_P1 + XXH_P4;
		h = (h ^ xxh_round(0, c)) * XXH_P1 + XXH_P4;
		h = (h ^ xxh_round(0, d)) * XXH_P1 + XXH_P4;
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

/* First bytes of each format, and of those that a kernel may be packed in but we do not know. */
static const struct magic {
	u8 len, bytes[7];
	u8 format;
	char why[48];
} magics[] __initconst = {
	{4,
	 "\x7f"
	 "ELF",
	 UNPACK_NONE, ""},
	{6,
	 "\xfd"
	 "7zXZ",
	 UNPACK_XZ, ""},
	{4, "\x28\xb5\x2f\xfd", UNPACK_ZSTD, ""},
	{2, "\x1f\x8b", UNPACK_GZIP, ""},
	{4, "\x02\x21\x4c\x18", UNPACK_LZ4, ""},
	{3, "BZh", UNPACK_UNKNOWN, "bzip2 kernel: only xz, zstd, gzip, lz4 are known"},
	{3, "\x89LZ", UNPACK_UNKNOWN, "lzo kernel: only xz, zstd, gzip, lz4 are known"},
	{3, "\x5d\0\0", UNPACK_UNKNOWN, "lzma kernel: only xz, zstd, gzip, lz4 are known"},
};

__init enum unpack_format unpack_identify(const void *in, size_t in_len, const char **why)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		if (in_len < magics[i].len || memcmp(in, magics[i].bytes, magics[i].len))
			continue;
		*why = magics[i].why;
		return magics[i].format;
	}
	*why = "neither an ELF image nor xz, zstd, gzip or lz4 data";
	return UNPACK_UNKNOWN;
}

static __init int unpack_copy(struct unpack_job *job)
{
	if (out_left(job) < in_left(job))
		return unpack_refuse(job, "image is longer than its place");
	memcpy(job->out, job->in, in_left(job));
	job->out += in_left(job);
	return 0;
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
	enum unpack_format found = unpack_identify(in, in_len, &job.why);
	int rc;

	if (workspace_len < UNPACK_WORKSPACE)
		rc = unpack_refuse(&job, "workspace too small");
	else if (found == UNPACK_UNKNOWN || found != format)
		rc = unpack_refuse(&job,
				   found == UNPACK_UNKNOWN ? job.why : "not in the format given");
	else if (format == UNPACK_XZ)
		rc = unpack_xz(&job);
	else if (format == UNPACK_ZSTD)
		rc = unpack_zstd(&job);
	else if (format == UNPACK_GZIP)
		rc = unpack_gzip(&job);
	else if (format == UNPACK_LZ4)
		rc = unpack_lz4(&job);
	else
		rc = unpack_copy(&job);
	if (!rc && job.out != job.out_end)
		rc = unpack_refuse(&job, "unpacks to less than it says");
	*produced = (size_t)(job.out - (u8 *)out);
	*why = job.why;
	return rc;
}
