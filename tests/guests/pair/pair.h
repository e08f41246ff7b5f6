/* SPDX-License-Identifier: MIT */
/* What the two parts of the suite share: the child, and the pages in it that cases use. */
#ifndef PAIR_H
#define PAIR_H

#include "control.h"
#include "test.h"

#define EPERM -1
#define ESRCH -3
#define EINVAL -22

extern struct child c;

/* The nth of those pages: its machine frame, and where the child has it. */
static inline uint64_t frame(unsigned int n)
{
	return c.mfn[c.spare + n];
}

static inline uintptr_t place(unsigned int n)
{
	return child_va(c.spare + n);
}

/* What a domU is refused. */
void refused(void);

#endif
