// SPDX-License-Identifier: MIT
/*
 * System time out of the TSC (see clocksource.h).
 *
 * The rate comes from a reference of known frequency: HPET, the ACPI PM timer, or
 * the old interval timer.  20 ms at boot are right to some tens of ppm; the timer
 * in time/clock.c then has the same two counters compared over seconds and
 * minutes, which leaves less than one.
 *
 * The epoch lies in two slots, of which the sequence number names the valid one:
 * a reader is never made to wait, not even in an NMI during the change.
 */
#include "machine/clocksource.h"

#define LOG_ROOM "time"
#include "boot/acpi.h"
#include "boot/options.h"
#include "console/log.h"
#include "lib/string.h"
#include "machine/cpu.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "mm/iomem.h"

#define NSEC 1000000000ULL
#define PIT_HZ 1193182u
#define PM_TIMER_HZ 3579545u
#define CALIBRATE_MS 20u
#define PIT_MS 50u /* what it says is never refined */

#define HPET_CAPABILITIES 0x00u
#define HPET_CONFIG 0x10u
#define HPET_COUNTER 0xf0u

struct reference {
	const char *name;
	u64 (*read)(void);
	u64 hz, mask;
};

/* The two counters, read as near to each other as can be. */
struct sample {
	u64 tsc, ref;
};

struct clock_state {
	struct clock_epoch epoch;
	u64 hz;
	u64 ticks_per_ns; /* 32.32 fixed point: the inverse of mul and shift, rounded up */
};

static struct reference reference;
static volatile u8 *hpet;
static u16 pm_timer_port;

static struct clock_state states[2];
static u32 state_seq; /* odd or even: which state is valid */

static bool tsc_agrees;
static u64 boot_cpu_tsc; /* as last seen by clocksource_delay() there */
static bool tsc_differs; /* some CPU has a tsc_offset */
static DEFINE_PER_CPU(s64, tsc_offset);
static stime_t time_floor; /* while TSCs disagree: the latest time given out */

static struct sample refine_base, refine_last;
static u64 refine_ticks; /* of the reference since refine_base */

static u64 tsc_ordered(void)
{
	/* Not before the loads that precede it: they may be another CPU's time stamps. */
	asm volatile("lfence" ::: "memory");
	return rdtsc() + (unlikely(tsc_differs) ? this_cpu(tsc_offset) : 0);
}

/* --- references --- */

static u64 hpet_read(void)
{
	/* 32 bits are one access on every HPET; they wrap after 43 s at the least. */
	return *(volatile u32 *)(hpet + HPET_COUNTER);
}

static u64 pm_timer_read(void)
{
	return port_in(pm_timer_port, 4);
}

static bool hpet_find(const struct acpi_info *acpi)
{
	u64 caps, period;

	if (!acpi->hpet_address)
		return false;
	hpet = device_map(acpi->hpet_address, PAGE_SIZE);
	if (!hpet)
		return false;
	caps = *(volatile u64 *)(hpet + HPET_CAPABILITIES);
	period = caps >> 32; /* femtoseconds */
	if (period < 100000 || period > 100000000)
		return false;
	*(volatile u32 *)(hpet + HPET_CONFIG) |= 1; /* it may have been left stopped */
	reference = (struct reference){"HPET", hpet_read, 1000000000000000ULL / period,
				       0xffffffffu};
	/* dom0 may look (row E6). */
	iomem_readonly(MFN(acpi->hpet_address >> PAGE_SHIFT),
		       MFN((acpi->hpet_address >> PAGE_SHIFT) + 1));
	return true;
}

static bool pm_timer_find(const struct acpi_info *acpi)
{
	const struct acpi_reg *reg = &acpi->fadt.pm_timer;

	if (!acpi->fadt.present || acpi->fadt.hw_reduced || !reg->address ||
	    reg->space != ACPI_SPACE_IO)
		return false;
	pm_timer_port = (u16)reg->address;
	reference = (struct reference){"ACPI PM timer", pm_timer_read, PM_TIMER_HZ,
				       acpi->fadt.pm_timer_32bit ? 0xffffffffu : 0xffffffu};
	return true;
}

static void take_sample(struct sample *s)
{
	u64 best = ~0ULL;

	/* The reading with the least delay around it, out of a few. */
	for (unsigned int i = 0; i < 8; i++) {
		unsigned long flags = local_irq_save();
		u64 before = rdtsc(), ref = reference.read(), after = rdtsc();

		local_irq_restore(flags);
		if (after - before >= best)
			continue;
		best = after - before;
		s->tsc = before + best / 2;
		s->ref = ref;
	}
}

/* tsc_ticks in as much time as ref_ticks of the reference take, to Hz; no 128-bit division. */
static u64 rate(u64 tsc_ticks, u64 ref_ticks)
{
	return tsc_ticks / ref_ticks * reference.hz +
	       tsc_ticks % ref_ticks * reference.hz / ref_ticks;
}

static u64 calibrate_by_reference(void)
{
	struct sample end;
	u64 ticks = reference.hz * CALIBRATE_MS / 1000, patience = rdtsc() + (1ULL << 36);

	take_sample(&refine_base);
	do {
		cpu_relax();
		if (rdtsc() > patience)
			return 0; /* it does not count */
	} while (((reference.read() - refine_base.ref) & reference.mask) < ticks);
	take_sample(&end);
	refine_last = end;
	refine_ticks = (end.ref - refine_base.ref) & reference.mask;
	return rate(end.tsc - refine_base.tsc, refine_ticks);
}

/* Channel 2 of the interval timer counts down once, its output seen in port 0x61. */
static u64 calibrate_by_pit(void)
{
	u32 count = PIT_HZ * PIT_MS / 1000;
	u64 start, patience;

	port_out(0x61, 1, (port_in(0x61, 1) & ~2u) | 1);
	port_out(0x43, 1, 0xb0); /* channel 2, both bytes, mode 0 */
	port_out(0x42, 1, count & 0xff);
	port_out(0x42, 1, count >> 8);
	start = rdtsc();
	patience = start + (1ULL << 36);
	while (!(port_in(0x61, 1) & 0x20))
		if (rdtsc() > patience)
			return 0;
	return (rdtsc() - start) * PIT_HZ / count;
}

/* --- the epoch --- */

static stime_t time_at(const struct clock_epoch *e, u64 tsc)
{
	s64 delta = (s64)(tsc - e->stamp_tsc);
	u64 ticks;

	if (delta <= 0)
		return e->stamp_time;
	ticks = e->shift < 0 ? (u64)delta >> -e->shift : (u64)delta << e->shift;
	return e->stamp_time + (stime_t)(((unsigned __int128)ticks * e->mul) >> 32);
}

static void set_rate(u64 hz)
{
	const struct clock_state *old = &states[state_seq & 1];
	struct clock_state *new = &states[(state_seq + 1) & 1];
	u64 h = hz, tsc;
	s8 shift = 0;
	unsigned long flags = local_irq_save();

	/* 1e9 < h <= 2e9 puts the top bit of mul at bit 31: all its digits are used. */
	for (; h > 2 * NSEC; h >>= 1)
		shift--;
	for (; h <= NSEC; h <<= 1)
		shift++;
	tsc = tsc_ordered();
	new->hz = hz;
	new->epoch.stamp_tsc = tsc;
	new->epoch.stamp_time = old->epoch.mul ? time_at(&old->epoch, tsc) : 0;
	new->epoch.mul = (u32)((NSEC << 32) / h);
	new->epoch.shift = shift;
	new->ticks_per_ns = ~0ULL / new->epoch.mul + 1;
	new->ticks_per_ns = shift < 0 ? new->ticks_per_ns << -shift
				      : (new->ticks_per_ns >> shift) + 1;
	__atomic_store_n(&state_seq, state_seq + 1, __ATOMIC_RELEASE);
	local_irq_restore(flags);
}

static void get_state(struct clock_state *out)
{
	u32 seq;

	do {
		seq = __atomic_load_n(&state_seq, __ATOMIC_ACQUIRE);
		*out = states[seq & 1];
		smp_rmb();
	} while (READ_ONCE(state_seq) != seq);
}

/* TSCs that disagree: nobody sees an earlier time than anybody has seen. */
static stime_t above_floor(stime_t t)
{
	stime_t last = __atomic_load_n(&time_floor, __ATOMIC_RELAXED);

	while (t > last)
		if (__atomic_compare_exchange_n(&time_floor, &last, t, true, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return t;
	return last;
}

stime_t now(void)
{
	stime_t t;
	u32 seq;

	do {
		const struct clock_state *s;

		seq = __atomic_load_n(&state_seq, __ATOMIC_ACQUIRE);
		s = &states[seq & 1];
		if (unlikely(!s->epoch.mul))
			return 0; /* nothing is measured yet */
		t = time_at(&s->epoch, tsc_ordered());
		smp_rmb();
	} while (READ_ONCE(state_seq) != seq);
	return likely(tsc_agrees) ? t : above_floor(t);
}

void clocksource_epoch(struct clock_epoch *out)
{
	struct clock_state s;

	get_state(&s);
	*out = s.epoch;
	if (unlikely(tsc_differs))
		out->stamp_tsc -= this_cpu(tsc_offset);
}

u32 clocksource_version(void)
{
	return likely(tsc_agrees) && !tsc_differs ? READ_ONCE(state_seq) : 0;
}

u64 clocksource_to_tsc(stime_t t)
{
	unsigned __int128 ticks;
	struct clock_state s;
	u64 tsc;

	get_state(&s);
	tsc = s.epoch.stamp_tsc - (unlikely(tsc_differs) ? this_cpu(tsc_offset) : 0);
	if (t <= s.epoch.stamp_time)
		return tsc;
	ticks = ((unsigned __int128)(u64)(t - s.epoch.stamp_time) * s.ticks_per_ns) >> 32;
	/* Some ticks for what the shifts drop: a deadline is never early. */
	return ticks + 8 > ~tsc ? ~0ULL : tsc + (u64)ticks + 8;
}

u32 clocksource_tsc_khz(void)
{
	struct clock_state s;

	get_state(&s);
	return (u32)((s.hz + 500) / 1000);
}

bool clocksource_stable(void)
{
	return tsc_agrees && (cpu_features.invariant_tsc || cpu_features.hypervisor);
}

void clocksource_delay(stime_t ns)
{
	stime_t end = now() + ns;

	do {
		WRITE_ONCE(boot_cpu_tsc, rdtsc()); /* see clocksource_cpu_init() */
		cpu_relax();
	} while (now() < end);
}

/* By option clocksource=. */
static bool allowed(const char *name)
{
	return !options.clocksource[0] || !strcmp(options.clocksource, name);
}

void clocksource_init(const struct acpi_info *acpi)
{
	u64 hz = 0;

	if (allowed("hpet") && hpet_find(acpi))
		hz = calibrate_by_reference();
	if (!hz && allowed("acpi") && pm_timer_find(acpi))
		hz = calibrate_by_reference();
	if (!hz) {
		reference = (struct reference){"PIT", NULL, 0, 0};
		hz = calibrate_by_pit();
	}
	if (!hz) {
		/* No timer at all: time runs at a wrong rate, which is better than not at all. */
		log_err("no clock to measure the TSC with: taking 1 GHz");
		hz = NSEC;
	}
	tsc_agrees = true; /* of one CPU */
	set_rate(hz);
	log_info("TSC %llu.%03llu MHz by %s", (unsigned long long)hz / 1000000,
		 (unsigned long long)hz / 1000 % 1000, reference.name);
}

bool clocksource_refine(void)
{
	u64 hz = states[state_seq & 1].hz, new, error;
	struct sample s;

	if (!reference.read)
		return false;
	take_sample(&s);
	refine_ticks += (s.ref - refine_last.ref) & reference.mask;
	refine_last = s;
	new = rate(s.tsc - refine_base.tsc, refine_ticks);
	error = new > hz ? new - hz : hz - new;
	if (error > hz / 500) {
		/* Not drift: a counter stood still for a while.  Begin again. */
		refine_base = s;
		refine_ticks = 0;
		return false;
	}
	/* Two readings of about 1 us uncertainty each bound what the time so far can tell. */
	if (error <= max(hz / 1000000, hz / (refine_ticks * 1000000 / reference.hz + 1) * 4))
		return false;
	log_debug("TSC %llu Hz -> %llu Hz", (unsigned long long)hz, (unsigned long long)new);
	set_rate(new);
	if (refine_ticks > 128 * reference.hz) {
		refine_base = s;
		refine_ticks = 0;
	}
	return true;
}

/* --- several CPUs --- */

void clocksource_cpu_init(unsigned int cpu)
{
	u64 there = READ_ONCE(boot_cpu_tsc), here = rdtsc();

	/*
	 * The boot CPU waits for us in clocksource_delay().  What differs by more than that
	 * can explain is corrected; the rest is clocksource_check_sync()'s.
	 */
	if (!there || (here + NSEC / 1000 > there && here < there + (NSEC << 4)))
		return;
	per_cpu(tsc_offset, cpu) = (s64)(there - here);
	tsc_differs = true;
	log_warn("CPU%u: TSC differs by %lld ticks", cpu, (long long)(here - there));
}

static struct {
	u64 last, warp; /* atomic */
	u32 arrived, expected;
} sync_test;

/* All CPUs at once: each must read a TSC at or above what any other read before it. */
static void sync_test_fn(void *arg __unused)
{
	u64 patience = rdtsc() + (1ULL << 32);

	__atomic_fetch_add(&sync_test.arrived, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&sync_test.arrived, __ATOMIC_ACQUIRE) < sync_test.expected &&
	       rdtsc() < patience)
		cpu_relax();
	for (unsigned int i = 0; i < 2000; i++) {
		u64 last = __atomic_load_n(&sync_test.last, __ATOMIC_ACQUIRE), t = tsc_ordered();

		if (t < last)
			__atomic_store_n(&sync_test.warp, last - t, __ATOMIC_RELAXED);
		while (t > last && !__atomic_compare_exchange_n(&sync_test.last, &last, t, true,
								__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
	}
}

void clocksource_check_sync(void)
{
	sync_test.expected = cpumask_weight(&cpu_online_map);
	smp_call(&cpu_online_map, sync_test_fn, NULL);
	if (sync_test.warp) {
		log_warn("TSCs of the CPUs differ by %llu ticks",
			 (unsigned long long)sync_test.warp);
		tsc_agrees = false;
	}
	if (tsc_differs || options.tsc_unstable)
		tsc_agrees = false;
	log_info("TSC is %sstable for guests", clocksource_stable() ? "" : "not ");
}

/* --- the battery clock --- */

static u8 cmos_read(u8 reg)
{
	port_out(0x70, 1, reg);
	return (u8)port_in(0x71, 1);
}

static unsigned int from_bcd(u8 x)
{
	return (x >> 4) * 10u + (x & 15);
}

u64 clocksource_rtc_seconds(void)
{
	static const u8 regs[6] = {0, 2, 4, 7, 8, 9}; /* s, min, h, day, month, year */
	u8 raw[6], again[6], mode = cmos_read(0x0b);
	unsigned int v[6], year, month, era_day;
	bool same, pm;

	/* Two equal readings outside of an update; a clock that never settles is taken as is. */
	for (unsigned int tries = 0; tries < 100; tries++) {
		for (unsigned int i = 0; i < 100000 && (cmos_read(0x0a) & 0x80); i++)
			cpu_relax();
		for (unsigned int i = 0; i < 6; i++)
			raw[i] = cmos_read(regs[i]);
		same = true;
		for (unsigned int i = 0; i < 6; i++) {
			again[i] = cmos_read(regs[i]);
			same = same && again[i] == raw[i];
		}
		if (same)
			break;
	}
	pm = !(mode & 2) && (raw[2] & 0x80);
	raw[2] = (u8)(mode & 2 ? raw[2] : raw[2] & 0x7f);
	for (unsigned int i = 0; i < 6; i++)
		v[i] = mode & 4 ? raw[i] : from_bcd(raw[i]);
	if (!(mode & 2))
		v[2] = v[2] % 12 + (pm ? 12 : 0);

	/* Days since 1970, counting years from March so that leap days come last. */
	year = 2000 + v[5];
	month = v[4];
	if (month < 3) {
		year--;
		month += 12;
	}
	era_day = 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 +
		  v[3] - 1;
	return ((u64)(era_day - 719468) * 24 + v[2]) * 3600 + v[1] * 60u + v[0];
}
