/* SPDX-License-Identifier: MIT */
/*
 * The first page tables of a guest, written into its frames through a foreign mapping while
 * they are still plain memory; the pin that comes later makes the hypervisor check them.
 */
#ifndef DAIS_BUILD_PAGETABLES_H
#define DAIS_BUILD_PAGETABLES_H

#include <stdint.h>

#include <xen/xen.h>

#include "build/layout.h"

/* Tables that are mapped here, those of one range. */
struct table_window {
	uint64_t *at; /* mapped tables */
	uint64_t base, pages; /* their pages in the guest */
};

/*
 * Makes the entries that map @range, whose first page is @first_pfn. They go into the tables
 * in @windows, of which the entries are zero before. @mfn lists the whole guest's frames.
 */
void pagetables_fill(const struct layout *layout, const struct layout_range *range,
		     const struct table_window *windows, unsigned int count, uint64_t first_pfn,
		     const xen_pfn_t *mfn);

#endif
