/* SPDX-License-Identifier: MIT */
/*
 * A store client in the raw wire protocol that may send many requests before it reads a reply,
 * over the daemon's socket or as a domain over a ring of hostxen.h.  Nothing is checked on the
 * way out: tests send what a correct library never would.
 *
 * A message read is valid until the next call on the same client.
 */
#ifndef TESTS_XENSTORE_CLIENT_H
#define TESTS_XENSTORE_CLIENT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

struct hostxen;
struct xsc;

struct xsc_msg {
	uint32_t type, req_id, tx_id, len;
	const char *body; /* LEN bytes and a NUL after them */
};

/* Connects; NULL with errno when nobody listens on PATH. */
struct xsc *xsc_socket(const char *path);
/* The ring end of domain DOMID, which INTRODUCE must have made known (or must yet). */
struct xsc *xsc_ring(struct hostxen *hx, unsigned int domid);
void xsc_close(struct xsc *c);
/* -1 for a ring */
int xsc_fd(const struct xsc *c);

/* Appends a request to what is to be sent.  Returns its req_id. */
uint32_t xsc_queue(struct xsc *c, uint32_t type, uint32_t tx, const void *body, size_t len);
/* Appends bytes as they are. */
void xsc_queue_raw(struct xsc *c, const void *bytes, size_t len);
/* Bytes not yet sent. */
size_t xsc_unsent(const struct xsc *c);

/* Moves bytes both ways without waiting.  Returns false once the daemon has hung up. */
bool xsc_pump(struct xsc *c);
/* Only sends. */
bool xsc_push(struct xsc *c);
/* Takes the next whole message out of what has been read; false if there is none. */
bool xsc_next(struct xsc *c, struct xsc_msg *m);
/* Pumps until there is a message.  1: here it is; 0: none within TIMEOUT ms; -1: hung up. */
int xsc_wait(struct xsc *c, struct xsc_msg *m, int timeout);

/* Called for events that come before the reply. */
typedef void xsc_event_fn(void *arg, const struct xsc_msg *event);
void xsc_on_event(struct xsc *c, xsc_event_fn *fn, void *arg);

/* ms that a reply may take before a test calls it lost; 60000 unless a test changes it. */
extern int xsc_timeout;
#define XSC_LOST 1000 /* no reply, or the connection gone: beyond all errno values */

/*
 * Sends one request and waits for its reply.  Returns 0, the errno that the daemon names, or
 * XSC_LOST.  M may be NULL.
 */
int xsc_call(struct xsc *c, uint32_t type, uint32_t tx, const void *body, size_t len,
	     struct xsc_msg *m);

/* The common requests.  VALUE and lists are NUL-terminated strings; results as xsc_call(). */
int xsc_write(struct xsc *c, uint32_t tx, const char *path, const char *value);
int xsc_path_op(struct xsc *c, uint32_t type, uint32_t tx, const char *path, struct xsc_msg *m);
int xsc_watch(struct xsc *c, const char *path, const char *token);
int xsc_begin(struct xsc *c, uint32_t *tx);
int xsc_end(struct xsc *c, uint32_t tx, bool commit);
/* PERMS separated by blanks, "n0 r1". */
int xsc_set_perms(struct xsc *c, uint32_t tx, const char *path, const char *perms);
int xsc_introduce(struct xsc *c, unsigned int domid);
int xsc_release(struct xsc *c, unsigned int domid);

/* errno of an ERROR message's name; EINVAL when the name is unknown. */
int xsc_errno(const char *name);
const char *xsc_errname(int err);

#endif
