// SPDX-License-Identifier: MIT
/*
 * The console as a whole: console/log.c over console/serial.c with a make-believe UART, and
 * console/keys.c.  Levels and rate limits, the ring's indices, lines that meet dom0's
 * unfinished ones, re-entry from an NMI, a stuck line, and every form of com1=.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

/* What the headers of machine/ give these files, without a machine. */
#define DAIS_MACHINE_BARRIER_H
#define DAIS_MACHINE_PERCPU_H
#include "lib/types.h"

static unsigned int cpu = 3;

static inline u32 spin_patience(void)
{
	return 0;
}

static inline void cpu_relax(void)
{
}

static inline void bump_release(u16 *counter)
{
	__atomic_store_n(counter, (u16)(*counter + 1), __ATOMIC_RELEASE);
}

static inline unsigned long local_irq_save(void)
{
	return 0;
}

static inline void local_irq_restore(unsigned long flags __unused)
{
}

static inline unsigned int this_cpu_id(void)
{
	return cpu;
}

#include "../../xen/console/log.c"
#include "../../xen/console/serial.c"
#undef LOG_ROOM
#include "../../xen/console/keys.c"

static stime_t clock_now = 1;

stime_t now(void)
{
	return clock_now;
}

/* --- the UART --- */

static struct {
	bool present, stuck;
	u16 base;
	u8 scratch, lcr, ier;
	u16 divisor;
	char out[400000];
	size_t out_len;
	const char *in;
	unsigned long reads;
	bool nmi_next; /* log from inside the next write, as an NMI would */
} uart = {.present = true, .base = 0x3f8};

u32 port_in(u16 port, unsigned int bytes __unused)
{
	uart.reads++;
	if (!uart.present || (port & ~7U) != uart.base)
		return 0xff;
	switch (port & 7) {
	case 0:
		return uart.in && *uart.in ? (u8)*uart.in++ : 0;
	case 5:
		return (uart.stuck ? 0 : 0x20U) | (uart.in && *uart.in ? 1 : 0);
	case 7:
		return uart.scratch;
	default:
		return 0;
	}
}

void port_out(u16 port, unsigned int bytes __unused, u32 value)
{
	if (!uart.present || (port & ~7U) != uart.base)
		return;
	switch (port & 7) {
	case 0:
		if (uart.lcr & 0x80)
			uart.divisor = (u16)((uart.divisor & 0xff00) | value);
		else if (uart.out_len < sizeof(uart.out) - 1)
			uart.out[uart.out_len++] = (char)value;
		if (uart.nmi_next) {
			uart.nmi_next = false;
			log_err("from an NMI");
		}
		break;
	case 1:
		if (uart.lcr & 0x80)
			uart.divisor = (u16)((uart.divisor & 0xff) | value << 8);
		else
			uart.ier = (u8)value;
		break;
	case 3:
		uart.lcr = (u8)value;
		break;
	case 7:
		uart.scratch = (u8)value;
		break;
	}
}

/* What came out since the last call. */
static const char *output(void)
{
	uart.out[uart.out_len] = '\0';
	uart.out_len = 0;
	return uart.out;
}

/* --- tests --- */

static void lines(void)
{
	char longest[600];

	serial_init_early();
	CHECK_EQ(uart.divisor, 1);
	CHECK_EQ(uart.lcr, 3);
	log_info("value %d", 5);
	CHECK(!strcmp(output(), "(DAIS) keys: value 5\r\n"));
	log_info("ends itself\n");
	CHECK(!strcmp(output(), "(DAIS) keys: ends itself\r\n"));
	log_raw("login: ", 7);
	log_err("boom");
	CHECK(!strcmp(output(), "login: \r\n(DAIS) keys: boom\r\n"));
	log_raw("", 0);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	log_info("%s", longest);
	CHECK_EQ(strlen(output()), LINE_SIZE); /* cut; CR and LF are there */
	CHECK(uart.out[LINE_SIZE - 1] == '\n' && uart.out[LINE_SIZE - 3] == 'x');

	uart.nmi_next = true;
	log_info("interrupted");
	CHECK(strstr(output(), "from an NMI"));
	log_info("lock is free");
	CHECK(!strcmp(output(), "(DAIS) keys: lock is free\r\n"));
}

static void level_options(void)
{
	log_debug("not shown");
	CHECK(!*output());
	CHECK(log_set_levels(LOG_OWN, "all"));
	log_debug("shown");
	CHECK(*output());
	CHECK(log_set_levels(LOG_OWN, "none"));
	log_err("not shown");
	CHECK(!*output());
	CHECK(log_set_levels(LOG_OWN, "info"));
	CHECK(!log_set_levels(LOG_OWN, "loud") && !log_set_levels(LOG_OWN, "info/") &&
	      !log_set_levels(LOG_OWN, "info/debug,") && !log_set_levels(LOG_OWN, ""));
}

/* Row 152 of security.md: what a guest causes cannot fill the log. */
static void guest_limits_hold(void)
{
	const char *p;
	int n = 0;

	for (int i = 0; i < 1000; i++)
		guest_log(7, "wrong %d", i);
	for (p = output(); (p = strstr(p, "d7: keys: wrong")); p++)
		n++;
	CHECK_EQ(n, LIMIT_BURST);
	guest_log(8, "another domain");
	CHECK(strstr(output(), "d8: keys: another domain"));
	clock_now += 6000000000;
	guest_log(7, "later");
	CHECK(strstr(output(), "990 messages suppressed"));
	CHECK(strstr(uart.out, "later"));
	guest_log_debug(7, "not shown");
	CHECK(!*output());
	CHECK(log_set_levels(LOG_GUEST, "all"));
	for (int i = 0; i < 50; i++)
		guest_log_debug(7, "no limit");
	for (n = 0, p = output(); (p = strstr(p, "no limit")); p++)
		n++;
	CHECK_EQ(n, 50);
}

static void ring_indices(void)
{
	char buf[64];
	u32 index, start;

	start = index = log_ring_end();
	log_raw("0123456789", 10);
	CHECK_EQ(log_ring_read(&index, buf, 4), 4);
	CHECK(!memcmp(buf, "0123", 4));
	CHECK_EQ(log_ring_read(&index, buf, sizeof(buf)), 6);
	CHECK_EQ(index, start + 10);
	CHECK_EQ(log_ring_read(&index, buf, sizeof(buf)), 0);

	/* Cleared: older indices begin at what is kept. */
	log_ring_clear(start + 8);
	index = start;
	CHECK_EQ(log_ring_read(&index, buf, sizeof(buf)), 2);
	CHECK(!memcmp(buf, "89", 2));
	log_ring_clear(start + 50); /* not yet written: nothing happens */
	index = start + 1000;
	CHECK_EQ(log_ring_read(&index, buf, sizeof(buf)), 2);

	/* Filled over: exactly one ring full is kept. */
	for (u32 i = 0; i < RING_SIZE / 8 + 3; i++)
		log_raw("abcdefgh", 8);
	index = start;
	log_ring_read(&index, buf, 1);
	CHECK_EQ(index, log_ring_end() - RING_SIZE + 1);

	/* Indices wrap at 2^32. */
	ring_end = 0xfffffffa;
	ring_start = 0xfffffff0;
	log_raw("0123456789", 10);
	index = 0xfffffff8;
	CHECK_EQ(log_ring_read(&index, buf, sizeof(buf)), 12);
	CHECK(!memcmp(buf + 2, "0123456789", 10));
	CHECK_EQ(index, 4);
	output();
}

static char second[1000];

static void second_write(struct log_sink *sink __unused, const char *text, size_t len)
{
	strncat(second, text, len);
}

static void sinks_selection(void)
{
	static struct log_sink sink = {.name = "vga", .write = second_write};

	log_raw("\n", 1);
	log_ring_clear(log_ring_end());
	log_sink_add(&sink);
	log_line("before");
	CHECK(!second[0]);
	output();
	CHECK(log_sinks_select("com1L,vga"));
	CHECK(!strcmp(second, "(DAIS) before\n")); /* what it missed */
	CHECK(!*output()); /* and nobody else twice */
	CHECK(log_sinks_select("vga"));
	log_line("only there");
	CHECK(strstr(second, "only there") && !*output());
	CHECK(!log_sinks_select("com2,pigeon"));
	log_line("still there");
	CHECK(strstr(second, "still there") && !*output());
	CHECK(log_sinks_select("none"));
	log_line("nowhere");
	CHECK(!strstr(second, "nowhere") && !*output());
	CHECK(log_sinks_select("com1"));
	log_sink_disable(&sink);
	output();
}

static void serial_options(void)
{
	static const char *const wrong[] = {
		"",
		"fast",
		"0",
		"115200,9n1",
		"115200,8x1",
		"115200,8n3",
		"115200,8n1,0xffff",
		"115200,8n1,0x3f8,99",
		"115200,8n1,0x3f8,4,5",
		"200000",
		"1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(!serial_configure(0, wrong[i]));
	CHECK(serial_configure(0, "9600,7e2"));
	CHECK_EQ(uart.divisor, 12);
	CHECK_EQ(uart.lcr, 0x1e);
	CHECK(serial_configure(0, "auto"));
	CHECK_EQ(uart.divisor, 12);
	CHECK(serial_configure(0, "115200,,0x3f8,3"));
	CHECK_EQ(uart.lcr, 3);
	CHECK_EQ(serial_irq(0), 3);
	CHECK_EQ(serial_io_base(0), 0x3f8);
	CHECK(serial_configure(0, "38400/3686400,8n1,0x2e8"));
	CHECK_EQ(serial_irq(0), -1); /* nothing answers there */
	log_line("lost");
	CHECK(!*output());
	CHECK(serial_configure(0, "115200,8n1,0x3f8,4"));

	/* A line that takes nothing costs one long wait, then none. */
	uart.stuck = true;
	uart.reads = 0;
	log_line("lost");
	CHECK(uart.reads >= TX_SPINS && uart.reads < 2 * TX_SPINS);
	uart.reads = 0;
	log_line("lost");
	CHECK(uart.reads < 10);
	uart.stuck = false;
	log_line("back");
	CHECK(strstr(output(), "back"));
}

static char received[100];

static void receive(char c)
{
	strncat(received, &c, 1);
}

static char handled[10];

static void handler(char key)
{
	strncat(handled, &key, 1);
}

static void input_and_keys(void)
{
	uart.in = "ab\ncd";
	serial_set_receiver(receive);
	serial_poll();
	CHECK(!strcmp(received, "ab\ncd"));

	keys_init();
	keys_register('q', handler, "what the test does");
	keys_register('q', handler, "twice");
	CHECK(strstr(output(), "taken"));
	CHECK(keys_press('q') && keys_press('q') && keys_press('h'));
	CHECK(!keys_press('z') && !keys_press((char)0xff) && !keys_press(0));
	CHECK(!handled[0]);
	keys_run();
	CHECK(!strcmp(handled, "q"));
	CHECK(strstr(output(), "  q  what the test does"));
	keys_run();
	CHECK(!strcmp(handled, "q"));
}

/* Last: nothing resets it. */
static void last_words(void)
{
	log_set_levels(LOG_OWN, "none");
	spin_lock(&log_lock); /* whoever had it was stopped */
	log_force();
	log_debug("last words");
	CHECK(strstr(output(), "last words"));
}

int main(void)
{
	lines();
	level_options();
	guest_limits_hold();
	ring_indices();
	sinks_selection();
	serial_options();
	input_and_keys();
	last_words();
	return check_done("console");
}
