/* SPDX-License-Identifier: MIT */
/*
 * What went wrong, so that a person can act on it: what was attempted, on which object,
 * why it failed and what to do next.  The layer that meets the fault makes the error, each
 * layer above may add what it was doing, and only the program at the top prints it.
 */
#ifndef DAIS_ERROR_H
#define DAIS_ERROR_H

#include <stdbool.h>

/* Kinds of failure; each is the exit status of `dais` for it (dais(1), EXIT STATUS). */
enum dais_code {
	DAIS_OK = 0,
	DAIS_FAILED = 1, /* none of those below */
	DAIS_USAGE = 2, /* the command line */
	DAIS_CONFIG = 3, /* a configuration has faults */
	DAIS_NO_DOMAIN = 4, /* no domain of that name or number */
	DAIS_NO_HOST = 5, /* no hypervisor, store or daemon to talk to */
	DAIS_NO_MEMORY = 6, /* the host has not as much memory to give */
	DAIS_EXISTS = 7, /* a domain or device of that name is there */
	DAIS_DEVICE = 8, /* a disk, network interface or console */
	DAIS_TIMEOUT = 9, /* it took longer than allowed */
	DAIS_STATE = 10, /* not possible in the domain's present state */
	DAIS_IMAGE = 11, /* a kernel or ramdisk cannot be used */
	DAIS_PERMISSION = 12, /* not allowed */
	DAIS_INTERRUPTED = 13, /* by a signal */
};

#define DAIS_WHAT_MAX 160
#define DAIS_OBJECT_MAX 256
#define DAIS_WHY_MAX 768
#define DAIS_HINT_MAX 384

/* No resources: may be copied, and dropped at any time. All texts are cut to fit. */
struct dais_error {
	enum dais_code code;
	int errnum; /* errno, or 0 */
	char what[DAIS_WHAT_MAX]; /* "create the domain" */
	char object[DAIS_OBJECT_MAX]; /* "web", "/srv/web.img", "" */
	char why[DAIS_WHY_MAX]; /* "Permission denied" */
	char hint[DAIS_HINT_MAX]; /* what to do; "": see dais_advice() */
};

#define DAIS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/*
 * Fills in @err (which may be NULL: then nothing) and returns -1, so that a function ends with
 * `return dais_fail(err, ...)`. @what is an infinitive, @object may be NULL. Keeps errno.
 */
int dais_fail(struct dais_error *err, enum dais_code code, const char *what, const char *object,
	      const char *why, ...) DAIS_PRINTF(5, 6);

/*
 * The same for a failed system call: @errnum says why and, when @code is DAIS_FAILED, decides a
 * better code (EACCES: DAIS_PERMISSION, ENOMEM: DAIS_NO_MEMORY, ...). Returns -1.
 */
int dais_fail_errno(struct dais_error *err, enum dais_code code, int errnum, const char *what,
		    const char *object);

/* Sets what to do about it. Returns -1. */
int dais_hint(struct dais_error *err, const char *fmt, ...) DAIS_PRINTF(2, 3);

/*
 * A layer above says what it was doing: @what and @object replace those of @err, which move in
 * front of the reason ("open disk: /srv/web.img: No such file or directory"). Returns -1.
 */
int dais_while(struct dais_error *err, const char *what, const char *object);

/* One line, "cannot WHAT OBJECT: WHY", without the hint, into @buf. Returns @buf. */
char *dais_error_text(const struct dais_error *err, char *buf, unsigned long size);

/* What to do about it: the hint, or what helps with errors of its code. Never empty. */
const char *dais_advice(const struct dais_error *err);

/* The code's name as in JSON: "no-domain". */
const char *dais_code_name(enum dais_code code);

#endif
