// SPDX-License-Identifier: MIT
/*
 * 16550 driver.  A port that does not answer when probed is left alone, and one that stops
 * taking characters is given up after a bounded wait: a missing or stuck line may lose
 * output, never stop the machine.
 */
#include "console/serial.h"
#include "console/log.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "machine/machine.h"

/* Registers; the first two are the divisor while LCR_DLAB is set. */
enum { REG_DATA, REG_IER, REG_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCRATCH };

#define IER_RX 0x01 /* interrupt on received data */
#define FCR_ENABLE_CLEAR 0x07 /* FIFOs on, both emptied; interrupt at one character */
#define LCR_DLAB 0x80
#define MCR_LINES 0x0b /* DTR, RTS, OUT2 (which gates the interrupt) */
#define LSR_RX_READY 0x01
#define LSR_TX_EMPTY 0x20
#define FIFO_DEPTH 16
#define TX_SPINS 200000U /* reads of LSR, about 1 us each: many characters' time */
#define RX_MAX 64 /* per poll: a babbling line must not hold a CPU */

struct serial_port {
	struct log_sink sink;
	u16 io, irq;
	bool present, added;
	bool stuck; /* timed out: try each character once until it moves again */
};

static void port_write(struct log_sink *sink, const char *text, size_t len);

/* Set up during boot; output under the log lock. */
static struct serial_port ports[SERIAL_PORTS] = {
	{.sink = {.name = "com1", .write = port_write}, .io = 0x3f8, .irq = 4},
	{.sink = {.name = "com2", .write = port_write}, .io = 0x2f8, .irq = 3},
};

static void (*receiver)(char c);

static u8 reg_read(const struct serial_port *port, unsigned int reg)
{
	return (u8)port_in((u16)(port->io + reg), 1);
}

static void reg_write(const struct serial_port *port, unsigned int reg, u8 value)
{
	port_out((u16)(port->io + reg), 1, value);
}

/* The scratch register keeps what is written on every 16450 and later; nothing floats to both. */
static bool port_answers(const struct serial_port *port)
{
	reg_write(port, REG_SCRATCH, 0x5a);
	if (reg_read(port, REG_SCRATCH) != 0x5a)
		return false;
	reg_write(port, REG_SCRATCH, 0xa5);
	return reg_read(port, REG_SCRATCH) == 0xa5;
}

/* @divisor 0 keeps speed and format as the firmware has set them. */
static void port_start(struct serial_port *port, u16 divisor, u8 lcr)
{
	port->present = port_answers(port);
	if (!port->present)
		return;
	reg_write(port, REG_IER, 0);
	if (divisor) {
		reg_write(port, REG_LCR, LCR_DLAB);
		reg_write(port, REG_DATA, (u8)divisor);
		reg_write(port, REG_IER, (u8)(divisor >> 8));
		reg_write(port, REG_LCR, lcr);
	}
	reg_write(port, REG_FCR, FCR_ENABLE_CLEAR);
	reg_write(port, REG_MCR, MCR_LINES);
	if (!port->added) {
		port->added = true;
		log_sink_add(&port->sink);
	}
}

static bool tx_ready(struct serial_port *port)
{
	u32 spins = port->stuck ? 1 : TX_SPINS;

	while (spins--) {
		if (reg_read(port, REG_LSR) & LSR_TX_EMPTY) {
			port->stuck = false;
			return true;
		}
		cpu_relax();
	}
	port->stuck = true;
	return false;
}

/* LSR_TX_EMPTY says that the whole FIFO is free, so it is asked once per 16 characters. */
static void port_write(struct log_sink *sink, const char *text, size_t len)
{
	struct serial_port *port = container_of(sink, struct serial_port, sink);
	unsigned int room = 0;

	if (!port->present)
		return;
	for (size_t i = 0; i < len; i++) {
		if (room < 2) { /* a line feed takes two */
			if (!tx_ready(port))
				return;
			room = FIFO_DEPTH;
		}
		if (text[i] == '\n') {
			reg_write(port, REG_DATA, '\r');
			room--;
		}
		reg_write(port, REG_DATA, (u8)text[i]);
		room--;
	}
}

void serial_init_early(void)
{
	port_start(&ports[0], 1, 0x03);
	(void)log_sinks_select("com1"); /* if there is one */
}

/* "8n1" into the line control register. */
static bool parse_format(const char **p, u8 *lcr)
{
	static const char parities[] = "noems";
	static const u8 parity_bits[] = {0x00, 0x08, 0x18, 0x28, 0x38};
	const char *s = *p, *parity;

	if (s[0] < '5' || s[0] > '8' || !s[1])
		return false;
	parity = strchr(parities, s[1]);
	if (!parity || (s[2] != '1' && s[2] != '2'))
		return false;
	*lcr = (u8)((s[0] - '5') | parity_bits[parity - parities] | (s[2] == '2' ? 0x04 : 0));
	*p += 3;
	return true;
}

static bool parse_speed(const char **p, u16 *divisor)
{
	u64 baud, base = 1843200; /* clock of the standard ports, in Hz */

	*divisor = 0;
	if (parse_literal(p, "auto"))
		return true;
	if (!parse_u64(p, &baud))
		return false;
	if (parse_literal(p, "/") && !parse_u64(p, &base))
		return false;
	if (!baud || base / 16 / baud == 0 || base / 16 / baud > 0xffff)
		return false;
	*divisor = (u16)(base / 16 / baud);
	return true;
}

bool serial_configure(unsigned int port, const char *value)
{
	struct serial_port *p = &ports[port];
	u64 io = p->io, irq = p->irq;
	u8 lcr = 0x03;
	u16 divisor;

	if (!parse_speed(&value, &divisor))
		return false;
	/* As Xen does, an empty field keeps its default. */
	if (parse_literal(&value, ",") && *value && *value != ',' && !parse_format(&value, &lcr))
		return false;
	if (parse_literal(&value, ",") && *value != ',' && !parse_u64(&value, &io))
		return false;
	if (parse_literal(&value, ",") && !parse_u64(&value, &irq))
		return false;
	if (*value || io > 0xfff8 || irq > 15)
		return false;
	p->io = (u16)io;
	p->irq = (u16)irq;
	port_start(p, divisor, lcr);
	return true;
}

void serial_set_receiver(void (*receive)(char c))
{
	receiver = receive;
}

/*
 * The interrupt and the timer both come here.  One at a time, and not one within the other: a
 * second look at the data register, after somebody else has emptied it, reads a character that
 * nobody typed.  Who finds the other at work leaves the rest to it, or to the next timer.
 */
void serial_poll(void)
{
	static bool busy;
	unsigned long flags = local_irq_save();

	if (__atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE))
		goto out;
	for (unsigned int i = 0; i < SERIAL_PORTS; i++) {
		struct serial_port *port = &ports[i];

		if (!port->present || !port->sink.enabled || !receiver)
			continue;
		for (int n = 0; n < RX_MAX && (reg_read(port, REG_LSR) & LSR_RX_READY); n++)
			receiver((char)reg_read(port, REG_DATA));
	}
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
out:
	local_irq_restore(flags);
}

int serial_irq(unsigned int port)
{
	return ports[port].present && ports[port].irq ? ports[port].irq : -1;
}

int serial_io_base(unsigned int port)
{
	return ports[port].present ? ports[port].io : -1;
}

void serial_enable_rx_irq(unsigned int port)
{
	if (ports[port].present)
		reg_write(&ports[port], REG_IER, IER_RX);
}
