/* SPDX-License-Identifier: MIT */
/* XS_CONTROL: commands to the daemon itself, from dom0. */
#ifndef XENSTORE_CONTROL_H
#define XENSTORE_CONTROL_H

struct request;

/* 0 when replied, or an errno. */
int control_run(const struct request *r);

#endif
