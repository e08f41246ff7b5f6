// SPDX-License-Identifier: MIT
/*
 * The privilege table.  Two kinds of subjects matter: a domain acting on itself
 * and the control domain acting on any; everything else is refused.  That the
 * control domain cannot pause or destroy itself is for domctl to say: it has
 * the right, but no meaning that could be carried out.
 */
#include "domain/privilege.h"

#include "domain/domain.h"

struct rule {
	bool to_itself; /* every domain, to itself */
	bool by_control; /* the control domain, to any domain */
	bool of_machine; /* the control domain, to the machine */
};

static const struct rule rules[PRIV_COUNT] = {
	[PRIV_SYSTEM] = {.of_machine = true},
	[PRIV_HARDWARE] = {.of_machine = true},
	[PRIV_CONSOLE] = {.of_machine = true},
	[PRIV_CONTROL] = {.by_control = true, .of_machine = true},
	[PRIV_MEMORY] = {.to_itself = true, .by_control = true},
	[PRIV_QUERY_MEMORY] = {.to_itself = true, .by_control = true},
	[PRIV_FOREIGN_MAP] = {.to_itself = true, .by_control = true},
	[PRIV_GRANT_TABLE] = {.to_itself = true, .by_control = true},
	[PRIV_EVENT_CHANNEL] = {.to_itself = true, .by_control = true},
};

bool privileged(const struct domain *subject, enum privilege what, const struct domain *object)
{
	const struct rule *rule = &rules[what];

	if (!object)
		return subject->is_privileged && rule->of_machine;
	if (object == subject)
		return rule->to_itself || (subject->is_privileged && rule->by_control);
	/* The idle domain is nobody's to touch. */
	return subject->is_privileged && rule->by_control && !object->is_idle;
}
