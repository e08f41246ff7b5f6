// SPDX-License-Identifier: MIT
/*
 * faults.h: the daemon's calls go through here (the linker's --wrap, see local.mk).  Allocation
 * inside mem.c itself is seen as its mmap(); mem_take(), which by contract cannot fail, is not
 * wrapped.
 */
#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char __executable_start[];

static struct faults *faults;
static int failing; /* errno of the call at hand */

static void __attribute__((constructor)) faults_open(void)
{
	const char *path = getenv(FAULT_VARIABLE);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED
			 : mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	faults = p == MAP_FAILED ? NULL : p;
}

static int fails(const char *function, int err, const void *from)
{
	uint64_t address = (uint64_t)((const char *)from - __executable_start);
	struct fault_site *s;

	if (!faults)
		return 0;
	s = &faults->site[address % FAULT_SITES];
	while (s->address && s->address != address)
		s = s == &faults->site[FAULT_SITES - 1] ? faults->site : s + 1;
	if (!s->address) {
		s->address = address;
		s->err = err;
		strncpy(s->function, function, sizeof(s->function) - 1);
	}
	s->calls++;
	if (faults->armed != address || !faults->left)
		return 0;
	faults->left--;
	faults->hits++;
	failing = errno = err;
	return 1;
}

#define WRAP(type, name, parameters, arguments, err, bad)           \
	type __real_##name parameters;                              \
	type __wrap_##name parameters;                              \
	type __wrap_##name parameters                               \
	{                                                           \
		if (fails(#name, err, __builtin_return_address(0))) \
			return bad;                                 \
		return __real_##name arguments;                     \
	}

WRAP(void *, mem_alloc, (size_t n), (n), ENOMEM, NULL)
WRAP(void *, mem_grow, (void *p, size_t was, size_t n), (p, was, n), ENOMEM, NULL)
WRAP(_Bool, mem_reserve, (size_t n), (n), ENOMEM, 0)
WRAP(void *, realloc, (void *p, size_t n), (p, n), ENOMEM, NULL)
WRAP(void *, mmap, (void *p, size_t n, int prot, int flags, int fd, off_t at),
     (p, n, prot, flags, fd, at), ENOMEM, MAP_FAILED)
WRAP(int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int flags), (fd, a, n, flags), EMFILE,
     -1)
WRAP(int, access, (const char *path, int mode), (path, mode), ENOMEM, -1)
WRAP(int, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), ENOMEM, -1)
WRAP(int, epoll_create1, (int flags), (flags), EMFILE, -1)
WRAP(int, epoll_ctl, (int fd, int op, int on, struct epoll_event *e), (fd, op, on, e), ENOSPC, -1)
WRAP(int, epoll_pwait, (int fd, struct epoll_event *e, int n, int t, const sigset_t *s),
     (fd, e, n, t, s), EINTR, -1)
WRAP(int, execv, (const char *path, char *const *argv), (path, argv), ENOMEM, -1)
WRAP(int, fchownat, (int fd, const char *name, uid_t u, gid_t g, int f), (fd, name, u, g, f), EPERM,
     -1)
WRAP(FILE *, fdopen, (int fd, const char *mode), (fd, mode), ENOMEM, NULL)
WRAP(DIR *, fdopendir, (int fd), (fd), ENOMEM, NULL)
WRAP(int, flock, (int fd, int op), (fd, op), ENOLCK, -1)
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), EMFILE, NULL)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), ENOMEM, -1)
WRAP(int, listen, (int fd, int n), (fd, n), ENOBUFS, -1)
WRAP(int, madvise, (void *p, size_t n, int what), (p, n, what), EAGAIN, -1)
WRAP(int, memfd_create, (const char *name, unsigned int flags), (name, flags), EMFILE, -1)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), ENOSPC, -1)
WRAP(int, munmap, (void *p, size_t n), (p, n), ENOMEM, -1)
WRAP(int, posix_fallocate, (int fd, off_t at, off_t n), (fd, at, n), ENOSPC, failing)
WRAP(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at), ENOSPC, -1)
WRAP(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), EIO, -1)
WRAP(ssize_t, readlink, (const char *path, char *to, size_t n), (path, to, n), ENOMEM, -1)
WRAP(ssize_t, recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags), ENOMEM, -1)
WRAP(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), ENOSPC, -1)
WRAP(ssize_t, send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags), ENOBUFS, -1)
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags), ENOBUFS, -1)
WRAP(int, setenv, (const char *name, const char *value, int over), (name, value, over), ENOMEM, -1)
WRAP(int, setrlimit, (__rlimit_resource_t what, const struct rlimit *to), (what, to), EPERM, -1)
WRAP(int, signalfd, (int fd, const sigset_t *s, int flags), (fd, s, flags), EPERM, -1)
WRAP(int, socket, (int family, int type, int protocol), (family, type, protocol), EMFILE, -1)
WRAP(int, unlinkat, (int fd, const char *name, int flags), (fd, name, flags), EIO, -1)
WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n), ENOSPC, -1)

struct handle;
WRAP(void *, xengnttab_map_grant_ref, (struct handle * h, uint32_t domid, uint32_t ref, int prot),
     (h, domid, ref, prot), ENOMEM, NULL)
WRAP(void *, xenforeignmemory_map,
     (struct handle * h, uint32_t domid, int prot, size_t n, const void *frames, int *err),
     (h, domid, prot, n, frames, err), ENOMEM, NULL)
WRAP(int, xenevtchn_bind_interdomain, (struct handle * h, uint32_t domid, uint32_t port),
     (h, domid, port), ENOSPC, -1)
WRAP(int, xenevtchn_bind_virq, (struct handle * h, unsigned int virq), (h, virq), ENOSPC, -1)
WRAP(int, xenevtchn_notify, (struct handle * h, uint32_t port), (h, port), EIO, -1)
WRAP(int, xenevtchn_pending, (struct handle * h), (h), EIO, -1)
WRAP(int, xencall1, (struct handle * h, unsigned int op, uint64_t arg), (h, op, arg), ENOMEM, -1)

/* Those with arguments that may be missing. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __real_fcntl(int fd, int op, ...);
int __wrap_fcntl(int fd, int op, ...);
int __real_dprintf(int fd, const char *format, ...);
int __wrap_dprintf(int fd, const char *format, ...);

static mode_t mode_of(va_list list, int flags)
{
	return flags & O_CREAT ? va_arg(list, mode_t) : 0;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = mode_of(list, flags);
	va_end(list);
	if (fails("open", EMFILE, __builtin_return_address(0)))
		return -1;
	return __real_open(path, flags, mode);
}

int __wrap_openat(int fd, const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = mode_of(list, flags);
	va_end(list);
	if (fails("openat", EMFILE, __builtin_return_address(0)))
		return -1;
	return __real_openat(fd, path, flags, mode);
}

int __wrap_fcntl(int fd, int op, ...)
{
	va_list list;
	long argument;

	va_start(list, op);
	argument = va_arg(list, long);
	va_end(list);
	if (fails("fcntl", ENOMEM, __builtin_return_address(0)))
		return -1;
	return __real_fcntl(fd, op, argument);
}

int __wrap_dprintf(int fd, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = fails("dprintf", ENOSPC, __builtin_return_address(0)) ? -1 : vdprintf(fd, format, list);
	va_end(list);
	return n;
}
