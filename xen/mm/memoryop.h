/* SPDX-License-Identifier: MIT */
/* memory_op: what its sub-ops share (rows h12.* of docs/abi-coverage.md). */
#ifndef DAIS_MM_MEMORYOP_H
#define DAIS_MM_MEMORYOP_H

#include "lib/types.h"

#define MEMOP_OP_BITS 6 /* of the command; above them: the first extent still to do */
#define MEMOP_MAX_EXTENTS (~0UL >> MEMOP_OP_BITS)

/* Has the guest execute the call again, going on at extent `next`. */
long memory_op_continue(unsigned int op, unsigned long next);

/* exchange.c */
long memop_exchange(unsigned long arg, unsigned long start);
/* resource.c */
long memop_acquire_resource(unsigned long arg, unsigned long start);

#endif
