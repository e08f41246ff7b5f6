/* SPDX-License-Identifier: MIT */
/*
 * A machine without a hypervisor that looks to a store daemon like one with domains: each domain
 * is a state and one page, its store ring, in files that daemon and test map.  hostxen.so,
 * preloaded into the daemon, answers the Xen libraries' calls from them (preload.c); the test
 * creates domains, kills them, and plays their ring ends (hostxen.c).  The rings' file begins
 * with dom0's page, so that it can also pass for the page that Linux offers as xsd_kva.
 *
 * An event to the daemon is a port number written to a named pipe, at most once while it is
 * pending, as a real port's bit.  An event to a domain is a counter, and a byte in another pipe,
 * one for all domains, on which the test can wait.
 */
#ifndef TESTS_XENSTORE_HOSTXEN_H
#define TESTS_XENSTORE_HOSTXEN_H

#include <stdatomic.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#define HOSTXEN_DOMAINS 1024
#define HOSTXEN_PAGE 4096
#define HOSTXEN_RINGS (HOSTXEN_DOMAINS * HOSTXEN_PAGE)

/* Ports on the daemon's side: one for VIRQ_DOM_EXC, then one for each domain. */
#define HOSTXEN_PORT_VIRQ 1
#define HOSTXEN_PORT(domid) (16 + (domid))
/* The port a domain offers, the same in each as libxl gives it. */
#define HOSTXEN_GUEST_PORT 1

enum hostxen_state { HOSTXEN_NONE, HOSTXEN_ALIVE, HOSTXEN_SHUTDOWN, HOSTXEN_DYING };

struct hostxen_table {
	_Atomic uint32_t state[HOSTXEN_DOMAINS];
	_Atomic uint32_t reason[HOSTXEN_DOMAINS]; /* shutdown reason */
	_Atomic uint32_t notified[HOSTXEN_DOMAINS]; /* daemon to domain, counted */
	_Atomic uint32_t pending[HOSTXEN_DOMAINS + 16]; /* by the daemon's port */
};

struct hostxen {
	struct hostxen_table *table;
	char *rings;
	int pipe, upcall;
};

/*
 * Makes the machine's files in DIR, an existing directory, or opens those that are there.
 * Returns NULL with errno set when that fails.
 */
struct hostxen *hostxen_open(const char *dir);
void hostxen_close(struct hostxen *hx);

/* The store page of a domain; it lives as long as HX. */
struct xenstore_domain_interface *hostxen_ring(struct hostxen *hx, unsigned int domid);

/* A new domain with an empty ring page.  It is unknown to the store until INTRODUCE. */
void hostxen_create(struct hostxen *hx, unsigned int domid);

/* Changes a domain's state and raises VIRQ_DOM_EXC. */
void hostxen_set_state(struct hostxen *hx, unsigned int domid, enum hostxen_state state);

/* Waits until the daemon has notified some domain, at most TIMEOUT ms. */
void hostxen_wait(struct hostxen *hx, int timeout);

/* Raises a port of the daemon. */
void hostxen_raise(struct hostxen *hx, unsigned int port);

#endif
