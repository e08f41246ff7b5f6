/* SPDX-License-Identifier: MIT */
/*
 * A guest's pseudo-terminal. What nobody reads is held back, the newest so and so much.
 */
#ifndef CONSOLED_PTY_H
#define CONSOLED_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PTY_HELD_MAX 16384u

struct pty {
	int master, slave; /* the slave stays open: without it the master reports an end */
	char path[64];
	uint8_t *held; /* PTY_HELD_MAX bytes, or NULL while there was no need */
	size_t head, count; /* of what is held, as a ring */
};

/* -1 with errno. */
int pty_open(struct pty *pty);
void pty_close(struct pty *pty);

/* Sends @data to whoever reads, or holds it. */
void pty_put(struct pty *pty, const void *data, size_t size);
/* Sends what is held; true when nothing is left. */
bool pty_flush(struct pty *pty);

#endif
