/* SPDX-License-Identifier: MIT */
/* What tools are told of a domain (xen/domctl.h, xen_domctl_getdomaininfo). */
#ifndef DAIS_CTL_DOMINFO_H
#define DAIS_CTL_DOMINFO_H

#include "lib/abi.h"
#include <xen/domctl.h>

struct domain;

/* Fills in *out whole. */
void dominfo_get(struct domain *d, struct xen_domctl_getdomaininfo *out);

#endif
