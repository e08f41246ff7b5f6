/* SPDX-License-Identifier: MIT */
/*
 * HTTP and JSON on a Unix socket (docs/api.md). Who may open the socket may do everything.
 */
#ifndef DAISD_API_H
#define DAISD_API_H

#include "error.h"

#define API_SOCKET "/run/dais/daisd.sock"

struct api;

/* Serves from threads of its own until api_stop(). NULL with @err. */
struct api *api_start(const char *path, struct dais_error *err);
void api_stop(struct api *api);

#endif
