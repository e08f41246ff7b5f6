/* SPDX-License-Identifier: MIT */
/*
 * Makes a runnable PV guest of a domain that has neither memory nor vCPU state: takes its
 * memory, loads kernel and ramdisk, writes page tables, p2m list and start_info, seeds the
 * grant table and sets vCPU 0 (abi-rows.md F5 to F12). The domain stays paused. It undoes nothing:
 * after a failure the caller destroys the domain.
 */
#ifndef DAIS_BUILD_BUILD_H
#define DAIS_BUILD_BUILD_H

#include <stdint.h>

#include <xen/xen.h>

#include "hv/handle.h"
#include "image/image.h"
#include "timeline.h"

struct build_guest {
	uint32_t domid;
	const struct dais_elf *elf;
	const struct dais_blob *ramdisk; /* NULL: none */
	const char *cmdline; /* NULL: empty */
	uint64_t pages;
	bool claim; /* set the memory aside first, so that two creates cannot starve each other */
	uint32_t store_port, console_port; /* the guest's ends */
	uint32_t store_domid, console_domid; /* who may map the two pages */
	xen_pfn_t store_mfn, console_mfn; /* out */
};

int build_guest(struct hv *hv, struct build_guest *guest, struct timeline *timeline,
		struct dais_error *err);

#endif
