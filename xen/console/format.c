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

struct spec {
	bool left, zero, plus, blank, alt, upper, is_signed;
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
	if (!spec->left)
		put_n(out, ' ', spec->width - len);
	for (int i = 0; i < len; i++)
		put(out, s[i]);
	if (spec->left)
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
		if (negative || spec->plus || spec->blank)
			prefix[np++] = negative ? '-' : spec->plus ? '+' : ' ';
	}
	if (spec->alt && value && spec->base == 16) {
		prefix[np++] = '0';
		prefix[np++] = spec->upper ? 'X' : 'x';
	}
	for (u64 v = value; v; v /= spec->base)
		text[n++] = digits[v % spec->base];

	zeros = (spec->precision >= 0 ? spec->precision : 1) - n;
	zeros = max(zeros, 0);
	if (spec->zero && !spec->left && spec->precision < 0)
		zeros = max(zeros, spec->width - np - n);
	pad = spec->width - np - zeros - n;

	if (!spec->left)
		put_n(out, ' ', pad);
	for (int i = 0; i < np; i++)
		put(out, prefix[i]);
	put_n(out, '0', zeros);
	while (n)
		put(out, text[--n]);
	if (spec->left)
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
	for (;; p++) {
		switch (*p) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->blank = true;
			break;
		case '#':
			spec->alt = true;
			break;
		default:
			return p;
		}
	}
}

static const char *read_size(const char *p, struct spec *spec)
{
	spec->size = sizeof(int);
	for (;; p++) {
		switch (*p) {
		case 'h':
			spec->size /= 2;
			break;
		case 'l':
		case 'z':
		case 'j':
		case 't':
			spec->size = 8;
			break;
		default:
			return p;
		}
	}
}

static u64 narrow(u64 value, const struct spec *spec)
{
	switch (spec->size) {
	case 1:
		return spec->is_signed ? (u64)(s8)value : (u8)value;
	case 2:
		return spec->is_signed ? (u64)(s16)value : (u16)value;
	case 4:
		return spec->is_signed ? (u64)(s32)value : (u32)value;
	default:
		return value;
	}
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

		if (*p != '%') {
			put(&out, *p);
			continue;
		}
		p = read_flags(p + 1, &spec);
		if (*p == '*') {
			spec.width = va_arg(args, int);
			if (spec.width < 0) {
				spec.left = true;
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
			spec.alt = true;
			put_number(&out, &spec, (u64)va_arg(args, void *));
			break;
		case 's':
			put_string(&out, &spec, va_arg(args, const char *));
			break;
		case 'c': {
			char c[2] = {(char)va_arg(args, int), '\0'};

			spec.precision = 1;
			put_string(&out, &spec, c);
			break;
		}
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

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
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
