/* SPDX-License-Identifier: MIT */
/*
 * The on_* keys, and a brake: a domain that ends at once again and again is started later each
 * time, and in the end not at all, so that a broken guest does not keep the host busy.
 */
#include "policy.h"

#include <stddef.h>

const char *policy_act_name(enum policy_act act)
{
	static const char *const names[] = {
		[POLICY_LEAVE] = "leave",
		[POLICY_DESTROY] = "destroy",
		[POLICY_RESTART] = "restart",
		[POLICY_RENAME_RESTART] = "rename-restart",
	};

	return names[act];
}

static enum dais_action wanted(const struct dais_config *config, enum dais_shutdown reason,
			       const char **key)
{
	const struct {
		enum dais_shutdown reason;
		enum dais_action set, otherwise;
		const char *key;
	} rules[] = {
		{DAIS_SHUTDOWN_POWEROFF, config->on_poweroff, DAIS_ACTION_DESTROY, "on_poweroff"},
		{DAIS_SHUTDOWN_REBOOT, config->on_reboot, DAIS_ACTION_RESTART, "on_reboot"},
		{DAIS_SHUTDOWN_CRASH, config->on_crash, DAIS_ACTION_DESTROY, "on_crash"},
		{DAIS_SHUTDOWN_WATCHDOG, config->on_watchdog, DAIS_ACTION_DESTROY, "on_watchdog"},
		/* A paravirtual guest cannot be reset in place. */
		{DAIS_SHUTDOWN_SOFT_RESET, config->on_soft_reset, DAIS_ACTION_RESTART,
		 "on_soft_reset"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].reason == reason) {
			*key = rules[i].key;
			return rules[i].set == DAIS_ACTION_UNSET ? rules[i].otherwise
								 : rules[i].set;
		}
	}
	*key = "suspended";
	return DAIS_ACTION_PRESERVE;
}

static enum policy_act act_of(enum dais_action action)
{
	switch (action) {
	case DAIS_ACTION_RESTART:
	case DAIS_ACTION_COREDUMP_RESTART:
	case DAIS_ACTION_SOFT_RESET:
		return POLICY_RESTART;
	case DAIS_ACTION_RENAME_RESTART:
		return POLICY_RENAME_RESTART;
	case DAIS_ACTION_PRESERVE:
		return POLICY_LEAVE;
	default:
		return POLICY_DESTROY;
	}
}

struct policy_decision policy_decide(const struct dais_config *config, enum dais_shutdown reason,
				     int64_t lived, struct policy_past *past)
{
	struct policy_decision decision = {.act = POLICY_LEAVE};

	enum dais_action action = wanted(config, reason, &decision.why);

	decision.act = act_of(action);
	decision.core = action == DAIS_ACTION_COREDUMP_DESTROY ||
			action == DAIS_ACTION_COREDUMP_RESTART;
	if (decision.act != POLICY_RESTART && decision.act != POLICY_RENAME_RESTART) {
		past->quick = 0;
		return decision;
	}
	if (lived < 0 || lived >= POLICY_QUICK_SECONDS) {
		past->quick = 0;
		return decision;
	}
	past->quick++;
	if (past->quick > POLICY_QUICK_MAX) {
		decision.act = POLICY_DESTROY;
		decision.why = "it ended within seconds of its start too often";
		return decision;
	}
	/* 0, 2, 4, 8, 16 seconds. */
	decision.delay_seconds = past->quick > 1 ? 1u << (past->quick - 1) : 0;
	if (decision.delay_seconds > POLICY_DELAY_MAX)
		decision.delay_seconds = POLICY_DELAY_MAX;
	return decision;
}
