/* SPDX-License-Identifier: MIT */
/*
 * What a domain may use of the store, and what it uses.  The owner of a node answers for it.
 * Limits bind unprivileged clients only; what dom0 makes in their name is counted all the same.
 */
#ifndef XENSTORE_QUOTA_H
#define XENSTORE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum quota {
	QUOTA_NODES,
	QUOTA_WATCHES,
	QUOTA_TRANSACTIONS,
	QUOTA_OUTSTANDING,
	QUOTA_TRANSACTION_NODES,
	QUOTA_MEMORY,
	QUOTA_NODE_SIZE,
	QUOTA_PATH_MAX,
	QUOTA_PERMISSIONS,
	QUOTA_REPLY_BYTES,
	QUOTA_MEMORY_SOFT,
	QUOTA_COUNT
};

/* Its name in control commands and options, and what it limits. */
const char *quota_name(enum quota q);
const char *quota_text(enum quota q);
/* By name, or QUOTA_COUNT. */
enum quota quota_find(const char *name);

/* The limit of a domain: its own, else that of all. */
uint32_t quota_limit(unsigned int domid, enum quota q);
void quota_set_all(enum quota q, uint32_t limit);
/* The same while running: it is then kept over a restart, whatever the command line says. */
void quota_set_running(enum quota q, uint32_t limit);
bool quota_is_running(enum quota q);
/* 0, or ENOMEM, or EINVAL for dom0. */
int quota_set(unsigned int domid, enum quota q, uint32_t limit);
/* True if the domain has a limit of its own. */
bool quota_is_own(unsigned int domid, enum quota q);

/*
 * What a domain uses.  QUOTA_NODES, _WATCHES, _TRANSACTIONS count; _MEMORY is bytes.  Dom0's use
 * is not kept.
 */
int64_t quota_used(unsigned int domid, enum quota q);
void quota_charge(unsigned int domid, enum quota q, int64_t change);
/* Makes room for a domain's account, without which charges are lost: 0 or ENOMEM. */
int quota_open(unsigned int domid);
/* Forgets a domain: its use and its own limits. */
void quota_close(unsigned int domid);

#endif
