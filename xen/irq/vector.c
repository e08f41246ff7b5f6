// SPDX-License-Identifier: MIT
/*
 * Vector allocation.  A slot holds the interrupt's number plus one, 0 when it is free, and
 * changes hands by compare-and-swap, so that the dispatcher reads it without a lock.
 *
 * The search starts where the last one ended: a vector just given back is used again as
 * late as possible, which gives a message still on its way time to arrive as "nobody's".
 */
#include "irq/vector.h"

#include "lib/assert.h"
#include "lib/cpumask.h"
#include "lib/errno.h"
#include "machine/apic.h"
#include "machine/percpu.h"

#define VECTOR_COUNT (VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1)

struct vector_table {
	u16 slot[VECTOR_COUNT];
	u32 next; /* where to search; a hint, races are harmless */
};

static DEFINE_PER_CPU(struct vector_table, vectors);

static bool is_device_vector(unsigned int vector)
{
	return vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST &&
	       vector != VECTOR_INT80;
}

static bool claim(struct vector_table *t, unsigned int vector, unsigned int irq)
{
	u16 free = 0;

	return is_device_vector(vector) &&
	       __atomic_compare_exchange_n(&t->slot[vector - VECTOR_DEVICE_FIRST], &free,
					   (u16)(irq + 1), false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

int vector_alloc(unsigned int cpu, unsigned int irq, unsigned int hint)
{
	struct vector_table *t = per_cpu_ptr(vectors, cpu);
	u32 start = READ_ONCE(t->next);

	ASSERT(irq < IRQ_NONE);
	if (hint && claim(t, hint, irq))
		return (int)hint;
	for (u32 i = 0; i < VECTOR_COUNT; i++) {
		u32 index = (start + i) % VECTOR_COUNT;

		if (claim(t, VECTOR_DEVICE_FIRST + index, irq)) {
			WRITE_ONCE(t->next, index + 1);
			return (int)(VECTOR_DEVICE_FIRST + index);
		}
	}
	return -ENOSPC;
}

int vector_alloc_any(unsigned int *cpu, unsigned int irq)
{
	unsigned int other;
	int vector = -ENOSPC;

	if (cpumask_test(&cpu_online_map, *cpu))
		vector = vector_alloc(*cpu, irq, 0);
	if (vector >= 0)
		return vector;
	for_each_cpu(other, &cpu_online_map) {
		vector = vector_alloc(other, irq, 0);
		if (vector >= 0) {
			*cpu = other;
			return vector;
		}
	}
	return -ENOSPC;
}

void vector_free(unsigned int cpu, unsigned int vector)
{
	ASSERT(is_device_vector(vector));
	__atomic_store_n(&per_cpu_ptr(vectors, cpu)->slot[vector - VECTOR_DEVICE_FIRST], 0,
			 __ATOMIC_RELEASE);
}

unsigned int vector_irq(unsigned int cpu, unsigned int vector)
{
	u16 slot;

	if (!is_device_vector(vector))
		return IRQ_NONE;
	slot = __atomic_load_n(&per_cpu_ptr(vectors, cpu)->slot[vector - VECTOR_DEVICE_FIRST],
			       __ATOMIC_ACQUIRE);
	return slot ? slot - 1u : IRQ_NONE;
}

unsigned int vector_used(unsigned int cpu)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < VECTOR_COUNT; i++)
		used += READ_ONCE(per_cpu_ptr(vectors, cpu)->slot[i]) != 0;
	return used;
}
