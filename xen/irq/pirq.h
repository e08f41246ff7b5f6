/* SPDX-License-Identifier: MIT */
/*
 * A domain's own numbers for device interrupts, as its event channels bind them.
 *
 *   unmapped --pirq_map_*--> mapped --pirq_bind--> bound --pirq_unbind--> mapped
 *
 * Unmapping unbinds first; a domain's end unmaps all.  Numbers come from guests: every
 * function here checks them.
 */
#ifndef DAIS_IRQ_PIRQ_H
#define DAIS_IRQ_PIRQ_H

#include "lib/types.h"

struct domain;
struct pirq_table;

struct pirq {
	struct domain *domain; /* constant */
	u16 irq; /* IRQ_NONE: unmapped; PIRQ lock */
	bool reserved; /* handed out by get_free_pirq; PIRQ lock */
	bool permitted; /* its domain may bind it; PIRQ lock */
	bool bound; /* PIRQ lock */
	/* IRQ lock of its descriptor. */
	bool eoi_due;
	u32 port;
	struct pirq *next;
};

int pirq_domain_init(struct domain *d);
/* Unbinds and unmaps all. */
int pirq_domain_destroy(struct domain *d);
/* At the domain's very end. */
void pirq_domain_free(struct domain *d);

u32 pirq_number(const struct pirq *p);
/* Numbers 0 .. limit - 1 can be mapped. */
u32 pirq_limit(const struct domain *d);

/*
 * Maps a line.  *pirq < 0: a free number, the line's own if possible (or the one that it has
 * already).  The same mapping again is fine.  0 or a negative errno.
 */
int pirq_map_line(struct domain *d, unsigned int gsi, s32 *pirq);
/* Maps a message that irq_alloc_msi() gave. */
int pirq_map_message(struct domain *d, unsigned int irq, s32 *pirq);
/* -EINVAL when it is not mapped. */
int pirq_unmap(struct domain *d, s32 pirq);
/* Finds and keeps a free number. */
int pirq_reserve(struct domain *d, bool for_line, u32 *pirq);
/* The right of a domain that is not dom0 to bind it. */
int pirq_permit(struct domain *d, u32 pirq, bool allow);

/*
 * Events of port come with it from now on.  -EINVAL beyond the domain's numbers, -EPERM when
 * it is not mapped or not permitted, -EBUSY when the line is somebody else's, -EEXIST.
 * No event-channel lock is held.
 */
int pirq_bind(struct domain *d, u32 pirq, u32 port, bool share);
/* Nothing happens when it is not bound.  No event-channel lock is held. */
void pirq_unbind(struct domain *d, u32 pirq);
/* The guest served the device.  -EINVAL when it is not mapped. */
int pirq_eoi(struct domain *d, u32 pirq);
/* The guest unmasked the port of a pirq: old kernels mean "served" by that. */
void pirq_unmasked(struct domain *d, u32 pirq);
/* XENIRQSTAT_*, or -EINVAL. */
int pirq_status(struct domain *d, u32 pirq, u32 *flags);
/* The vCPU that its port notifies runs at this CPU. */
void pirq_set_cpu(struct domain *d, u32 pirq, unsigned int cpu);

/*
 * Page of the domain in which a bit is set for each pirq that needs an EOI; auto_unmask: an
 * EOI also unmasks the port.  0, -EINVAL, or -EBUSY the second time.
 */
int pirq_set_eoi_page(struct domain *d, unsigned long mfn, bool auto_unmask);
/* That page's frame, which is held writable, or INVALID_MFN. */
mfn_t pirq_eoi_frame(const struct domain *d);

#endif
