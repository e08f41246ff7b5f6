/* SPDX-License-Identifier: MIT */
/*
 * Parts of a suite.  They run one after the other; but where the command line says "fail=N", the
 * Nth allocation that the hypervisor makes from the first part on fails (inturn.py).  The part
 * that it happens in may then fail in any way, and is run again, as far as it can be: that time
 * it has to pass, as all others do.
 */
#ifndef PART_H
#define PART_H

#include <stdbool.h>

void part_(void (*run)(void), const char *name, bool again);
void parts_end(void);

/* How often to do the same again: n times, or few where allocations fail in turn. */
unsigned int repeats(unsigned int n);

#define part(fn) part_(fn, #fn, true)
/* One whose cases hold only once in a guest's life. */
#define part_once(fn) part_(fn, #fn, false)

#endif
