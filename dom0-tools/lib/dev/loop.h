/* SPDX-License-Identifier: MIT */
/*
 * Files as block devices, through the kernel's loop driver. A device detaches itself when its
 * last user closes it, so that one is never left behind, whoever dies.
 */
#ifndef DAIS_DEV_LOOP_H
#define DAIS_DEV_LOOP_H

#include <stdbool.h>

#include "error.h"

/*
 * Attaches @path to a free loop device, whose name goes to @name ("/dev/loop3"). Returns its
 * file descriptor, to be held until somebody else has it open. -1 with @err.
 */
int loop_attach(const char *path, bool readonly, char name[32], struct dais_error *err);

#endif
