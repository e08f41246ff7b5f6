/* SPDX-License-Identifier: MIT */
/*
 * How long the control domain has run on all its processors, from a program in it.
 */
#ifndef DAIS_BENCH_BUSY_H
#define DAIS_BENCH_BUSY_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define __XEN_TOOLS__ 1
#include <xen/domctl.h>
#include <xen/xen.h>

struct privcmd_hypercall {
	uint64_t op;
	uint64_t arg[5];
};

#define IOCTL_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

static struct xen_domctl domctl __attribute__((aligned(4096)));

/* For busy(), or -1: there is no hypervisor. */
static inline int busy_open(void)
{
	int privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);

	return privcmd >= 0 && mlock(&domctl, sizeof(domctl)) ? -1 : privcmd;
}

/* Nanoseconds that domain 0 has run; 0: it cannot be had. */
static inline unsigned long long busy(int privcmd)
{
	struct privcmd_hypercall call = {.op = __HYPERVISOR_domctl, .arg = {(uintptr_t)&domctl}};

	domctl.cmd = XEN_DOMCTL_getdomaininfo;
	domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	domctl.domain = 0;
	if (ioctl(privcmd, IOCTL_HYPERCALL, &call))
		return 0;
	return domctl.u.getdomaininfo.cpu_time;
}

#endif
