/* SPDX-License-Identifier: MIT */
/*
 * A program that outlives whoever starts it and is found again by its number. It is held back
 * until that number is written down: whoever dies before leaves no program, whoever dies after
 * leaves one that can be found.
 */
#ifndef DAIS_DEV_PROCESS_H
#define DAIS_DEV_PROCESS_H

#include <sys/types.h>

#include "error.h"

/* Zero it, set what is constant; process_drop() in the end, which does not touch the program. */
struct process {
	char *const *arguments; /* ends with NULL; the first is the path */
	char *const *environment;
	const char *log; /* a file for all that it says, made anew */
	bool writes; /* also to other files, without a limit of what it says */
	int keep; /* the one descriptor that it gets beside the standard ones */

	pid_t pid;
	int alive; /* a pidfd: readable when it has ended */
	int go, said;
};

/* Makes the process, of whom the caller is not the parent, and holds it back. */
int process_hold(struct process *process, struct dais_error *err);
/* Lets it run. -1: the program cannot be executed. */
int process_release(struct process *process, struct dais_error *err);
/* Whether it ends within @timeout_ms. */
bool process_ended(int alive, unsigned int timeout_ms);
void process_drop(struct process *process);

/* When it was made, in ticks since the host's boot: no two have this and the number. 0: unknown. */
long process_born(pid_t pid);
/*
 * A descriptor of process @pid if that was made at @born (0: whenever), a program with the two
 * arguments @option, @value one after the other in its command line; -1: it is not there, or
 * another has got its number.
 */
int process_find(pid_t pid, long born, const char *option, const char *value);
/* Ends it: asked first, and after @timeout_ms by force. false: it is there still. */
bool process_end(int alive, unsigned int timeout_ms);

#endif
