/* SPDX-License-Identifier: MIT */
/*
 * Included before every file of the hypervisor by the compiler's command line
 * (xen/local.mk), not by the host tests: all symbols are our own, so that none
 * is ever reached through a global offset table.
 */
#pragma GCC visibility push(hidden)
