/* SPDX-License-Identifier: MIT */
/*
 * What a PV guest finds at its first instruction: the start_info page and the registers of its
 * first vCPU (abi-rows.md A.4, A.5 and F11).
 */
#ifndef DAIS_BUILD_STARTINFO_H
#define DAIS_BUILD_STARTINFO_H

#include <stdint.h>

#include <xen/xen.h>

#include "build/build.h"
#include "build/layout.h"

/* Fills in @page, 4096 zero bytes. @shared_info is the machine address of that page. */
void startinfo_fill(void *page, const struct layout *layout, const struct build_guest *guest,
		    const xen_pfn_t *mfn, uint64_t shared_info);

/* The state of vCPU 0 at the kernel's entry; @l4 is the machine frame of the top table. */
void startinfo_context(struct vcpu_guest_context *context, const struct layout *layout,
		       uint64_t entry, xen_pfn_t l4);

#endif
