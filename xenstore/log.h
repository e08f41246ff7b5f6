/* SPDX-License-Identifier: MIT */
/* What the daemon says: to standard error in the foreground, else to the system's log. */
#ifndef XENSTORE_LOG_H
#define XENSTORE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where messages go: the system's log, or standard error. */
void log_open(bool to_syslog);
/* One line; LEVEL is one of syslog's. */
void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The access log's line for a request. */
void log_request(unsigned int domid, uint32_t conn, const char *op, uint32_t tx, const char *data,
		 size_t len, const char *result);

#endif
