/* SPDX-License-Identifier: MIT */
/*
 * Little-endian fields at any address, as file formats and firmware tables have them; the
 * hypervisor only runs on x86, where that is the order of a load.
 */
#ifndef DAIS_LIB_UNALIGNED_H
#define DAIS_LIB_UNALIGNED_H

#include "lib/types.h"

#define DEFINE_LOAD(type, name)                        \
	static __force_inline type name(const void *p) \
	{                                              \
		type v;                                \
                                                       \
		__builtin_memcpy(&v, p, sizeof(v));    \
		return v;                              \
	}
DEFINE_LOAD(u16, load16)
DEFINE_LOAD(u32, load32)
DEFINE_LOAD(u64, load64)
#undef DEFINE_LOAD

static __force_inline void store64(void *p, u64 v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

#endif
