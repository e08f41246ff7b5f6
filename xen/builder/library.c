// SPDX-License-Identifier: MIT
/*
 * What the archives linked in (libzstd, libdeflate) look for in a C library besides
 * lib/string.c, and what libzstd looks for in its own decoders of formats before 2016, which
 * are left out.  unpack_library.c sees to it that nothing of this is ever called: a call is a
 * fault of ours, and ends the boot.
 */
#define LOG_ROOM "dom0"
#include "console/panic.h"
#include "lib/init.h"
#include "lib/types.h"

static void __init library_astray(void)
{
	panic("a library that unpacks dom0's kernel has lost its way");
}

#define ASTRAY(name) void name(void) __attribute__((alias("library_astray")))
#define OLD_FORMAT(n)                                 \
	ASTRAY(ZBUFFv##n##_createDCtx);               \
	ASTRAY(ZBUFFv##n##_decompressContinue);       \
	ASTRAY(ZBUFFv##n##_decompressInitDictionary); \
	ASTRAY(ZBUFFv##n##_freeDCtx);                 \
	ASTRAY(ZSTDv##n##_createDCtx);                \
	ASTRAY(ZSTDv##n##_decompress_usingDict);      \
	ASTRAY(ZSTDv##n##_findFrameSizeInfoLegacy);   \
	ASTRAY(ZSTDv##n##_freeDCtx);                  \
	ASTRAY(ZSTDv##n##_getFrameParams)

OLD_FORMAT(05);
OLD_FORMAT(06);
OLD_FORMAT(07);
ASTRAY(malloc);
ASTRAY(calloc);
ASTRAY(free);
ASTRAY(ZSTD_trace_decompress_end);
/* Where a function of theirs finds its stack overwritten. */
ASTRAY(__stack_chk_fail);

/* Called as each frame begins: 0, it is not to be traced. */
unsigned long long ZSTD_trace_decompress_begin(const void *decoder);
unsigned long long __init ZSTD_trace_decompress_begin(const void *decoder __unused)
{
	return 0;
}
