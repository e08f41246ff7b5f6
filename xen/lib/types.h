/* SPDX-License-Identifier: MIT */
/*
 * The words every room speaks: fixed-width integers, frame numbers that the
 * compiler refuses to mix up, and a few macros.  Depends on nothing but the
 * compiler's own freestanding headers.
 */
#ifndef DAIS_LIB_TYPES_H
#define DAIS_LIB_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef u64 paddr_t; /* machine-physical address in bytes */
typedef s64 stime_t; /* nanoseconds since the hypervisor booted */

/* Machine frame: what the hardware addresses.  For PV guests gfn == mfn. */
typedef struct {
	unsigned long m;
} mfn_t;
/* Pseudo-physical frame: the guest's own contiguous numbering. */
typedef struct {
	unsigned long p;
} pfn_t;

#define MFN(x) ((mfn_t){(x)})
#define INVALID_MFN MFN(~0UL)
static inline bool mfn_eq(mfn_t a, mfn_t b)
{
	return a.m == b.m;
}

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1UL << (n))
#define ALIGN_UP(x, a) (((x) + ((a)-1)) & ~((a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((a)-1))
#define DIV_ROUND_UP(x, d) (((x) + (d)-1) / (d))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

/* Unique names, so that one may stand inside the other without shadowing. */
#define TYPES_PASTE_(a, b) a##b
#define TYPES_PASTE(a, b) TYPES_PASTE_(a, b)
#define TYPES_PICK(a, op, b, x, y)     \
	({                             \
		__typeof__(a) x = (a); \
		__typeof__(b) y = (b); \
		x op y ? x : y;        \
	})
#define min(a, b) \
	TYPES_PICK(a, <, b, TYPES_PASTE(pick_a, __COUNTER__), TYPES_PASTE(pick_b, __COUNTER__))
#define max(a, b) \
	TYPES_PICK(a, >, b, TYPES_PASTE(pick_a, __COUNTER__), TYPES_PASTE(pick_b, __COUNTER__))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define __must_check __attribute__((warn_unused_result))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __printf(fmt, first) __attribute__((format(printf, fmt, first)))
#define __unused __attribute__((unused))
#define __force_inline inline __attribute__((always_inline))
#ifndef static_assert
#define static_assert _Static_assert
#endif

/* One access, not torn, not repeated and not elided by the compiler. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif
