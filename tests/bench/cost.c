/* SPDX-License-Identifier: MIT */
/*
 * cost COMMAND [ARGUMENT...]: runs it with its output thrown away and prints what it took.  Under
 * -icount shift=0 a tick of the time stamp counter and a nanosecond of a domain's time are an
 * instruction of the whole machine: the command's, its kernel's, the store daemon's, the
 * hypervisor's for them.  The cost is the control domain's own time, so that nothing counts in
 * which it waits (for a disk, or as Debian's tools do now and then for a timer of seconds).
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#define __XEN_TOOLS__ 1
#include <xen/domctl.h>
#include <xen/xen.h>

struct privcmd_hypercall {
	uint64_t op;
	uint64_t arg[5];
};

#define IOCTL_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

static struct xen_domctl domctl __attribute__((aligned(4096)));

/* Nanoseconds that domain 0 has run. */
static unsigned long long busy(int privcmd)
{
	struct privcmd_hypercall call = {.op = __HYPERVISOR_domctl, .arg = {(uintptr_t)&domctl}};

	domctl.cmd = XEN_DOMCTL_getdomaininfo;
	domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	domctl.domain = 0;
	if (ioctl(privcmd, IOCTL_HYPERCALL, &call))
		return 0;
	return domctl.u.getdomaininfo.cpu_time;
}

int main(int argc, char **argv)
{
	int status = 0, privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	unsigned long long before, after, from, to;
	pid_t pid;

	if (argc < 2 || privcmd < 0 || mlock(&domctl, sizeof(domctl)))
		return 2;
	from = busy(privcmd);
	before = __rdtsc();
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDOUT_FILENO);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	after = __rdtsc();
	to = busy(privcmd);
	if (!from || to <= from)
		return 2;
	printf("cost %llu from %llu to %llu status %d\n", to - from, before, after,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	return 0;
}
