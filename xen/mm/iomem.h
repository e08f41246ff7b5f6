/* SPDX-License-Identifier: MIT */
/*
 * Memory that is no RAM: which frames each domain may map, which nobody may,
 * and which only read.
 */
#ifndef DAIS_MM_IOMEM_H
#define DAIS_MM_IOMEM_H

#include "lib/types.h"

struct domain;

/* dom0 begins with the right to all of it, others with none.  0 or -ENOMEM. */
int iomem_domain_init(struct domain *d);
void iomem_domain_destroy(struct domain *d);

/* Adds or removes [start, end).  -ENOSPC when the rights fall into too many pieces. */
int iomem_permit(struct domain *d, mfn_t start, mfn_t end, bool allow);
/* The domain may map this frame, which is no RAM; hidden ones nobody may. */
bool iomem_permitted(const struct domain *d, mfn_t mfn);
/* All of [start, end) is permitted. */
bool iomem_range_permitted(const struct domain *d, mfn_t start, mfn_t end);
/* The domain has device memory at all, and so may choose cache attributes. */
bool iomem_any(const struct domain *d);

/* From now on nobody can map [start, end); everybody can only read it, uncached. */
void iomem_hide(mfn_t start, mfn_t end);
void iomem_readonly(mfn_t start, mfn_t end);
bool iomem_is_readonly(mfn_t mfn);

/* Not RAM, and within what the processor can address. */
bool iomem_is_device(mfn_t mfn);

#endif
