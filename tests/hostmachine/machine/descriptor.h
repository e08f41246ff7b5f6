/* SPDX-License-Identifier: MIT */
/* The processor's window on a guest's LDT, for host tests: each test brings its own. */
#ifndef DAIS_MACHINE_DESCRIPTOR_H
#define DAIS_MACHINE_DESCRIPTOR_H

#include "lib/types.h"

struct vcpu;

void machine_map_ldt_page(struct vcpu *v, unsigned int index, mfn_t mfn);

#endif
