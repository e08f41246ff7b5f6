/* SPDX-License-Identifier: MIT */
/*
 * Rows of the domctl table by file, and what the files of this room share.
 *
 * A row's function has a reference on d and a private copy of the argument.  It
 * returns an errno, DOMCTL_COPY_BACK for "done, and copy the argument back", or
 * -ERESTART to be called again with the same argument.
 */
#ifndef DAIS_CTL_DOMCTL_H
#define DAIS_CTL_DOMCTL_H

#include "lib/abi.h"
#include "lib/types.h"
#include <xen/domctl.h>

struct domain;
struct cpu_policy;

#define DOMCTL_COPY_BACK 1

typedef long domctl_fn(struct domain *d, struct xen_domctl *op);

/* domctlvcpu.c */
domctl_fn domctl_max_vcpus, domctl_getvcpuinfo, domctl_setvcpucontext, domctl_getvcpucontext,
	domctl_setvcpuaffinity, domctl_getvcpuaffinity, domctl_scheduler_op, domctl_sendtrigger,
	domctl_get_ext_vcpucontext, domctl_set_ext_vcpucontext;
/* domctlmem.c */
domctl_fn domctl_max_mem, domctl_getpageframeinfo3, domctl_hypercall_init, domctl_setnodeaffinity,
	domctl_getnodeaffinity, domctl_iomem_permission, domctl_ioport_permission,
	domctl_irq_permission;
/* policy.c */
domctl_fn domctl_get_cpu_policy, domctl_set_cpu_policy;

/*
 * Writes a policy to the caller's arrays.  The numbers of entries are in/out;
 * without arrays they become the most there can be.  -ENOBUFS when they do not
 * fit (the numbers needed are then told), -EFAULT.
 */
int policy_write(const struct cpu_policy *p, u32 *nr_leaves, unsigned long leaves, u32 *nr_msrs,
		 unsigned long msrs);

/* ctlbitmap.c: the caller's bitmap of any length to and from one of ours.  0 or -EFAULT. */
int ctlbitmap_read(u64 *map, unsigned int bits, const struct xenctl_bitmap *from);
int ctlbitmap_write(const struct xenctl_bitmap *to, const u64 *map, unsigned int bits);

#endif
