/* SPDX-License-Identifier: MIT */
/* The hypervisor's heap (mm/slab.h) as the test program's own, so that ASan watches it. */
#ifndef TESTS_UNIT_HOSTHEAP_H
#define TESTS_UNIT_HOSTHEAP_H

#include <stdlib.h>

#include "mm/slab.h"

void *kmalloc(size_t size)
{
	return calloc(1, size);
}

void *kcalloc(size_t n, size_t size)
{
	return calloc(n, size);
}

void kfree(void *p)
{
	free(p);
}

#endif
