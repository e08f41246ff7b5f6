/* SPDX-License-Identifier: MIT */
/*
 * Which interrupt a vector of a CPU stands for.  Every CPU has a table of its own, so the
 * machine has as many vectors for devices as 175 times its CPUs.
 */
#ifndef DAIS_IRQ_VECTOR_H
#define DAIS_IRQ_VECTOR_H

#include "lib/types.h"

#define IRQ_NONE 0xffffu /* no interrupt has this number */

/*
 * Claims a vector of the CPU for irq: `hint` if that is free (0: any).  Returns the vector
 * or -ENOSPC.  Atomic: from any context, no lock needed.
 */
int vector_alloc(unsigned int cpu, unsigned int irq, unsigned int hint);
/* The same on any CPU that is on line, beginning at *cpu, which is set to the one found. */
int vector_alloc_any(unsigned int *cpu, unsigned int irq);
void vector_free(unsigned int cpu, unsigned int vector);
/* Interrupt behind a vector, or IRQ_NONE. */
unsigned int vector_irq(unsigned int cpu, unsigned int vector);
/* Vectors of the CPU that are in use. */
unsigned int vector_used(unsigned int cpu);

#endif
