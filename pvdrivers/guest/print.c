// SPDX-License-Identifier: MIT
/*
 * Formatted output to the console: the hypervisor's for dom0, the console ring for a domU (which
 * waits while the ring is full, so that no line of a test is lost).
 */
#include "pvrt.h"

#include <xen/io/console.h>

struct sink {
	char *buf;
	size_t size, used;
};

static void put(struct sink *s, char c)
{
	if (s->used + 1 < s->size)
		s->buf[s->used] = c;
	s->used++;
}

static void put_padded(struct sink *s, const char *text, size_t n, int width, bool left, char pad)
{
	if (!left)
		for (int i = (int)n; i < width; i++)
			put(s, pad);
	for (size_t i = 0; i < n; i++)
		put(s, text[i]);
	if (left)
		for (int i = (int)n; i < width; i++)
			put(s, ' ');
}

static size_t digits(char *out, unsigned long value, unsigned int base, bool negative)
{
	char reversed[24];
	size_t n = 0, used = 0;

	do {
		reversed[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative)
		out[used++] = '-';
	while (n)
		out[used++] = reversed[--n];
	return used;
}

int vprint_to(char *buf, size_t size, const char *f, va_list args)
{
	struct sink s = {buf, size, 0};
	char number[26];

	for (; *f; f++) {
		bool left = false, is_long = false;
		char pad = ' ';
		int width = 0;

		if (*f != '%') {
			put(&s, *f);
			continue;
		}
		for (f++; *f == '-' || *f == '0'; f++) {
			left |= *f == '-';
			pad = *f == '0' ? '0' : pad;
		}
		for (; *f >= '0' && *f <= '9'; f++)
			width = width * 10 + *f - '0';
		for (; *f == 'l' || *f == 'z'; f++)
			is_long = true;
		switch (*f) {
		case 's': {
			const char *text = va_arg(args, const char *);

			text = text ? text : "(null)";
			put_padded(&s, text, strlen(text), width, left, ' ');
			break;
		}
		case 'c':
			number[0] = (char)va_arg(args, int);
			put_padded(&s, number, 1, width, left, ' ');
			break;
		case 'd': {
			long v = is_long ? va_arg(args, long) : va_arg(args, int);
			size_t n = digits(number, v < 0 ? -(unsigned long)v : (unsigned long)v, 10,
					  v < 0);

			put_padded(&s, number, n, width, left, pad);
			break;
		}
		case 'p':
			is_long = true;
			put(&s, '0');
			put(&s, 'x');
			/* fall through */
		case 'u':
		case 'x': {
			unsigned long v = is_long ? va_arg(args, unsigned long)
						  : va_arg(args, unsigned int);

			put_padded(&s, number, digits(number, v, *f == 'u' ? 10 : 16, false), width,
				   left, pad);
			break;
		}
		default:
			put(&s, *f);
		}
	}
	if (size)
		buf[s.used < size ? s.used : size - 1] = 0;
	return (int)s.used;
}

int print_to(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vprint_to(buf, size, format, args);
	va_end(args);
	return n;
}

static void ring_write(const char *text, size_t length)
{
	static struct xencons_interface *ring;
	struct evtchn_send send = {.port = start_info->console.domU.evtchn};

	if (!ring)
		ring = mfn_to_virt(start_info->console.domU.mfn);
	if (!ring)
		return;
	for (size_t i = 0; i < length; i++) {
		while (ring->out_prod - READ_ONCE(ring->out_cons) >= sizeof(ring->out)) {
			evtchn_op(EVTCHNOP_send, &send);
			sched_op(SCHEDOP_yield, NULL);
		}
		ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = text[i];
		barrier(); /* the character before the index */
		WRITE_ONCE(ring->out_prod, ring->out_prod + 1);
	}
	evtchn_op(EVTCHNOP_send, &send);
}

void console_write(const char *text, size_t length)
{
	if (is_dom0())
		HC3(__HYPERVISOR_console_io, CONSOLEIO_write, length, text);
	else
		ring_write(text, length);
}

void printk(const char *format, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vprint_to(line, sizeof(line), format, args);
	va_end(args);
	console_write(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}
