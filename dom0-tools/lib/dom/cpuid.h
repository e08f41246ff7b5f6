/* SPDX-License-Identifier: MIT */
/*
 * What a new domain is shown of the processor, as its configuration asks (key cpuid).
 */
#ifndef DAIS_DOM_CPUID_H
#define DAIS_DOM_CPUID_H

#include "config/config.h"
#include "hv/handle.h"

/* Before it runs. Nothing is done without the key. -1 when it asks for what cannot be had. */
int cpuid_apply(struct hv *hv, uint32_t domid, const struct dais_config *config,
		struct dais_error *err);

#endif
