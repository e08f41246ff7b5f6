// SPDX-License-Identifier: MIT
/* log.h. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

static bool use_syslog;

void log_open(bool to_syslog)
{
	use_syslog = to_syslog;
	if (to_syslog)
		openlog("xenstored", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_line(int level, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (use_syslog)
		syslog(level, "%s", text);
	/* Who started it sees why it does not come up; later on nobody does. */
	if (!use_syslog || level <= LOG_ERR)
		fprintf(stderr, "xenstored: %s\n", text);
}

void log_request(unsigned int domid, uint32_t conn, const char *op, uint32_t tx, const char *data,
		 size_t len, const char *result)
{
	char text[200];
	struct timespec now;
	size_t n = 0;

	/* Paths and tokens as they are, NULs as spaces, what a terminal might obey as dots. */
	for (size_t i = 0; i < len && n + 1 < sizeof(text); i++) {
		unsigned char ch = (unsigned char)data[i];

		if (!ch)
			text[n++] = ' ';
		else
			text[n++] = ch < 32 || ch > 126 ? '.' : (char)ch;
	}
	text[n] = 0;
	clock_gettime(CLOCK_REALTIME, &now);
	log_line(LOG_INFO, "%lld.%06ld d%u c%u t%u %s %s: %s", (long long)now.tv_sec,
		 now.tv_nsec / 1000, domid, conn, tx, op, text, result);
}
