/* SPDX-License-Identifier: MIT */
/*
 * Rows of the sysctl table by file.  A row has a private copy of the argument;
 * 0: done, and the argument is copied back.
 */
#ifndef DAIS_CTL_SYSCTL_H
#define DAIS_CTL_SYSCTL_H

#include "lib/abi.h"
#include <xen/sysctl.h>

typedef long sysctl_fn(struct xen_sysctl *op);

/* sysctlinfo.c */
sysctl_fn sysctl_getcpuinfo, sysctl_availheap, sysctl_cpupool, sysctl_scheduler, sysctl_pcitopoinfo,
	sysctl_levelling_caps, sysctl_featureset, sysctl_cpu_policy;

#endif
