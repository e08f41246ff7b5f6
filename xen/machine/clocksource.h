/* SPDX-License-Identifier: MIT */
/*
 * The processors' time-stamp counters turned into nanoseconds.
 *
 * One epoch is in force at a time: system time at a TSC value and the rate from
 * there on.  now() and the guests' time pages both come from it, so that they
 * agree to the nanosecond.  A new rate starts a new epoch where the old one is:
 * time never jumps and never goes back.
 */
#ifndef DAIS_MACHINE_CLOCKSOURCE_H
#define DAIS_MACHINE_CLOCKSOURCE_H

#include "lib/types.h"

struct acpi_info;

/* time = stamp_time + (((tsc - stamp_tsc) << shift) * mul >> 32); shift < 0: to the right. */
struct clock_epoch {
	u64 stamp_tsc;
	stime_t stamp_time;
	u32 mul;
	s8 shift;
};

/* Boot CPU, after cpu_features_init() and pagemap_init(): measures the TSC's rate (20 ms). */
void clocksource_init(const struct acpi_info *acpi);
/* On each CPU brought up, by itself, before its first now(). */
void clocksource_cpu_init(unsigned int cpu);
/* All CPUs answer smp_call(): finds out whether their TSCs agree. */
void clocksource_check_sync(void);
/*
 * To be called every CLOCKSOURCE_REFINE_INTERVAL on one CPU: measures the rate over an ever
 * longer time.  True when it has started a new epoch.
 */
bool clocksource_refine(void);
#define CLOCKSOURCE_REFINE_INTERVAL 2000000000LL

/* The epoch, as stamps of this CPU's TSC. */
void clocksource_epoch(struct clock_epoch *out);
/*
 * Another number whenever the epoch or the next answer may be others than before; 0: they may be
 * at any time, as they depend on the CPU.
 */
u32 clocksource_version(void);
/* True when every CPU reads the same TSC: guests may rely on one another's time. */
bool clocksource_stable(void);
/* TSC value of this CPU at which system time will be t (now or later). */
u64 clocksource_to_tsc(stime_t t);
u32 clocksource_tsc_khz(void);
/* Busy-waits; usable once clocksource_init() is done. */
void clocksource_delay(stime_t ns);
/* The battery clock: seconds since 1970 (UTC). */
u64 clocksource_rtc_seconds(void);

#endif
