// SPDX-License-Identifier: MIT
/*
 * Operations per second of store daemons, side by side: ours, both stock ones and the null server
 * hold the same store at the same time, and each cell of the table is measured in slices that
 * alternate between them, the best of REPEATS counting, so that other load on the machine falls on
 * all alike.  The main columns are operations per second of the daemon's own processor time, as
 * the scheduler counts it, which holds on a busy machine too; the last one is by the clock on the
 * wall.  Prints Markdown.
 *
 * A daemon that has not taken all nodes of a size within --fill-limit seconds is measured with those it
 * has, which is told below the table: its figures are then better than they would be.
 *
 * An operation is a small state machine in a slot; a connection has one slot (it waits for each
 * reply, as libxenstore does) or DEPTH of them (it has that many operations under way).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/xenstore/client.h"
#include "tests/xenstore/server.h"

#define DEPTH 32
#define CLIENTS 50
#define OUTSTANDING 1024 /* more than DEPTH slots can have: 22 requests each */

enum op { OP_READ, OP_WRITE, OP_MKDIR, OP_DIRECTORY, OP_TXN1, OP_TXN20, OP_FIRE, OPS };
static const char *const op_names[OPS] = {"read",
					  "write",
					  "mkdir",
					  "directory",
					  "transaction, 1 node",
					  "transaction, 20 nodes",
					  "write that fires a watch"};

enum mode { MODE_ONE, MODE_DEEP, MODE_FIFTY, MODES };
static const char *const mode_names[MODES] = {"1", "1, 32 deep", "50"};

struct slot {
	struct load *load;
	unsigned int index;
	unsigned int replies, events; /* still to come in this stage */
	unsigned int step;
	uint32_t tx;
};

struct lane { /* a connection */
	struct xsc *c;
	struct slot *slots;
	struct slot *of_request[OUTSTANDING];
	unsigned int busy;
};

struct load {
	struct server server;
	struct lane lanes[CLIENTS];
	unsigned int nr_lanes, depth;
	enum op op;
	unsigned long nodes, made, done, retries;
	bool stopping;
	uint32_t seed;
	/* connections that hold the idle watches */
	struct xsc **idle;
	unsigned long nr_idle, idle_watches;
	long empty_rss, full_rss;
};

static unsigned long sizes[8] = {1, 1000, 100000, 1000000};
static unsigned int nr_sizes = 4;
static unsigned long watches[8] = {0, 1000, 100000};
static unsigned int nr_watches = 3;
static unsigned long only_ops = ~0ul, only_modes = ~0ul; /* bit per op, per mode */
static double slice = 0.15;
static int repeats = 3;
static double fill_limit = 60;
static bool brief;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const struct load *l, const char *what)
{
	fprintf(stderr, "%s: %s\n", server_name(l->server.kind), what);
	exit(1);
}

/* Nanoseconds on a processor, as the scheduler counts them. */
static double daemon_ns(const struct load *l)
{
	double ns = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", l->server.pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%lf", &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns;
}

static uint32_t draw(struct load *l)
{
	l->seed = l->seed * 1664525 + 1013904223;
	return l->seed >> 8;
}

static int node_path(char *to, size_t size, unsigned long i)
{
	return snprintf(to, size, "/b/%lu/%lu/%lu", i / 10000, i / 100 % 100, i % 100);
}

/* A node of this slot's own share of the tree; in the smallest store, one below /w. */
static int own_path(struct slot *s, char *to, size_t size, unsigned int k)
{
	struct load *l = s->load;
	unsigned long slots = (unsigned long)l->nr_lanes * l->depth;
	unsigned long share = l->nodes / slots;

	if (share < 20)
		return snprintf(to, size, "/v/%u/%u", s->index, k);
	return node_path(to, size, s->index + slots * ((draw(l) % (share / 20)) * 20 + k % 20));
}

static void request(struct lane *lane, struct slot *s, uint32_t type, uint32_t tx, const char *body,
		    int len)
{
	uint32_t id = xsc_queue(lane->c, type, tx, body, (size_t)len);

	lane->of_request[id % OUTSTANDING] = s;
	s->replies++;
}

static void request_write(struct lane *lane, struct slot *s, uint32_t tx, unsigned int k)
{
	char body[128];
	int n = own_path(s, body, 100, k);

	memcpy(body + n + 1, "value-1234", 10);
	request(lane, s, XS_WRITE, tx, body, n + 11);
}

static void slot_begin(struct lane *lane, struct slot *s)
{
	struct load *l = s->load;
	char body[128];
	int n;

	s->step = 0;
	lane->busy++;
	switch (l->op) {
	case OP_READ:
		n = own_path(s, body, 100, draw(l) % 20);
		request(lane, s, XS_READ, 0, body, n + 1);
		break;
	case OP_WRITE:
		request_write(lane, s, 0, draw(l) % 20);
		break;
	case OP_MKDIR:
		n = snprintf(body, 100, "/m/%lu/%lu/%lu", l->made / 10000, l->made / 100 % 100,
			     l->made % 100);
		l->made++;
		request(lane, s, XS_MKDIR, 0, body, n + 1);
		break;
	case OP_DIRECTORY:
		n = own_path(s, body, 100, draw(l) % 20);
		*strrchr(body, '/') = 0;
		request(lane, s, XS_DIRECTORY, 0, body, (int)strlen(body) + 1);
		(void)n;
		break;
	case OP_FIRE:
		n = snprintf(body, 100, "/w/%u", s->index) + 1;
		memcpy(body + n, "value-1234", 10);
		request(lane, s, XS_WRITE, 0, body, n + 10);
		s->events = 1;
		break;
	default:
		request(lane, s, XS_TRANSACTION_START, 0, "", 1);
	}
}

static void slot_done(struct lane *lane, struct slot *s)
{
	s->load->done++;
	lane->busy--;
	if (!s->load->stopping)
		slot_begin(lane, s);
}

/* The stage of a transaction after the one whose last reply is M. */
static void transaction_next(struct lane *lane, struct slot *s, const struct xsc_msg *m)
{
	unsigned int writes = s->load->op == OP_TXN1 ? 1 : 20;

	if (m->type == XS_TRANSACTION_START)
		s->tx = (uint32_t)strtoul(m->body, NULL, 10);
	if (m->type == XS_TRANSACTION_END) {
		slot_done(lane, s);
		return;
	}
	/* One that waits sends one request a time; the deep one sends all that it can. */
	do {
		if (s->step < writes)
			request_write(lane, s, s->tx, s->step);
		else
			request(lane, s, XS_TRANSACTION_END, s->tx, "T", 2);
	} while (s->step++ < writes && s->load->depth > 1);
}

static void slot_reply(struct lane *lane, struct slot *s, const struct xsc_msg *m)
{
	struct load *l = s->load;

	s->replies--;
	if (m->type == XS_ERROR) {
		if (strcmp(m->body, "EAGAIN") != 0) {
			fprintf(stderr, "%s: %s\n", op_names[l->op], m->body);
			die(l, "refuses a request of the benchmark");
		}
		l->retries++;
		lane->busy--;
		slot_begin(lane, s);
	} else if (l->op == OP_TXN1 || l->op == OP_TXN20) {
		if (s->replies == 0)
			transaction_next(lane, s, m);
	} else if (s->replies == 0 && s->events == 0) {
		slot_done(lane, s);
	}
}

static void lane_turn(struct lane *lane)
{
	struct load *l = lane->slots[0].load;
	struct xsc_msg m;

	if (!xsc_pump(lane->c))
		die(l, "hung up");
	while (xsc_next(lane->c, &m)) {
		struct slot *s = lane->of_request[m.req_id % OUTSTANDING];

		if (m.type != XS_WATCH_EVENT) {
			slot_reply(lane, s, &m);
			continue;
		}
		if (l->op != OP_FIRE)
			continue;
		s = &lane->slots[strtoul(m.body + strlen(m.body) + 1, NULL, 10) -
				 lane->slots[0].index];
		if (s->events > 0 && --s->events == 0 && s->replies == 0)
			slot_done(lane, s);
	}
	xsc_push(lane->c);
}

/* Runs OP for a slice; returns operations per second, and CPU time per operation in *NS. */
static double measure(struct load *l, enum op op, double *ns)
{
	struct pollfd fds[CLIENTS];
	double begin, end, cpu;

	l->op = op;
	l->done = 0;
	l->stopping = false;
	cpu = daemon_ns(l);
	begin = now();
	for (unsigned int i = 0; i < l->nr_lanes; i++) {
		struct lane *lane = &l->lanes[i];

		fds[i] = (struct pollfd){xsc_fd(lane->c), POLLIN, 0};
		lane->busy = 0;
		for (unsigned int k = 0; k < l->depth; k++) {
			lane->slots[k].replies = lane->slots[k].events = 0;
			slot_begin(lane, &lane->slots[k]);
		}
		xsc_push(lane->c);
	}
	for (unsigned int busy = 1; busy;) {
		poll(fds, l->nr_lanes, 1000);
		l->stopping = now() - begin > slice;
		busy = 0;
		for (unsigned int i = 0; i < l->nr_lanes; i++) {
			if (fds[i].revents || xsc_unsent(l->lanes[i].c) > 0)
				lane_turn(&l->lanes[i]);
			busy += l->lanes[i].busy;
		}
	}
	end = now();
	*ns = (daemon_ns(l) - cpu) / (double)l->done;
	return (double)l->done / (end - begin);
}

/* Waits until fewer than LIMIT replies are outstanding; all must be good. */
static void drain(struct load *l, struct xsc *c, unsigned long *sent, unsigned long limit)
{
	struct xsc_msg m;

	while (*sent > limit) {
		if (xsc_wait(c, &m, xsc_timeout) != 1)
			die(l, "lost a reply while its store was filled");
		if (m.type == XS_WATCH_EVENT)
			continue;
		if (m.type == XS_ERROR) {
			fprintf(stderr, "%s\n", m.body);
			die(l, "refuses to be filled");
		}
		(*sent)--;
	}
}

static void fill(struct load *l, unsigned long from, unsigned long to)
{
	struct xsc *c = server_connect(&l->server);
	unsigned long sent = 0;
	double begin = now();
	char body[128];

	for (unsigned long i = from; i < to; i++) {
		int n = node_path(body, 100, i);

		if (sent == 256 && now() - begin > fill_limit)
			to = i;

		memcpy(body + n + 1, "value-1234", 10);
		xsc_queue(c, XS_WRITE, 0, body, (size_t)n + 11);
		if (++sent == 512)
			drain(l, c, &sent, 256);
	}
	drain(l, c, &sent, 0);
	xsc_close(c);
	l->nodes = to;
}

/* Watches that nothing fires, 500 on a connection. */
static void add_watches(struct load *l, unsigned long to)
{
	unsigned long sent = 0;
	char body[128];

	while (l->idle_watches < to) {
		struct xsc *c = server_connect(&l->server);

		l->idle = realloc(l->idle, (l->nr_idle + 1) * sizeof(*l->idle));
		l->idle[l->nr_idle++] = c;
		for (int k = 0; k < 500 && l->idle_watches < to; k++) {
			unsigned long i = l->idle_watches++;
			int n = snprintf(body, 100, "/q/%lu/%lu", i / 100, i % 100) + 1;

			n += snprintf(body + n, 20, "t%lu", i) + 1;
			xsc_queue(c, XS_WATCH, 0, body, (size_t)n);
			sent++;
		}
		drain(l, c, &sent, 0);
	}
}

static void lanes_open(struct load *l, enum mode mode)
{
	l->nr_lanes = mode == MODE_FIFTY ? CLIENTS : 1;
	l->depth = mode == MODE_DEEP ? DEPTH : 1;
	for (unsigned int i = 0; i < l->nr_lanes; i++) {
		struct lane *lane = &l->lanes[i];

		lane->c = server_connect(&l->server);
		lane->slots = calloc(l->depth, sizeof(*lane->slots));
		for (unsigned int k = 0; k < l->depth; k++) {
			struct slot *s = &lane->slots[k];
			char path[64], token[16];

			s->load = l;
			s->index = i * l->depth + k;
			for (unsigned int j = 0; j < 20; j++) {
				snprintf(path, sizeof(path), "/v/%u/%u", s->index, j);
				xsc_write(lane->c, 0, path, "value-1234");
			}
			snprintf(path, sizeof(path), "/w/%u", s->index);
			snprintf(token, sizeof(token), "%u", s->index);
			if (xsc_watch(lane->c, path, token) != 0)
				die(l, "refuses a watch");
		}
	}
}

static void lanes_close(struct load *l)
{
	for (unsigned int i = 0; i < l->nr_lanes; i++) {
		xsc_close(l->lanes[i].c);
		free(l->lanes[i].slots);
	}
}

static void cell(double ns, double ours)
{
	if (ns <= 0)
		printf(" - |");
	else if (ours > 0)
		printf(" %.0f (%.1f) |", 1e9 / ns, ns / ours);
	else
		printf(" %.0f |", 1e9 / ns);
}

static void row(struct load **loads, unsigned int n, enum op op, enum mode mode, unsigned long size,
		unsigned long w)
{
	double rate[SERVER_KINDS] = {0}, ns[SERVER_KINDS] = {0}, better;
	struct xsc_msg m;

	for (int r = 0; r < repeats; r++)
		for (unsigned int i = 0; i < n; i++) {
			enum server_kind kind = loads[i]->server.kind;
			double cost, got = measure(loads[i], op, &cost);

			if (got > rate[kind])
				rate[kind] = got;
			if (ns[kind] <= 0 || cost < ns[kind])
				ns[kind] = cost;
		}
	for (unsigned int i = 0; op == OP_MKDIR && i < n; i++) {
		xsc_path_op(loads[i]->lanes[0].c, XS_RM, 0, "/m", &m);
		loads[i]->made = 0;
	}
	better = ns[SERVER_C];
	if (better <= 0 || (ns[SERVER_OCAML] > 0 && ns[SERVER_OCAML] < better))
		better = ns[SERVER_OCAML];
	printf("| %s | %s | %lu | %lu |", op_names[op], mode_names[mode], size, w);
	for (int kind = 0; kind < SERVER_KINDS; kind++)
		cell(ns[kind], kind == SERVER_OURS ? 0 : ns[SERVER_OURS]);
	if (ns[SERVER_OURS] > 0 && better > 0)
		printf(" %.1f |", better / ns[SERVER_OURS]);
	else
		printf(" - |");
	for (int kind = 0; kind < SERVER_KINDS; kind++)
		printf(" %.0f%s", rate[kind], kind + 1 < SERVER_KINDS ? " /" : " |\n");
	fflush(stdout);
}

static void one_size(struct load **loads, unsigned int n, unsigned long size, FILE *notes)
{
	for (unsigned int i = 0; i < n; i++) {
		double begin = now();

		loads[i]->empty_rss = server_rss(&loads[i]->server);
		if (loads[i]->server.kind == SERVER_NULL)
			loads[i]->nodes = size;
		else
			fill(loads[i], 0, size);
		loads[i]->full_rss = server_rss(&loads[i]->server);
		if (loads[i]->nodes < size)
			fprintf(notes, "%s had %lu of %lu nodes after %.0f s.\n",
				server_name(loads[i]->server.kind), loads[i]->nodes, size,
				now() - begin);
	}
	for (unsigned int w = 0; w < nr_watches; w++) {
		for (unsigned int i = 0; i < n; i++)
			add_watches(loads[i], watches[w]);
		for (enum mode mode = 0; mode < MODES; mode++) {
			if (!(only_modes >> mode & 1))
				continue;
			for (unsigned int i = 0; i < n; i++)
				lanes_open(loads[i], mode);
			for (enum op op = 0; op < OPS; op++)
				if (only_ops >> op & 1 &&
				    (!brief || w == 0 || op == OP_WRITE || op == OP_FIRE))
					row(loads, n, op, mode, size, watches[w]);
			for (unsigned int i = 0; i < n; i++)
				lanes_close(loads[i]);
		}
	}
}

/* Bytes of memory per node, and what removing the whole tree takes. */
static void footprint(struct load **loads, unsigned int n, FILE *to)
{
	fprintf(to, "| %lu |", loads[0]->nodes);
	for (unsigned int i = 0; i < n; i++)
		if (loads[i]->server.kind != SERVER_NULL)
			fprintf(to, " %.0f |",
				(double)(loads[i]->full_rss - loads[i]->empty_rss) * 1024.0 /
					(double)loads[i]->nodes);
	for (unsigned int i = 0; i < n; i++) {
		struct xsc *c = server_connect(&loads[i]->server);
		double begin = now();
		int err = xsc_path_op(c, XS_RM, 0, "/b", NULL);

		if (loads[i]->server.kind != SERVER_NULL)
			fprintf(to, " %s%.4f |", err == XSC_LOST ? "over " : "", now() - begin);
		xsc_close(c);
	}
	fprintf(to, "\n");
}

static unsigned int numbers(unsigned long *to, const char *list)
{
	unsigned int n = 0;
	char *end;

	for (; *list && n < 8; list = *end == ',' ? end + 1 : end)
		to[n++] = strtoul(list, &end, 10);
	return n;
}

/* Numbers in a list as bits. */
static unsigned long bits(const char *list)
{
	unsigned long number[8], set = 0;

	for (unsigned int n = numbers(number, list); n--;)
		set |= 1ul << (number[n] & 31);
	return set;
}

static int usage(void)
{
	fprintf(stderr, "usage: xenstorebench [--ours FILE] [--stock DIR] [--null FILE] "
			"[--preload FILE]\n"
			"  [--nodes N,N...] [--watches N,N...] [--slice SECONDS] [--repeats N] "
			"[--fill-limit SECONDS] [--brief]\n"
			"  [--ops N,N...] [--modes N,N...]   (numbers of the table's, from 0)\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct server_paths paths = {0};
	char *footprints = NULL;
	size_t footprints_len;
	FILE *notes = open_memstream(&footprints, &footprints_len);
	char *slows = NULL;
	size_t slows_len;
	FILE *slow = open_memstream(&slows, &slows_len);

	server_options(&paths, &argc, argv);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--brief") == 0)
			brief = true;
		else if (i + 1 >= argc)
			return usage();
		else if (strcmp(argv[i], "--nodes") == 0)
			nr_sizes = numbers(sizes, argv[++i]);
		else if (strcmp(argv[i], "--watches") == 0)
			nr_watches = numbers(watches, argv[++i]);
		else if (strcmp(argv[i], "--ops") == 0)
			only_ops = bits(argv[++i]);
		else if (strcmp(argv[i], "--modes") == 0)
			only_modes = bits(argv[++i]);
		else if (strcmp(argv[i], "--slice") == 0)
			slice = strtod(argv[++i], NULL);
		else if (strcmp(argv[i], "--fill-limit") == 0)
			fill_limit = strtod(argv[++i], NULL);
		else if (strcmp(argv[i], "--repeats") == 0)
			repeats = atoi(argv[++i]);
		else
			return usage();
	}
	printf("| operation | clients | nodes | watches | ours | C | OCaml | null | ours / better | "
	       "wall: ours / C / OCaml / null |\n"
	       "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
	for (unsigned int k = 0; k < nr_sizes; k++) {
		struct load *loads[SERVER_KINDS];
		unsigned int n = 0;

		for (enum server_kind kind = 0; kind < SERVER_KINDS; kind++) {
			struct load *l = calloc(1, sizeof(*l));

			if (!paths.program[kind])
				continue;
			if (!server_start(&l->server, &paths, kind, SERVER_NO_QUOTA))
				return 1;
			loads[n++] = l;
		}
		one_size(loads, n, sizes[k], slow);
		footprint(loads, n, notes);
		for (unsigned int i = 0; i < n; i++) {
			for (unsigned long j = 0; j < loads[i]->nr_idle; j++)
				xsc_close(loads[i]->idle[j]);
			free(loads[i]->idle);
			server_stop(&loads[i]->server);
			free(loads[i]);
		}
	}
	fclose(notes);
	fclose(slow);
	printf("\n%s\n| nodes | bytes per node: ours, C, OCaml | | | seconds to remove the tree: ours, C, "
	       "OCaml | | |\n| --- | --- | --- | --- | --- | --- | --- |\n%s",
	       slows, footprints);
	free(footprints);
	free(slows);
	return 0;
}
