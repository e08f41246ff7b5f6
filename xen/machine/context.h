/* SPDX-License-Identifier: MIT */
/* Which vCPU the processor holds: switching, idling, the parts loaded apart. */
#ifndef DAIS_MACHINE_CONTEXT_H
#define DAIS_MACHINE_CONTEXT_H

#include "lib/types.h"

struct domain;
struct vcpu;

/* True when d's RDTSC must trap: CR4.TSD is then set while it runs (row B113). */
bool guest_tsc_emulated(const struct domain *d);

/* Serves deferred work and halts between; never returns.  Interrupts may be off at entry. */
_Noreturn void idle_loop(void);

/* Current changes from user mode to its kernel, or back: GS bases and roots change places. */
void vcpu_enter_kernel(struct vcpu *v);
void vcpu_enter_user(struct vcpu *v);
/* Loads CR4 bits that the guest chose. */
void vcpu_load_cr4(struct vcpu *v);
/* Segment bases of current, read back from the processor where the guest can change them. */
void vcpu_read_bases(struct vcpu *v);
/* Applies fs_base, gs_base_* of v->arch to the processor (v is current). */
void vcpu_load_bases(struct vcpu *v);
/* Loads a selector into GS as user mode will see it; a bad one loads 0. */
void vcpu_load_user_gs(struct vcpu *v, u16 selector);

#endif
