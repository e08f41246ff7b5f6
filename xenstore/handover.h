/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that outlive the process: kept by the service manager when we are killed, or passed
 * on to the program that replaces us in a live update.
 *
 * Whether a client's socket may be taken up again after a kill is noted in a file that is mapped
 * into memory, a word per client: not while a request of its may be half done.
 */
#ifndef XENSTORE_HANDOVER_H
#define XENSTORE_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#define HANDOVER_LISTENER "listener"
#define HANDOVER_DOM0 "dom0-ring"

/* Takes note of what was passed to us; before anything else opens descriptors. */
void handover_receive(void);
/* True if this process continues another's, by a live update. */
bool handover_is_update(void);
/* The inherited descriptor of that name, which is the caller's from now on, or -1. */
int handover_take(const char *name);
/* Closes what nobody took. */
void handover_drop(void);

/* The service manager: is it there to keep descriptors; we are up; keep this, and no longer. */
bool handover_keeper(void);
void handover_ready(void);
void handover_keep(int fd, const char *name);
void handover_forget(const char *name);

/* Opens the file of words in the state directory: 0 or an errno. */
int handover_open_words(int dir_fd);
/* A word for a client, or 0: there is none left.  It is not zero while the client is busy. */
uint32_t handover_word(void);
void handover_word_free(uint32_t number);
void handover_set(uint32_t number, bool busy);
/* What the process before us left in a word, which is then in use. */
bool handover_was_busy(uint32_t number);

/*
 * A live update: remembers the program to run, if not our own, and options to give it besides ours,
 * until handover_reset(), and does it at the end of this turn.  handover_pass() adds a descriptor that
 * goes along.  handover_exec() returns only if it failed, with an errno.
 */
extern bool handover_wanted;
int handover_program(const char *path);
int handover_options(const char *text);
void handover_reset(void);
void handover_pass(int fd, const char *name);
int handover_exec(void);
void handover_arguments(char **argv);

#endif
