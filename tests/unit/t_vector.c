// SPDX-License-Identifier: MIT
/*
 * Vector allocation: every device vector of a CPU is given once, none twice, the guests'
 * gate never, and what is freed comes back, last.
 */
#include "irq/vector.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "hostpanic.h"
#include "lib/assert.h"
#include "lib/cpumask.h"
#include "lib/errno.h"
#include "machine/apic.h"

struct cpumask cpu_online_map;

static void fill_one_cpu(void)
{
	bool seen[256] = {false};
	unsigned int count = 0;
	int v;

	while ((v = vector_alloc(0, 1000 - count, 0)) >= 0) {
		CHECK(v >= VECTOR_DEVICE_FIRST && v <= VECTOR_DEVICE_LAST);
		CHECK(v != VECTOR_INT80);
		CHECK(!seen[v]);
		seen[v] = true;
		CHECK_EQ(vector_irq(0, (unsigned int)v), 1000 - count);
		count++;
	}
	CHECK_EQ(v, -ENOSPC);
	CHECK_EQ(count, VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1 - 1);
	CHECK_EQ(vector_used(0), count);
	CHECK_EQ(vector_used(1), 0);

	vector_free(0, 0x77);
	CHECK_EQ(vector_irq(0, 0x77), IRQ_NONE);
	CHECK_EQ(vector_alloc(0, 5, 0), 0x77);
	CHECK_EQ(vector_irq(0, 0x77), 5);
	for (unsigned int i = VECTOR_DEVICE_FIRST; i <= VECTOR_DEVICE_LAST; i++)
		if (i != VECTOR_INT80)
			vector_free(0, i);
	CHECK_EQ(vector_used(0), 0);
}

static void hints(void)
{
	CHECK_EQ(vector_alloc(2, 7, 0x90), 0x90);
	/* Taken, ours, or out of range: any other will do. */
	CHECK(vector_alloc(2, 8, 0x90) != 0x90);
	CHECK(vector_alloc(2, 9, VECTOR_INT80) != VECTOR_INT80);
	CHECK(vector_alloc(2, 10, VECTOR_TIMER) != VECTOR_TIMER);
	CHECK_EQ(vector_irq(2, VECTOR_INT80), IRQ_NONE);
	CHECK_EQ(vector_irq(2, VECTOR_TIMER), IRQ_NONE);
	CHECK_EQ(vector_irq(2, 0x1f), IRQ_NONE);
	CHECK_EQ(vector_irq(2, 0x90), 7);
}

static void freed_last(void)
{
	int first = vector_alloc(3, 1, 0);

	vector_free(3, (unsigned int)first);
	for (unsigned int i = 0; i < 174; i++)
		CHECK(vector_alloc(3, 2, 0) != first);
	CHECK_EQ(vector_alloc(3, 2, 0), first);
}

static void any_cpu(void)
{
	unsigned int cpu = 9;

	cpumask_zero(&cpu_online_map);
	CHECK_EQ(vector_alloc_any(&cpu, 1), -ENOSPC);
	cpumask_set(&cpu_online_map, 5);
	CHECK(vector_alloc_any(&cpu, 1) >= 0);
	CHECK_EQ(cpu, 5);
	cpumask_set(&cpu_online_map, 6);
	while (vector_alloc(5, 3, 0) >= 0)
		;
	CHECK(vector_alloc_any(&cpu, 4) >= 0);
	CHECK_EQ(cpu, 6);
}

int main(void)
{
	fill_one_cpu();
	hints();
	freed_last();
	any_cpu();
	return check_done("vector");
}
