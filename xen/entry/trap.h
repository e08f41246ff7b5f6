/* SPDX-License-Identifier: MIT */
/* Called by entry.S alone, with interrupts off; the frame is on the stack it names. */
#ifndef DAIS_ENTRY_TRAP_H
#define DAIS_ENTRY_TRAP_H

#include "machine/regs.h"

/* Exception or software interrupt in a guest; regs is guest_regs. */
void trap_from_guest(struct cpu_regs *regs);
/* Exception in the hypervisor; returns to go on at regs->rip. */
void trap_from_hypervisor(struct cpu_regs *regs);
/* NMI, machine check, double fault: on a stack of their own, from anywhere. */
void trap_ist(struct cpu_regs *regs);

#endif
