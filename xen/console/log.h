/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor has to say: lines "(DAIS) room: text" into a ring that tools read
 * (xl dmesg, readconsole) and to the sinks that the administrator chose (serial, VGA).
 *
 * A file that logs names its room before it includes this header:
 *
 *	#define LOG_ROOM "mm"
 *	#include "console/log.h"
 *
 * One call is one line; a line feed at its end may be left out.  Callable everywhere, with
 * any lock held, in interrupts and NMIs.  What a guest can cause goes through guest_log(),
 * which is limited per domain (security.md, row 152).
 */
#ifndef DAIS_CONSOLE_LOG_H
#define DAIS_CONSOLE_LOG_H

#include "lib/types.h"

#ifndef LOG_ROOM
#define LOG_ROOM "dais"
#endif

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_at(enum log_level level, const char *fmt, ...) __printf(2, 3);
void guest_log_at(enum log_level level, unsigned int domid, const char *fmt, ...) __printf(3, 4);

#define log_err(fmt, ...) log_at(LOG_ERR, LOG_ROOM ": " fmt, ##__VA_ARGS__)
#define log_warn(fmt, ...) log_at(LOG_WARN, LOG_ROOM ": " fmt, ##__VA_ARGS__)
#define log_info(fmt, ...) log_at(LOG_INFO, LOG_ROOM ": " fmt, ##__VA_ARGS__)
#define log_debug(fmt, ...) log_at(LOG_DEBUG, LOG_ROOM ": " fmt, ##__VA_ARGS__)

/* A guest did something wrong: which domain, which check refused it. */
#define guest_log(domid, fmt, ...) guest_log_at(LOG_WARN, (domid), LOG_ROOM ": " fmt, ##__VA_ARGS__)
/* The same for what is merely unusual; not shown by default. */
#define guest_log_debug(domid, fmt, ...) \
	guest_log_at(LOG_DEBUG, (domid), LOG_ROOM ": " fmt, ##__VA_ARGS__)

/* A line of a dump that somebody asked for (debug keys): passes whatever the levels are. */
void log_line(const char *fmt, ...) __printf(1, 2);

/* Text as it is, without prefix: dom0's own console output. */
void log_raw(const char *text, size_t len);

/* --- levels: loglvl=, guest_loglvl= --- */

enum log_source { LOG_OWN, LOG_GUEST };

/*
 * "<level>" or "<level>/<rate-limited level>" out of none, error, warning, info, debug, all.
 * Up to the first, lines always pass; up to the second, as the rate limit allows.
 */
bool log_set_levels(enum log_source source, const char *value);

/* --- sinks: console= --- */

struct log_sink {
	const char *name; /* as console= names it */
	void (*write)(struct log_sink *sink, const char *text, size_t len);
	bool enabled; /* log lock */
	struct log_sink *next; /* log lock */
};

/* Adds a sink, disabled; log_sinks_select() turns it on. */
void log_sink_add(struct log_sink *sink);
/*
 * Enables exactly the sinks that the comma list names; a new one is shown the ring so far.
 * False, and nothing changes, when none of them is there and the list does not say "none".
 */
bool log_sinks_select(const char *list);
void log_sink_disable(struct log_sink *sink);

/* --- the ring --- */

/*
 * Copies at most @size bytes that follow *@index and moves *@index on.  Indices count all
 * bytes ever logged, modulo 2^32; one that is no longer (or not yet) in the ring is moved
 * to the oldest byte kept.  Returns the number of bytes copied, 0 at the end.
 */
u32 log_ring_read(u32 *index, char *buf, u32 size);
/* Forgets everything before @index. */
void log_ring_clear(u32 index);
/* Index behind the last byte logged. */
u32 log_ring_end(void);

/*
 * From now on everything is shown, and no holder of the log lock is waited for long:
 * called once by panic() when other CPUs may have been stopped anywhere.
 */
void log_force(void);

#endif
