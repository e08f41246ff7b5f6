/* SPDX-License-Identifier: MIT */
/* Command line and environment, with the names that the stock daemons know. */
#ifndef XENSTORE_OPTIONS_H
#define XENSTORE_OPTIONS_H

#include <stdbool.h>

struct options {
	bool foreground, hypervisor, verbose, confined;
	const char *state_dir, *socket, *pid_file;
	const char *user; /* NULL: CONFINE_USER, if there is one */
};

/* Reads them; --help and what is wrong end the process. */
void options_read(struct options *o, int argc, char **argv);
/*
 * True if the program that a live update runs may be given these besides ours: quotas and what is
 * logged.  The state that it takes over binds it to all else.  ARGV[0] is passed over.
 */
bool options_may_add(int argc, char **argv);

#endif
