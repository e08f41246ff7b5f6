/* SPDX-License-Identifier: MIT */
/*
 * QEMU's command line for a domain's devices: pure logic, so that a test sees what a configuration becomes.
 */
#ifndef DAIS_DEV_QEMU_H
#define DAIS_DEV_QEMU_H

#include "config/config.h"

/* A channel's character device within QEMU, by its place in the configuration. */
#define QEMU_CHANNEL "channel%zu"

/*
 * All that it sees of dom0's files: nothing, or, for channels, the door to grants, which it opens
 * when the guest comes. In /dev, as device nodes count nowhere else below /run's options.
 */
#define QEMU_ROOT "/run/dais/empty"
#define QEMU_ROOT_GRANTS "/dev/dais/grants"

/*
 * Each QEMU is a user and a group of its own, this number and the domain's, so that none that a
 * guest has taken over can signal or trace another's. They need no account, and own nothing.
 * Debian and systemd leave this range alone: accounts, sub-ids and containers are below, and above
 * are numbers that some take for negative ones.
 */
#define QEMU_USERS 0x78000000u

struct qemu_line {
	char **list; /* ends with NULL */
	size_t count;
	bool whole; /* false: memory ran out */
};

/*
 * The arguments for @domid, with the path of @emulator as the first; @monitor is the descriptor
 * on which it is to be steered. 0, or -1 without memory. qemu_line_free() whatever comes back.
 */
int qemu_line_make(struct qemu_line *line, const char *emulator, uint32_t domid, int monitor,
		   const struct dais_config *config);
void qemu_line_free(struct qemu_line *line);

#endif
