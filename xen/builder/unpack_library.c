// SPDX-License-Identifier: MIT
/*
 * zstd and gzip, by the libraries that everybody decodes them with: libzstd and libdeflate,
 * the static archives of the distribution (xen/local.mk; library.c holds what they need of a
 * C library).  Both work from buffer to buffer, allocate nothing but the workspace, verify the
 * checksums of their formats, and stop behind the first frame or member.
 */
#define ZSTD_STATIC_LINKING_ONLY /* for a decoder in memory of ours */
#include <libdeflate.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "builder/codec.h"
#include "builder/unpack.h"
#include "lib/init.h"

int __init unpack_zstd(struct unpack_job *job)
{
	/* The frame alone: what lies behind it is not to be looked at, be it a frame or not. */
	size_t size = ZSTD_findFrameCompressedSize(job->in, in_left(job)), done = size;
	ZSTD_DCtx *decoder = ZSTD_initStaticDCtx(job->workspace, UNPACK_WORKSPACE);

	if (!decoder)
		return unpack_refuse(job, "workspace too small for zstd");
	if (!ZSTD_isError(size))
		done = ZSTD_decompressDCtx(decoder, job->out, out_left(job), job->in, size);
	if (ZSTD_isError(done))
		return unpack_refuse(job, ZSTD_getErrorName(done));
	job->in += size;
	job->out += done;
	return 0;
}

/* What libdeflate allocates, once each time: its tables, which lie in the workspace. */
static void *allocation __initbss;

static void *__init allocate(size_t size)
{
	return size <= UNPACK_WORKSPACE ? allocation : NULL;
}

static void __init release(void *p __unused)
{
}

int __init unpack_gzip(struct unpack_job *job)
{
	static const char *const why[] __initconst = {
		[LIBDEFLATE_BAD_DATA] = "gzip data is corrupt",
		[LIBDEFLATE_SHORT_OUTPUT] = "gzip data unpacks to less than it says",
		[LIBDEFLATE_INSUFFICIENT_SPACE] = "gzip data unpacks to more than it says",
	};
	struct libdeflate_decompressor *decoder;
	size_t used, done;
	enum libdeflate_result rc;

	allocation = job->workspace;
	libdeflate_set_memory_allocator(allocate, release);
	decoder = libdeflate_alloc_decompressor();
	if (!decoder)
		return unpack_refuse(job, "workspace too small for gzip");
	rc = libdeflate_gzip_decompress_ex(decoder, job->in, in_left(job), job->out, out_left(job),
					   &used, &done);
	if (rc)
		return unpack_refuse(job, why[rc]);
	job->in += used;
	job->out += done;
	return 0;
}
