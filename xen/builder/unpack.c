// SPDX-License-Identifier: MIT
/*
 * The door to the decoders.
 */
#include "builder/unpack.h"
#include "builder/codec.h"
#include "lib/init.h"
#include "lib/string.h"

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
