/* SPDX-License-Identifier: MIT */
/* What the keeper and the attackers that it starts have in common: a part of the box's page. */
#ifndef ATTACK_H
#define ATTACK_H

#include "pvrt.h"

#define ORDERS_OFFSET 3072u /* behind struct box of lib/child.c */

struct orders {
	uint64_t seed; /* written last: then it begins */
	uint64_t steps;
	domid_t self, peer;
	uint32_t done;
	uint64_t calls; /* made so far, by all its vCPUs */
};

/* dom0's part with "keeper=": has attackers beside it, and sees that nothing of them stays. */
int keeper(void);

#endif
