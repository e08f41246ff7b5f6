/* SPDX-License-Identifier: MIT */
/*
 * What the daemon asks of the hypervisor, through the stable libraries: pages of rings, event
 * channels, and whether a domain is alive.
 */
#ifndef XENSTORE_HV_H
#define XENSTORE_HV_H

#include <stdbool.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

/* 0, or an errno after a message that says which device failed. */
int hv_open(void);

/* Readable when hv_pending() has a port to report. */
int hv_fd(void);
/* The next port with an event, or -1; hv_unmask() lets it report again. */
int hv_pending(void);
void hv_unmask(int port);
/* False if it could not be done. */
bool hv_notify(int port);
/* A port of ours: bound to one of a domain, or to the event of domains dying; -1 and errno. */
int hv_bind(uint32_t domid, uint32_t remote_port);
int hv_bind_deaths(void);
void hv_unbind(int port);

/* A domain's ring, by its reserved grant or else by its frame; NULL and errno. */
struct hv_ring {
	struct xenstore_domain_interface *page;
	bool granted, foreign;
};

bool hv_map(struct hv_ring *ring, uint32_t domid, uint64_t gfn);
void hv_unmap(struct hv_ring *ring);
/*
 * Dom0's ring and its port, from the kernel; false and errno.  FD is hv_dom0_fd() of the process
 * before us, if that passed it on: then *PORT is known.
 */
bool hv_map_dom0(struct hv_ring *ring, uint32_t *port, int fd);
/* What the ring can be mapped from again without being root, or -1. */
int hv_dom0_fd(void);

/* HV_UNKNOWN: the hypervisor could not be asked, and may be again. */
enum hv_state { HV_GONE, HV_ALIVE, HV_SHUT_DOWN, HV_DYING, HV_UNKNOWN };

enum hv_state hv_domain_state(uint32_t domid);

/* Paths of the devices that hv_open() opens, ended by NULL. */
extern const char *const hv_devices[];

#endif
