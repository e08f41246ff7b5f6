/* SPDX-License-Identifier: MIT */
/* Clients over a Unix socket: processes of dom0. */
#ifndef XENSTORE_CONN_SOCKET_H
#define XENSTORE_CONN_SOCKET_H

#include "conn.h"

/* Listens at PATH, or, if FD is not negative, on that inherited socket: 0 or an errno. */
int socket_listen(const char *path, int fd);
/* Takes a connected socket as a client; NULL when memory is out. */
struct conn *socket_adopt(int fd);
int socket_fd(const struct conn *c);
bool socket_is(const struct conn *c);
unsigned int socket_count(void);
/* All that are ready in this turn have been read. */
void socket_gathered(void);
/* Takes up a client of before a restart, if its descriptor was handed over. */
void socket_restore(uint32_t id, uint32_t word);
/* Passes listener and clients on to the program that replaces us, their queues by the journal. */
void socket_pass_all(void);

#endif
