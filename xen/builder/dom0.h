/* SPDX-License-Identifier: MIT */
/*
 * Makes dom0 from the boot loader's modules: memory, kernel image, first page
 * tables, start_info, vCPU 0's state (docs/abi-coverage.md, part A).  Boot only.
 */
#ifndef DAIS_BUILDER_DOM0_H
#define DAIS_BUILDER_DOM0_H

#include "lib/types.h"

struct boot_info;

/*
 * Builds dom0 with its vCPUs and leaves it paused once.  Panics with one line
 * that says what is wrong with the module or the amount of memory, and what to
 * do, when it cannot.
 */
void dom0_build(const struct boot_info *info);

#endif
