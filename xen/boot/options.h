/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's command line.  One table (options.c) names all options; what they say is
 * kept in `options`, set once before any room that asks is started.
 */
#ifndef DAIS_BOOT_OPTIONS_H
#define DAIS_BOOT_OPTIONS_H

#include "lib/types.h"

/* "512M", "-1G" (all but), "50%", "1G+25%": bytes plus hundredths of the machine's memory. */
struct mem_amount {
	bool given;
	bool all_but; /* counted down from the whole */
	u64 bytes;
	u32 percent;
};

struct options {
	struct mem_amount dom0_mem, dom0_mem_min, dom0_mem_max;
	u32 dom0_vcpus_min, dom0_vcpus_max; /* 0: not given */
	bool dom0_vcpus_pin;
	u64 mem_limit; /* bytes of RAM to use at most; ~0: all */
	u32 max_cpus; /* processors to start; 0: all */

	char console[32]; /* sinks, for log_sinks_select() */
	char com[2][32]; /* for serial_configure(); empty: default */
	char loglvl[24], guest_loglvl[24]; /* for log_set_levels(); empty: default */
	bool vga_keep;
	bool noreboot;

	bool smep, smap; /* use them where the processor has them */
	u32 mitigate_on, mitigate_off; /* bits of machine/mitigate.h; neither: as needed */
	char clocksource[8]; /* what the TSC is measured with: hpet, acpi, pit; empty: the best */
	bool tsc_unstable; /* never trust TSCs to agree */
	u8 x2apic; /* 0: where it can be avoided not, 1: wherever there is one, or: */
#define X2APIC_AS_NEEDED 2
};

extern struct options options;

/*
 * Reads a command line from which the first word is gone.  Unknown options and bad values
 * are named in the log and ignored, one line each.
 */
void options_parse(const char *cmdline);

/* The text that was parsed: what XENVER_commandline tells dom0. */
const char *options_cmdline(void);

/* Bytes that @amount is of @total. */
u64 options_amount(const struct mem_amount *amount, u64 total);

/*
 * dom0's memory in bytes, whole pages: what it starts with, and its maximum reservation
 * (~0: unlimited), given the bytes of RAM that are free for it (row A7).
 */
void options_dom0_mem(const struct options *o, u64 free, u64 *initial, u64 *maximum);

/* dom0's vCPUs on a machine with @cpus processors, at most @limit. */
u32 options_dom0_vcpus(const struct options *o, u32 cpus, u32 limit);

#endif
