/* SPDX-License-Identifier: MIT */
/*
 * What can be asked of the API: a request goes in, an answer comes out; nothing of sockets.
 */
#ifndef DAISD_ROUTES_H
#define DAISD_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "dom/domain.h"

struct MHD_Connection;
struct json_object;

/* One request being read or answered. */
struct request {
	struct MHD_Connection *connection;
	struct dais *host;
	const char *who; /* the domain in the path; NULL: none */
	char *body;
	size_t size;
	bool too_large;
	/* the answer */
	unsigned int status;
	const char *schema;
	struct json_object *data;
	char *text; /* instead of JSON, with @type */
	const char *type;
	struct dais_error err;
};

/* Answers @r, with an error if need be. @path is decoded, without parameters. */
void route(struct request *r, const char *method, const char *path);

/* Makes the answer of r->err; r->status is kept if it is an error already. */
void route_error(struct request *r);

#endif
