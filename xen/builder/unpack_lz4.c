// SPDX-License-Identifier: MIT
/*
 * LZ4 in the legacy frame that kernels are packed in (lz4 -l): the magic, then blocks of
 * at most 8 MiB unpacked, each behind its packed size and independent of the others.
 * The format carries no checksum and no end mark: only the unpacked size, which the
 * caller compares, and the shape of the data tell of damage.
 */
#include "builder/codec.h"
#include "lib/init.h"

#define MAGIC 0x184c2102
#define LONG 15 /* a length field of this goes on in bytes, until one is not 255 */
#define MATCH_MIN 4

static __force_inline size_t lz4_length(const u8 **in, const u8 *end, size_t len)
{
	u8 more = 255;

	if (len == LONG) {
		while (more == 255 && *in < end) {
			more = *(*in)++;
			len += more;
		}
	}
	return len;
}

static int __init lz4_block(struct unpack_job *job, const u8 *end)
{
	const u8 *in = job->in, *const start = job->out;
	u8 *out = job->out;

	while (in < end) {
		u32 token = *in++;
		size_t dist, len = lz4_length(&in, end, token >> 4);

		if (len > (size_t)(end - in) || len > (size_t)(job->out_end - out))
			return unpack_refuse(job, "lz4 data is corrupt (literals)");
		if (likely((size_t)(end - in) >= len + WIDE_SLACK &&
			   (size_t)(job->out_end - out) >= len + WIDE_SLACK))
			copy_wide(out, in, out + len);
		else
			for (size_t i = 0; i < len; i++)
				out[i] = in[i];
		in += len;
		out += len;
		if (in == end) {
			job->in = in;
			job->out = out;
			return 0; /* a block ends with literals */
		}
		if (end - in < 2)
			break;
		dist = load16(in);
		in += 2;
		len = lz4_length(&in, end, token & 15) + MATCH_MIN;
		if (dist == 0 || dist > (size_t)(out - start) || len > (size_t)(job->out_end - out))
			return unpack_refuse(job, "lz4 data is corrupt (match outside the data)");
		copy_match(out, dist, len, len + WIDE_COPY <= (size_t)(job->out_end - out));
		out += len;
	}
	return unpack_refuse(job, "lz4 data is corrupt (block end)");
}

int __init unpack_lz4(struct unpack_job *job)
{
	while (in_left(job) >= 4) {
		u32 size = load32(job->in);
		int rc;

		job->in += 4;
		if (size == MAGIC)
			continue;
		if (size == 0 || size > in_left(job))
			return unpack_refuse(job, "lz4 data is truncated");
		rc = lz4_block(job, job->in + size);
		if (rc)
			return rc;
	}
	return in_left(job) ? unpack_refuse(job, "lz4 data is truncated") : 0;
}
