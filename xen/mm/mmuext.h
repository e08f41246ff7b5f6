/* SPDX-License-Identifier: MIT */
/* Pinning and loading page tables, flushes: what mmuext_op does, for other rooms. */
#ifndef DAIS_MM_MMUEXT_H
#define DAIS_MM_MMUEXT_H

#include "lib/cpumask.h"
#include "lib/types.h"

struct domain;
struct vcpu;

/* 0, -EINVAL (pinned already, other type, does not validate) or -ERESTART: call again. */
int mmuext_pin(struct domain *d, mfn_t mfn, u32 type);
/* 0, -EINVAL when it is not pinned, or -ERESTART. */
int table_unpin(struct domain *d, mfn_t mfn);
/*
 * Destroy: takes apart a table that nobody but itself refers to, left by a call
 * that was interrupted and never continued.  0 also for other frames; -ERESTART.
 */
int table_break_circle(struct domain *d, mfn_t mfn);

/* Loads a root for v, which is current.  0; 1: done, see table_drop(); or an error. */
int mmuext_new_kernel_root(struct vcpu *v, mfn_t mfn);

/* Sets the slot of the M2P table in both roots of v, which has a kernel root. */
void mmuext_show_m2p(const struct vcpu *v);

/* The CPUs on which the vCPUs run that a guest's bitmap names.  0 or -EFAULT. */
int mmuext_vcpumask(const struct domain *d, unsigned long va, struct cpumask *cpus);

#endif
