// SPDX-License-Identifier: MIT
/*
 * The other processors, from the firmware's list to the idle loop.
 *
 * One is started at a time.  It runs machine/trampoline.S on temporary page tables that
 * map the hypervisor and, below 2 MiB, everything at its own address; with its first C
 * instructions it changes to the tables that idle CPUs use.
 */
#define LOG_ROOM "smp"
#include "machine/smp.h"

#include "boot/acpi.h"
#include "console/log.h"
#include "domain/domain.h"
#include "lib/init.h"
#include "lib/string.h"
#include "machine/apic.h"
#include "machine/clocksource.h"
#include "machine/context.h"
#include "machine/cpu.h"
#include "machine/insn.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "machine/percpu_setup.h"
#include "mm/buddy.h"
#include "sched/runqueue.h"
#include "time/timer.h"

#define MS 1000000LL
#define START_WAIT (1000 * MS)

/* As trampoline.S lays it out. */
struct trampoline_args {
	u64 cr3, stack, entry;
};
extern const u8 trampoline_start[], trampoline_args[], trampoline_end[];

struct cpumask cpu_online_map = {.bits = {1}};
paddr_t smp_trampoline_page __initbss;

static struct {
	u32 apic_id, acpi_id;
} cpus[NR_CPUS] __ro_after_init;
static unsigned int cpu_count __ro_after_init = 1;

unsigned int smp_cpu_count(void)
{
	return cpu_count;
}

u32 cpu_apic_id(unsigned int cpu)
{
	return cpus[cpu].apic_id;
}

u32 cpu_acpi_id(unsigned int cpu)
{
	return cpus[cpu].acpi_id;
}

/* The id of the CPU that we are on, before its local APIC can be asked. */
static u32 __init initial_apic_id(void)
{
	if (cpu_features.max_leaf >= 0xb && cpuid_count(0xb, 0).b)
		return cpuid_count(0xb, 0).d;
	return cpuid_count(1, 0).b >> 24;
}

/* Tables may list a processor twice, by its old and its x2APIC entry. */
static bool __init is_numbered(u32 apic_id)
{
	for (unsigned int i = 0; i < cpu_count; i++)
		if (cpus[i].apic_id == apic_id)
			return true;
	return false;
}

bool __init smp_enumerate(const struct acpi_info *acpi, u32 max_cpus)
{
	u32 limit = max_cpus && max_cpus < NR_CPUS ? max_cpus : NR_CPUS;
	bool wide = false;

	cpus[0].apic_id = initial_apic_id();
	for (unsigned int i = 0; i < acpi->cpu_count; i++) {
		const struct acpi_cpu *c = &acpi->cpus[i];

		if (c->apic_id == cpus[0].apic_id) {
			cpus[0].acpi_id = c->acpi_id;
		} else if (c->enabled && cpu_count < limit && !is_numbered(c->apic_id)) {
			cpus[cpu_count].apic_id = c->apic_id;
			cpus[cpu_count].acpi_id = c->acpi_id;
			wide = wide || c->apic_id > APIC_ID_ROUTABLE_MAX;
			cpu_count++;
		}
	}
	return wide;
}

/* First C instructions of a CPU: its own stack, temporary tables, interrupts off. */
_Noreturn static void ap_start(void)
{
	unsigned int cpu = this_cpu_id();

	write_cr3(image_virt_to_phys(idle_l4));
	cpu_init_ap(cpu);
	apic_init_ap();
	clocksource_cpu_init(cpu);
	cpumask_set(&cpu_online_map, cpu);
	/* From here on others tell us of what changes; what changed before, we drop. */
	tlb_flush_local();
	idle_loop();
}

/* Below 4 GiB, where 32-bit code can load it: what idle CPUs map, and the low 2 MiB. */
static bool __init build_tables(mfn_t tables[3])
{
	u64 *l4, *l3, *l2;

	for (unsigned int i = 0; i < 3; i++) {
		tables[i] = frame_alloc(0, ALLOC_BELOW_4G);
		if (mfn_eq(tables[i], INVALID_MFN)) {
			while (i--)
				frame_free(tables[i], 0);
			return false;
		}
	}
	l4 = mfn_to_virt(tables[0]);
	l3 = mfn_to_virt(tables[1]);
	l2 = mfn_to_virt(tables[2]);
	memcpy(l4, idle_l4, PAGE_SIZE);
	l4[0] = tables[1].m << PAGE_SHIFT | PTE_PRESENT | PTE_RW;
	l3[0] = tables[2].m << PAGE_SHIFT | PTE_PRESENT | PTE_RW;
	l2[0] = PTE_PRESENT | PTE_RW | PTE_LARGE;
	return true;
}

static bool __init wait_online(unsigned int cpu, stime_t how_long)
{
	for (stime_t end = now() + how_long; now() < end;) {
		if (cpumask_test(&cpu_online_map, cpu))
			return true;
		cpu_relax();
	}
	return cpumask_test(&cpu_online_map, cpu);
}

static bool __init start_one(unsigned int cpu, struct trampoline_args *args)
{
	struct vcpu *idle;
	u8 page = (u8)(smp_trampoline_page >> PAGE_SHIFT);

	if (cpu_area_create(cpu) || timer_cpu_init(cpu))
		return false;
	idle = idle_vcpu_create(cpu);
	if (!idle)
		return false;
	cpu_info_of(cpu)->running = idle;
	sched_cpu_init(cpu, idle);

	args->stack = cpu_area_stack_top(cpu);
	args->entry = (u64)ap_start;
	smp_mb();
	apic_send_init(cpus[cpu].apic_id);
	clocksource_delay(10 * MS);
	apic_send_startup(cpus[cpu].apic_id, page);
	/* The second message is for processors that missed the first; others ignore it. */
	if (wait_online(cpu, MS))
		return true;
	apic_send_startup(cpus[cpu].apic_id, page);
	if (wait_online(cpu, START_WAIT))
		return true;
	apic_send_init(cpus[cpu].apic_id); /* or it might still come, on tables long freed */
	return false;
}

void __init smp_start_others(void)
{
	size_t size = (size_t)(trampoline_end - trampoline_start);
	unsigned int online = 1;
	struct trampoline_args *args;
	mfn_t tables[3];
	u8 *page;

	if (cpu_count == 1)
		return;
	if (!smp_trampoline_page || !build_tables(tables)) {
		log_warn("no memory below 1 MiB: the boot processor stays alone\n");
		cpu_count = 1;
		return;
	}
	page = phys_to_virt(smp_trampoline_page);
	memcpy(page, trampoline_start, size);
	args = (struct trampoline_args *)(page + (trampoline_args - trampoline_start));
	args->cr3 = tables[0].m << PAGE_SHIFT;

	/* Numbers have no gaps, and a started CPU's areas cannot be given to another. */
	while (online < cpu_count && start_one(online, args))
		online++;
	if (online < cpu_count)
		log_warn("the processor with APIC id %u does not start: %u are left out\n",
			 cpus[online].apic_id, cpu_count - online);
	cpu_count = online;
	for (unsigned int i = 0; i < 3; i++)
		frame_free(tables[i], 0);
	log_info("%u processors on line\n", online);
}
