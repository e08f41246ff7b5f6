// SPDX-License-Identifier: MIT
/*
 * Guests' time (see clock.h).  Every reader checks a version that is odd while
 * the data changes.  The versions are counted on our side, so that what a guest
 * writes there cannot make one seem unchanged.
 *
 * All vCPUs are given the clock's epoch as it is, not a stamp of their own: their
 * clocks agree to the nanosecond because they compute from the same numbers.
 */
#include "time/clock.h"

#include "domain/domain.h"
#include "entry/guestcopy.h"
#include "lib/lock.h"
#include "machine/clocksource.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "sched/deferred.h"
#include "time/timer.h"

#define NSEC 1000000000ULL

static struct spinlock wall_lock = SPINLOCK_INIT(TIME);
/* Nanoseconds since 1970 at system time 0; wall_lock. */
static u64 wall_base;

static void fill_time(struct vcpu_time_info *t)
{
	struct clock_epoch epoch;

	clocksource_epoch(&epoch);
	t->pad0 = 0;
	t->tsc_timestamp = epoch.stamp_tsc;
	t->system_time = (u64)epoch.stamp_time;
	t->tsc_to_system_mul = epoch.mul;
	t->tsc_shift = epoch.shift;
	t->flags = clocksource_stable() ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
	t->pad1[0] = 0;
	t->pad1[1] = 0;
}

void clock_update_vcpu(struct vcpu *v)
{
	/* refresh_current() would come between, and leave new data with an old end. */
	unsigned long flags = local_irq_save();
	struct vcpu_info *info = READ_ONCE(v->info);
	struct vcpu_time_info *to = &info->time, t;

	/* First: what changes meanwhile is written again. */
	v->time.told = info;
	v->time.told_version = clocksource_version();
	smp_rmb();
	fill_time(&t);
	v->time.version += 2;
	WRITE_ONCE(to->version, v->time.version - 1);
	smp_wmb();
	to->tsc_timestamp = t.tsc_timestamp;
	to->system_time = t.system_time;
	to->tsc_to_system_mul = t.tsc_to_system_mul;
	to->tsc_shift = t.tsc_shift;
	to->flags = t.flags;
	smp_wmb();
	WRITE_ONCE(to->version, v->time.version);
	local_irq_restore(flags);
}

void clock_refresh_vcpu(struct vcpu *v)
{
	u32 version = clocksource_version();

	if (unlikely(!version || version != v->time.told_version || v->info != v->time.told))
		clock_update_vcpu(v);
}

void clock_write_user_area(void)
{
	struct vcpu *v = current;
	struct vcpu_time_info t;
	unsigned long area, flags;
	u32 version;

	/* Before the area is looked up: one that is registered meanwhile is written next time. */
	__atomic_store_n(&v->time.area_version, clocksource_version(), __ATOMIC_SEQ_CST);
	area = READ_ONCE(v->time.user_area);
	/* One of its own: the epoch may be another than in vcpu_info, or than a moment ago. */
	flags = local_irq_save();
	v->time.version += 2;
	version = v->time.version - 1;
	local_irq_restore(flags);
	fill_time(&t);
	t.version = version;
	/* Odd version, then all of it, then the even one; the area may have gone by now. */
	if (guest_write(area, &version, sizeof(version)))
		goto gone;
	smp_wmb();
	if (guest_write(area, &t, sizeof(t)))
		goto gone;
	smp_wmb();
	version++;
	if (guest_write(area, &version, sizeof(version)))
		goto gone;
	return;
gone:
	WRITE_ONCE(v->time.area_version, 0);
}

void clock_set_user_area(struct vcpu *v, unsigned long area)
{
	WRITE_ONCE(v->time.user_area, area);
	smp_wmb();
	WRITE_ONCE(v->time.area_version, 0);
}

bool clock_user_area_due(const struct vcpu *v)
{
	u32 version;

	if (!READ_ONCE(v->time.user_area))
		return false;
	version = clocksource_version();
	return !version || version != READ_ONCE(v->time.area_version);
}

void clock_update_domain(struct domain *d)
{
	struct shared_info *s;
	u64 base, sec;
	u32 version;

	guard_lock_irq(&wall_lock);
	s = d->shared_info;
	if (!s)
		return;
	base = wall_base;
	sec = base / NSEC + (u64)d->time_offset_seconds;
	version = (READ_ONCE(s->wc_version) | 1) + (READ_ONCE(s->wc_version) & 1 ? 2 : 0);
	WRITE_ONCE(s->wc_version, version);
	smp_wmb();
	s->wc_sec = (u32)sec;
	s->wc_nsec = (u32)(base % NSEC);
	s->xen_wc_sec_hi = (u32)(sec >> 32);
	smp_wmb();
	WRITE_ONCE(s->wc_version, version + 1);
}

void clock_set_wallclock(u64 sec, u32 nsec, stime_t system_time)
{
	unsigned long flags = spin_lock_irqsave(&wall_lock);
	struct domain *d;
	domid_t id = 0;

	wall_base = sec * NSEC + nsec - (u64)system_time;
	spin_unlock_irqrestore(&wall_lock, flags);
	while ((d = domain_get_from(id)) != NULL) {
		id = (domid_t)(d->id + 1);
		clock_update_domain(d);
		domain_put(d);
	}
}

u64 clock_wall_seconds(void)
{
	unsigned long flags = spin_lock_irqsave(&wall_lock);
	u64 base = wall_base;

	spin_unlock_irqrestore(&wall_lock, flags);
	return (base + (u64)now()) / NSEC;
}

void clock_init(void)
{
	wall_base = clocksource_rtc_seconds() * NSEC - (u64)now();
}

/* On each CPU, interrupts off: what runs here goes on with the new rate. */
static void refresh_current(void *arg __unused)
{
	if (current->is_idle)
		return;
	clock_update_vcpu(current);
	if (clock_user_area_due(current))
		deferred_raise(DEFERRED_AREAS);
}

void clock_rate_changed(void)
{
	/* Those that do not run are refreshed before they do. */
	smp_call(&cpu_online_map, refresh_current, NULL);
}

static struct timer refine_timer;

static void refine_fn(void *arg __unused)
{
	if (clocksource_refine())
		clock_rate_changed();
	timer_set(&refine_timer, now() + CLOCKSOURCE_REFINE_INTERVAL);
}

void clock_start(void)
{
	clocksource_check_sync();
	timer_init(&refine_timer, refine_fn, NULL, this_cpu_id());
	timer_set(&refine_timer, now() + CLOCKSOURCE_REFINE_INTERVAL);
}
