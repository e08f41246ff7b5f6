/* SPDX-License-Identifier: MIT */
/* Giving up rights, once everything is open. */
#ifndef XENSTORE_CONFINE_H
#define XENSTORE_CONFINE_H

#include <stdbool.h>

/*
 * Becomes USER (NULL: stays who we are), may from then on open only files of the state directory,
 * the hypervisor's devices and, for a live update, programs and libraries, and make only the
 * system calls of its table.  What the system does not offer is left out and reported; a user that
 * does not exist, or a filter that does not load, is an errno.
 *
 * DEVICES: the Xen devices go to USER, who opens them again after a live update.
 */
int confine(const char *user, const char *state_dir, bool devices);

#endif
