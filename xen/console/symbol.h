/* SPDX-License-Identifier: MIT */
/*
 * Names for addresses in the hypervisor's image.  The build links twice: the second time
 * with a table that console/symtab.sh makes from the first image's function symbols.  Where
 * the table is empty (the first pass, host tests) addresses appear as numbers.
 */
#ifndef DAIS_CONSOLE_SYMBOL_H
#define DAIS_CONSOLE_SYMBOL_H

#include "lib/types.h"

/* The generated table: offsets from __image_start, ascending, and where each name starts. */
extern const u32 dais_symbol_count;
extern const u32 dais_symbol_offsets[];
extern const u32 dais_symbol_name_offsets[];
extern const char dais_symbol_names[];

/* "name+0x12" or the bare address, terminated; returns its length. */
size_t symbol_print(unsigned long addr, char *buf, size_t size);

#define SYMBOL_MAX 64 /* a buffer of this size holds all but absurd names */

#endif
