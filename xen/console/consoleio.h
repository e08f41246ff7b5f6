/* SPDX-License-Identifier: MIT */
/*
 * The console between the serial line and dom0: hypercall console_io (handler declared by
 * entry/dispatch.h), input with VIRQ_CONSOLE, and who gets what is typed.
 */
#ifndef DAIS_CONSOLE_CONSOLEIO_H
#define DAIS_CONSOLE_CONSOLEIO_H

#include "lib/types.h"

/* From when timers and event channels work: takes the serial line's input. */
void consoleio_init(void);

/* One typed character: serial_set_receiver()'s function, any context. */
void consoleio_receive(char c);

#endif
