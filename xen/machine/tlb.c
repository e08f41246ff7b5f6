// SPDX-License-Identifier: MIT
/*
 * Dropping translations, here and on other CPUs.
 *
 * The clock counts full flushes of all CPUs.  Each CPU notes the value that its last full
 * flush set.  A flush advances the clock first and then flushes, so a CPU whose note is
 * above a stamp read earlier has flushed after that reading; flush and note may only err
 * towards one flush too many.
 *
 * The clock is 32 bits wide.  Stamps are compared by signed difference, and each time the
 * clock enters another quarter of its range, the next user of stamps flushes every CPU, so
 * that no note is ever half a range old.  A stamp may be of any age: one of more than half a
 * range looks as if it were still to come, and asks for a flush too many.
 */
#include "lib/types.h"
#include "machine/cpu.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/percpu.h"

#define CLOCK_QUARTER (1u << 30)

#ifdef DAIS_DEBUG
static u32 flush_clock = (1u << 31) - 2000; /* so that tests see the second half */
#else
static u32 flush_clock = 1;
#endif
/* Quarters that have ended; the same of those since which every CPU has flushed. */
static u32 quarters, quarters_flushed;

static DEFINE_PER_CPU(u32, tlb_stamp);
/*
 * Every CPU has flushed since this stamp: found out once, not for each frame of a batch.  Like
 * a note it is never half a range old.
 */
static u32 flushed_since;

u32 tlb_clock(void)
{
	return __atomic_load_n(&flush_clock, __ATOMIC_SEQ_CST);
}

/* All translations, global ones too: guests may mark theirs global. */
static void flush_all_entries(void)
{
	if (cpu_features.invpcid) {
		const struct {
			u64 pcid, address;
		} none = {0, 0};

		asm volatile("invpcid %0, %1" ::"m"(none), "r"(2UL) : "memory");
	} else {
		unsigned long cr4 = read_cr4();

		write_cr4(cr4 & ~CR4_PGE);
		write_cr4(cr4);
	}
}

void tlb_flush_local(void)
{
	unsigned long flags = local_irq_save();
	u32 t = __atomic_add_fetch(&flush_clock, 1, __ATOMIC_SEQ_CST);

	if (unlikely(t % CLOCK_QUARTER == 0))
		__atomic_fetch_add(&quarters, 1, __ATOMIC_SEQ_CST);
	flush_all_entries();
	WRITE_ONCE(this_cpu(tlb_stamp), t);
	local_irq_restore(flags);
}

void tlb_flush_page_local(unsigned long va)
{
	invlpg(va);
}

static void flush_all_here(void *arg __unused)
{
	tlb_flush_local();
}

static void flush_page_here(void *arg)
{
	invlpg((unsigned long)arg);
}

/* Of the set only this CPU is to flush: nobody has to be called. */
static inline bool nobody_else(const struct cpumask *cpus)
{
	unsigned int me = this_cpu_id();
	u64 others = 0;

	for (unsigned int i = 0; i < CPUMASK_WORDS; i++)
		others |= i == me / 64 ? cpus->bits[i] ^ BIT(me % 64) : cpus->bits[i];
	return !others;
}

void tlb_flush_cpus(const struct cpumask *cpus)
{
	unsigned long flags = local_irq_save();
	bool alone = nobody_else(cpus);

	if (likely(alone))
		tlb_flush_local();
	local_irq_restore(flags);
	if (!alone)
		smp_call(cpus, flush_all_here, NULL);
}

void tlb_flush_page_cpus(const struct cpumask *cpus, unsigned long va)
{
	smp_call(cpus, flush_page_here, (void *)va);
}

void tlb_flush_stale(const struct cpumask *cpus, u32 stamp)
{
	u32 ended = __atomic_load_n(&quarters, __ATOMIC_SEQ_CST), t;
	unsigned int cpu, me = this_cpu_id();
	struct cpumask stale;
	bool others = false;

	if (unlikely(ended != __atomic_load_n(&quarters_flushed, __ATOMIC_ACQUIRE))) {
		t = tlb_clock();
		tlb_flush_cpus(&cpu_online_map);
		WRITE_ONCE(flushed_since, t);
		/* Last: who comes before this cannot rely on notes and flushes as well. */
		__atomic_store_n(&quarters_flushed, ended, __ATOMIC_RELEASE);
		return;
	}
	if ((s32)(READ_ONCE(flushed_since) - stamp) >= 0)
		return;
	cpumask_zero(&stale);
	for (unsigned int i = 0; i < CPUMASK_WORDS; i++) {
		for (u64 left = cpus->bits[i] & cpu_online_map.bits[i]; left; left &= left - 1) {
			cpu = i * 64 + (unsigned int)__builtin_ctzl(left);
			if ((s32)(READ_ONCE(per_cpu(tlb_stamp, cpu)) - stamp) <= 0) {
				cpumask_set(&stale, cpu);
				others |= cpu != me;
			}
		}
	}
	if (others)
		tlb_flush_cpus(&stale);
	else if (cpumask_test(&stale, me))
		tlb_flush_local();
	/* An old stamp would soon be in the future, and answer for all that are to come. */
	if (cpus == &cpu_online_map && tlb_clock() - stamp < CLOCK_QUARTER)
		WRITE_ONCE(flushed_since, stamp);
}

void cache_flush_local(void)
{
	asm volatile("wbinvd" ::: "memory");
}

static void cache_flush_here(void *arg __unused)
{
	cache_flush_local();
}

void cache_flush_all(void)
{
	smp_call(&cpu_online_map, cache_flush_here, NULL);
}
