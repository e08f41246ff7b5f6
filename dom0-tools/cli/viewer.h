/* SPDX-License-Identifier: MIT */
/*
 * create -V: the program vncviewer, shown the domain's screen, as xl has it. It is looked for
 * before the domain is made, and runs on beside the command.
 */
#ifndef DAIS_CLI_VIEWER_H
#define DAIS_CLI_VIEWER_H

#include "cli.h"
#include "dom/domain.h"

/* Whether there is a viewer, and a screen in @config for it to show. */
int viewer_check(const struct dais_config *config, struct dais_error *err);
/* @password: said to it on its standard input, with -autopass; NULL: it asks for one. */
int viewer_start(struct cli *cli, uint32_t domid, const char *password, struct dais_error *err);

#endif
