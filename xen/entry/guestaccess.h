/* SPDX-License-Identifier: MIT */
/*
 * guest_read() and guest_write() of entry/guestcopy.h for what hot paths copy: up to 72 bytes
 * of a size known when compiling, moved in line word by word.  Anything else is handed on.
 * The host tests replace this header.
 */
#ifndef DAIS_ENTRY_GUESTACCESS_H
#define DAIS_ENTRY_GUESTACCESS_H

#include "entry/guestcopy.h"
#include "lib/errno.h"
#include "machine/insn.h"
#include "machine/mitigate.h"
#include "machine/percpu.h"
#include "sched/vcpu.h"

#define GUEST_INLINE_MAX 72 /* struct iret_context */

/* Three bytes that boot makes STAC or CLAC where there is SMAP (machine/mitigate.h). */
#define SMAP_SITE(byte)                                               \
	asm volatile("1: .byte 0x0f, 0x1f, 0x00\n"                    \
		     ".pushsection .patch_sites, \"a\"\n"             \
		     ".quad 1b\n"                                     \
		     ".byte %c0, 3, 0x0f, 0x01, " #byte ", 0, 0, 0\n" \
		     ".popsection" ::"i"(MIT_SMAP)                    \
		     : "memory")

static inline void smap_open(void)
{
	SMAP_SITE(0xcb);
}

static inline void smap_close(void)
{
	SMAP_SITE(0xca);
}

#define GUEST_MOVE(to, from, offset, reg, label)      \
	asm goto("1: mov %c2(%1), %%" reg "\n"        \
		 "2: mov %%" reg ", %c2(%0)\n"        \
		 ".pushsection .ex_table, \"a\"\n"    \
		 ".balign 4\n"                        \
		 ".long 1b - ., %l[" #label "] - .\n" \
		 ".long 2b - ., %l[" #label "] - .\n" \
		 ".popsection"                        \
		 :                                    \
		 : "r"(to), "r"(from), "i"(offset)    \
		 : "rax", "memory"                    \
		 : label)

#define GUEST_WORD(to, from, n, size, label)                       \
	do {                                                       \
		if ((n + 1) * 8 <= (size))                         \
			GUEST_MOVE(to, from, (n)*8, "rax", label); \
		else if ((n)*8 < (size))                           \
			GUEST_MOVE(to, from, (n)*8, "eax", label); \
	} while (0)

/* True where the few instructions below do: the kernel's tables are loaded, the size fits. */
static __force_inline bool guest_inline(size_t size)
{
	return __builtin_constant_p(size) && size <= GUEST_INLINE_MAX && size % 4 == 0 &&
	       likely(current->arch.kernel_mode);
}

/*
 * Our part of the address space is all that has to be kept out: an address that is not
 * canonical faults by itself, and so does the word before ours of a copy that runs into it.
 */
static __force_inline bool guest_address_not_ours(unsigned long va)
{
	return likely(va >> 43 != HYPERVISOR_START >> 43);
}

/*
 * The same for what is read and then used: false, and *va turns into the address space's last
 * byte, a guest's.  So a processor that has guessed the answer reads nothing of ours that could be
 * told by what the call goes on to look up.  Bits 43 to 47 are all that counts, as some processors
 * look no higher ahead of time.
 */
static __force_inline bool guest_address_to_read(unsigned long *va)
{
	unsigned long block = (*va << 16 ^ HYPERVISOR_START << 16) >> 59;
	unsigned long mask = 0;

	asm goto("cmp $1, %[block]; sbb %[mask], %[mask]; jc %l[ours]"
		 : [mask] "=r"(mask)
		 : [block] "r"(block)
		 : "cc"
		 : ours);
	*va |= mask;
	return true;
ours:
	*va = ~0UL;
	return false;
}

static __force_inline int guest_move(void *to, const void *from, size_t size)
{
	smap_open();
	GUEST_WORD(to, from, 0, size, fault);
	GUEST_WORD(to, from, 1, size, fault);
	GUEST_WORD(to, from, 2, size, fault);
	GUEST_WORD(to, from, 3, size, fault);
	GUEST_WORD(to, from, 4, size, fault);
	GUEST_WORD(to, from, 5, size, fault);
	GUEST_WORD(to, from, 6, size, fault);
	GUEST_WORD(to, from, 7, size, fault);
	GUEST_WORD(to, from, 8, size, fault);
	smap_close();
	return 0;
fault:
	smap_close();
	return -EFAULT;
}

static __force_inline int __must_check guest_fetch(void *dst, unsigned long va, size_t size)
{
	if (!guest_inline(size))
		return guest_read(dst, va, size);
	return guest_address_to_read(&va) ? guest_move(dst, (const void *)va, size) : -EFAULT;
}

static __force_inline int __must_check guest_store(unsigned long va, const void *src, size_t size)
{
	if (!guest_inline(size))
		return guest_write(va, src, size);
	return guest_address_not_ours(va) ? guest_move((void *)va, src, size) : -EFAULT;
}

/*
 * Stores one word of several between smap_open() and smap_close(), for who has looked at
 * guest_address_not_ours() and runs on the kernel's tables; jumps to `label` when it faults.
 */
#define GUEST_PUSH(to, offset, value, label)               \
	asm goto("1: movq %0, %c2(%1)\n"                   \
		 ".pushsection .ex_table, \"a\"\n"         \
		 ".balign 4\n"                             \
		 ".long 1b - ., %l[" #label "] - .\n"      \
		 ".popsection"                             \
		 :                                         \
		 : "r"((u64)(value)), "r"(to), "i"(offset) \
		 : "memory"                                \
		 : label)

/* The same for a word that is read. */
#define GUEST_PULL(value, from, offset, label)        \
	asm goto("1: movq %c2(%1), %0\n"              \
		 ".pushsection .ex_table, \"a\"\n"    \
		 ".balign 4\n"                        \
		 ".long 1b - ., %l[" #label "] - .\n" \
		 ".popsection"                        \
		 : "=r"(value)                        \
		 : "r"(from), "i"(offset)             \
		 : "memory"                           \
		 : label)

#endif
