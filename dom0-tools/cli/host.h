/* SPDX-License-Identifier: MIT */
/*
 * What commands about domains have in common: the way to the host, the domain that an argument
 * names, how one is shown.
 */
#ifndef DAIS_CLI_HOST_H
#define DAIS_CLI_HOST_H

#include "args.h"
#include "cli.h"
#include "dom/domain.h"

struct json_object;

/* Opens cli->host unless it is open. -1 with @err. */
int host_open(struct cli *cli, struct dais_error *err);
/* The domain that @who names, with the host opened. */
int host_domain(struct cli *cli, const char *who, struct dais_domain *domain,
		struct dais_error *err);

/* A command without options of its own and with @least to @most arguments; false: stop. */
bool host_args(struct args *args, struct cli *cli, int argc, char **argv, int least, int most);

/* A document "dais.domain" describes one; lists have several. */
struct json_object *domain_json(const struct dais_domain *domain);
/* One device, as in a "dais.devices" document. */
struct json_object *device_json(const struct dais_domain *domain, const struct dais_device *device);
/* After something was done to a domain: with --json shows it as it is now. Returns 0. */
int host_done(struct cli *cli, uint32_t domid);

/* "r-----" as xl has it: running, blocked, paused, shut down, crashed, dying. */
const char *domain_flags(const struct dais_domain *domain, char text[7]);

/* Beside a number for console_join(): unpause the domain once the terminal is joined. */
#define CONSOLE_UNPAUSE 0x80000000u

/* Joins this terminal to the domain's console until the user or the domain ends it. */
int console_join(struct cli *cli, uint32_t domid);

/* Room for the @count domains that were named. NULL with @err. */
struct dais_domain *host_room(int count, struct dais_error *err);

#endif
