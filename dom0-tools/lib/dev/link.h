/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces of the host, by netlink: looking for a bridge, putting a back-end's
 * interface into one.
 */
#ifndef DAIS_DEV_LINK_H
#define DAIS_DEV_LINK_H

#include <stdint.h>

#include "error.h"

/* 0 if an interface @name is there and is a bridge. */
int link_check_bridge(const char *name, struct dais_error *err);

/*
 * Waits for the interface @name, calls it @rename (NULL: as it is), gives it the bridge's MTU
 * (or @mtu if that is not 0), puts it into @bridge (NULL: into none) and sets it up.
 */
int link_plug(const char *name, const char *rename, const char *bridge, uint32_t mtu,
	      unsigned int timeout_ms, struct dais_error *err);

#endif
