/* SPDX-License-Identifier: MIT */
/*
 * The daemons under test, started and stopped: ours, Debian's two of Xen 4.17 (unpacked, not
 * installed), and the null server.  Each runs in a directory of its own below TMPDIR, on the
 * machine of hostxen.h when one is asked for, and dies with the test.
 */
#ifndef TESTS_XENSTORE_SERVER_H
#define TESTS_XENSTORE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct hostxen;
struct xsc;

enum server_kind { SERVER_OURS, SERVER_C, SERVER_OCAML, SERVER_NULL, SERVER_KINDS };

/* Where the programs are; a NULL one is not there. */
struct server_paths {
	const char *program[SERVER_KINDS];
	const char *preload; /* hostxen.so */
};

enum {
	SERVER_DOMAINS = 1, /* on a machine with domains */
	SERVER_NO_QUOTA = 2, /* limits out of the way, for load */
};

struct server {
	enum server_kind kind;
	const struct server_paths *paths;
	unsigned int flags;
	pid_t pid;
	struct hostxen *hx; /* NULL where it has no domains */
	char dir[64], socket[96];
	size_t file_limit; /* RLIMIT_FSIZE of the daemon in bytes, 0 for none; set before a start */
};

const char *server_name(enum server_kind kind);
/* The other way round; ours for any other name. */
enum server_kind server_kind_named(const char *name);

/*
 * Reads the paths from the options that all tests share, "--ours FILE", "--stock DIR" (where
 * xen-utils-4.17 is unpacked), "--null FILE", "--preload FILE", and takes them out of argv.
 */
void server_options(struct server_paths *paths, int *argc, char **argv);

/* Starts KIND and waits until it answers.  False, with a line on stderr, if it does not. */
bool server_start(struct server *s, const struct server_paths *paths, enum server_kind kind,
		  unsigned int flags);
/* Kills it as SIGKILL does; its directory stays. */
void server_kill(struct server *s);
/* Starts it again in the same directory, without waiting for it. */
void server_spawn(struct server *s);
/* The same, and waits until it answers. */
bool server_restart(struct server *s);
/* Ends it and removes its directory. */
void server_stop(struct server *s);

/* Connects, aborting the test when that fails. */
struct xsc *server_connect(const struct server *s);
/* The same without aborting: NULL while it is not up. */
struct xsc *server_try(const struct server *s);

/* Resident memory in KiB. */
long server_rss(const struct server *s);
/* True if the daemon sleeps, or is gone: it has sent all that it will send until it is asked more. */
bool server_sleeps(const struct server *s);
/* Processor time used until now, in seconds. */
double server_cpu(const struct server *s);

#endif
