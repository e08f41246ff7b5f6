/* SPDX-License-Identifier: MIT */
/*
 * The parts of the differential test: a sequence of steps made from a seed (generate), a world in
 * which one daemon lives with a few clients and answers steps (world), and the list of differences
 * that are known and documented (rules).
 */
#ifndef TESTS_XENSTORE_DIFFTEST_H
#define TESTS_XENSTORE_DIFFTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "server.h"

/* Clients 0 to 2 are processes in dom0, 3 to 5 the domains 1 to 3. */
#define SOCKETS 3
#define RINGS 3
#define CLIENTS (SOCKETS + RINGS)
#define TX_SLOTS 3 /* transactions that a client may have open in a sequence */
#define TX_BAD 100 /* a tx slot that means an id nobody was given */
#define STEP_BODY 3200
#define REMOVED 2048

enum step_kind {
	STEP_REQUEST,
	STEP_RECONNECT, /* the socket client hangs up and comes again */
	STEP_SHUTDOWN, /* the domain of a ring client changes its state */
	STEP_KILL, /* ... is gone; RELEASE, then a new one with the same id is introduced */
};

struct step {
	enum step_kind kind;
	unsigned int client;
	uint32_t type;
	unsigned int tx; /* 0: none; else slot + 1, or TX_BAD */
	uint32_t len;
	bool dropped; /* left out by shrinking */
	char body[STEP_BODY];
};

/* What a step led to, as text that can be compared. */
struct outcome {
	char reply[9000];
	char events[CLIENTS][8192]; /* lines, in the order of arrival */
	unsigned int early; /* events of the asking client before its reply */
	bool guest_made; /* a domain has created nodes, now or before */
	bool died; /* one that had created nodes has been destroyed */
	bool stale; /* the store has changed since the step's transaction was started */
	char removed[REMOVED]; /* the step ends a transaction that removed these: "PATH\n"... */
	char before[32768]; /* then: the store as it was before, by world_dump() */
	bool rootless; /* after STEP_KILL: the store has no root any more */
	char after[32768]; /* then: the store with its rights, by world_dump() */
};

struct world {
	struct server server;
	struct xsc *clients[CLIENTS];
	uint32_t tx_ids[CLIENTS][TX_SLOTS]; /* 0: not open */
	bool tx_stale[CLIENTS][TX_SLOTS];
	char tx_removed[CLIENTS][TX_SLOTS][REMOVED];
	bool guest_made, died;
	struct outcome *outcome;
};

/* Fills STEPS with what SEED says. */
void generate(struct step *steps, unsigned int n, uint64_t seed);

/* All clients are processes: for a daemon that is run without rings. */
extern bool sockets_only;

bool world_open(struct world *w, const struct server_paths *paths, enum server_kind kind);
void world_close(struct world *w);
/* Carries out a step and collects all that comes of it. */
void world_step(struct world *w, const struct step *s, struct outcome *out);
/* The whole tree with values, and rights unless beside oxenstored, as dom0 sees it. */
void world_dump(struct world *w, enum server_kind beside, FILE *to);

/* The absolute form of a path that CLIENT uses, which ends at LEN or, before it, with a NUL. */
void path_absolute(char *to, size_t size, unsigned int client, const char *path, size_t len);

/* Prints a step as one line. */
void step_print(const struct step *s, FILE *to);

enum verdict {
	SAME,
	LISTED, /* a documented difference, the states stay equal */
	LISTED_APART, /* a documented difference after which the states differ */
	DIFFERENT,
};

/* All refusals are alike, whatever the errno. */
extern bool any_errno;

/* Judges what OURS and PEER did with a step; *RULE names the documented difference. */
enum verdict judge(const struct step *s, const struct outcome *ours, const struct outcome *peer,
		   enum server_kind kind, const char **rule);

#endif
