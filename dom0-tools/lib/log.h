/* SPDX-License-Identifier: MIT */
/*
 * What the library has to tell beyond errors: one line at a time, with a level, to one receiver
 * that the program chooses. Without one, warnings go to standard error and the rest nowhere.
 */
#ifndef DAIS_LOG_H
#define DAIS_LOG_H

#include "error.h"

enum dais_level {
	DAIS_LOG_DEBUG,
	DAIS_LOG_INFO,
	DAIS_LOG_WARNING,
};

/* @line has no newline at its end. May be called from any thread that uses the library. */
typedef void dais_log_fn(void *arg, enum dais_level level, const char *line);

/* Lines of @least and above go to @fn (NULL: the default). For the whole process. */
void dais_log_to(dais_log_fn *fn, void *arg, enum dais_level least);

void dais_log(enum dais_level level, const char *fmt, ...) DAIS_PRINTF(2, 3);

/* True if a line of that level would go anywhere: for what is expensive to put into words. */
bool dais_log_wants(enum dais_level level);

#endif
