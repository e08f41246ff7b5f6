/* SPDX-License-Identifier: MIT */
/*
 * The one way out for lines that are no errors. Keeps errno, so that it can stand anywhere.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "export.h"

static void to_stderr(void *arg, enum dais_level level, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s%s\n", level == DAIS_LOG_WARNING ? "warning: " : "", line);
}

static struct {
	dais_log_fn *fn;
	void *arg;
	enum dais_level least;
} receiver = {to_stderr, NULL, DAIS_LOG_WARNING};

EXPORT void dais_log_to(dais_log_fn *fn, void *arg, enum dais_level least)
{
	receiver.fn = fn ? fn : to_stderr;
	receiver.arg = arg;
	receiver.least = least;
}

EXPORT bool dais_log_wants(enum dais_level level)
{
	return level >= receiver.least;
}

EXPORT void dais_log(enum dais_level level, const char *fmt, ...)
{
	int saved = errno;
	char line[1024];
	va_list args;

	if (dais_log_wants(level)) {
		va_start(args, fmt);
		vsnprintf(line, sizeof(line), fmt, args);
		va_end(args);
		receiver.fn(receiver.arg, level, line);
	}
	errno = saved;
}
