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

#endif
