/* SPDX-License-Identifier: MIT */
/*
 * Which domains have a QEMU, and a descriptor of each, so that its death is seen when it comes and
 * costs nothing until then. What is there changes where QEMU says that it runs, which is watched.
 */
#ifndef DAIS_DEV_MODELWATCH_H
#define DAIS_DEV_MODELWATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/client.h"

/* Below it each QEMU says how it goes with it. */
#define MODELS_PATH "/local/domain/0/device-model"

struct modelwatch {
	struct modelwatch_one {
		uint32_t domid;
		long pid;
		int alive; /* a pidfd; -1: it is gone */
		bool lost; /* and that is to be told */
	} * list;
	size_t count;
	struct pollfd *fds; /* one in front for the caller */
};

/* Looks at what is there now. @told: those that are gone already were told by others. */
int modelwatch_look(struct modelwatch *w, struct store *store, bool told);
/* Waits for @first or the end of one. As poll(2). */
int modelwatch_poll(struct modelwatch *w, int first, int timeout_ms);
/* The domain of one that died and was not ended by those who remove it; false: no more of them. */
bool modelwatch_next(struct modelwatch *w, struct store *store, uint32_t *domid);
void modelwatch_free(struct modelwatch *w);

#endif
