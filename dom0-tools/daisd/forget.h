/* SPDX-License-Identifier: MIT */
/*
 * What is left of domains that are gone, and can only be removed when their QEMUs are gone, too:
 * tried now and again, so that daisd does not stand still meanwhile.
 */
#ifndef DAISD_FORGET_H
#define DAISD_FORGET_H

#include <stdbool.h>
#include <time.h>

#include "dom/domain.h"

/* @rest as dais_forget_begin() has left it, which is taken over. @now as intent_now() has it. */
void forget_add(struct dais_config *rest, time_t now);
/* Tries all of them once. */
void forget_try(time_t now);
/* Whether there are any. */
bool forget_pending(void);

#endif
