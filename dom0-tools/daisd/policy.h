/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a domain that ended: pure logic over its configuration, the way it ended and
 * how it went before.
 */
#ifndef DAISD_POLICY_H
#define DAISD_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "dom/domain.h"

enum policy_act {
	POLICY_LEAVE, /* as it is; nobody asked for more */
	POLICY_DESTROY,
	POLICY_RESTART,
	POLICY_RENAME_RESTART, /* it stays under another name, a new one takes its place */
};

/* How often a domain came to a quick end, one after the other. */
struct policy_past {
	unsigned int quick; /* ends within POLICY_QUICK_SECONDS of the start */
};

#define POLICY_QUICK_SECONDS 10
#define POLICY_QUICK_MAX 5 /* then it is not started again */
#define POLICY_DELAY_MAX 60

struct policy_decision {
	enum policy_act act;
	bool core; /* one is written before */
	unsigned int delay_seconds; /* before it is started again */
	const char *why; /* a few words for the journal */
};

/*
 * @lived: seconds from its start to its end; negative: unknown. @past is brought up to date.
 */
struct policy_decision policy_decide(const struct dais_config *config, enum dais_shutdown reason,
				     int64_t lived, struct policy_past *past);

const char *policy_act_name(enum policy_act act); /* "restart" */

#endif
