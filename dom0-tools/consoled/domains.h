/* SPDX-License-Identifier: MIT */
/*
 * The domains whose consoles are served. One event loop, one event-channel handle and one
 * connection to the store for all of them.
 */
#ifndef CONSOLED_DOMAINS_H
#define CONSOLED_DOMAINS_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

struct ev_loop;

struct console_options {
	int log_dir; /* -1: no logs */
	off_t log_most;
	bool log_stamps;
};

/* Connects to hypervisor and store, and serves what is there. */
int domains_start(struct ev_loop *loop, const struct console_options *options,
		  struct dais_error *err);
/* Logs are closed and opened again by their names. */
void domains_reopen_logs(void);
/* Lets go of all; guests notice nothing but that nobody reads for a while. */
void domains_stop(void);

#endif
