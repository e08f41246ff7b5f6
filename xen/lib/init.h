/* SPDX-License-Identifier: MIT */
/*
 * Code and data that only boot needs.  Both sections are unmapped and their
 * frames given to the allocator once dom0 is built (boot/start.c).
 */
#ifndef DAIS_LIB_INIT_H
#define DAIS_LIB_INIT_H

#define __init __attribute__((section(".init.text"), noinline))
#define __initconst __attribute__((section(".init.rodata")))
/* What boot writes, zero at first: takes no place in the image's file. */
#define __initbss __attribute__((section(".bss.init")))
/* Written during boot, read-only from then on. */
#define __ro_after_init __attribute__((section(".data.ro_after_init")))

#endif
