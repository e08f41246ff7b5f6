/* SPDX-License-Identifier: MIT */
/*
 * The commands by name, each defined in its own file; commands.def is the table.
 */
#ifndef DAIS_CLI_COMMANDS_H
#define DAIS_CLI_COMMANDS_H

#include "cli.h"

/* Which table: dais has this one, dais-remote its own. */
#ifndef COMMANDS_DEF
#define COMMANDS_DEF "commands.def"
#define IS_REMOTE 0
#else
#define IS_REMOTE 1
#endif

#define COMMAND(name) extern const struct command command_##name;
#include COMMANDS_DEF
#undef COMMAND

#endif
