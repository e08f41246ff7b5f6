/* SPDX-License-Identifier: MIT */
/*
 * Debug keys: one letter, one dump or action.  Rooms register theirs during boot; they are
 * pressed on the serial line while it has the hypervisor's ear, or by `xl debug-keys`.
 */
#ifndef DAIS_CONSOLE_KEYS_H
#define DAIS_CONSOLE_KEYS_H

#include "lib/types.h"

/* Handlers run with interrupts on and no locks, one at a time; they use log_line(). */
void keys_register(char key, void (*handler)(char key), const char *description);

/* Notes that a key was pressed: from any context.  True when somebody handles it. */
bool keys_press(char key);

/* Runs the handlers of the keys pressed since. */
void keys_run(void);

/* Registers 'h', the list of keys. */
void keys_init(void);

#endif
