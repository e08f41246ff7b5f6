// SPDX-License-Identifier: MIT
/*
 * machine/clocksource.c over a simulated TSC, HPET, interval timer and battery
 * clock, and time/clock.c over a simulated guest: rates are measured right, time
 * never goes back when the rate changes, deadlines convert to TSC values that are
 * not early, and no reader that follows the version rules sees torn data.
 */
#define DAIS_MACHINE_INSN_H /* the simulated processor's instructions are below */
#include "lib/types.h"

static u64 sim_tsc(void);
#define rdtsc() sim_tsc()

#define clocksource_epoch read_epoch /* the test's own is in between */
#include "machine/clocksource.c"
#undef clocksource_epoch

struct options options;

#include "domain/domain.h"
#include "entry/guestcopy.h"
#include "lib/errno.h"
#include "sched/deferred.h"
#include "time/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

struct cpumask cpu_online_map = {{1}};
struct cpu_features cpu_features = {.hypervisor = true};

/* --- the machine: real time in ns as a fraction, everything else follows --- */

static double real_ns;
static double tsc_hz = 2596e6;
static bool have_hpet = true, have_pm = true;
static double pit_started;
static unsigned int access_ns = 300; /* what a look at a device costs */
static u64 tsc_error; /* this CPU's TSC is off by so much */

static u64 sim_tsc(void)
{
	real_ns += 5;
	return (u64)(real_ns * tsc_hz / 1e9) + tsc_error;
}

static u8 cmos[128];
static u8 cmos_index;

u32 port_in(u16 port, unsigned int bytes)
{
	real_ns += access_ns;
	(void)bytes;
	if (port == 0x71)
		return cmos[cmos_index & 127];
	if (port == 0x61)
		return (real_ns - pit_started) * 1193182 / 1e9 >= 59659 ? 0x20 : 0;
	if (port == 0x808)
		return have_pm ? (u32)(u64)(real_ns * 3579545 / 1e9) & 0xffffff : 0;
	return 0xff;
}

void port_out(u16 port, unsigned int bytes, u32 value)
{
	real_ns += access_ns;
	(void)bytes;
	if (port == 0x70)
		cmos_index = (u8)value;
	if (port == 0x42)
		pit_started = real_ns;
}

static u64 hpet_regs[512];

void iomem_readonly(mfn_t start __unused, mfn_t end __unused)
{
}

void *device_map(paddr_t pa, size_t len)
{
	(void)pa;
	(void)len;
	return hpet_regs;
}

/* The counter is memory: it is brought up to date whenever time is looked at. */
static u64 sim_hpet_read(void)
{
	real_ns += access_ns;
	return (u32)(u64)(real_ns / 10);
}

void smp_call(const struct cpumask *cpus, void (*fn)(void *arg), void *arg)
{
	(void)cpus;
	fn(arg);
}

void log_at(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

static void (*interrupt)(void); /* comes when the epoch has been read, if it may */

void clocksource_epoch(struct clock_epoch *out);
void clocksource_epoch(struct clock_epoch *out)
{
	void (*fn)(void) = interrupt;

	read_epoch(out);
	if (fn && !host_irqs_off) {
		interrupt = NULL;
		fn();
	}
}

/* --- the guest --- */

static struct shared_info shared;
static struct domain dom = {.id = 1, .shared_info = &shared};
static struct vcpu vcpu = {.domain = &dom, .info = &shared.vcpu_info[0]};
static u8 area[sizeof(struct vcpu_time_info)];
static unsigned int writes, fail_write;

int guest_write(unsigned long va, const void *src, size_t size)
{
	const struct vcpu_time_info *t = (const void *)area;
	u32 version = t->version;

	if (++writes == fail_write)
		return -EFAULT;
	/* All but the version change only while it is odd. */
	CHECK(size == sizeof(version) || version & 1);
	memcpy((void *)va, src, size);
	return 0;
}

struct domain *domain_get_from(domid_t id)
{
	return id <= 1 ? &dom : NULL;
}

void domain_put(struct domain *d)
{
	(void)d;
}

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, unsigned int cpu)
{
	t->fn = fn;
	t->arg = arg;
	t->cpu = cpu;
}

void timer_set(struct timer *t, stime_t expires)
{
	t->expires = expires;
}

/* --- tests --- */

static double ppm(double measured, double real)
{
	return fabs(measured - real) / real * 1e6;
}

static double measured_hz(void)
{
	return (double)states[state_seq & 1].hz;
}

static void boot(void)
{
	static struct acpi_info acpi;

	memset(states, 0, sizeof(states));
	state_seq = 0;
	memset(&acpi, 0, sizeof(acpi));
	hpet_regs[0] = have_hpet ? 10000000ULL << 32 : 0;
	acpi.hpet_address = 0xfed00000;
	acpi.fadt.present = have_pm;
	acpi.fadt.pm_timer = (struct acpi_reg){.address = 0x808, .space = ACPI_SPACE_IO};
	clocksource_init(&acpi);
}

static void test_calibration(void)
{
	/* The memory of a process does not count: HPET is played by a function of its own. */
	static const double rates[] = {600e6, 999e6, 1000e6, 1001e6, 2000e6, 2596e6, 4999e6};

	have_hpet = false;
	for (unsigned int i = 0; i < ARRAY_SIZE(rates); i++) {
		tsc_hz = rates[i];
		have_pm = true;
		boot();
		CHECK(ppm(measured_hz(), tsc_hz) < 100);
		CHECK_EQ(reference.hz, PM_TIMER_HZ);
		strcpy(options.clocksource, "pit");
		boot();
		CHECK(!strcmp(reference.name, "PIT"));
		options.clocksource[0] = 0;
		have_pm = false;
		boot();
		CHECK(ppm(measured_hz(), tsc_hz) < 100);
		CHECK(!clocksource_refine());
	}
	/* The numbers that guests derive the frequency from. */
	tsc_hz = 2596e6;
	set_rate(2596000000ULL);
	CHECK_EQ(states[state_seq & 1].epoch.shift, (s8)-1);
	CHECK_EQ(states[state_seq & 1].epoch.mul >> 24, 0xc5);
	CHECK_EQ(clocksource_tsc_khz(), 2596000);
}

static void test_refine(void)
{
	stime_t last = 0;
	double start;

	have_pm = true;
	access_ns = 3000;
	boot();
	access_ns = 900;
	reference = (struct reference){"HPET", sim_hpet_read, 100000000, 0xffffffff};
	take_sample(&refine_base);
	refine_last = refine_base;
	refine_ticks = 0;
	set_rate((u64)(tsc_hz * 1.0003)); /* 300 ppm off */
	for (unsigned int i = 0; i < 100; i++) {
		u32 seq = state_seq;
		stime_t before = now(), after;
		bool changed;

		changed = clocksource_refine();
		after = now();
		CHECK(changed == (seq != state_seq));
		CHECK(before >= last && after >= before);
		CHECK(after - before < 100000);
		last = after;
		real_ns += 2e9;
	}
	CHECK(ppm(measured_hz(), tsc_hz) < 2);
	start = (double)now();
	real_ns += 60e9;
	CHECK(ppm((double)now() - start, 60e9) < 2);

	/* A machine that was stopped for an hour: its TSC went on, its HPET did not. */
	tsc_error += (u64)(3600 * tsc_hz);
	CHECK(!clocksource_refine());
	for (unsigned int i = 0; i < 10; i++) {
		real_ns += 2e9;
		clocksource_refine();
	}
	CHECK(ppm(measured_hz(), tsc_hz) < 2);
}

static void test_conversion(void)
{
	srand(3);
	for (unsigned int i = 0; i < 10000; i++) {
		struct clock_epoch e;
		stime_t t;
		u64 tsc;

		tsc_hz = 5e8 + rand() % 5000 * 1e6;
		set_rate((u64)tsc_hz);
		clocksource_epoch(&e);
		t = e.stamp_time +
		    (stime_t)(((u64)rand() << 31 | (u64)rand()) >> (20 + rand() % 40));
		tsc = clocksource_to_tsc(t);
		/* Never early, and late by no more than the rounding over that time. */
		CHECK(time_at(&e, tsc) >= t);
		CHECK(time_at(&e, tsc) - t <= 30 + (t - e.stamp_time) / 100000000);
	}
	CHECK_EQ(clocksource_to_tsc(INT64_MAX) > rdtsc(), true);
	CHECK(time_at(&states[0].epoch, states[0].epoch.stamp_tsc - 5000) ==
	      states[0].epoch.stamp_time);
}

static void test_two_cpus(void)
{
	stime_t t;

	/* Another CPU's TSC is behind by a second: its time is not. */
	tsc_hz = 2e9;
	set_rate(2000000000ULL);
	tsc_agrees = true;
	clocksource_delay(1000);
	t = now();
	host_cpu = 1;
	host_cpu_info[1].cpu = 1;
	tsc_error -= 2000000000ULL;
	clocksource_cpu_init(1);
	CHECK(tsc_differs);
	clocksource_check_sync();
	CHECK(!clocksource_stable());
	CHECK(now() >= t && now() < t + 10000000);
	CHECK(clocksource_to_tsc(now() + 1000000) > rdtsc());
	host_cpu = 0;
	tsc_error += 2000000000ULL;
	CHECK(now() >= t && now() < t + 10000000);
	tsc_differs = false;
	tsc_agrees = true;
}

static void set_cmos(unsigned int y, unsigned int mo, unsigned int d, unsigned int h,
		     unsigned int mi, unsigned int s, u8 mode)
{
	unsigned int v[] = {s, mi, h, d, mo, y % 100};
	static const u8 regs[] = {0, 2, 4, 7, 8, 9};
	bool pm = false;

	if (!(mode & 2)) {
		pm = v[2] >= 12;
		v[2] = v[2] % 12 ? v[2] % 12 : 12;
	}
	for (unsigned int i = 0; i < 6; i++)
		cmos[regs[i]] = (u8)(mode & 4 ? v[i] : v[i] / 10 * 16 + v[i] % 10);
	cmos[4] |= pm ? 0x80 : 0;
	cmos[0x0b] = mode;
}

static void test_rtc(void)
{
	for (u8 mode = 0; mode < 8; mode += 2) {
		set_cmos(2026, 11, 21, 4, 30, 51, mode);
		CHECK_EQ(clocksource_rtc_seconds(), 1795235451);
		set_cmos(2000, 2, 29, 23, 59, 59, mode);
		CHECK_EQ(clocksource_rtc_seconds(), 951868799);
		set_cmos(2000, 3, 1, 0, 0, 0, mode);
		CHECK_EQ(clocksource_rtc_seconds(), 951868800);
		set_cmos(2024, 1, 1, 12, 0, 0, mode);
		CHECK_EQ(clocksource_rtc_seconds(), 1704110400);
	}
}

static void test_guest_pages(void)
{
	struct vcpu_time_info *t = &vcpu.info->time;
	struct clock_epoch e;
	u64 delta;

	host_cpu_info[0].running = &vcpu;
	tsc_hz = 2596e6;
	set_rate(2596000000ULL);
	clock_update_vcpu(&vcpu);
	CHECK(t->version && !(t->version & 1));
	CHECK_EQ(t->flags, XEN_PVCLOCK_TSC_STABLE_BIT);
	clocksource_epoch(&e);
	real_ns += 5e9;
	/* The guest's own arithmetic gives our time to the nanosecond. */
	delta = (sim_tsc() - t->tsc_timestamp) >> -t->tsc_shift;
	CHECK(llabs((long long)(t->system_time +
				(delta * (unsigned __int128)t->tsc_to_system_mul >> 32)) -
		    now()) < 20);

	/* What a guest writes over it does not confuse the next update. */
	t->version = 77;
	clock_update_vcpu(&vcpu);
	CHECK(!(t->version & 1));

	vcpu.time.user_area = (unsigned long)area;
	clock_write_user_area();
	CHECK_EQ(memcmp(area + 8, (u8 *)t + 8, sizeof(area) - 8), 0);
	CHECK(!(((struct vcpu_time_info *)area)->version & 1));
	for (fail_write = writes + 1; fail_write < 12; fail_write++)
		clock_write_user_area();
	/* It is written until that has gone well, and again where there is something to say. */
	CHECK(clock_user_area_due(&vcpu));
	fail_write = 0;
	clock_write_user_area();
	CHECK(!clock_user_area_due(&vcpu));
	clock_rate_changed();
	CHECK(!(cpu_info()->deferred & BIT(DEFERRED_AREAS)));
	set_rate(2596000001ULL);
	CHECK(clock_user_area_due(&vcpu));
	clock_rate_changed();
	CHECK(cpu_info()->deferred & BIT(DEFERRED_AREAS));
	clock_write_user_area();
	CHECK(!clock_user_area_due(&vcpu));
	clock_set_user_area(&vcpu, (unsigned long)area);
	CHECK(clock_user_area_due(&vcpu));
	clock_set_user_area(&vcpu, 0);
	CHECK(!clock_user_area_due(&vcpu));
}

static void other_rate(void)
{
	set_rate(2596000003ULL);
	clock_rate_changed();
}

/* Another rate while the page is being written, and data of two rates: each has its version. */
static void test_torn(void)
{
	struct vcpu_time_info *t = &vcpu.info->time, *second = (void *)area;
	u32 version;

	interrupt = other_rate;
	clock_update_vcpu(&vcpu);
	if (interrupt)
		interrupt();
	interrupt = NULL;
	CHECK_EQ(t->tsc_timestamp, states[state_seq & 1].epoch.stamp_tsc);
	CHECK_EQ(vcpu.time.told_version, clocksource_version());
	/* The other CPUs' interrupt has not come here yet. */
	clock_set_user_area(&vcpu, (unsigned long)area);
	clock_write_user_area();
	version = second->version;
	set_rate(2596000004ULL);
	clock_write_user_area();
	CHECK(!(second->version & 1) && second->version != version);
	version = second->version;
	clock_rate_changed();
	clock_write_user_area();
	CHECK(second->version != version);
	clock_set_user_area(&vcpu, 0);
	cpu_info()->deferred = 0;
}

/* What is there already is not written again, and nothing else is taken for it. */
static void test_refresh(void)
{
	static struct vcpu_info elsewhere;
	struct vcpu_info *page = vcpu.info;
	u32 version;

	clock_refresh_vcpu(&vcpu);
	version = page->time.version;
	clock_refresh_vcpu(&vcpu);
	CHECK_EQ(page->time.version, version);
	set_rate(2596000002ULL);
	clock_refresh_vcpu(&vcpu);
	CHECK(page->time.version != version && !(page->time.version & 1));
	CHECK_EQ(page->time.tsc_timestamp, states[state_seq & 1].epoch.stamp_tsc);
	vcpu.info = &elsewhere;
	clock_refresh_vcpu(&vcpu);
	CHECK_EQ(memcmp((u8 *)&elsewhere.time + 8, (u8 *)&page->time + 8, sizeof(page->time) - 8),
		 0);
	vcpu.info = page;
	clock_refresh_vcpu(&vcpu);
	/* Stamps that are this CPU's alone say nothing about another's. */
	tsc_differs = true;
	version = page->time.version;
	clock_refresh_vcpu(&vcpu);
	clock_refresh_vcpu(&vcpu);
	CHECK_EQ(page->time.version, version + 4);
	tsc_differs = false;
}

static void test_wallclock(void)
{
	u64 wall;

	clock_set_wallclock(1700000000, 999999999, now());
	CHECK(!(shared.wc_version & 1) && shared.wc_version);
	wall = ((u64)shared.wc_sec_hi << 32 | shared.wc_sec) * NSEC + shared.wc_nsec + (u64)now();
	CHECK(wall >= 1700000000999999999ULL && wall < 1700000001100000000ULL);
	CHECK_EQ(clock_wall_seconds(), wall / NSEC);
	dom.time_offset_seconds = -3600;
	shared.wc_version = 5; /* left odd by the guest */
	clock_update_domain(&dom);
	CHECK(!(shared.wc_version & 1));
	wall = ((u64)shared.wc_sec_hi << 32 | shared.wc_sec) + ((u64)now() + shared.wc_nsec) / NSEC;
	CHECK_EQ(wall, clock_wall_seconds() - 3600);
	/* A domain that is being destroyed has no page any more. */
	shared.wc_version = 8;
	dom.shared_info = NULL;
	clock_update_domain(&dom);
	CHECK_EQ(shared.wc_version, 8);
	dom.shared_info = &shared;
	set_cmos(2026, 11, 21, 4, 30, 51, 6);
	clock_init();
	CHECK(clock_wall_seconds() - 1795235451 < 2);
}

int main(void)
{
	CHECK_EQ(now(), 0); /* before anything is measured */
	test_calibration();
	test_refine();
	test_conversion();
	test_two_cpus();
	test_rtc();
	test_guest_pages();
	test_torn();
	test_refresh();
	test_wallclock();
	return check_done("clock");
}
