/* SPDX-License-Identifier: MIT */
/*
 * The one lock order, lowest rank taken first; docs/locking.md is made from
 * this list.  Of one rank a second lock is only tried, but for two ports': the
 * one at the lower address is first.  Debug builds panic when a lock of a rank not
 * above all ranks held is taken (see machine/lockcheck.c).
 */
#ifndef DAIS_LIB_LOCKRANK_H
#define DAIS_LIB_LOCKRANK_H

/* X(name, what it guards) */
#define LOCK_RANKS(X)                                                             \
	X(DOMCTL, "what the toolstack changes in the make-up of one domain")      \
	X(DOMLIST, "the table of domains by id")                                  \
	X(DOMAIN, "struct domain: life-cycle state, vCPU creation")               \
	X(PAGETABLE, "a domain's page tables: every entry update and validation") \
	X(PHYSMAP, "a domain's page count and set of owned frames")               \
	X(GRANT, "a domain's grant table")                                        \
	X(MAPTRACK, "a domain's map-track array")                                 \
	X(PCI, "the list of PCI devices and their MSI state")                     \
	X(PIRQ, "a domain's pirq table")                                          \
	X(IRQ, "one interrupt descriptor")                                        \
	X(IOAPIC, "I/O APIC register pairs")                                      \
	X(EVTCHN, "a domain's event-channel table")                               \
	X(RUNQUEUE, "one CPU's run queue and the state of the vCPUs on it")       \
	X(TIMER, "one CPU's timer heap")                                          \
	X(TIME, "wall clock and clock calibration")                               \
	X(HEAP, "the frame allocator")                                            \
	X(SLAB, "small-object caches")                                            \
	X(TLB, "one TLB shoot-down in flight")                                    \
	X(LOG, "console ring and its sinks")

enum lock_rank {
#define X(name, text) LOCK_##name,
	LOCK_RANKS(X)
#undef X
		LOCK_RANK_COUNT
};

#endif
