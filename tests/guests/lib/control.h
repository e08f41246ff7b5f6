/* SPDX-License-Identifier: MIT */
/*
 * What a control domain does, for guests that boot as dom0 and have others beside them: domctl
 * and sysctl, and a second domain that runs this very guest's image (its module, see run.py).
 *
 * The second domain is a puppet: it does what a page that both have says, so that a case is
 * written in one place although two domains act in it.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "pvrt.h"

#include <xen/domctl.h>
#include <xen/sysctl.h>

long domctl(struct xen_domctl *op, unsigned int cmd, domid_t who);
long sysctl(struct xen_sysctl *op, unsigned int cmd);
void debug_keys(const char *keys);
/* Frames that nobody has, as the hypervisor counts them. */
unsigned long free_frames(void);
/* The same once nothing changes any more: of a domain that goes the last is freed later. */
unsigned long free_frames_settled(void);

/* A domain without memory or vCPUs; its id in *who. */
long domain_make(domid_t *who, unsigned int vcpus);
long domain_destroy(domid_t who);
/* Gives it n frames for pfn 0 and up; their numbers in mfns. How many it got. */
long domain_populate(domid_t who, xen_pfn_t *mfns, unsigned long n);

/* Maps another's frame at va, for which there is a table; as mmu_update says. 0 unmaps. */
long map_foreign(uintptr_t va, uint64_t pte, domid_t who);

#define CHILD_PAGES 1024UL

struct child {
	domid_t id;
	xen_pfn_t *mfn; /* of its CHILD_PAGES pages */
	uint64_t image_end; /* its first page that nothing is in */
	uint64_t spare; /* pages from here to CHILD_PAGES are nobody's: tests use them */
	evtchn_port_t console_port, box_port; /* in the child, to us */
	uint64_t shared_info; /* frame */
	uint64_t l1_frame; /* its table for the pages that tests use */
	struct box *box; /* mapped here */
	uintptr_t box_va; /* where the child has it */
};

/* Makes, fills and starts one. Panics where the hypervisor refuses. */
void child_start(struct child *c);
/* Changes what its vCPU starts with, or NULL; for all that are started from then on. */
extern void (*child_context)(struct child *c, struct vcpu_guest_context *ctx);
void child_end(struct child *c); /* the box is unmapped, the domain destroyed */
/* Addresses in the child. */
uintptr_t child_va(uint64_t pfn);

/* A hypercall that the child makes. */
long child_call(struct child *c, unsigned long nr, unsigned long a, unsigned long b,
		unsigned long d, unsigned long e);
/* The same with a structure as argument `b`, copied to it and back. */
long child_op(struct child *c, unsigned long nr, unsigned long cmd, void *arg, size_t size,
	      unsigned long third);
uint64_t child_peek(struct child *c, uintptr_t va);
void child_poke(struct child *c, uintptr_t va, uint64_t value);
/* The child's part: never returns. */
_Noreturn void puppet(void);

#endif
