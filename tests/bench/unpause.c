/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a tool: says on standard error how far the time stamp counter was when the
 * hypervisor had let a domain run, from when on its first instruction is only a matter of which
 * processor is free.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <x86intrin.h>

#define HYPERCALL _IOC(_IOC_NONE, 'P', 0, 6 * sizeof(uint64_t))
#define DOMCTL 36
#define UNPAUSE 4

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int, unsigned long, void *);
	uint32_t cmd = 0;
	char text[40];
	uint64_t *call;
	va_list al;
	int ret;

	va_start(al, request);
	call = va_arg(al, void *);
	va_end(al);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "ioctl");
	/* Its first word is the sub-operation; read before the call, which may free it. */
	if (request == HYPERCALL && call[0] == DOMCTL)
		memcpy(&cmd, (const void *)(uintptr_t)call[1], sizeof(cmd));
	ret = next(fd, request, call);
	if (cmd == UNPAUSE) {
		int length = snprintf(text, sizeof(text), "unpaused %llu\n",
				      (unsigned long long)__rdtsc());

		if (write(STDERR_FILENO, text, (size_t)length) != length)
			return ret;
	}
	return ret;
}
