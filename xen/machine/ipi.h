/* SPDX-License-Identifier: MIT */
/*
 * The receiving ends of the messages between CPUs; what sends them is in machine.h.
 */
#ifndef DAIS_MACHINE_IPI_H
#define DAIS_MACHINE_IPI_H

#include "lib/types.h"

/* Interrupt VECTOR_CALL: runs the call in flight if it is for this CPU. */
void ipi_serve_call(void);
/* True once some CPU stops all others; an NMI then means ipi_serve_stop(). */
bool smp_stopping(void);
/* Interrupt VECTOR_STOP, or an NMI while the machine stops: does not return. */
_Noreturn void ipi_serve_stop(void);

#endif
