/* SPDX-License-Identifier: MIT */
/*
 * Small objects of the hypervisor: zeroed, at least 16-byte aligned, sizes up
 * to several pages.  Bounded by what per-domain quotas let callers ask for.
 */
#ifndef DAIS_MM_SLAB_H
#define DAIS_MM_SLAB_H

#include "lib/types.h"

/* NULL when out of memory.  The memory is zeroed. */
void *kmalloc(size_t size) __must_check;
/* n * size with the overflow checked. */
void *kcalloc(size_t n, size_t size) __must_check;
/* NULL is fine. */
/* Small objects in use, for those who look for leaks. */
unsigned long slab_objects(void);
void kfree(void *p);

#endif
