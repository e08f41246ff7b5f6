/* SPDX-License-Identifier: MIT */
/*
 * Entering the guest's handlers: exception frames, event upcalls, callbacks
 * (rows B10-B22 of docs/abi-coverage.md).
 */
#ifndef DAIS_ENTRY_BOUNCE_H
#define DAIS_ENTRY_BOUNCE_H

#include "lib/types.h"
#include "machine/regs.h"

struct vcpu;

/*
 * Makes the current vCPU enter its handler for exception `vector` when it
 * resumes.  error_code is pushed for the vectors that have one.  Without a
 * handler, or when the frame cannot be written, the domain is crashed.
 * Call at most once per entry into the hypervisor.
 */
void inject_trap(struct cpu_regs *regs, unsigned int vector, u32 error_code);
/* The same for #PF: stores cr2 in vcpu_info first. */
void inject_page_fault(struct cpu_regs *regs, unsigned long cr2, u32 error_code);
/* Event callback: an upcall is due. */
void inject_event_upcall(struct cpu_regs *regs);
/* The guest's NMI handler (trap vector 2), if it has one; clears nmi_pending. */
void inject_nmi(struct cpu_regs *regs);
/* Failsafe callback: a selector of v->arch.ds..gs, or the return frame, does not load. */
void inject_failsafe(struct cpu_regs *regs);
/* From entry.S: SYSCALL (64 and 32-bit) or SYSENTER executed in guest user mode. */
void guest_syscall(struct cpu_regs *regs);

#endif
