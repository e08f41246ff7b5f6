// SPDX-License-Identifier: MIT
/*
 * Random sequences of requests.  The tree is kept small, so that clients meet on the same nodes;
 * all sizes stay below every daemon's quota, which limittest is for.
 */
#include <stdarg.h>
#include <string.h>

#include "client.h"
#include "difftest.h"

static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

static const char *pick(const char *const *list)
{
	unsigned int n = 0;

	while (list[n])
		n++;
	return list[draw(n)];
}

__attribute__((format(printf, 2, 3))) static void append(struct step *s, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(s->body + s->len, STEP_BODY - s->len, format, ap);
	va_end(ap);
	s->len += (uint32_t)n;
}

static void append_nul(struct step *s)
{
	s->body[s->len++] = 0;
}

static void path(struct step *s)
{
	static const char *const roots[] = {"/t", "/t", "/t", "/local/domain/1", "/local/domain/2",
					    "",   NULL};
	static const char *const bad[] = {"",
					  "/",
					  "//t",
					  "/t/",
					  "/t//a",
					  "/t/a b",
					  "/t/\xc3\xa4",
					  "@a",
					  "@releaseDomain",
					  "@introduceDomain",
					  "a//b",
					  "/t/a:b",
					  "../a",
					  "./a",
					  NULL};
	static const char *const words[] = {"a", "b", "c", NULL};
	const char *root = pick(roots);
	unsigned int depth = draw(4);

	if (draw(25) == 0) {
		append(s, "%s", pick(bad));
		return;
	}
	append(s, "%s", root);
	if (*root == 0)
		append(s, "%s", pick(words));
	while (depth-- > 0)
		append(s, "/%s", pick(words));
}

static void perms(struct step *s)
{
	static const char *const bad[] = {"x1", "r", "1", "r-1", "", "r99999", "rr1", NULL};

	for (uint32_t n = draw(8) == 0 ? 0 : 1 + draw(3); n > 0; n--) {
		if (draw(30) == 0)
			append(s, "%s", pick(bad));
		else
			append(s, "%c%u", "nrwb"[draw(4)], sockets_only ? 0 : draw(RINGS + 1));
		append_nul(s);
	}
}

static void value(struct step *s)
{
	for (uint32_t n = draw(20); n > 0; n--)
		s->body[s->len++] = draw(20) ? (char)('a' + draw(26)) : (char)draw(256);
}

static void token(struct step *s)
{
	append(s, "tok%u", draw(3));
	append_nul(s);
}

/* Requests with a shape that no client library makes. */
static void malformed(struct step *s)
{
	static const uint32_t types[] = {XS_READ,
					 XS_WRITE,
					 XS_MKDIR,
					 XS_RM,
					 XS_DIRECTORY,
					 XS_WATCH,
					 XS_UNWATCH,
					 XS_GET_PERMS,
					 XS_SET_PERMS,
					 XS_TRANSACTION_START,
					 XS_TRANSACTION_END,
					 XS_GET_DOMAIN_PATH,
					 XS_DIRECTORY_PART,
					 XS_IS_DOMAIN_INTRODUCED,
					 XS_RELEASE,
					 XS_RESUME,
					 XS_SET_TARGET,
					 XS_INTRODUCE};
	static const uint32_t unknown[] = {20, 23, 99, 65535, XS_WATCH_EVENT, XS_ERROR};

	s->type = types[draw(sizeof(types) / sizeof(types[0]))];
	switch (draw(4)) {
	case 0: /* nothing */
		break;
	case 1: /* no NUL at the end */
		append(s, "/t/a");
		break;
	case 2: /* strings too many */
		append(s, "/t/a%cb%cc%cd%c", 0, 0, 0, 0);
		break;
	default:
		s->type = unknown[draw(sizeof(unknown) / sizeof(unknown[0]))];
		append(s, "/t/a%c", 0);
	}
}

static void domain_request(struct step *s)
{
	static const uint32_t types[] = {XS_GET_DOMAIN_PATH, XS_IS_DOMAIN_INTRODUCED, XS_RELEASE,
					 XS_RESUME, XS_SET_TARGET};
	static const char *const ids[] = {"0", "1", "2", "3", "7", "99999", "-1", "x", "", NULL};

	s->type = types[draw(sizeof(types) / sizeof(types[0]))];
	/* Rings stay up: released are only domains that are not there. */
	if (s->type == XS_RELEASE && s->client < SOCKETS)
		append(s, "%s", draw(2) ? "7" : "99999");
	else
		append(s, "%s", pick(ids));
	append_nul(s);
	if (s->type == XS_SET_TARGET) {
		append(s, "%s", "9");
		append_nul(s);
	}
}

static void request(struct step *s)
{
	static const struct {
		uint32_t weight, type;
	} table[] = {
		{14, XS_WRITE},
		{10, XS_READ},
		{8, XS_MKDIR},
		{7, XS_RM},
		{8, XS_DIRECTORY},
		{3, XS_DIRECTORY_PART},
		{8, XS_SET_PERMS},
		{4, XS_GET_PERMS},
		{6, XS_WATCH},
		{3, XS_UNWATCH},
		{1, XS_RESET_WATCHES},
		{10, XS_TRANSACTION_START},
		{12, XS_TRANSACTION_END},
		{3, XS_IS_DOMAIN_INTRODUCED},
		{3, XS_INVALID},
	};
	uint32_t total = 0, at, i = 0;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		total += table[i].weight;
	at = draw(total);
	for (i = 0; at >= table[i].weight; i++)
		at -= table[i].weight;
	s->type = table[i].type;
	if (draw(5) < 2)
		s->tx = 1 + draw(TX_SLOTS);
	if (draw(100) == 0)
		s->tx = TX_BAD;
	switch (s->type) {
	case XS_INVALID:
		malformed(s);
		break;
	case XS_IS_DOMAIN_INTRODUCED:
		domain_request(s);
		break;
	case XS_RESET_WATCHES:
		append_nul(s);
		break;
	case XS_TRANSACTION_START:
		s->tx = draw(20) ? 0 : s->tx;
		append_nul(s);
		break;
	case XS_TRANSACTION_END:
		s->tx = draw(20) ? 1 + draw(TX_SLOTS) : s->tx;
		append(s, "%c", draw(20) ? "TTTF"[draw(4)] : 'x');
		append_nul(s);
		break;
	default:
		path(s);
		append_nul(s);
		if (s->type == XS_WRITE)
			value(s);
		if (s->type == XS_SET_PERMS)
			perms(s);
		if (s->type == XS_WATCH || s->type == XS_UNWATCH) {
			s->tx = draw(10) ? 0 : s->tx;
			token(s);
		}
		if (s->type == XS_DIRECTORY_PART) {
			append(s, "%u", draw(3) ? 0 : draw(10));
			append_nul(s);
		}
	}
}

/*
 * Whole transactions, one after the other, by any client: nothing changes around them, so that a
 * snapshot and what the C daemon does must agree.
 */
static void generate_transactions(struct step *steps, unsigned int n)
{
	unsigned int left = 0, client = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct step *s = &steps[i];

		memset(s, 0, sizeof(*s));
		if (left == 0)
			client = draw(CLIENTS);
		s->client = client;
		if (left == 0 && draw(3)) {
			s->type = XS_TRANSACTION_START;
			append_nul(s);
			left = 1 + draw(15);
			continue;
		}
		if (left == 1) {
			s->type = XS_TRANSACTION_END;
			s->tx = 1;
			append(s, "%c", draw(4) ? 'T' : 'F');
			append_nul(s);
			left = 0;
			continue;
		}
		do {
			memset(s->body, 0, s->len);
			s->len = 0;
			request(s);
		} while (s->type == XS_TRANSACTION_START || s->type == XS_TRANSACTION_END ||
			 s->type == XS_RESET_WATCHES);
		s->tx = left && s->type != XS_WATCH && s->type != XS_UNWATCH;
		left -= left > 0;
	}
}

void generate(struct step *steps, unsigned int n, uint64_t seed)
{
	state = seed * 2654435761u + 12345;
	if (seed % 2) {
		generate_transactions(steps, n);
		return;
	}
	for (unsigned int i = 0; i < n; i++) {
		struct step *s = &steps[i];

		memset(s, 0, sizeof(*s));
		/* In every second of these the last domain stands for the first. */
		if (i == 0 && seed % 4 == 2) {
			s->type = XS_SET_TARGET;
			append(s, "3%c1%c", 0, 0);
			continue;
		}
		s->client = draw(CLIENTS);
		switch (draw(120)) {
		case 0:
			s->kind = STEP_RECONNECT;
			s->client = draw(SOCKETS);
			break;
		case 1:
			s->kind = draw(2) ? STEP_SHUTDOWN : STEP_KILL;
			s->client = SOCKETS + draw(RINGS);
			break;
		default:
			request(s);
		}
	}
}
