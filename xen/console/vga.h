/* SPDX-License-Identifier: MIT */
/*
 * The text screen as log sink "vga": 80x25 characters in the standard text mode.  It is
 * ours until dom0 starts, then dom0's.
 */
#ifndef DAIS_CONSOLE_VGA_H
#define DAIS_CONSOLE_VGA_H

#include "lib/types.h"

/*
 * Adds the sink.  Only when the boot loader left the machine in text mode, and not before
 * the direct map covers the first megabyte.
 */
void vga_init(void);

/* dom0 takes the screen over: no output from now on (not called with vga=keep). */
void vga_stop(void);

/* Where the cursor is, for dom0's start information. */
void vga_cursor(u16 *column, u16 *row);

#endif
