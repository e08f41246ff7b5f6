// SPDX-License-Identifier: MIT
/*
 * Local APIC in both of its modes: xAPIC (registers in memory) and x2APIC (registers in
 * MSRs).  x2APIC is used when the firmware left it on, since it cannot be left without a
 * reset, when an id does not fit eight bits, or by the option; else xAPIC, which every machine
 * emulates.
 *
 * The timer runs in one of two ways, the same on all CPUs: to a TSC deadline where the
 * processor has that, else as a one-shot count whose rate is measured once against now().
 */
#define LOG_ROOM "apic"
#include "machine/apic.h"

#include "boot/options.h"
#include "console/log.h"
#include "lib/assert.h"
#include "lib/init.h"
#include "machine/barrier.h"
#include "machine/clocksource.h"
#include "machine/cpu.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "machine/smp.h"
#include "mm/iomem.h"

#define MSR_APIC_BASE 0x1bu
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)
#define MSR_X2APIC 0x800u
#define MSR_TSC_DEADLINE 0x6e0u

#define APIC_ID 0x20
#define APIC_VERSION 0x30
#define APIC_TPR 0x80
#define APIC_EOI 0xb0
#define APIC_LDR 0xd0
#define APIC_DFR 0xe0
#define APIC_SVR 0xf0
#define APIC_ESR 0x280
#define APIC_ICR 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0

#define SVR_ENABLE 0x100u
#define LVT_MASKED 0x10000u
#define LVT_NMI 0x400u
#define LVT_TSC_DEADLINE 0x40000u
#define DIVIDE_BY_1 0xbu
#define ICR_FIXED 0u
#define ICR_INIT 0x500u
#define ICR_STARTUP 0x600u
#define ICR_ASSERT 0x4000u
#define ICR_LEVEL 0x8000u
#define ICR_BUSY 0x1000u

#define CALIBRATE_NS 2000000

static volatile u32 *apic_regs __ro_after_init; /* NULL in x2APIC mode */
static bool x2apic __ro_after_init;
static bool tsc_deadline __ro_after_init;
/* Timer ticks per nanosecond, 32.32 fixed point; ticks that one arming can count. */
static u64 ticks_per_ns __ro_after_init;
#define TICKS_MAX 0xffffffffULL

static u32 apic_read(unsigned int reg)
{
	if (x2apic)
		return (u32)rdmsr(MSR_X2APIC + (reg >> 4));
	return apic_regs[reg / 4];
}

static void apic_write(unsigned int reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + (reg >> 4), value);
	else
		apic_regs[reg / 4] = value;
}

u32 apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return x2apic ? id : id >> 24;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

static void icr_send(u32 id, u32 command)
{
	unsigned long flags;

	if (x2apic) {
		/* The MSR write orders nothing: what we say must be in memory before. */
		asm volatile("mfence; lfence" ::: "memory");
		wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)id << 32 | command);
		return;
	}
	/* Two registers: an interrupt between them could send a message of its own. */
	flags = local_irq_save();
	while (apic_read(APIC_ICR) & ICR_BUSY)
		cpu_relax();
	apic_write(APIC_ICR_HIGH, id << 24);
	apic_write(APIC_ICR, command);
	local_irq_restore(flags);
}

void apic_send_ipi(unsigned int cpu, u8 vector)
{
	icr_send(cpu_apic_id(cpu), ICR_FIXED | ICR_ASSERT | vector);
}

void apic_send_init(u32 id)
{
	icr_send(id, ICR_INIT | ICR_ASSERT | ICR_LEVEL);
	if (!x2apic) {
		clocksource_delay(100000);
		icr_send(id, ICR_INIT | ICR_LEVEL); /* old processors want the level taken back */
	}
}

void apic_send_startup(u32 id, u8 page)
{
	icr_send(id, ICR_STARTUP | ICR_ASSERT | page);
}

void apic_report_error(void)
{
	apic_write(APIC_ESR, 0); /* latches */
	log_warn("error, status 0x%x\n", apic_read(APIC_ESR));
}

/* Both 8259s: every line masked, vectors out of the exceptions' way for stray ones. */
static void __init pic_silence(void)
{
	static const u8 vectors[2] = {0x20, 0x28};

	for (unsigned int i = 0; i < 2; i++) {
		u16 port = i ? 0xa0 : 0x20;

		port_out(port, 1, 0x11);
		port_out((u16)(port + 1), 1, vectors[i]);
		port_out((u16)(port + 1), 1, i ? 2 : 4);
		port_out((u16)(port + 1), 1, 1);
		port_out((u16)(port + 1), 1, 0xff);
	}
}

/* Same registers on every CPU; only performance and thermal entries stay the firmware's. */
static void apic_setup(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	/* From off to x2APIC only by way of xAPIC: one step more would fault. */
	if (!(base & APIC_BASE_ENABLE))
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	if (x2apic && !(base & APIC_BASE_X2APIC))
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2APIC);

	apic_write(APIC_TPR, 0);
	if (!x2apic) {
		apic_write(APIC_DFR, ~0u);
		apic_write(APIC_LDR, 0);
	}
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	/* The board's NMI line goes to the boot CPU alone. */
	apic_write(APIC_LVT_LINT1, this_cpu_id() == 0 ? LVT_NMI : LVT_MASKED);
	apic_write(APIC_LVT_ERROR, VECTOR_ERROR);
	apic_write(APIC_ESR, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (tsc_deadline ? LVT_TSC_DEADLINE : 0));
	if (tsc_deadline)
		asm volatile("mfence" ::: "memory"); /* mode before the first deadline */
	else
		apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	/* What was in service when the firmware or another kernel left stays so without this. */
	for (unsigned int i = 0; i < 8; i++)
		apic_eoi();
}

static void __init timer_calibrate(void)
{
	stime_t start, passed;
	u32 ticks;

	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	start = now();
	apic_write(APIC_TIMER_INITIAL, ~0u);
	do {
		passed = now() - start;
	} while (passed < CALIBRATE_NS);
	ticks = ~0u - apic_read(APIC_TIMER_CURRENT);
	apic_write(APIC_TIMER_INITIAL, 0);
	ticks_per_ns = ((u64)ticks << 32) / (u64)passed;
	PANIC_ON(!ticks_per_ns);
	log_info("timer at %lu kHz\n", (unsigned long)((ticks_per_ns * 1000000) >> 32));
}

void __init apic_init_bsp(paddr_t base, bool wide_ids)
{
	pic_silence();
	x2apic = (rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC) ||
		 (cpu_features.x2apic &&
		  (options.x2apic == X2APIC_AS_NEEDED ? wide_ids : options.x2apic));
	if (!x2apic) {
		apic_regs = device_map(base, PAGE_SIZE);
		PANIC_ON(!apic_regs);
	}
	/* In either mode devices reach it at this address: not for guests. */
	iomem_hide(MFN(base >> PAGE_SHIFT), MFN((base >> PAGE_SHIFT) + 1));
	tsc_deadline = cpu_features.tsc_deadline;
	apic_setup();
	log_info("%s mode, boot CPU has id %u, version 0x%x\n", x2apic ? "x2APIC" : "xAPIC",
		 apic_id(), apic_read(APIC_VERSION));
	if (!tsc_deadline)
		timer_calibrate();
	apic_setup();
}

void apic_init_ap(void)
{
	apic_setup();
}

void machine_set_timer(stime_t deadline, stime_t t)
{
	unsigned long flags = local_irq_save();
	u64 value = 0; /* disarms either form */

	if (tsc_deadline) {
		/* One that has passed fires at once, as we want. */
		if (deadline)
			value = max(clocksource_to_tsc(deadline), (u64)1);
		wrmsr(MSR_TSC_DEADLINE, value);
	} else {
		if (deadline) {
			/* Farther off the caller is simply asked again, and nothing overflows. */
			stime_t delta = min(deadline - (t ? t : now()), (stime_t)1000000000);

			/* Rounded up: early interrupts cost another arming each. */
			value = delta <= 0 ? 1 : (((u64)delta * (ticks_per_ns >> 16)) >> 16) + 1;
		}
		apic_write(APIC_TIMER_INITIAL, (u32)min(value, TICKS_MAX));
	}
	local_irq_restore(flags);
}
