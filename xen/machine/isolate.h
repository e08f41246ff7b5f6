/* SPDX-License-Identifier: MIT */
/*
 * Page-table isolation, for processors on which ring 3 can read what ring 0 maps.  All of it
 * does nothing unless mitigated(MIT_ISOLATE).
 */
#ifndef DAIS_MACHINE_ISOLATE_H
#define DAIS_MACHINE_ISOLATE_H

#include "lib/types.h"
#include "machine/percpu.h"
#include "sched/vcpu.h"

/* Builds a CPU's two roots, once its area is mapped; 0 or -ENOMEM. */
int isolate_cpu_create(unsigned int cpu);
/* Current's root `mfn` is loaded from now on; `user`: which of its two; `fresh`: not seen yet. */
void isolate_use_root(mfn_t mfn, bool user, bool fresh);
/* The copy that v, current, runs on is out of date: a fault may be the copy's, not the guest's. */
static inline bool isolate_stale(const struct vcpu *v)
{
	return unlikely(READ_ONCE(cpu_info()->shadow_stale[v->arch.kernel_mode]));
}
/* From entry.S, interrupts off, before the return to a guest whose copy is stale. */
void isolate_sync(void);

#endif
