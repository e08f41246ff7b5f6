/* SPDX-License-Identifier: MIT */
/* Creates the per-CPU area of a processor that is about to be brought up. */
#ifndef DAIS_MACHINE_PERCPU_SETUP_H
#define DAIS_MACHINE_PERCPU_SETUP_H

#include "lib/types.h"

/* Stacks, guard pages, SYSCALL landing page, copy of .percpu, descriptor window.  0 or -ENOMEM. */
int cpu_area_create(unsigned int cpu);
/* First stack pointer of that CPU. */
unsigned long cpu_area_stack_top(unsigned int cpu);

#endif
