/* SPDX-License-Identifier: MIT */
/*
 * What the decoders of a compressed kernel share, private to builder/.  All of them
 * work from one contiguous input into one contiguous output of known size; the
 * output written so far is the dictionary, so nothing is copied twice and the
 * workspace holds tables only.
 *
 * A decoder moves job->in and job->out as it goes, never reads at or past in_end
 * nor writes at or past out_end, and on refusal returns -EINVAL with job->why set.
 */
#ifndef DAIS_BUILDER_CODEC_H
#define DAIS_BUILDER_CODEC_H

#include "lib/errno.h"
#include "lib/unaligned.h"

struct unpack_job {
	const u8 *in, *in_end;
	u8 *out, *out_end, *start; /* start: where the output begins */
	void *workspace; /* UNPACK_WORKSPACE bytes, aligned to 8 */
	const char *why;
};

int unpack_xz(struct unpack_job *job);
int unpack_zstd(struct unpack_job *job);
int unpack_gzip(struct unpack_job *job);
int unpack_lz4(struct unpack_job *job);

/* One LZMA2 stream, its end marker included (unpack_lzma.c); properties checked by unpack_xz(). */
int unpack_lzma2(struct unpack_job *job);

static inline int unpack_refuse(struct unpack_job *job, const char *why)
{
	job->why = why;
	return -EINVAL;
}

static inline size_t in_left(const struct unpack_job *job)
{
	return (size_t)(job->in_end - job->in);
}

static inline size_t out_left(const struct unpack_job *job)
{
	return (size_t)(job->out_end - job->out);
}

/* How much a wide copy may write (and, from the output, read) past its end. */
#define WIDE_SLACK 16

/*
 * Copies to @dst until @end, 16 bytes at a time, the first 16 without asking: writes up to
 * WIDE_SLACK past max(@dst, @end).  dst - src >= 8 or no overlap.
 */
static __force_inline void copy_wide(u8 *dst, const u8 *src, const u8 *end)
{
	for (;;) {
		store64(dst, load64(src));
		store64(dst + 8, load64(src + 8));
		dst += 16;
		if (dst >= end)
			return;
		src += 16;
	}
}

/*
 * Copies @len > 0 bytes to @dst from @dist bytes before it, with the overlap that makes short
 * distances repeat.  The caller has checked that @dist reaches back to bytes already written
 * and that the output has room; @roomy says that WIDE_COPY bytes behind may be scribbled on.
 */
#define WIDE_COPY (8 + WIDE_SLACK)
static __force_inline void copy_match(u8 *dst, size_t dist, size_t len, bool roomy)
{
	/* For a distance below 8: its smallest multiples that are 4 and 8 at least. */
	static const u8 by4[8] = {0, 4, 4, 6, 4, 5, 6, 7}, by8[8] = {0, 8, 8, 9, 8, 10, 12, 14};
	const u8 *src = dst - dist, *end = dst + len;

	if (unlikely(!roomy)) {
		while (dst < end)
			*dst++ = *src++;
		return;
	}
	if (dist < 8) {
		u32 word;

		dst[0] = src[0];
		dst[1] = src[1];
		dst[2] = src[2];
		dst[3] = src[3];
		dst += 8;
		word = load32(dst - 4 - by4[dist]);
		__builtin_memcpy(dst - 4, &word, sizeof(word));
		src = dst - by8[dist];
	}
	copy_wide(dst, src, end);
}

#endif
