/* SPDX-License-Identifier: MIT */
/*
 * Domains that are to be made: each is a file with its whole configuration, written before
 * anything is destroyed or begun and removed when the domain is there. A daemon that is killed
 * in between finds them when it starts again. May be used by several threads.
 */
#ifndef DAISD_INTENT_H
#define DAISD_INTENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"

struct intent {
	char uuid[37]; /* of the domain; the file's name */
	char name[256];
	time_t due; /* not before (CLOCK_MONOTONIC) */
	bool taken; /* somebody is at it */
};

/* Reads what an earlier daemon left; those are due at once. */
void intent_open(const char *dir);

/* Keeps @config, which must have a UUID; the caller makes it if @taken. -1 with errno. */
int intent_add(const struct dais_config *config, time_t due, bool taken);
void intent_done(const uint8_t uuid[16]);
/* Takes one that is due into @intent and its configuration into @config; false: none. */
bool intent_take(struct intent *intent, struct dais_config *config);
/* Puts it back to be due then. */
void intent_later(const struct intent *intent, time_t due);
/* When the next is due; 0: there is none. */
time_t intent_next(void);
/* Forgets the one of that name, unless it is taken. false: there is none. */
bool intent_cancel(const char *name);

time_t intent_now(void); /* the clock they go by */

#endif
