/* SPDX-License-Identifier: MIT */
/* Guests that write to their page tables with ordinary instructions (C.5). */
#ifndef DAIS_MM_PTWRITE_H
#define DAIS_MM_PTWRITE_H

#include "lib/types.h"
#include "machine/regs.h"

/*
 * #PF of the current vCPU's kernel at va: when it is a store to one of its L1
 * tables, carries it out as a checked update and returns true.  False: the
 * fault is the guest's to see, and nothing has changed.
 */
bool ptwrite_emulate(struct cpu_regs *regs, unsigned long va);

#endif
