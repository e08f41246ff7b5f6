// SPDX-License-Identifier: MIT
/* hv.h. */
#include "hv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <syslog.h>
#include <unistd.h>
#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/sys/xenbus_dev.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include "log.h"

#define PAGE 4096
#define MAX_RINGS 32768

const char *const hv_devices[] = {"/dev/xen/privcmd", "/dev/xen/hypercall", "/dev/xen/evtchn",
				  "/dev/xen/gntdev", NULL};

static xencall_handle *call;
static xenevtchn_handle *events;
static xenforeignmemory_handle *memory;
static xengnttab_handle *grants;
static struct xen_domctl *ctl;

static int failed(const char *what)
{
	int err = errno ? errno : EIO;

	log_line(LOG_ERR, "cannot open %s: %s (is this dom0? --no-hypervisor serves without)", what,
		 strerror(err));
	return err;
}

int hv_open(void)
{
	call = xencall_open(NULL, 0);
	if (!call)
		return failed("the hypercall device");
	ctl = xencall_alloc_buffer(call, sizeof(*ctl));
	if (!ctl)
		return failed("a hypercall buffer");
	events = xenevtchn_open(NULL, 0);
	if (!events)
		return failed("the event channel device");
	/* Ports are asked for until there are no more. */
	if (fcntl(xenevtchn_fd(events), F_SETFL, O_NONBLOCK))
		return failed("the event channel device without waiting");
	memory = xenforeignmemory_open(NULL, 0);
	if (!memory)
		return failed("the foreign memory device");
	/* Without grants rings are mapped by their frames. */
	grants = xengnttab_open(NULL, 0);
	if (grants)
		xengnttab_set_max_grants(grants, MAX_RINGS);
	return 0;
}

int hv_fd(void)
{
	return xenevtchn_fd(events);
}

int hv_pending(void)
{
	return xenevtchn_pending(events);
}

void hv_unmask(int port)
{
	xenevtchn_unmask(events, (evtchn_port_t)port);
}

bool hv_notify(int port)
{
	return xenevtchn_notify(events, (evtchn_port_t)port) == 0;
}

int hv_bind(uint32_t domid, uint32_t remote_port)
{
	return xenevtchn_bind_interdomain(events, domid, remote_port);
}

int hv_bind_deaths(void)
{
	return xenevtchn_bind_virq(events, VIRQ_DOM_EXC);
}

void hv_unbind(int port)
{
	xenevtchn_unbind(events, (evtchn_port_t)port);
}

bool hv_map(struct hv_ring *ring, uint32_t domid, uint64_t gfn)
{
	xen_pfn_t frame = gfn;
	int err = 0;

	*ring = (struct hv_ring){0};
	if (grants)
		ring->page = xengnttab_map_grant_ref(grants, domid, GNTTAB_RESERVED_XENSTORE,
						     PROT_READ | PROT_WRITE);
	ring->granted = ring->page != NULL;
	if (ring->page)
		return true;
	ring->page = xenforeignmemory_map(memory, domid, PROT_READ | PROT_WRITE, 1, &frame, &err);
	ring->foreign = ring->page != NULL;
	if (!ring->page && err)
		errno = -err;
	return ring->page != NULL;
}

void hv_unmap(struct hv_ring *ring)
{
	if (ring->granted)
		xengnttab_unmap(grants, ring->page, 1);
	else if (ring->foreign)
		xenforeignmemory_unmap(memory, ring->page, 1);
	else if (ring->page)
		munmap(ring->page, PAGE);
	*ring = (struct hv_ring){0};
}

static int dom0_fd = -1;

int hv_dom0_fd(void)
{
	return dom0_fd;
}

static bool map_by_fd(struct hv_ring *ring, int fd)
{
	ring->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring->page == MAP_FAILED) {
		close(fd);
		return false;
	}
	dom0_fd = fd;
	return true;
}

/* As the kernel's files below /proc/xen say, where they are mounted. */
static bool map_by_proc(struct hv_ring *ring, uint32_t *port)
{
	FILE *f = fopen("/proc/xen/xsd_port", "re");
	bool known = f && fscanf(f, "%u", port) == 1;
	int fd;

	if (f)
		fclose(f);
	if (!known)
		return false;
	fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
	return fd >= 0 && map_by_fd(ring, fd);
}

static bool map_by_device(struct hv_ring *ring, uint32_t *port)
{
	int fd = open("/dev/xen/xenbus_backend", O_RDWR | O_CLOEXEC), n;

	if (fd < 0)
		return false;
	n = ioctl(fd, IOCTL_XENBUS_BACKEND_EVTCHN);
	ring->page = n < 0 ? MAP_FAILED
			   : mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	*port = (uint32_t)n;
	return ring->page != MAP_FAILED;
}

bool hv_map_dom0(struct hv_ring *ring, uint32_t *port, int fd)
{
	*ring = (struct hv_ring){0};
	if (fd >= 0 && map_by_fd(ring, fd))
		return true;
	if (map_by_proc(ring, port) || map_by_device(ring, port))
		return true;
	ring->page = NULL;
	return false;
}

enum hv_state hv_domain_state(uint32_t domid)
{
	/* The version is part of the ABI; a newer hypervisor's call has the same head. */
	static const uint32_t versions[] = {XEN_DOMCTL_INTERFACE_VERSION, 0x16, 0x17, 0x14};
	static unsigned int version;
	unsigned int tried = 0;
	int rc;

	do {
		memset(ctl, 0, sizeof(*ctl));
		ctl->cmd = XEN_DOMCTL_getdomaininfo;
		ctl->interface_version = versions[version];
		ctl->domain = (domid_t)domid;
		rc = xencall1(call, __HYPERVISOR_domctl, (uint64_t)(uintptr_t)ctl);
		if (rc && errno == EACCES)
			version = (version + 1) % (sizeof(versions) / sizeof(versions[0]));
	} while (rc && errno == EACCES && ++tried < sizeof(versions) / sizeof(versions[0]));
	if (rc && errno != ESRCH) {
		log_line(LOG_ERR, "domain %u: its state is unknown: %s", domid, strerror(errno));
		return HV_UNKNOWN;
	}
	/* It answers for the next domain that there is. */
	if (rc || ctl->u.getdomaininfo.domain != domid)
		return HV_GONE;
	if (ctl->u.getdomaininfo.flags & XEN_DOMINF_dying)
		return HV_DYING;
	return ctl->u.getdomaininfo.flags & XEN_DOMINF_shutdown ? HV_SHUT_DOWN : HV_ALIVE;
}
