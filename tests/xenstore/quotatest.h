/* SPDX-License-Identifier: MIT */
/*
 * What the cases of quotatest share: a fresh daemon on which dom0 is connected and the domains 1 and
 * 2 are up, each the owner of /local/domain/ID.
 */
#ifndef TESTS_XENSTORE_QUOTATEST_H
#define TESTS_XENSTORE_QUOTATEST_H

#include <stddef.h>
#include <stdint.h>

#include "client.h"
#include "server.h"

struct quota_case {
	const char *name;
	void (*run)(void);
};

/* quotatest_each.c, quotatest_more.c */
extern const struct quota_case quota_each[], quota_more[];
extern const size_t quota_each_count, quota_more_count;

extern struct server server;
extern struct xsc *dom0, *dom1, *dom2;

struct xsc *domain_up(unsigned int domid);
/* Writes BASE/0, BASE/1, ... until it is refused, at most MOST times; returns how many went. */
unsigned int write_many(struct xsc *c, uint32_t tx, const char *base, unsigned int most, int *err);
/* Sets a quota of domain DOMID alone, while the daemon runs. */
void set_quota(unsigned int domid, const char *name, unsigned int limit);
/* What a domain uses, by the line of "quota DOMID" that begins with NAME; -1 if there is none. */
long used_by(unsigned int domid, const char *name);

#endif
