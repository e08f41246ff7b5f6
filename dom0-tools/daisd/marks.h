/* SPDX-License-Identifier: MIT */
/*
 * Which configurations were started since the host's boot: what an administrator stopped stays
 * stopped, also when daisd is started anew, and what a killed daisd did not come to is started
 * by the next. While it goes on, a file beside the mark has the names that are done; it becomes
 * the mark when all are.
 */
#ifndef DAISD_MARKS_H
#define DAISD_MARKS_H

#include <stdbool.h>

/* A descriptor for the next two; -1: all was done, or nothing can be noted (which is logged). */
int marks_begin(const char *mark);
bool marks_has(int fd, const char *name);
void marks_add(int fd, const char *name);
/* All are done; closes @fd. */
void marks_end(int fd, const char *mark);

#endif
