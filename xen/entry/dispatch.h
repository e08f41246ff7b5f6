/* SPDX-License-Identifier: MIT */
/*
 * From the guest's registers to a handler and back.  A handler takes up to five
 * words and returns the guest's RAX: >= 0 or a negative ABI error.
 *
 * A handler that must let others run returns hypercall_continue(): the guest
 * then executes the same call again with the (possibly advanced) arguments.
 */
#ifndef DAIS_ENTRY_DISPATCH_H
#define DAIS_ENTRY_DISPATCH_H

#include "lib/errno.h"
#include "lib/types.h"

#define HYPERCALL_ARGS_MAX 5

/*
 * Re-execute the hypercall in progress with these arguments (the first `n`
 * are replaced, the rest stay).  Returns -ERESTART, to be returned at once.
 */
long hypercall_continue(unsigned int n, const unsigned long *args);
/* The same with a single new first argument. */
long hypercall_continue1(unsigned long arg0);

/* Prototypes of all handlers come from the table. */
#define ULONGS_0 void
#define ULONGS_1 unsigned long
#define ULONGS_2 unsigned long, unsigned long
#define ULONGS_3 unsigned long, unsigned long, unsigned long
#define ULONGS_4 unsigned long, unsigned long, unsigned long, unsigned long
#define ULONGS_5 unsigned long, unsigned long, unsigned long, unsigned long, unsigned long
#define HYPERCALL(nr, name, nargs, file) long hc_##name(ULONGS_##nargs);
#include "entry/hypercalls.h"
#undef HYPERCALL

#endif
