/* SPDX-License-Identifier: MIT */
/*
 * Domains asked to go down by themselves, for good or to start again.
 */
#ifndef DAIS_CLI_DOWN_H
#define DAIS_CLI_DOWN_H

#include "cli.h"

/* A whole command, with options -a and -w: @reason is "poweroff" or "reboot". */
int down_run(struct cli *cli, int argc, char **argv, const char *reason);

#endif
