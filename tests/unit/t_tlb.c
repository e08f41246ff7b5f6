// SPDX-License-Identifier: MIT
/*
 * machine/tlb.c on four CPUs over all of its clock's 32 bits: whoever has a frame's translations
 * dropped by its stamp finds no CPU that has not flushed since the frame's last use, however
 * long ago that was, and whatever other stamps were asked for meanwhile.
 */
#include <stdlib.h>

#include "check.h"

/* In the place of machine/insn.h: the instructions that drop translations tell the model. */
#define DAIS_MACHINE_INSN_H
#include "lib/types.h"
#define CR4_PGE BIT(7)

#define CPUS 4u
#define FRAMES 64u

static u64 event = 1; /* the order of all that happens */
static u64 flushed[CPUS];

static unsigned long read_cr4(void)
{
	return CR4_PGE;
}

static void write_cr4(unsigned long v);
static void invlpg(unsigned long va __unused)
{
}

#include "machine/tlb.c"

struct cpumask cpu_online_map = {{(1u << CPUS) - 1}};
struct cpu_features cpu_features;

static void write_cr4(unsigned long v)
{
	if (v & CR4_PGE)
		flushed[host_cpu] = ++event;
}

void smp_call(const struct cpumask *cpus, void (*fn)(void *arg), void *arg)
{
	unsigned int me = host_cpu;

	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		host_cpu = cpu;
		if (cpumask_test(cpus, cpu))
			fn(arg);
	}
	host_cpu = me;
}

static struct {
	u64 unmapped; /* when */
	u32 stamp;
} frames[FRAMES];

static void unmap(unsigned int i)
{
	frames[i].unmapped = ++event;
	frames[i].stamp = tlb_clock();
}

static void use(unsigned int i)
{
	bool clean = true;

	tlb_flush_stale(&cpu_online_map, frames[i].stamp);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++)
		clean &= flushed[cpu] > frames[i].unmapped;
	CHECK(clean);
}

/* As if this CPU had flushed that often; the ends of quarters are passed by flushing. */
static void time_passes(u32 flushes)
{
	while (flushes) {
		u32 left = CLOCK_QUARTER - 1 - flush_clock % CLOCK_QUARTER;
		u32 n = left < flushes ? left : flushes;

		flush_clock += n;
		flushes -= n;
		if (flushes) {
			tlb_flush_local();
			flushes--;
		}
	}
	tlb_flush_local();
}

/* A stamp of half the clock ago is in its future: it must not answer for those of now. */
static void an_old_stamp(void)
{
	unmap(0);
	time_passes(0x90000000u);
	use(1); /* a frame that was never used: stamp 0 */
	use(0);
	unmap(2);
	use(2);
	unmap(2);
	use(0);
	use(2);
}

static void walk(void)
{
	for (unsigned int step = 0; step < 200000; step++) {
		unsigned int i = (unsigned int)rand() % FRAMES;

		host_cpu = (unsigned int)rand() % CPUS;
		switch (rand() % 8) {
		case 0:
		case 1:
		case 2:
			unmap(i);
			break;
		case 3:
			tlb_flush_local();
			break;
		case 4:
			if (rand() % 50 == 0)
				time_passes((u32)rand() << 1);
			break;
		default:
			use(i);
		}
	}
}

/* What was flushed already is not flushed again: the clock would be for nothing. */
static void no_flush_too_many(void)
{
	u64 before;

	unmap(0);
	use(0);
	before = event;
	for (unsigned int i = 0; i < 100; i++)
		tlb_flush_stale(&cpu_online_map, frames[0].stamp);
	CHECK_EQ(event, before);
}

int main(void)
{
	for (unsigned int cpu = 0; cpu < CPUS; cpu++)
		flushed[cpu] = event;
	an_old_stamp();
	walk();
	no_flush_too_many();
	return check_done("t_tlb");
}
