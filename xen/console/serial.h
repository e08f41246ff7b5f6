/* SPDX-License-Identifier: MIT */
/*
 * The two standard serial ports (16550 and its relatives) as log sinks "com1" and "com2",
 * and as the console's keyboard.  Output is polled; input comes by interrupt once the irq
 * room has asked for it, and by serial_poll() in any case.
 */
#ifndef DAIS_CONSOLE_SERIAL_H
#define DAIS_CONSOLE_SERIAL_H

#include "lib/types.h"

#define SERIAL_PORTS 2U

/* Very first output: com1 with 115200 8n1 at 0x3f8 becomes an enabled sink when it is there. */
void serial_init_early(void);

/*
 * com1= and com2=: "<baud>[/<base baud>][,<data><parity><stop>[,<I/O base>[,<irq>]]]", where
 * a baud of "auto" leaves the firmware's setting.  False when @value makes no sense.
 */
bool serial_configure(unsigned int port, const char *value);

/* Who gets received characters; called without locks, maybe in an interrupt. */
void serial_set_receiver(void (*receive)(char c));

/* Hands on what has been received.  From the ports' interrupts and a periodic timer. */
void serial_poll(void);

/* Legacy IRQ line and I/O base of a port that exists, else -1. */
int serial_irq(unsigned int port);
int serial_io_base(unsigned int port);

/* Lets a port interrupt on reception; its line must be routed to serial_poll() by then. */
void serial_enable_rx_irq(unsigned int port);

#endif
