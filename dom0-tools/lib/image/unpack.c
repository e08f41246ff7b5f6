/* SPDX-License-Identifier: MIT */
/*
 * One function per format around its library, each with the same promise: the whole input is
 * one stream, the output fits, and anything else is an error. Memory is bounded by the output's
 * room and by what is said here to each library.
 */
#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "export.h"
#include "image/image.h"
#include "image/xz.h"

#define LZMA_MEMORY (256ull << 20)
#define LZ4_BLOCK (8u << 20) /* of the legacy frame that kernels are packed in */
#define LZO_BLOCK (64u << 20)

/* Input and output of one run; both move on. NULL: it went well, else why not. */
struct stream {
	const uint8_t *in;
	size_t left;
	uint8_t *out;
	size_t room, used;
};

static const char damaged[] = "the compressed data are damaged";
static const char too_large[] = "it is larger unpacked than it may be";
static const char trailing[] = "something stands behind the compressed data";

static const char *unpack_gzip(struct stream *s)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)s->in,
		      .avail_in = (uInt)s->left,
		      .next_out = s->out,
		      .avail_out = (uInt)s->room};
	int rc;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return "no memory to unpack it";
	rc = inflate(&z, Z_FINISH);
	s->used = z.total_out;
	s->left = z.avail_in;
	inflateEnd(&z);
	if (rc == Z_BUF_ERROR && z.avail_out == 0)
		return too_large;
	return rc == Z_STREAM_END ? NULL : damaged;
}

static const char *unpack_bzip2(struct stream *s)
{
	bz_stream z = {.next_in = (char *)(uintptr_t)s->in,
		       .avail_in = (unsigned int)s->left,
		       .next_out = (char *)s->out,
		       .avail_out = (unsigned int)s->room};
	int rc;

	if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK)
		return "no memory to unpack it";
	rc = BZ2_bzDecompress(&z);
	s->used = s->room - z.avail_out;
	s->left = z.avail_in;
	BZ2_bzDecompressEnd(&z);
	if (rc == BZ_OK && z.avail_out == 0)
		return too_large;
	return rc == BZ_STREAM_END ? NULL : damaged;
}

static const char *run_lzma(lzma_stream *z, struct stream *s)
{
	lzma_ret rc;

	z->next_in = s->in;
	z->avail_in = s->left;
	z->next_out = s->out;
	z->avail_out = s->room;
	rc = lzma_code(z, LZMA_FINISH);
	s->used = s->room - z->avail_out;
	s->left = z->avail_in;
	if (rc == LZMA_MEMLIMIT_ERROR)
		return "its dictionary is larger than a kernel may have";
	if (rc != LZMA_STREAM_END && z->avail_out == 0)
		return too_large;
	return rc == LZMA_STREAM_END ? NULL : damaged;
}

static const char *unpack_lzma(struct stream *s)
{
	lzma_stream z = LZMA_STREAM_INIT;
	const char *why = "no memory to unpack it";

	if (lzma_alone_decoder(&z, LZMA_MEMORY) == LZMA_OK)
		why = run_lzma(&z, s);
	lzma_end(&z);
	return why;
}

/* Kernels in half of liblzma's instructions; what else is xz, and why it is damaged, by liblzma. */
static const char *unpack_xz(struct stream *s)
{
	lzma_stream z = LZMA_STREAM_INIT;
	const char *why = "no memory to unpack it";
	size_t read;

	if (image_unpack_xz(s->in, s->left, s->out, s->room, &read, &s->used)) {
		s->left -= read;
		return NULL;
	}
	if (lzma_stream_decoder(&z, LZMA_MEMORY, 0) == LZMA_OK)
		why = run_lzma(&z, s);
	lzma_end(&z);
	return why;
}

static const char *unpack_zstd(struct stream *s)
{
	size_t length = ZSTD_findFrameCompressedSize(s->in, s->left);
	size_t rc;

	if (ZSTD_isError(length))
		return damaged;
	rc = ZSTD_decompress(s->out, s->room, s->in, length);
	if (ZSTD_isError(rc))
		return ZSTD_getErrorCode(rc) == ZSTD_error_dstSize_tooSmall ? too_large : damaged;
	s->used = rc;
	s->left -= length;
	return NULL;
}

static uint32_t little32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

/* `lz4 -l`: a magic number, then blocks, each behind its packed size. */
static const char *unpack_lz4(struct stream *s)
{
	s->in += 4;
	s->left -= 4;
	while (s->left >= 4) {
		uint32_t length = little32(s->in);
		size_t room = s->room - s->used;
		int n;

		if (length > s->left - 4 || length > (uint32_t)LZ4_compressBound(LZ4_BLOCK))
			return damaged;
		room = room < LZ4_BLOCK ? room : LZ4_BLOCK;
		n = LZ4_decompress_safe((const char *)s->in + 4, (char *)s->out + s->used,
					(int)length, (int)room);
		if (n < 0)
			return room < LZ4_BLOCK ? too_large : damaged;
		s->used += (size_t)n;
		s->in += 4 + length;
		s->left -= 4 + length;
	}
	return NULL;
}

#define LZOP_ADLER_D 0x001u
#define LZOP_ADLER_C 0x002u
#define LZOP_CRC_D 0x100u
#define LZOP_CRC_C 0x200u
#define LZOP_FILTER 0x800u
#define LZOP_FILTERED 0x0940u /* first version with the longer header */

/* lzop's header; its length, or 0, and the flags of its blocks. */
static size_t lzop_header(const struct stream *s, uint32_t *flags)
{
	const uint8_t *p = s->in;
	unsigned int version;
	size_t at = 9 + 4; /* magic, version, library's version */

	if (s->left < 40)
		return 0;
	version = (unsigned int)p[9] << 8 | p[10];
	at += version >= LZOP_FILTERED ? 2u : 0u; /* version needed */
	at += version >= LZOP_FILTERED ? 2u : 1u; /* method, level */
	*flags = big32(p + at);
	at += 4u + (*flags & LZOP_FILTER ? 4u : 0u);
	at += 4u + 4u + (version >= LZOP_FILTERED ? 4u : 0u); /* mode, time */
	at += 1 + (size_t)p[at] + 4; /* name, checksum */
	return at <= s->left ? at : 0;
}

/* lzop: blocks of at most so and so much, each with the sums that the header announces. */
static const char *unpack_lzo(struct stream *s)
{
	uint32_t flags = 0;
	size_t at = lzop_header(s, &flags);

	if (!at)
		return damaged;
	for (;;) {
		lzo_uint unpacked, packed, n;
		size_t sums;

		if (s->left - at < 4)
			return damaged;
		unpacked = big32(s->in + at);
		at += 4;
		if (!unpacked)
			break;
		if (s->left - at < 4)
			return damaged;
		packed = big32(s->in + at);
		at += 4;
		sums = (flags & LZOP_ADLER_D ? 4u : 0u) + (flags & LZOP_CRC_D ? 4u : 0u);
		if (packed < unpacked)
			sums += (flags & LZOP_ADLER_C ? 4u : 0u) + (flags & LZOP_CRC_C ? 4u : 0u);
		if (unpacked > LZO_BLOCK || packed > unpacked || s->left - at < sums ||
		    s->left - at - sums < packed)
			return damaged;
		at += sums;
		if (unpacked > s->room - s->used)
			return too_large;
		n = unpacked;
		if (packed == unpacked)
			memcpy(s->out + s->used, s->in + at, n);
		else if (lzo1x_decompress_safe(s->in + at, packed, s->out + s->used, &n, NULL) !=
				 LZO_E_OK ||
			 n != unpacked)
			return damaged;
		s->used += n;
		at += packed;
	}
	s->left -= at;
	return NULL;
}

static const char *copy_plain(struct stream *s)
{
	if (s->left > s->room)
		return too_large;
	memcpy(s->out, s->in, s->left);
	s->used = s->left;
	s->left = 0;
	return NULL;
}

static const char *(*const formats[])(struct stream *s) = {
	[DAIS_PACK_NONE] = copy_plain,    [DAIS_PACK_GZIP] = unpack_gzip,
	[DAIS_PACK_BZIP2] = unpack_bzip2, [DAIS_PACK_LZMA] = unpack_lzma,
	[DAIS_PACK_XZ] = unpack_xz,       [DAIS_PACK_LZO] = unpack_lzo,
	[DAIS_PACK_LZ4] = unpack_lz4,     [DAIS_PACK_ZSTD] = unpack_zstd,
};

static bool is_size(const struct dais_payload *payload, const struct stream *s)
{
	const uint8_t *end = (const uint8_t *)payload->data + payload->size;

	return s->left == 4 && little32(end - 4) == s->used;
}

EXPORT int dais_payload_unpack(const struct dais_payload *payload, void *out, size_t room,
			       size_t *used, struct dais_error *err)
{
	struct stream s = {.in = payload->data,
			   .left = payload->size,
			   .out = out,
			   .room = room < DAIS_IMAGE_MAX ? room : DAIS_IMAGE_MAX};
	const char *why = NULL;

	*used = 0;
	if (payload->size < 4 || payload->size > DAIS_IMAGE_MAX)
		why = damaged;
	if (!why)
		why = formats[payload->packing](&s);
	/* A size of four bytes behind the stream is the kernel build's. */
	if (!why && s.left && !is_size(payload, &s))
		why = trailing;
	if (!why && payload->unpacked && s.used != payload->unpacked)
		why = "it is not as large unpacked as the file says";
	if (why)
		return dais_fail(err, DAIS_IMAGE, "unpack the kernel", NULL, "%s (%s)", why,
				 dais_packing_name(payload->packing));
	*used = s.used;
	return 0;
}
