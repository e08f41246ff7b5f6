// SPDX-License-Identifier: MIT
/*
 * One daemon and its clients.  After each step every client asks something harmless and reads up
 * to its answer: what had to be sent to it has then been sent, in whatever order the daemon works.
 */
#include "difftest.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "hostxen.h"

bool sockets_only;

static const char *const type_names[] = {"CONTROL",
					 "DIRECTORY",
					 "READ",
					 "GET_PERMS",
					 "WATCH",
					 "UNWATCH",
					 "TRANSACTION_START",
					 "TRANSACTION_END",
					 "INTRODUCE",
					 "RELEASE",
					 "GET_DOMAIN_PATH",
					 "WRITE",
					 "MKDIR",
					 "RM",
					 "SET_PERMS",
					 "WATCH_EVENT",
					 "ERROR",
					 "IS_DOMAIN_INTRODUCED",
					 "RESUME",
					 "SET_TARGET",
					 "20",
					 "RESET_WATCHES",
					 "DIRECTORY_PART"};

static int put_type(char *to, size_t size, uint32_t type)
{
	if (type < sizeof(type_names) / sizeof(type_names[0]))
		return snprintf(to, size, "%s", type_names[type]);
	return snprintf(to, size, "%u", type);
}

/* LEN bytes as a quoted text. */
static int put_quoted(char *to, size_t size, const char *body, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 8 < size; i++) {
		unsigned char c = (unsigned char)body[i];

		if (isgraph(c) && c != '\\')
			to[n++] = (char)c;
		else
			n += (size_t)snprintf(to + n, size - n, c ? "\\%02x" : "\\0", c);
	}
	to[n] = 0;
	return (int)n;
}

void step_print(const struct step *s, FILE *to)
{
	char text[STEP_BODY * 3 + 64];
	int n = 0;

	if (s->client < SOCKETS)
		fprintf(to, "process %u ", s->client);
	else
		fprintf(to, "domain %u ", s->client - SOCKETS + 1);
	if (s->kind == STEP_REQUEST) {
		n = put_type(text, 64, s->type);
		text[n++] = ' ';
		put_quoted(text + n, sizeof(text) - (size_t)n, s->body, s->len);
		fprintf(to, "%s", text);
		if (s->tx)
			fprintf(to,
				s->tx == TX_BAD ? " (transaction nobody has)" : " (transaction %u)",
				s->tx);
	} else {
		fprintf(to, "%s",
			s->kind == STEP_RECONNECT  ? "reconnects"
			: s->kind == STEP_SHUTDOWN ? "shuts down"
						   : "is destroyed and another with its id made");
	}
	fprintf(to, "\n");
}

void path_absolute(char *to, size_t size, unsigned int client, const char *path, size_t len)
{
	if (*path == '/')
		snprintf(to, size, "%.*s", (int)len, path);
	else
		snprintf(to, size, "/local/domain/%u/%.*s",
			 client < SOCKETS ? 0 : client - SOCKETS + 1, (int)len, path);
}

static void note_event(struct world *w, unsigned int client, const struct xsc_msg *m)
{
	char *to = w->outcome->events[client];
	size_t used = strlen(to), room = sizeof(w->outcome->events[client]) - used;

	if (room < 600)
		return;
	put_quoted(to + used, 600, m->body, m->len < 150 ? m->len : 150);
	strcat(to, "\n");
}

struct listener {
	struct world *w;
	unsigned int client;
};

static void on_event(void *arg, const struct xsc_msg *m)
{
	struct listener *l = arg;

	note_event(l->w, l->client, m);
}

/* How often it is waited for a daemon that is still at work, on a machine that has much other work. */
#define PATIENCE 30

/* The next message for a client, if the daemon has one: it may be at work for longer than one wait. */
static bool hear(const struct world *w, struct xsc *c, struct xsc_msg *m)
{
	int got = xsc_wait(c, m, xsc_timeout);

	for (int i = 0; !got && i < PATIENCE && !server_sleeps(&w->server); i++)
		got = xsc_wait(c, m, xsc_timeout);
	/* What it sent before it fell asleep. */
	return (got ? got : xsc_wait(c, m, 0)) == 1;
}

/* Every client asks, then every client reads up to its answer; a dead daemon answers none. */
static void settle(struct world *w)
{
	/* Twice: what the first round makes a daemon notice, the second brings. */
	for (int round = 0; round < 2; round++) {
		uint32_t ids[CLIENTS];

		for (unsigned int i = 0; i < CLIENTS; i++) {
			ids[i] = xsc_queue(w->clients[i], XS_GET_DOMAIN_PATH, 0, "0", 2);
			xsc_push(w->clients[i]);
		}
		for (unsigned int i = 0; i < CLIENTS; i++) {
			struct xsc_msg m;

			while (hear(w, w->clients[i], &m)) {
				if (m.type == XS_WATCH_EVENT)
					note_event(w, i, &m);
				else if (m.req_id == ids[i])
					break;
			}
		}
	}
}

static void forget_transactions(struct world *w, unsigned int client)
{
	memset(w->tx_ids[client], 0, sizeof(w->tx_ids[client]));
}

static uint32_t tx_id(const struct world *w, const struct step *s)
{
	uint32_t id;

	if (s->tx == 0)
		return 0;
	if (s->tx == TX_BAD)
		return 7777777;
	/* A slot that is not open: also an id that nobody was given. */
	id = w->tx_ids[s->client][s->tx - 1];
	return id ? id : 8888888 + s->tx;
}

static unsigned int free_slot(const struct world *w, unsigned int client)
{
	unsigned int k = 0;

	while (k < TX_SLOTS && w->tx_ids[client][k])
		k++;
	return k;
}

/* The store has changed: open transactions that saw it before are stale. */
static void note_change(struct world *w)
{
	memset(w->tx_stale, true, sizeof(w->tx_stale));
}

/*
 * Sends the request and right behind it another one, whose answer shows when there is none to the
 * first.  The reply is copied to M and BODY.
 */
static bool ask(struct world *w, const struct step *s, struct xsc_msg *m, char *body)
{
	struct xsc *c = w->clients[s->client];
	uint32_t id = xsc_queue(c, s->type, tx_id(w, s), s->body, s->len);
	uint32_t behind = xsc_queue(c, XS_GET_DOMAIN_PATH, 0, "0", 2);
	bool answered = false;
	struct xsc_msg got;

	while (hear(w, c, &got)) {
		if (got.type == XS_WATCH_EVENT) {
			note_event(w, s->client, &got);
			w->outcome->early += !answered;
		} else if (got.req_id == id) {
			answered = true;
			memcpy(body, got.body, got.len + 1);
			*m = got;
			m->body = body;
		} else if (got.req_id == behind) {
			return answered;
		}
	}
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void dump(struct world *w, enum server_kind beside, FILE *to, const char *path)
{
	char *names[512], text[9000], below[3200];
	unsigned int n = 0;
	struct xsc_msg m;

	if (xsc_path_op(w->clients[0], XS_READ, 0, path, &m) != 0)
		m.len = 0;
	put_quoted(text, sizeof(text), m.body, m.len);
	fprintf(to, "%s = %s", path, text);
	if (beside != SERVER_OCAML && xsc_path_op(w->clients[0], XS_GET_PERMS, 0, path, &m) == 0) {
		put_quoted(text, sizeof(text), m.body, m.len);
		fprintf(to, "  (%s)", text);
	}
	fprintf(to, "\n");
	if (xsc_path_op(w->clients[0], XS_DIRECTORY, 0, path, &m) != 0)
		return;
	for (const char *p = m.body; p < m.body + m.len && n < 512; p += strlen(p) + 1)
		names[n++] = strdup(p);
	qsort(names, n, sizeof(names[0]), by_name);
	for (unsigned int i = 0; i < n; i++) {
		snprintf(below, sizeof(below), "%s/%s", path[1] ? path : "", names[i]);
		/* What daemons say of themselves, and what oxenstored takes for nodes. */
		if (strcmp(below, "/tool") != 0 && below[1] != '@')
			dump(w, beside, to, below);
		free(names[i]);
	}
}

/* The store into TEXT, of SIZE bytes; rights unless beside oxenstored. */
static void note_store(struct world *w, enum server_kind beside, char *text, size_t size)
{
	FILE *to = fmemopen(text, size, "w");

	dump(w, beside, to, "/");
	fclose(to);
}

/* A removal in a transaction, whether it is granted or not, and the end of one that had some. */
static void note_removal(struct world *w, const struct step *s, struct outcome *out)
{
	char *removed = w->tx_removed[s->client][s->tx - 1];
	size_t used = strlen(removed);

	if (s->type == XS_RM && used + s->len + 32 < REMOVED) {
		path_absolute(removed + used, REMOVED - used - 1, s->client, s->body, s->len);
		strcat(removed, "\n");
	}
	if (s->type == XS_TRANSACTION_END && used) {
		strcpy(out->removed, removed);
		note_store(w, SERVER_OCAML, out->before, sizeof(out->before));
	}
}

static void do_request(struct world *w, const struct step *s, struct outcome *out)
{
	unsigned int slot = free_slot(w, s->client);
	bool in_tx = s->tx && s->tx != TX_BAD && w->tx_ids[s->client][s->tx - 1];
	char room[XENSTORE_PAYLOAD_MAX + 1], *body = room;
	struct xsc_msg m = {0};
	size_t n, len;

	if (s->type == XS_TRANSACTION_START && slot == TX_SLOTS) {
		snprintf(out->reply, sizeof(out->reply), "(no slot)");
		return;
	}
	w->guest_made |= s->client >= SOCKETS && (s->type == XS_WRITE || s->type == XS_MKDIR);
	out->guest_made = w->guest_made;
	out->died = w->died;
	out->stale = in_tx && w->tx_stale[s->client][s->tx - 1];
	if (in_tx)
		note_removal(w, s, out);
	if (!ask(w, s, &m, room)) {
		snprintf(out->reply, sizeof(out->reply), "no reply");
		return;
	}
	n = (size_t)put_type(out->reply, 64, m.type);
	out->reply[n++] = ' ';
	len = m.len;
	if (m.type == XS_TRANSACTION_START) {
		w->tx_ids[s->client][slot] = (uint32_t)strtoul(m.body, NULL, 10);
		w->tx_stale[s->client][slot] = false;
		*w->tx_removed[s->client][slot] = 0;
		len = 0;
	}
	if (m.type == XS_TRANSACTION_END ||
	    (in_tx && s->type == XS_TRANSACTION_END && strcmp(m.body, "EAGAIN") == 0))
		w->tx_ids[s->client][s->tx - 1] = 0;
	if (m.type == XS_TRANSACTION_END || (!in_tx && (m.type == XS_WRITE || m.type == XS_MKDIR ||
							m.type == XS_RM || m.type == XS_SET_PERMS)))
		note_change(w);
	if (m.type == XS_RESET_WATCHES)
		forget_transactions(w, s->client);
	if (m.type == XS_DIRECTORY_PART) { /* the generation is the daemon's own */
		body += strlen(body) + 1;
		len -= (size_t)(body - room);
	}
	put_quoted(out->reply + n, sizeof(out->reply) - n, body, len);
}

static void ring_reset(struct world *w, unsigned int client)
{
	unsigned int domid = client - SOCKETS + 1;

	xsc_close(w->clients[client]);
	w->clients[client] = xsc_ring(w->server.hx, domid);
	forget_transactions(w, client);
}

static void make_domain(struct world *w, unsigned int domid)
{
	char path[64], perms[16];

	hostxen_create(w->server.hx, domid);
	ring_reset(w, SOCKETS + domid - 1);
	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	snprintf(perms, sizeof(perms), "n%u", domid);
	xsc_write(w->clients[0], 0, path, "");
	xsc_set_perms(w->clients[0], 0, path, perms);
	xsc_introduce(w->clients[0], domid);
}

void world_step(struct world *w, const struct step *s, struct outcome *out)
{
	unsigned int domid = s->client - SOCKETS + 1;
	struct listener l = {w, 0};

	memset(out, 0, sizeof(*out));
	w->outcome = out;
	switch (sockets_only && s->kind > STEP_RECONNECT ? STEP_RECONNECT : s->kind) {
	case STEP_REQUEST:
		do_request(w, s, out);
		/* It may have died of it, and rings do not tell. */
		if (strcmp(out->reply, "no reply") == 0)
			return;
		break;
	case STEP_RECONNECT:
		xsc_close(w->clients[s->client]);
		w->clients[s->client] = server_try(&w->server);
		forget_transactions(w, s->client);
		if (!w->clients[s->client]) {
			snprintf(out->reply, sizeof(out->reply), "no reply");
			return;
		}
		break;
	case STEP_SHUTDOWN:
		hostxen_set_state(w->server.hx, domid, HOSTXEN_SHUTDOWN);
		break;
	case STEP_KILL:
		note_change(w);
		w->died |= w->guest_made;
		xsc_on_event(w->clients[0], on_event, &l);
		hostxen_set_state(w->server.hx, domid, HOSTXEN_NONE);
		xsc_release(w->clients[0], domid);
		xsc_path_op(w->clients[0], XS_RM, 0,
			    domid == 1   ? "/local/domain/1"
			    : domid == 2 ? "/local/domain/2"
					 : "/local/domain/3",
			    NULL);
		make_domain(w, domid);
		note_store(w, SERVER_C, out->after, sizeof(out->after));
		out->rootless = xsc_path_op(w->clients[0], XS_GET_PERMS, 0, "/", NULL) != 0;
		xsc_on_event(w->clients[0], NULL, NULL);
		break;
	}
	settle(w);
}

bool world_open(struct world *w, const struct server_paths *paths, enum server_kind kind)
{
	memset(w, 0, sizeof(*w));
	if (!server_start(&w->server, paths, kind, sockets_only ? 0 : SERVER_DOMAINS))
		return false;
	for (unsigned int i = 0; i < (sockets_only ? CLIENTS : SOCKETS); i++)
		w->clients[i] = server_connect(&w->server);
	for (unsigned int i = 1; i <= RINGS && !sockets_only; i++)
		make_domain(w, i);
	return xsc_write(w->clients[0], 0, "/t", "") == 0 &&
	       xsc_set_perms(w->clients[0], 0, "/t", "b0") == 0;
}

void world_close(struct world *w)
{
	for (unsigned int i = 0; i < CLIENTS; i++)
		xsc_close(w->clients[i]);
	server_stop(&w->server);
}

void world_dump(struct world *w, enum server_kind beside, FILE *to)
{
	struct outcome ignored = {0};

	w->outcome = &ignored;
	dump(w, beside, to, "/");
}
