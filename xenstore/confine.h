/* SPDX-License-Identifier: MIT */
/* Giving up rights, once everything is open. */
#ifndef XENSTORE_CONFINE_H
#define XENSTORE_CONFINE_H

#include <stdbool.h>

/* Whom the daemon becomes unless told otherwise. */
#define CONFINE_USER "xenstored"

/*
 * Becomes USER, gives up all capabilities, may from then on open only files of the state directory,
 * the hypervisor's devices and, for a live update, programs and libraries, and make only the
 * system calls of its table.  What the system does not offer is left out and reported; a USER that
 * does not exist, or a filter that does not load, is an errno.  With USER NULL it becomes
 * CONFINE_USER if there is one, and says so if not.
 *
 * DEVICES: the Xen devices go to the user, who opens them again after a live update.
 */
int confine(const char *user, const char *state_dir, bool devices);

#endif
