/* SPDX-License-Identifier: MIT */
/*
 * Extended processor state (x87, SSE, AVX, ...): switched eagerly and whole, so
 * that no vCPU ever sees a register of another one.
 */
#ifndef DAIS_MACHINE_FPU_H
#define DAIS_MACHINE_FPU_H

#include "lib/types.h"

struct vcpu;

void fpu_init_cpu(void);
/* Allocates v's state, set to the init values.  0 or -ENOMEM. */
int fpu_vcpu_init(struct vcpu *v);
/* Also makes the processors forget that they ran it. */
void fpu_vcpu_destroy(struct vcpu *v);
/* Put the state into the init values (new life of a vCPU). */
void fpu_vcpu_reset(struct vcpu *v);
/* Current's state to memory, and v's into the processor. */
void fpu_save(struct vcpu *v);
void fpu_restore(struct vcpu *v);
/*
 * Around code of a library made for programs, at boot: it uses vector registers, keeps data
 * below its stack pointer (where an interrupt on the same stack would write; NMIs and the like
 * have stacks of their own), and looks for its stack's canary behind FS.  Interrupts are off in
 * between.
 */
unsigned long fpu_program_begin(void);
void fpu_program_end(unsigned long flags);
/* Emulated XSETBV of register 0: 0 or -EINVAL. */
int fpu_set_xcr0(struct vcpu *v, u64 value);

#endif
