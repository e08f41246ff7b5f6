/* SPDX-License-Identifier: MIT */
/*
 * The processors: which there are, their ids, and how they are started.  CPU 0 is the one
 * that booted; numbers have no gaps.
 */
#ifndef DAIS_MACHINE_SMP_H
#define DAIS_MACHINE_SMP_H

#include "lib/cpumask.h"
#include "lib/types.h"

struct acpi_info;

/* A free page below 1 MiB that boot kept for the first instructions of other CPUs; 0: none. */
extern paddr_t smp_trampoline_page;

/* Boot CPU, before apic_init_bsp(): numbers the processors; true when an id is beyond xAPIC. */
bool smp_enumerate(const struct acpi_info *acpi, u32 max_cpus);
/* Starts all others, one by one; those that do not answer are left out. */
void smp_start_others(void);

/* Processors numbered (on line or not). */
unsigned int smp_cpu_count(void);
u32 cpu_apic_id(unsigned int cpu);
u32 cpu_acpi_id(unsigned int cpu);

#endif
