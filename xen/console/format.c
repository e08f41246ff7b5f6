// SPDX-License-Identifier: MIT
/*
 * printf core.  One pass over the format: a conversion is first read into struct spec, its
 * argument fetched, then the pieces (padding, sign, prefix, digits) are put out.  Uses no
 * memory but its stack and no global state: it runs in panics and NMIs.
 */
#include "console/format.h"
#include "lib/string.h"

struct out {
	char *buf;
	size_t size;
	size_t len; /* of the whole text; may run past size */
};

/* Flags in the order in which FLAGS has their characters. */
enum { LEFT = 1, ZERO = 2, PLUS = 4, BLANK = 8, ALT = 16 };
#define FLAGS "-0+ #"

struct spec {
	unsigned int flags;
	bool upper, is_signed;
	unsigned int base;
	int width, precision; /* precision -1: none given */
	int size; /* bytes of the argument */
};

static void put(struct out *out, char c)
{
	if (out->len + 1 < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void put_n(struct out *out, char c, int n)
{
	while (n-- > 0)
		put(out, c);
}

static void put_string(struct out *out, const struct spec *spec, const char *s)
{
	int len;

	if (!s)
		s = "(null)";
	/* With a precision the string need not be terminated. */
	len = (int)strnlen(s, spec->precision >= 0 ? (size_t)spec->precision : 0x7fffffff);
	if (!(spec->flags & LEFT))
		put_n(out, ' ', spec->width - len);
	for (int i = 0; i < len; i++)
		put(out, s[i]);
	if (spec->flags & LEFT)
		put_n(out, ' ', spec->width - len);
}

static void put_number(struct out *out, const struct spec *spec, u64 value)
{
	const char *digits = spec->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24], prefix[3];
	int n = 0, np = 0, zeros, pad;

	if (spec->is_signed) {
		bool negative = (s64)value < 0;

		if (negative)
			value = 0 - value;
		if (negative || (spec->flags & (PLUS | BLANK)))
			prefix[np++] = negative ? '-' : spec->flags & PLUS ? '+' : ' ';
	}
	if ((spec->flags & ALT) && value && spec->base == 16) {
		prefix[np++] = '0';
		prefix[np++] = spec->upper ? 'X' : 'x';
	}
	for (u64 v = value; v; v /= spec->base)
		text[n++] = digits[v % spec->base];

	zeros = (spec->precision >= 0 ? spec->precision : 1) - n;
	zeros = max(zeros, 0);
	if ((spec->flags & ZERO) && !(spec->flags & LEFT) && spec->precision < 0)
		zeros = max(zeros, spec->width - np - n);
	pad = spec->width - np - zeros - n;

	if (!(spec->flags & LEFT))
		put_n(out, ' ', pad);
	for (int i = 0; i < np; i++)
		put(out, prefix[i]);
	put_n(out, '0', zeros);
	while (n)
		put(out, text[--n]);
	if (spec->flags & LEFT)
		put_n(out, ' ', pad);
}

/* A width or precision; beyond all sense it is cut, so that no format can spin for long. */
static const char *read_count(const char *p, int *count)
{
	*count = 0;
	for (; *p >= '0' && *p <= '9'; p++)
		*count = min(*count * 10 + (*p - '0'), 4096);
	return p;
}

static const char *read_flags(const char *p, struct spec *spec)
{
	const char *flag;

	for (; *p && (flag = strchr(FLAGS, *p)); p++)
		spec->flags |= 1u << (flag - FLAGS);
	return p;
}

static const char *read_size(const char *p, struct spec *spec)
{
	spec->size = sizeof(int);
	for (; *p && strchr("hlzjt", *p); p++)
		spec->size = *p == 'h' ? spec->size / 2 : 8;
	return p;
}

static u64 narrow(u64 value, const struct spec *spec)
{
	unsigned int above = spec->size ? 64 - 8 * (unsigned int)spec->size : 0;

	return spec->is_signed ? (u64)((s64)(value << above) >> above) : value << above >> above;
}

static void set_base(struct spec *spec, char conversion)
{
	spec->is_signed = conversion == 'd' || conversion == 'i';
	spec->upper = conversion == 'X';
	spec->base = conversion == 'o' ? 8 : (conversion | 0x20) == 'x' ? 16 : 10;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out out = {.buf = buf, .size = size};

	for (const char *p = fmt; *p; p++) {
		struct spec spec = {.precision = -1, .base = 16};
		char letter;

		if (*p != '%') {
			put(&out, *p);
			continue;
		}
		p = read_flags(p + 1, &spec);
		if (*p == '*') {
			spec.width = va_arg(args, int);
			if (spec.width < 0) {
				spec.flags |= LEFT;
				spec.width = -spec.width;
			}
			p++;
		} else {
			p = read_count(p, &spec.width);
		}
		if (p[0] == '.' && p[1] == '*') {
			spec.precision = va_arg(args, int);
			p += 2;
		} else if (*p == '.') {
			p = read_count(p + 1, &spec.precision);
		}
		p = read_size(p, &spec);

		switch (*p) {
		case 'd':
		case 'i':
		case 'u':
		case 'o':
		case 'x':
		case 'X':
			set_base(&spec, *p);
			put_number(&out, &spec,
				   narrow(spec.size == 8 ? va_arg(args, u64)
							 : va_arg(args, unsigned int),
					  &spec));
			break;
		case 'p':
			spec.flags |= ALT;
			put_number(&out, &spec, (u64)va_arg(args, void *));
			break;
		case 's':
			put_string(&out, &spec, va_arg(args, const char *));
			break;
		case 'c':
			letter = (char)va_arg(args, int);
			spec.precision = 1;
			put_string(&out, &spec, &letter);
			break;
		case '\0':
			p--; /* a format that ends inside a conversion */
			break;
		default:
			put(&out, *p);
		}
	}
	if (size)
		buf[min(out.len, size - 1)] = '\0';
	return (int)out.len;
}

size_t scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t n;

	if (!size)
		return 0;
	va_start(args, fmt);
	n = (size_t)vsnprintf(buf, size, fmt, args);
	va_end(args);
	return min(n, size - 1);
}
