/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions of guests (B.5) and their port I/O: what the guest's
 * #GP and #UD come to.  The machine runs guests in ring 3, so everything that
 * only ring 0 may do arrives here.
 */
#ifndef DAIS_ENTRY_PRIVOP_H
#define DAIS_ENTRY_PRIVOP_H

#include "lib/types.h"
#include "machine/regs.h"

/*
 * The current vCPU raised #GP (regs->error_code holds its code): carries the
 * instruction out and moves past it, or has the guest enter its handler for the
 * exception that is due.
 */
void guest_general_protection(struct cpu_regs *regs);

/* The current vCPU raised #UD: the forced CPUID (B60), or the guest's own business. */
void guest_invalid_opcode(struct cpu_regs *regs);

#endif
