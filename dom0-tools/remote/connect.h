/* SPDX-License-Identifier: MIT */
/*
 * What the commands over libvirt have in common: the connection, a domain by its name, errors
 * and JSON in the same words as those of this host.
 */
#ifndef DAIS_REMOTE_CONNECT_H
#define DAIS_REMOTE_CONNECT_H

#include <libvirt/libvirt.h>

#include "args.h"
#include "cli.h"

struct json_object;

/* Opens the host of cli->uri, once; closed at the program's end. NULL with @err. */
virConnectPtr remote_open(const struct cli *cli, struct dais_error *err);

/* A domain by number, name or UUID; the caller frees it. NULL with @err. */
virDomainPtr remote_find(const struct cli *cli, const char *who, struct dais_error *err);

/* What libvirt says went wrong, as an error of ours. Returns -1. */
int remote_failed(struct dais_error *err, const char *what, const char *object);

/* As in documents "dais.domain". NULL with @err. */
struct json_object *remote_domain_json(virDomainPtr domain, struct dais_error *err);

/* "running", ..., "shut-off" for one that is defined only. */
const char *remote_state_name(int state);

/* After something was done: with --json shows the domain. Returns the exit status. */
int remote_done(const struct cli *cli, virDomainPtr domain);

#endif
