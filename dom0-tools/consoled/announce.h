/* SPDX-License-Identifier: MIT */
#ifndef DAIS_CONSOLED_ANNOUNCE_H
#define DAIS_CONSOLED_ANNOUNCE_H

#include "store/client.h"

/*
 * Writes where the domain's console is found, for `dais console` and `xl console`. 0 also if the
 * domain was removed meanwhile: then nothing of it is left in the store. -1 with @err.
 */
int announce_terminal(struct store *store, uint32_t domid, const char *path,
		      struct dais_error *err);

#endif
