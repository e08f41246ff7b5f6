/* SPDX-License-Identifier: MIT */
/*
 * Unpacks a compressed kernel in one go: from one contiguous input to one contiguous
 * output whose size the caller knows (a bzImage says it behind its payload).  xz,
 * zstd, gzip and lz4 are what Linux kernels of the last ten years are packed with.
 * Pure logic: no allocation, no state but the caller's workspace.
 */
#ifndef DAIS_BUILDER_UNPACK_H
#define DAIS_BUILDER_UNPACK_H

#include "lib/types.h"

enum unpack_format {
	UNPACK_NONE, /* an ELF image as it is; unpack() copies it */
	UNPACK_XZ,
	UNPACK_ZSTD,
	UNPACK_GZIP,
	UNPACK_LZ4,
	UNPACK_UNKNOWN,
};

/* Bytes of scratch that unpack() wants, aligned to 8; tables only, whatever the image. */
#define UNPACK_WORKSPACE (128 * 1024)

/* Looks at the first bytes.  @why (on UNPACK_UNKNOWN): static text that says what it is not. */
enum unpack_format unpack_identify(const void *in, size_t in_len, const char **why);

/*
 * Unpacks @in to @out, exactly @out_len bytes, and verifies the checksums the format
 * carries.  0 and *@produced = @out_len; or -EINVAL and *@why = a static text, with
 * @out in an undefined state.  Bytes of @in behind the end of the compressed data are
 * ignored, except for lz4, whose end is @in_len.
 */
int unpack(enum unpack_format format, const void *in, size_t in_len, void *out, size_t out_len,
	   void *workspace, size_t workspace_len, size_t *produced, const char **why);

#endif
