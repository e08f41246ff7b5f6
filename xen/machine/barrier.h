/* SPDX-License-Identifier: MIT */
/*
 * The few one-instruction services that logic rooms need inline: interrupt
 * state, pause, barriers, block copies, and index masking against speculation.
 * The host tests replace this header (tests/hostmachine/machine/).
 */
#ifndef DAIS_MACHINE_BARRIER_H
#define DAIS_MACHINE_BARRIER_H

#include "lib/types.h"

#define X86_EFLAGS_IF 0x200UL

static inline void cpu_relax(void)
{
	asm volatile("pause" ::: "memory");
}

/*
 * How often to try for a lock out of turn before queueing for it: never, unless this is
 * itself a virtual machine.  Set once by the boot CPU (cpu.c).
 */
extern u32 lock_patience;

static inline u32 spin_patience(void)
{
	return lock_patience;
}

#define barrier() asm volatile("" ::: "memory")
/* From here on the compiler does not know what the variable was computed from. */
#define forget_origin(x)                      \
	do {                                  \
		if (!__builtin_constant_p(x)) \
			asm("" : "+r"(x));    \
	} while (0)
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
/* x86 keeps loads and stores in order: only the compiler needs holding back. */
#define smp_rmb() barrier()
#define smp_wmb() barrier()

static inline void local_irq_disable(void)
{
	asm volatile("cli" ::: "memory");
}

static inline void local_irq_enable(void)
{
	asm volatile("sti" ::: "memory");
}

static inline unsigned long local_irq_save(void)
{
	unsigned long flags;

	asm volatile("pushf; pop %0; cli" : "=r"(flags)::"memory");
	return flags;
}

static inline void local_irq_restore(unsigned long flags)
{
	if (flags & X86_EFLAGS_IF)
		local_irq_enable();
}

static inline bool local_irq_is_enabled(void)
{
	unsigned long flags;

	asm volatile("pushf; pop %0" : "=r"(flags));
	return flags & X86_EFLAGS_IF;
}

/* By eight bytes, forwards, at any alignment. */
static inline void copy_words(void *dst, const void *src, size_t words)
{
	asm volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(words)::"memory");
}

static inline void fill_words(void *dst, u64 word, size_t words)
{
	asm volatile("rep stosq" : "+D"(dst), "+c"(words) : "a"(word) : "memory");
}

/*
 * One more of what nobody else writes, seen after all that was stored before: x86 keeps stores in
 * order, so that one instruction without a lock does.
 */
static inline void bump_release(u16 *counter)
{
	asm volatile("incw %0" : "+m"(*counter)::"cc", "memory");
}

/*
 * Returns index when index < size and 0 when not, also under speculation: a
 * mispredicted bounds check cannot make the processor look past an array.
 */
static inline unsigned long index_nospec(unsigned long index, unsigned long size)
{
	unsigned long mask;

	asm volatile("cmp %[size], %[index]; sbb %[mask], %[mask]"
		     : [mask] "=r"(mask)
		     : [size] "r"(size), [index] "r"(index)
		     : "cc");
	return index & mask;
}

/*
 * index < size, and what index_nospec() makes of it: both by one comparison.
 */
static __force_inline bool index_below(unsigned long index, unsigned long size, unsigned long *safe)
{
	unsigned long mask;
	bool below;

	/* SBB of a register from itself leaves the carry as it was. */
	asm volatile("cmp %[size], %[index]; sbb %[mask], %[mask]"
		     : [mask] "=r"(mask), "=@ccc"(below)
		     : [size] "rm"(size), [index] "r"(index));
	*safe = index & mask;
	return below;
}

#endif
