/* SPDX-License-Identifier: MIT */
/*
 * A conversation with the store over its socket: requests are queued and written together,
 * answers come in the order of the requests. So what has no need of an answer in between costs
 * one round trip, however many nodes it is (libxenstore makes one for each request, and a
 * thread for events).
 *
 * What the store says is checked as if it came from a guest: an answer that is longer than the
 * protocol allows, or not of the request whose turn it is, ends the conversation. When the store
 * is started anew, those conversations go on that watch nothing; who watches must look anew at
 * what he watched, and opens another.
 */
#ifndef DAIS_STORE_STREAM_H
#define DAIS_STORE_STREAM_H

#include <errno.h> /* before the next, which then has the table of errors */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

#define STORE_PATH_MAX 512

/* An answer: @text has a NUL behind its @size bytes and is the caller's to free; NULL: @errnum. */
struct store_value {
	char *text;
	uint32_t size;
	int errnum;
};

struct store_event { /* path, NUL, token, NUL */
	struct store_event *next;
	size_t token; /* where it begins */
	char text[];
};

/* A request whose answer is due. */
struct store_due {
	uint32_t type, id;
	struct store_value *to; /* NULL: nobody wants it */
	bool checked; /* its failure is noted */
	size_t payload; /* where its own begins in @out */
};

struct store_bytes {
	char *data;
	size_t used, room;
};

struct store {
	int fd; /* -1: not open */
	int broken; /* why nothing can be asked any more, an errno; 0: it can */
	bool watched; /* a watch was asked for */
	uint32_t transaction; /* requests belong to; 0: none */
	uint32_t next_id;
	uint64_t requests, trips; /* sent; waits for answers */
	struct store_bytes out, in;
	size_t sent; /* of @out, which is kept until all of it is answered */
	struct store_due *due;
	size_t first, count, due_room; /* due[first..count) are open */
	int errnum; /* of the first checked request that failed */
	char failed[STORE_PATH_MAX]; /* its path */
	struct store_event *events, *last_event;
	size_t event_bytes;
};

/* To the store's socket, or XENSTORED_PATH. -1 with errno. */
int stream_open(struct store *store);
void stream_close(struct store *store); /* gives up what is queued */

struct store_part {
	const void *data;
	size_t size;
};

/*
 * Queues a request whose payload is @parts[0..count). Its answer goes to @to, which must stay
 * until stream_wait(); if @to is NULL a failure is noted in the store when @checked. What cannot
 * be sent at all has its answer at once, and takes no other request's.
 */
void stream_queue(struct store *store, uint32_t type, const struct store_part *parts,
		  unsigned int count, struct store_value *to, bool checked);

/* Answers a request that was never queued: as stream_queue() does for what cannot be sent. */
void stream_refuse(struct store *store, int errnum, const char *path, struct store_value *to,
		   bool checked);

/* Sends what is queued and waits until nothing is due. After that each answer is in its place. */
void stream_wait(struct store *store);

/*
 * The oldest event of a watch, which the caller frees. NULL with errno: EAGAIN, there is none
 * now; anything else: the store is gone.
 */
struct store_event *stream_event(struct store *store);

#endif
