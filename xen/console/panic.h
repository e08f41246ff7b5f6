/* SPDX-License-Identifier: MIT */
/*
 * Last words.  panic() itself is declared in lib/assert.h, for all rooms to use.
 */
#ifndef DAIS_CONSOLE_PANIC_H
#define DAIS_CONSOLE_PANIC_H

#include "lib/assert.h"
#include "lib/types.h"
#include "machine/regs.h"

/* The same with the registers of the exception that cannot be survived. */
_Noreturn void panic_with_regs(const struct cpu_regs *regs, const char *fmt, ...) __printf(2, 3);

/* One log line per register group; @regs as an exception entry built it. */
void regs_print(const struct cpu_regs *regs);

/*
 * Calling functions by name, from frame pointer @fp on (0: the caller's own).  Stays on the
 * stack that @fp is on, whatever is written there.
 */
void backtrace_print(unsigned long fp);

/* Option noreboot: stay halted after a panic, for the screen to be read. */
void panic_set_noreboot(bool stay);

#endif
