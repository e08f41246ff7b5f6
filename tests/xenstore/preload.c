// SPDX-License-Identifier: MIT
/*
 * hostxen.so: preloaded into a store daemon, it takes the place of the Xen libraries' functions
 * that store daemons call, and answers them from the machine in the directory HOSTXEN_DIR
 * (hostxen.h).  The daemons themselves run unchanged, sockets, rings and all.
 *
 * Files are moved below HOSTXEN_DIR: dom0's page and port below /proc/xen, and oxenstored's socket
 * and directories, which it knows by fixed names.  And oxenstored may not raise its limit of open
 * files above the hard limit, as it tries to do and needs a capability for.
 */
#include "hostxen.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <xencall.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

static struct hostxen *machine;
static int rings_fd = -1;
static const char *machine_dir;
/* What handles point to: nothing is asked of them but that they are not NULL. */
static char handle[64];

__attribute__((constructor)) static void start(void)
{
	char path[4096];
	FILE *port;

	machine_dir = getenv("HOSTXEN_DIR");
	if (!machine_dir)
		return;
	machine = hostxen_open(machine_dir);
	snprintf(path, sizeof(path), "%s/rings", machine_dir);
	rings_fd = open(path, O_RDWR | O_CLOEXEC);
	if (!machine || rings_fd < 0) {
		perror("hostxen.so");
		_exit(1);
	}
	snprintf(path, sizeof(path), "%s/port", machine_dir);
	port = fopen(path, "w");
	if (port) {
		fprintf(port, "%d", HOSTXEN_GUEST_PORT);
		fclose(port);
	}
}

static uint32_t domain_state(uint32_t domid)
{
	return domid < HOSTXEN_DOMAINS ? atomic_load(&machine->table->state[domid]) : HOSTXEN_NONE;
}

static void *map_ring(uint32_t domid)
{
	void *p;

	if (domain_state(domid) == HOSTXEN_NONE) {
		errno = ESRCH;
		return NULL;
	}
	p = mmap(NULL, HOSTXEN_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, rings_fd,
		 (off_t)domid * HOSTXEN_PAGE);
	return p == MAP_FAILED ? NULL : p;
}

/* libxenevtchn */

xenevtchn_handle *xenevtchn_open(xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return (void *)handle;
}

xenevtchn_handle *xenevtchn_fdopen(xentoollog_logger *logger, int fd, unsigned int flags)
{
	(void)fd;
	return xenevtchn_open(logger, flags);
}

int xenevtchn_close(xenevtchn_handle *xce)
{
	(void)xce;
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	(void)xce;
	return machine->pipe;
}

int xenevtchn_restrict(xenevtchn_handle *xce, domid_t domid)
{
	(void)xce;
	(void)domid;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	if (port >= HOSTXEN_PORT(0) && port < HOSTXEN_PORT(HOSTXEN_DOMAINS))
		atomic_fetch_add(&machine->table->notified[port - HOSTXEN_PORT(0)], 1);
	/* A full pipe wakes as well as one byte more. */
	if (write(machine->upcall, "", 1) < 0 && errno != EAGAIN)
		return -1;
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
						     evtchn_port_t remote_port)
{
	(void)xce;
	if (domain_state(domid) == HOSTXEN_NONE || remote_port != HOSTXEN_GUEST_PORT) {
		errno = domain_state(domid) == HOSTXEN_NONE ? ESRCH : EINVAL;
		return -1;
	}
	/* As the hypervisor does: an event sent before the binding is not lost. */
	atomic_store(&machine->table->pending[HOSTXEN_PORT(domid)], 0);
	hostxen_raise(machine, HOSTXEN_PORT(domid));
	return (int)HOSTXEN_PORT(domid);
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
	(void)xce;
	(void)virq;
	return HOSTXEN_PORT_VIRQ;
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *xce, uint32_t domid)
{
	(void)xce;
	return (int)HOSTXEN_PORT(domid);
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	uint32_t port;

	(void)xce;
	if (read(machine->pipe, &port, sizeof(port)) != sizeof(port))
		return -1;
	if (port < HOSTXEN_PORT(HOSTXEN_DOMAINS))
		atomic_store(&machine->table->pending[port], 0);
	return (int)port;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	(void)port;
	return 0;
}

/* libxengnttab, libxenforeignmemory */

xengnttab_handle *xengnttab_open(xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return (void *)handle;
}

int xengnttab_close(xengnttab_handle *xgt)
{
	(void)xgt;
	return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
	(void)xgt;
	(void)nr_grants;
	return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
	(void)xgt;
	(void)ref;
	(void)prot;
	return map_ring(domid);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
	(void)xgt;
	return munmap(start_address, (size_t)count * HOSTXEN_PAGE);
}

xenforeignmemory_handle *xenforeignmemory_open(xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return (void *)handle;
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
	(void)fmem;
	return 0;
}

void *xenforeignmemory_map(xenforeignmemory_handle *fmem, uint32_t dom, int prot, size_t pages,
			   const xen_pfn_t arr[], int err[])
{
	(void)fmem;
	(void)prot;
	(void)pages;
	(void)arr;
	if (err)
		err[0] = domain_state(dom) == HOSTXEN_NONE ? -ESRCH : 0;
	return map_ring(dom);
}

int xenforeignmemory_unmap(xenforeignmemory_handle *fmem, void *addr, size_t pages)
{
	(void)fmem;
	return munmap(addr, pages * HOSTXEN_PAGE);
}

/* libxenctrl */

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild_logger,
				unsigned int open_flags)
{
	(void)logger;
	(void)dombuild_logger;
	(void)open_flags;
	return (void *)handle;
}

int xc_interface_close(xc_interface *xch)
{
	(void)xch;
	return 0;
}

/* xenctrl.h no longer declares this one, which oxenstored calls. */
void *xc_map_foreign_range(xc_interface *xch, uint32_t dom, int size, int prot, unsigned long mfn);

void *xc_map_foreign_range(xc_interface *xch, uint32_t dom, int size, int prot, unsigned long mfn)
{
	(void)xch;
	(void)size;
	(void)prot;
	(void)mfn;
	return map_ring(dom);
}

static uint32_t next_domain(uint32_t domid)
{
	while (domid < HOSTXEN_DOMAINS && domain_state(domid) == HOSTXEN_NONE)
		domid++;
	return domid;
}

static void describe(uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
	uint32_t state = domain_state(domid);

	memset(info, 0, sizeof(*info));
	info->domain = (domid_t)domid;
	if (state == HOSTXEN_DYING)
		info->flags |= XEN_DOMINF_dying;
	if (state != HOSTXEN_ALIVE)
		info->flags |= XEN_DOMINF_shutdown | atomic_load(&machine->table->reason[domid])
							     << XEN_DOMINF_shutdownshift;
	info->tot_pages = 1024;
	info->max_pages = 1024;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain, unsigned int max_domains,
			  xc_domaininfo_t *info)
{
	uint32_t domid = first_domain;
	unsigned int n = 0;

	(void)xch;
	while (n < max_domains && (domid = next_domain(domid)) < HOSTXEN_DOMAINS)
		describe(domid++, &info[n++]);
	return (int)n;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid, unsigned int max_doms,
		      xc_dominfo_t *info)
{
	uint32_t domid = first_domid;
	unsigned int n = 0;

	(void)xch;
	while (n < max_doms && (domid = next_domain(domid)) < HOSTXEN_DOMAINS) {
		uint32_t state = domain_state(domid);

		memset(&info[n], 0, sizeof(info[n]));
		info[n].domid = domid;
		info[n].dying = state == HOSTXEN_DYING;
		info[n].shutdown = state != HOSTXEN_ALIVE;
		info[n].shutdown_reason = atomic_load(&machine->table->reason[domid]);
		n++;
		domid++;
	}
	if (n == 0) {
		errno = ESRCH;
		return -1;
	}
	return (int)n;
}

/* libxencall: for a daemon that asks for a domain's state without libxenctrl */

xencall_handle *xencall_open(xentoollog_logger *logger, unsigned int open_flags)
{
	(void)logger;
	(void)open_flags;
	return (void *)handle;
}

int xencall_close(xencall_handle *xcall)
{
	(void)xcall;
	return 0;
}

void *xencall_alloc_buffer(xencall_handle *xcall, size_t size)
{
	(void)xcall;
	return calloc(1, size);
}

void xencall_free_buffer(xencall_handle *xcall, void *p)
{
	(void)xcall;
	free(p);
}

int xencall1(xencall_handle *xcall, unsigned int op, uint64_t arg1)
{
	struct xen_domctl *ctl = (void *)(uintptr_t)arg1;
	uint32_t domid;

	(void)xcall;
	if (op != __HYPERVISOR_domctl || ctl->cmd != XEN_DOMCTL_getdomaininfo) {
		errno = ENOSYS;
		return -1;
	}
	domid = next_domain(ctl->domain);
	if (domid >= HOSTXEN_DOMAINS) {
		errno = ESRCH;
		return -1;
	}
	describe(domid, &ctl->u.getdomaininfo);
	ctl->domain = (domid_t)domid;
	return 0;
}

/* Fixed names of files */

/* PATH below HOSTXEN_DIR when it is one of the fixed names, else PATH itself. */
static const char *moved(const char *path, char *room, size_t size)
{
	const char *const prefix[] = {"/var/run/", "/run/", "/var/log/"};

	if (machine_dir && strncmp(path, "/proc/xen/xsd_", 14) == 0) {
		snprintf(room, size, "%s/%s", machine_dir,
			 strcmp(path + 14, "kva") == 0 ? "rings" : "port");
		return room;
	}
	for (size_t i = 0; machine_dir && i < sizeof(prefix) / sizeof(prefix[0]); i++) {
		const char *rest = path + strlen(prefix[i]);

		if (strncmp(path, prefix[i], strlen(prefix[i])) != 0 ||
		    strncmp(rest, "xen", 3) != 0)
			continue;
		snprintf(room, size, "%s/%s", machine_dir, rest);
		return room;
	}
	return path;
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = (int (*)(
		int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
	const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)addr;
	struct sockaddr_un there = {.sun_family = AF_UNIX};
	char room[sizeof(there.sun_path)];

	if (addr->sa_family != AF_UNIX || un->sun_path[0] != '/')
		return real(fd, addr, len);
	snprintf(there.sun_path, sizeof(there.sun_path), "%s",
		 moved(un->sun_path, room, sizeof(room)));
	return real(fd, (struct sockaddr *)&there, sizeof(there));
}

int mkdir(const char *path, mode_t mode)
{
	int (*real)(const char *, mode_t) = (int (*)(const char *, mode_t))dlsym(RTLD_NEXT,
										 "mkdir");
	char room[4096];

	return real(moved(path, room, sizeof(room)), mode);
}

int unlink(const char *path)
{
	int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
	char room[4096];

	return real(moved(path, room, sizeof(room)));
}

int chmod(const char *path, mode_t mode)
{
	int (*real)(const char *, mode_t) = (int (*)(const char *, mode_t))dlsym(RTLD_NEXT,
										 "chmod");
	char room[4096];

	return real(moved(path, room, sizeof(room)), mode);
}

#define MOVED_OPEN(name)                                                                     \
	int name(const char *path, int flags, ...)                                           \
	{                                                                                    \
		int (*real)(const char *, int,                                               \
			    ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
		char room[4096];                                                             \
		mode_t mode = 0;                                                             \
                                                                                             \
		if (flags & O_CREAT) {                                                       \
			va_list ap;                                                          \
                                                                                             \
			va_start(ap, flags);                                                 \
			mode = va_arg(ap, mode_t);                                           \
			va_end(ap);                                                          \
		}                                                                            \
		return real(moved(path, room, sizeof(room)), flags, mode);                   \
	}

MOVED_OPEN(open)
MOVED_OPEN(open64)

FILE *fopen(const char *path, const char *modes)
{
	FILE *(*real)(const char *, const char *) = (FILE * (*)(const char *, const char *))
		dlsym(RTLD_NEXT, "fopen");
	char room[4096];

	return real(moved(path, room, sizeof(room)), modes);
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *rlimits)
{
	int (*real)(__rlimit_resource_t, const struct rlimit *) = (int (*)(
		__rlimit_resource_t, const struct rlimit *))dlsym(RTLD_NEXT, "setrlimit");
	struct rlimit now, wish = *rlimits;

	if (getrlimit(resource, &now) == 0 && wish.rlim_max > now.rlim_max) {
		wish.rlim_max = now.rlim_max;
		if (wish.rlim_cur > wish.rlim_max)
			wish.rlim_cur = wish.rlim_max;
	}
	return real(resource, &wish);
}
