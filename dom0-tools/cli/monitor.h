/* SPDX-License-Identifier: MIT */
/*
 * What happens after a domain shuts down, when no daisd is there to see to it: on_poweroff and
 * its like, carried out by a process that waits for the domain's end.
 */
#ifndef DAIS_CLI_MONITOR_H
#define DAIS_CLI_MONITOR_H

#include "host.h"

/* The socket of daisd: while somebody answers there, domains are its business. */
#define DAISD_SOCKET "/run/dais/daisd.sock"
bool monitor_daisd_runs(void);

/* Waits for the domain's end and does what its configuration says, until it is gone for good. */
int monitor_domain(struct cli *cli, struct dais_config *config, uint32_t domid);

/* The same in a process of its own, which outlives this one. Returns 0. */
int monitor_detach(struct cli *cli, struct dais_config *config, uint32_t domid);

#endif
