/* SPDX-License-Identifier: MIT */
/*
 * Domains as the store knows them: which are introduced, over which ring they talk, what becomes
 * of their nodes, watches and rights when they die.
 */
#ifndef XENSTORE_DOMAIN_H
#define XENSTORE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;

/*
 * Opens the hypervisor's devices.  Without a hypervisor (WITH false) there is dom0 alone, and any
 * number may be named in rights.  0 or an errno, reported.
 */
int domain_init(bool with);
/* Connects dom0's kernel and the domains of before a restart; after the journal has begun. */
int domain_start(void);

/*
 * XS_INTRODUCE: connects a domain's ring, or binds its port again: 0, EINVAL.
 * XS_RELEASE, XS_RESUME, XS_SET_TARGET: 0, ENOENT for a domain not introduced, EINVAL for dom0.
 */
int domain_introduce(uint32_t domid, uint64_t gfn, uint32_t port);
int domain_release(uint32_t domid);
int domain_resume(uint32_t domid);
int domain_set_target(uint32_t domid, uint32_t target);
bool domain_is_introduced(uint32_t domid);
/* A number may be named in rights: 0, or ENOENT if no such domain exists. */
int domain_name_in_rights(uint32_t domid);

/* Now and then: looks at the domains again if it has to; and whether it will have to. */
void domain_work(void);
bool domain_waits(void);

/*
 * The journal's side.  Restoring a domain makes its record, and a client without a ring yet;
 * domain_init() then connects it.  The functions return false when memory is
 * out, domain_restore_in() with errno then, and else for what makes no sense.
 */
struct persist_domain;
bool domain_restore(const struct persist_domain *p);
bool domain_restore_out(uint32_t domid, const char *data, size_t len);
bool domain_restore_in(uint32_t domid, uint32_t in_pos, const char *stash, size_t len);
/* Notes all domains (persist.h). */
void domain_persist_all(void);
/* For a live update: dom0's ring, and whether the program after us could have it. */
bool domain_can_pass(void);
void domain_pass_all(void);

#endif
