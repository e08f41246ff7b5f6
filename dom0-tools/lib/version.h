/* SPDX-License-Identifier: MIT */
/*
 * Which tools these are, and which versions of the hypervisor's control interface they speak.
 */
#ifndef DAIS_VERSION_H
#define DAIS_VERSION_H

#define DAIS_DOMCTL_VERSION 0x15u
#define DAIS_SYSCTL_VERSION 0x15u

const char *dais_version(void); /* "0.1" */

#endif
