/* SPDX-License-Identifier: MIT */
/*
 * Guest GDT and LDT: what a descriptor of theirs may be, and the typed
 * references on the frames that hold them.
 */
#ifndef DAIS_MM_SEGDESC_H
#define DAIS_MM_SEGDESC_H

#include "lib/types.h"

struct vcpu;

/*
 * Makes a guest's descriptor harmless in place (privilege level 3, no system
 * segments but gates to ring 3).  False when it cannot be.
 */
bool segdesc_fix(u64 *desc);
/* Frame type SEGDESC: all descriptors of the page, fixed where possible; 0 or -EINVAL. */
int segdesc_page_check(mfn_t mfn);

/*
 * Replaces v's GDT; typed references are taken on the new frames and dropped
 * on the old.  v is current or paused.  0 or -EINVAL (then nothing changed).
 */
int segdesc_set_gdt(struct vcpu *v, const unsigned long *frames, unsigned int entries);
/* Replaces v's LDT by a linear range; pages are looked up on first use. */
int segdesc_set_ldt(struct vcpu *v, unsigned long base, unsigned long entries);

/*
 * #PF inside this CPU's LDT window at `offset` from its start: maps the page
 * of current's LDT.  0, or -EFAULT when the fault is the guest's to see.
 */
int segdesc_ldt_fault(struct vcpu *v, unsigned long offset);
/* Unmaps all LDT pages of v and drops their references; v is current or paused. */
void segdesc_ldt_drop(struct vcpu *v);

#endif
