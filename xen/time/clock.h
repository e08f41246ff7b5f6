/* SPDX-License-Identifier: MIT */
/*
 * Time as guests see it: the vcpu_time_info page part of each vCPU, its copy for
 * the vDSO, and the wall clock in shared_info.
 *
 * System time is nanoseconds since our boot, common to all domains.
 */
#ifndef DAIS_TIME_CLOCK_H
#define DAIS_TIME_CLOCK_H

#include "lib/types.h"

struct domain;
struct vcpu;

/* Boot: takes the wall clock from the machine's. */
void clock_init(void);
/* Boot, all CPUs up, before the first guest runs: are the TSCs equal; starts the refinement. */
void clock_start(void);
/* Refreshes v's time in its vcpu_info.  v is current, or does not run. */
void clock_update_vcpu(struct vcpu *v);
/* The same as v comes to run, where nearly always nothing has changed. */
void clock_refresh_vcpu(struct vcpu *v);
/* The same for current's secondary area in guest memory; silent when that fails. */
void clock_write_user_area(void);
/* v has another secondary area, or none. */
void clock_set_user_area(struct vcpu *v, unsigned long area);
/* v has such an area, which does not say what the clock says now. */
bool clock_user_area_due(const struct vcpu *v);
/* Writes the wall clock to d's shared_info (creation, settimeoffset, F10 of the builder). */
void clock_update_domain(struct domain *d);
/* Wall clock seconds and nanoseconds at system_time; all domains are told. */
void clock_set_wallclock(u64 sec, u32 nsec, stime_t system_time);
/* Wall clock in seconds since 1970, now. */
u64 clock_wall_seconds(void);
/* The clock's rate was changed: every running vCPU gets new time data before it runs on. */
void clock_rate_changed(void);

/* --- vtimer.c --- */

int vtime_vcpu_init(struct vcpu *v);
/* Also takes the timers to the CPU that v runs on now. */
void vtime_vcpu_moved(struct vcpu *v);
void vtime_vcpu_destroy(struct vcpu *v);
/* vcpu_op's timers: absolute system time; period 0 stops. */
void vtime_set_singleshot(struct vcpu *v, stime_t expires);
void vtime_stop_singleshot(struct vcpu *v);
int vtime_set_periodic(struct vcpu *v, u64 period);

#endif
