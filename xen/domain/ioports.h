/* SPDX-License-Identifier: MIT */
/*
 * Which I/O ports a domain may reach (rows B58, E5, E20).  dom0 has all but
 * those that we use ourselves; others have what dom0 gave them.
 */
#ifndef DAIS_DOMAIN_IOPORTS_H
#define DAIS_DOMAIN_IOPORTS_H

#include "lib/types.h"

struct domain;

struct ioport_rights {
	u64 *allowed; /* bit per port; NULL: none.  domctl changes it under its lock */
	u32 cf8; /* dom0's PCI configuration address, last written */
};

/* Boot, before dom0 is made: nobody ever gets these ports. */
void ioports_hide(u16 first, unsigned int count);

/* 0 or -ENOMEM. */
int ioports_domain_init(struct domain *d);
void ioports_domain_free(struct domain *d);

/* True when d may access all of [port, port + bytes). */
bool ioport_permitted(const struct domain *d, unsigned int port, unsigned int bytes);

/* Gives or takes a range: -EINVAL when it leaves the port space, -EPERM when parts are ours. */
int ioports_permit(struct domain *d, unsigned int first, unsigned int count);
int ioports_deny(struct domain *d, unsigned int first, unsigned int count);

#endif
