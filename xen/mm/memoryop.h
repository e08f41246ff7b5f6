/* SPDX-License-Identifier: MIT */
/* memory_op: what its sub-ops share (rows h12.* of docs/abi-coverage.md). */
#ifndef DAIS_MM_MEMORYOP_H
#define DAIS_MM_MEMORYOP_H

#include "lib/types.h"

#define MEMOP_OP_BITS 6 /* of the command; above them: the first extent still to do */
#define MEMOP_MAX_EXTENTS (~0UL >> MEMOP_OP_BITS)

struct domain;

/* Has the guest execute the call again, going on at extent `next`. */
long memory_op_continue(unsigned int op, unsigned long next);
/* Largest order that d may ask for: bounds the time and the contiguity one extent costs. */
unsigned int memop_max_order(const struct domain *d);
/* Address bits that cover less than the machine's memory, else 0 (anywhere). */
unsigned int memop_address_bits(u32 mem_flags);
/* The domain of an argument if the caller may change its memory, with a reference. */
struct domain *memop_target(u16 domid, int *err);

/* --- sub-ops: `start` is where a continued call goes on --- */

/* reservation.c */
long memop_increase_reservation(unsigned long arg, unsigned long start);
long memop_decrease_reservation(unsigned long arg, unsigned long start);
long memop_populate_physmap(unsigned long arg, unsigned long start);
long memop_claim_pages(unsigned long arg, unsigned long start);
/* exchange.c */
long memop_exchange(unsigned long arg, unsigned long start);
/* resource.c */
long memop_acquire_resource(unsigned long arg, unsigned long start);

#endif
