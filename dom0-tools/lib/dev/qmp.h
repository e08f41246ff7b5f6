/* SPDX-License-Identifier: MIT */
/*
 * QEMU's monitor in its JSON form: one question, one answer.
 */
#ifndef DAIS_DEV_QMP_H
#define DAIS_DEV_QMP_H

#include "error.h"

struct json_object;

/* Takes the greeting and leaves the mode of negotiation. */
int qmp_begin(int fd, struct dais_error *err);
/*
 * Asks @command with @arguments, which it drops (NULL: none). *@answer, if @answer is not NULL, is
 * what came back, dropped by the caller.
 */
int qmp_ask(int fd, const char *command, struct json_object *arguments, struct json_object **answer,
	    struct dais_error *err);

#endif
