/* SPDX-License-Identifier: MIT */
/*
 * The ABI's error numbers (xen/errno.h) under their usual names: what a
 * hypercall returns negated.  ERESTART never leaves the hypervisor: it asks
 * entry/dispatch.c to have the guest execute the call again.
 */
#ifndef DAIS_LIB_ERRNO_H
#define DAIS_LIB_ERRNO_H

enum {
#define XEN_ERRNO(name, value) name = value,
#include <xen/errno.h>
	ERESTART = 85,
};

#endif
