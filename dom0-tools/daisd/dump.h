/* SPDX-License-Identifier: MIT */
/*
 * Cores of domains that ended, each written by a thread of its own, so that a large one keeps
 * nobody else's end waiting. What is to become of the domain then is kept with it.
 */
#ifndef DAISD_DUMP_H
#define DAISD_DUMP_H

#include <stdbool.h>

#include "dom/domain.h"
#include "policy.h"

struct dump {
	struct dais_domain domain;
	struct dais_config config;
	struct policy_decision decision;
	bool failed;
	struct dais_error err; /* why, if it did */
};

/* Begins one; @config is taken over. False: not so many at once, or no thread to be had. */
bool dump_begin(const struct dais_domain *domain, struct dais_config *config,
		const struct policy_decision *decision);

/* Whether a core of the domain is being written; with UINT32_MAX: of any. */
bool dump_pending(uint32_t domid);

/* One that has ended, well or not. False: none. The caller frees its config. */
bool dump_ended(struct dump *dump);

#endif
