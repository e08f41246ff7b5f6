/* SPDX-License-Identifier: MIT */
/* What both daemons do to get to the background. */
#ifndef DAIS_DAEMON_BACKGROUND_H
#define DAIS_DAEMON_BACKGROUND_H

/*
 * Goes on in a process of its own, in a session of its own. The caller's process stays until
 * that one is ready, and then ends with status 0; if it ends before, with its status. What is
 * said until then still reaches the caller. 0, or -1 with errno.
 */
int background_begin(void);

/* The daemon serves: the caller's process may end. Does nothing in the foreground. */
void background_ready(void);

#endif
