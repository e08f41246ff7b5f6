/* SPDX-License-Identifier: MIT */
/* The audit behind debug key 'A'. */
#ifndef DAIS_CTL_AUDIT_H
#define DAIS_CTL_AUDIT_H

/* Boot: registers the key. */
void audit_init(void);

#endif
