/* SPDX-License-Identifier: MIT */
/*
 * RDMSR and WRMSR of guest kernels (rows B70-B86), and the time-stamp counter as
 * they see it (B113, B114).
 */
#ifndef DAIS_ENTRY_GUESTMSR_H
#define DAIS_ENTRY_GUESTMSR_H

#include "lib/types.h"

struct domain;
struct vcpu;

/* v is current.  0, or -EPERM: the guest gets #GP(0). */
int guest_rdmsr(struct vcpu *v, u32 msr, u64 *value);
int guest_wrmsr(struct vcpu *v, u32 msr, u64 value);

/* What RDTSC gives to a vCPU of d now. */
u64 guest_tsc(const struct domain *d);

#endif
