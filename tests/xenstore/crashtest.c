// SPDX-License-Identifier: MIT
/*
 * The crash test: clients load our daemon, which is killed with SIGKILL at random moments and
 * started again.  Each client works in a part of the tree of its own and keeps a log of it: what
 * was answered with OK must be there after a restart, whole; what was under way is there whole or
 * not at all.  Processes lose their sockets and connect again; domains on rings notice nothing:
 * each of their requests is answered once, their watches still fire, and a transaction that was
 * open ends in EAGAIN.
 *
 *   crashtest --ours FILE --preload FILE [--kills N] [--seed N] [--sockets N] [--rings N]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "hostxen.h"
#include "server.h"

#define NODES 12 /* of a client: 0 to 7 single, 8 to 11 below one directory */
#define DIR_NODE 8
#define ABSENT 0

enum stage { IDLE, SIMPLE, TX_BEGIN, TX_WRITES, TX_END, CHECKING, EVENT };

struct client {
	unsigned int index;
	struct xsc *c; /* NULL while its socket is down */
	unsigned int domid; /* 0: a process */
	enum stage stage;
	unsigned int outstanding;
	uint32_t tx;
	bool tx_refused;
	/* values of nodes: by the log, and as they will be once the request is done */
	unsigned int log[NODES], next[NODES];
	unsigned int seen[NODES], checked;
	bool unsure; /* the request under way may have been done: next or log, one of them */
	unsigned int value;
	unsigned long done, told_eagain;
	unsigned int events;
};

static struct server server;
static struct client *clients;
static unsigned int nr_clients, failures;
static unsigned long in_doubt_done, in_doubt_not, eagain_done;
static uint64_t state = 1;

static uint32_t draw(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void node_path(const struct client *cl, unsigned int node, char *to, size_t size)
{
	if (node < DIR_NODE)
		snprintf(to, size, "/c/%u/n%u", cl->index, node);
	else
		snprintf(to, size, "/c/%u/d/n%u", cl->index, node);
}

static void send_write(struct client *cl, unsigned int node, unsigned int value)
{
	char body[128];
	int n;

	node_path(cl, node, body, 100);
	n = (int)strlen(body) + 1;
	n += snprintf(body + n, 20, "%u", value);
	xsc_queue(cl->c, XS_WRITE, cl->tx, body, (size_t)n);
	cl->next[node] = value;
	cl->outstanding++;
}

static void send_path(struct client *cl, uint32_t type, const char *path)
{
	xsc_queue(cl->c, type, 0, path, strlen(path) + 1);
	cl->outstanding++;
}

static void begin(struct client *cl)
{
	char path[64];
	unsigned int node = draw(DIR_NODE);

	memcpy(cl->next, cl->log, sizeof(cl->log));
	cl->value++;
	cl->tx = 0;
	switch (draw(8)) {
	case 0:
	case 1:
	case 2:
		cl->stage = SIMPLE;
		send_write(cl, node, cl->value);
		break;
	case 3:
		cl->stage = SIMPLE;
		node_path(cl, node, path, sizeof(path));
		send_path(cl, XS_RM, path);
		cl->next[node] = ABSENT;
		break;
	case 4:
		cl->stage = SIMPLE;
		snprintf(path, sizeof(path), "/c/%u/d", cl->index);
		send_path(cl, XS_RM, path);
		for (node = DIR_NODE; node < NODES; node++)
			cl->next[node] = ABSENT;
		break;
	case 5:
		cl->stage = EVENT;
		cl->events = 0;
		node = cl->domid;
		snprintf(path, sizeof(path), "/c/%u/watched", cl->index);
		xsc_queue(cl->c, XS_WRITE, 0, path, strlen(path) + 1);
		cl->outstanding++;
		break;
	default:
		cl->stage = TX_BEGIN;
		cl->tx_refused = false;
		xsc_queue(cl->c, XS_TRANSACTION_START, 0, "", 1);
		cl->outstanding++;
	}
}

static void check_begin(struct client *cl)
{
	char path[64];

	cl->stage = CHECKING;
	cl->checked = 0;
	cl->tx = 0;
	for (unsigned int node = 0; node < NODES; node++) {
		node_path(cl, node, path, sizeof(path));
		send_path(cl, XS_READ, path);
	}
}

static void fault(const struct client *cl, const char *what)
{
	if (++failures > 20)
		return;
	printf("# client %u (%s): %s\n", cl->index, cl->domid ? "a domain" : "a process", what);
	for (unsigned int node = 0; node < NODES; node++)
		if (cl->seen[node] != cl->log[node])
			printf("#   node %u: logged %u, under way %u, found %u\n", node,
			       cl->log[node], cl->next[node], cl->seen[node]);
}

static void check_end(struct client *cl)
{
	bool as_logged = memcmp(cl->seen, cl->log, sizeof(cl->log)) == 0;
	bool as_next = memcmp(cl->seen, cl->next, sizeof(cl->next)) == 0;

	if (!as_logged && !(cl->unsure && as_next))
		fault(cl, "its nodes are not what was answered with OK");
	if (cl->unsure && !as_logged && as_next)
		in_doubt_done++;
	else if (cl->unsure)
		in_doubt_not++;
	memcpy(cl->log, cl->seen, sizeof(cl->log));
	cl->unsure = false;
	cl->stage = IDLE;
}

static void transaction_writes(struct client *cl)
{
	cl->stage = TX_WRITES;
	if (draw(3) == 0) {
		for (unsigned int node = DIR_NODE; node < NODES; node++)
			send_write(cl, node, cl->value);
		return;
	}
	for (int i = 0; i < 3; i++)
		send_write(cl, draw(DIR_NODE), cl->value);
}

/* The last reply of a stage has come. */
static void stage_done(struct client *cl, int err)
{
	switch (cl->stage) {
	case TX_BEGIN:
		if (err == 0)
			transaction_writes(cl);
		else
			cl->stage = IDLE;
		return;
	case TX_WRITES:
		cl->stage = TX_END;
		xsc_queue(cl->c, XS_TRANSACTION_END, cl->tx, "T", 2);
		cl->outstanding++;
		return;
	case TX_END:
		if (err == 0 && cl->tx_refused)
			fault(cl, "a transaction was committed of which a write was refused");
		if (err != 0) {
			/* Not done, says EAGAIN; the check after it will see. */
			cl->told_eagain++;
			cl->unsure = true;
			check_begin(cl);
			return;
		}
		break;
	case CHECKING:
		check_end(cl);
		return;
	case EVENT:
		cl->stage = cl->events > 0 ? IDLE : EVENT;
		return;
	default:
		/* RM of what is not there is refused when its parent is not there either. */
		if (err != 0 && err != ENOENT)
			fault(cl, "a request was refused");
	}
	memcpy(cl->log, cl->next, sizeof(cl->log));
	cl->done++;
	cl->stage = IDLE;
}

static void message(struct client *cl, const struct xsc_msg *m)
{
	int err = m->type == XS_ERROR ? xsc_errno(m->body) : 0;

	if (m->type == XS_WATCH_EVENT) {
		cl->events++;
		if (cl->stage == EVENT && cl->outstanding == 0)
			cl->stage = IDLE;
		return;
	}
	if (cl->outstanding == 0) {
		fault(cl, "a reply to nothing");
		return;
	}
	cl->outstanding--;
	if (cl->stage == TX_BEGIN && err == 0)
		cl->tx = (uint32_t)strtoul(m->body, NULL, 10);
	if (cl->stage == TX_WRITES && err != 0) {
		cl->tx_refused = true;
		/* What a restart leaves of a transaction: its id, for EAGAIN, or not even that. */
		if (err != EAGAIN && err != ENOENT)
			fault(cl, "a write in a transaction was refused");
	}
	if (cl->stage == CHECKING)
		cl->seen[cl->checked++] = err ? ABSENT : (unsigned int)strtoul(m->body, NULL, 10);
	if (cl->outstanding == 0)
		stage_done(cl, err);
}

static void watch_own(struct client *cl)
{
	char path[64];

	snprintf(path, sizeof(path), "/c/%u/watched", cl->index);
	if (xsc_watch(cl->c, path, "w") != 0 && cl->domid)
		fault(cl, "its watch was refused");
}

static void connect_again(struct client *cl)
{
	cl->c = server_try(&server);
	if (!cl->c)
		return;
	cl->outstanding = 0;
	watch_own(cl);
	check_begin(cl);
}

static void turn(struct client *cl)
{
	struct xsc_msg m;
	bool up;

	if (!cl->c) {
		connect_again(cl);
		return;
	}
	if (cl->stage == IDLE)
		begin(cl);
	up = xsc_pump(cl->c);
	/* What was answered before the end counts. */
	while (xsc_next(cl->c, &m))
		message(cl, &m);
	if (!up) {
		/* A check that was cut short is made again, for the same doubt. */
		if (cl->stage == SIMPLE || cl->stage == TX_END)
			cl->unsure = true;
		xsc_close(cl->c);
		cl->c = NULL;
		return;
	}
	if (xsc_unsent(cl->c) > 0)
		xsc_push(cl->c);
}

static void turn_all(double until)
{
	do {
		for (unsigned int i = 0; i < nr_clients; i++)
			turn(&clients[i]);
	} while (now() < until);
}

static bool all_idle_turn(void)
{
	bool idle = true;

	for (unsigned int i = 0; i < nr_clients; i++) {
		struct client *cl = &clients[i];

		if (!cl->c || cl->stage != IDLE || cl->unsure) {
			idle = false;
			turn(cl);
		}
	}
	return idle;
}

/* Every client ends what it has under way and checks all its nodes. */
static void final_check(void)
{
	double end = now() + 240;

	while (!all_idle_turn() && now() < end)
		;
	for (unsigned int i = 0; i < nr_clients; i++)
		if (clients[i].c && clients[i].stage == IDLE)
			check_begin(&clients[i]);
	while (!all_idle_turn() && now() < end)
		;
	for (unsigned int i = 0; i < nr_clients; i++)
		if (clients[i].stage != IDLE)
			fault(&clients[i], clients[i].stage == EVENT ? "waits in vain for an event"
								     : "waits in vain for a reply");
}

static void set_up(unsigned int sockets, unsigned int rings)
{
	struct xsc *c = server_connect(&server);

	nr_clients = sockets + rings;
	clients = calloc(nr_clients, sizeof(*clients));
	for (unsigned int i = 0; i < nr_clients; i++) {
		struct client *cl = &clients[i];
		char path[32], perms[16];

		cl->index = i;
		snprintf(path, sizeof(path), "/c/%u", i);
		xsc_write(c, 0, path, "");
		if (i < sockets) {
			cl->c = server_connect(&server);
		} else {
			cl->domid = i - sockets + 1;
			hostxen_create(server.hx, cl->domid);
			snprintf(perms, sizeof(perms), "n%u", cl->domid);
			xsc_set_perms(c, 0, path, perms);
			if (xsc_introduce(c, cl->domid) != 0)
				fault(cl, "is not introduced");
			cl->c = xsc_ring(server.hx, cl->domid);
		}
		watch_own(cl);
	}
	xsc_close(c);
}

int main(int argc, char **argv)
{
	unsigned int kills = 200, sockets = 46, rings = 4;
	struct server_paths paths = {0};
	unsigned long done = 0;
	double pause = 0, longest = 0;
	bool up = true;

	server_options(&paths, &argc, argv);
	for (int i = 1; i + 1 < argc; i += 2) {
		unsigned int n = (unsigned int)strtoul(argv[i + 1], NULL, 0);

		if (strcmp(argv[i], "--kills") == 0)
			kills = n;
		else if (strcmp(argv[i], "--seed") == 0)
			state = n;
		else if (strcmp(argv[i], "--sockets") == 0)
			sockets = n;
		else if (strcmp(argv[i], "--rings") == 0)
			rings = n;
		else
			return 2;
	}
	if (!server_start(&server, &paths, SERVER_OURS, rings ? SERVER_DOMAINS : 0))
		return 1;
	set_up(sockets, rings);
	for (unsigned int k = 0; up && k < kills; k++) {
		/* Every fourth dies while it starts. */
		double begun,
			until = now() + (k % 4 == 3 ? draw(5) * 1e-3 : 0.01 + draw(60) * 1e-3);

		turn_all(until);
		server_kill(&server);
		begun = now();
		if (k % 4 == 2) {
			server_spawn(&server);
			continue;
		}
		up = server_restart(&server);
		pause += now() - begun;
		if (now() - begun > longest)
			longest = now() - begun;
	}
	if (up && server.pid > 0)
		final_check();
	for (unsigned int i = 0; i < nr_clients; i++) {
		done += clients[i].done;
		eagain_done += clients[i].told_eagain;
		xsc_close(clients[i].c);
	}
	printf("# %u kills, %lu requests answered with OK and still there, %lu found done and %lu "
	       "not of those under way, %lu transactions told EAGAIN\n",
	       kills, done, in_doubt_done, in_doubt_not, eagain_done);
	printf("# mean start %.1f ms, longest %.1f ms\n", pause / (kills - kills / 4) * 1e3,
	       longest * 1e3);
	printf("%s - nothing committed is lost in %u kills\n", up && !failures ? "ok" : "not ok",
	       kills);
	free(clients);
	server_stop(&server);
	return !up || failures;
}
