/* SPDX-License-Identifier: MIT */
/* Where C begins: called by head.S alone, once. */
#ifndef DAIS_BOOT_START_H
#define DAIS_BOOT_START_H

#include "lib/types.h"

/* Called by head.S on CPU 0's main stack: multiboot's magic and information address. */
void boot_start(u32 magic, u32 mbi);

#endif
