/* SPDX-License-Identifier: MIT */
/*
 * The only way to guest virtual memory: linear addresses in the address space
 * that is loaded now (the current vCPU's kernel root).  An address in our hole,
 * or one that faults, gives -EFAULT and never more.  What is read once is never
 * read again.
 */
#ifndef DAIS_ENTRY_GUESTCOPY_H
#define DAIS_ENTRY_GUESTCOPY_H

#include "lib/types.h"

/* 0 or -EFAULT.  On failure dst may have been written in part. */
int __must_check guest_read(void *dst, unsigned long va, size_t size);
/* 0 or -EFAULT.  On failure a prefix may have been written. */
int __must_check guest_write(unsigned long va, const void *src, size_t size);
/* Zeroes guest memory. */
int __must_check guest_zero(unsigned long va, size_t size);
/* Bytes read before the first fault: used by instruction fetch. */
size_t guest_read_partial(void *dst, unsigned long va, size_t size);

/* True when [va, va + size) is canonical and outside the hypervisor's hole. */
bool guest_range_ok(unsigned long va, size_t size);

/* Address of element i of a guest array held in an XEN_GUEST_HANDLE. */
#define guest_handle_addr(h, i) ((unsigned long)(h).p + (unsigned long)(i) * sizeof(*(h).p))
#define guest_handle_null(h) (!(h).p)

#endif
