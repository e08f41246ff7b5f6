/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's architectural state in the ABI's form (struct vcpu_guest_context):
 * checked and loaded into a vCPU, read from it, and reset.
 */
#ifndef DAIS_DOMAIN_VCPUSTATE_H
#define DAIS_DOMAIN_VCPUSTATE_H

#include "lib/abi.h"
#include "lib/types.h"

struct vcpu;

/* The state of a vCPU that nobody has set yet. */
void vcpu_init_registers(struct vcpu *v);
/*
 * Gives v, which does not run, the state in c, and marks it initialised.  All
 * values are checked first.  -EINVAL; -EBUSY when v has other page tables
 * already; -ERESTART: call again with the same c.
 */
int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
/* The state of v, which does not run.  *c is filled in whole. */
void vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c);
/*
 * Back to vcpu_init_registers(): v is down and paused; its page tables,
 * descriptor tables and registered areas are given up.  0 or -ERESTART.
 */
int vcpu_reset(struct vcpu *v);
/* The part of vcpu_reset() that gives up references: also the end of a vCPU. */
int vcpu_drop_references(struct vcpu *v);

/* A selector as the guest may have it loaded: RPL 3, never one of ours. */
u16 guest_selector(u16 selector);
/* True when an address is canonical and not in our hole. */
bool guest_address_ok(unsigned long va);

#endif
