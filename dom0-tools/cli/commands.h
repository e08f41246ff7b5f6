/* SPDX-License-Identifier: MIT */
/*
 * The commands by name, each defined in its own file; commands.def is the table.
 */
#ifndef DAIS_CLI_COMMANDS_H
#define DAIS_CLI_COMMANDS_H

#include "cli.h"

#define COMMAND(name) extern const struct command command_##name;
#include "commands.def"
#undef COMMAND

#endif
