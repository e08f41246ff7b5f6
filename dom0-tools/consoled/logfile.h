/* SPDX-License-Identifier: MIT */
/*
 * What a guest wrote, in a file of bounded size: LOG, LOG.1, ... up to LOG.LOGFILE_OLD.
 */
#ifndef CONSOLED_LOGFILE_H
#define CONSOLED_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LOGFILE_OLD 4

struct logfile {
	int dir, fd; /* fd -1: there is none */
	char name[272];
	off_t size, most;
	bool stamps, new_line;
};

/*
 * Opens NAME.log in the directory @dir, at its end; @most bytes, then the next. Characters
 * that no file name has are replaced. Without success later writes go nowhere. -1 with errno.
 */
int logfile_open(struct logfile *log, int dir, const char *name, off_t most, bool stamps);
void logfile_write(struct logfile *log, const char *data, size_t size);
/* Begins a new file if somebody moved the old one away. */
void logfile_reopen(struct logfile *log);
void logfile_close(struct logfile *log);

#endif
