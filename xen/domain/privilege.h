/* SPDX-License-Identifier: MIT */
/* Who may do what to whom: the one table that every room asks. */
#ifndef DAIS_DOMAIN_PRIVILEGE_H
#define DAIS_DOMAIN_PRIVILEGE_H

#include "lib/types.h"

struct domain;

enum privilege {
	PRIV_SYSTEM, /* the machine as a whole: sysctl, platform_op, host memory map */
	PRIV_HARDWARE, /* interrupts, PCI configuration, MSRs of the machine */
	PRIV_CONSOLE, /* the machine's console and its log */
	PRIV_CONTROL, /* domctl: make a domain; life, scheduling, context, rights of one */
	PRIV_MEMORY, /* change how much memory a domain has, and its memory map */
	PRIV_QUERY_MEMORY, /* ask how much it has */
	PRIV_FOREIGN_MAP, /* map its frames, change its page tables, pin for it */
	PRIV_GRANT_TABLE, /* see and grow its grant table */
	PRIV_EVENT_CHANNEL, /* allocate, look at and close its ports */
	PRIV_COUNT
};

/* object: the domain it would be done to; NULL for the machine. */
bool privileged(const struct domain *subject, enum privilege what, const struct domain *object);

#endif
