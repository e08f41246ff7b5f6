/* SPDX-License-Identifier: MIT */
/* Processor state that a guest sets by hypercall or by an emulated instruction. */
#ifndef DAIS_ENTRY_CPUSTATE_H
#define DAIS_ENTRY_CPUSTATE_H

#include "lib/types.h"

struct vcpu;

/* which: SEGBASE_* (xen.h).  v is current.  0, or -EINVAL for a non-canonical base. */
int vcpu_set_segment_base(struct vcpu *v, unsigned int which, unsigned long value);
/* 0, -EINVAL for no such register, -EPERM for a value that is not allowed. */
int vcpu_set_debugreg(struct vcpu *v, unsigned int reg, unsigned long value);

#endif
