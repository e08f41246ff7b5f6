// SPDX-License-Identifier: MIT
/*
 * The boot in order.  Each line may rely on those above it and on nothing
 * below; where the order is not plain, the line says why.
 */
#define LOG_ROOM "boot"
#include "boot/start.h"

#include "boot/acpi.h"
#include "boot/bootmem.h"
#include "boot/memmap.h"
#include "boot/multiboot.h"
#include "boot/options.h"
#include "builder/dom0.h"
#include "console/consoleio.h"
#include "console/keys.h"
#include "console/log.h"
#include "console/panic.h"
#include "console/serial.h"
#include "console/vga.h"
#include "ctl/audit.h"
#include "ctl/debugkeys.h"
#include "domain/domain.h"
#include "entry/cpuid.h"
#include "irq/irq.h"
#include "lib/assert.h"
#include "lib/init.h"
#include "lib/string.h"
#include "machine/apic.h"
#include "machine/clocksource.h"
#include "machine/context.h"
#include "machine/cpu.h"
#include "machine/descriptor.h"
#include "machine/insn.h"
#include "machine/ioapic.h"
#include "machine/machine.h"
#include "machine/mitigate.h"
#include "machine/pagemap.h"
#include "machine/percpu.h"
#include "machine/percpu_setup.h"
#include "machine/smp.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/iomem.h"
#include "sched/runqueue.h"
#include "time/clock.h"
#include "time/timer.h"

#define FOUR_GIB (1ULL << 32)

extern char __image_start[], __image_end[];
_Noreturn void stack_reset_and_call(void (*fn)(void));

static struct boot_info boot_info __initbss;
static struct memmap ram __initbss;

/* Until pagemap_init() the static tables show the first 4 GiB; afterwards, RAM and tables. */
static const void *__init phys_read(u64 addr, u64 len)
{
	if (addr >= FOUR_GIB || len > FOUR_GIB - addr)
		return NULL;
	return phys_to_virt(addr);
}

/* Tables lie in memory that the direct map covers, or in what the firmware calls reserved. */
static const void *__init acpi_read(u64 addr, u64 len)
{
	if (!len || addr + len < addr)
		return NULL;
	return direct_map_covers(addr, len) ? phys_to_virt(addr) : device_map(addr, len);
}

static void __init early_console(u32 magic, paddr_t mbi)
{
	const char *error;

	serial_init_early();
	error = multiboot_parse(&boot_info, magic, mbi, phys_read);
	if (error)
		panic("the boot loader's information cannot be used: %s", error);
	log_info("Dais (%s), command line: %s\n", boot_info.loader, boot_info.cmdline);
	options_parse(boot_info.cmdline);
	panic_set_noreboot(options.noreboot);
	if (options.loglvl[0] && !log_set_levels(LOG_OWN, options.loglvl))
		log_warn("loglvl=%s: not a level; use none, error, warning, info, debug or all\n",
			 options.loglvl);
	if (options.guest_loglvl[0] && !log_set_levels(LOG_GUEST, options.guest_loglvl))
		log_warn("guest_loglvl=%s: not a level\n", options.guest_loglvl);
	for (unsigned int i = 0; i < 2; i++)
		if (options.com[i][0] && !serial_configure(i, options.com[i]))
			log_warn("com%u=%s is not understood; example: com1=115200,8n1\n", i + 1,
				 options.com[i]);
	if (boot_info.screen.kind == SCREEN_TEXT)
		vga_init();
	if (!log_sinks_select(options.console))
		log_warn("console=%s: none of these is there; the log stays where it is\n",
			 options.console);
}

/* All RAM, less what must survive until dom0 is built or for good. */
static void __init memory_init(void)
{
	unsigned int i;
	u64 end;

	memmap_settle(&boot_info.memory);
	if (boot_info.memory.overflow)
		panic("the firmware's memory map is too long to be kept whole");
	memmap_set_machine(&boot_info.memory);
	memcpy(&ram, memmap_machine(), sizeof(ram));
	if (options.mem_limit != ~0ULL)
		memmap_clip_ram(&ram, options.mem_limit);
	memmap_clip_ram(&ram, DIRECT_MAP_END - DIRECT_MAP_START);

	bootmem_init(&ram);
	if (bootmem_ram_pages() < (64UL << 20) >> PAGE_SHIFT)
		panic("the machine has %lu MiB of memory; at least 256 MiB are needed",
		      bootmem_ram_pages() >> 8);
	/* The first megabyte: BIOS data, trampoline, what dom0's drivers look for there. */
	bootmem_reserve(0, 1UL << 20);
	bootmem_reserve(image_virt_to_phys(__image_start), image_virt_to_phys(__image_end));
	for (i = 0; i < boot_info.module_count; i++)
		bootmem_reserve(boot_info.modules[i].start, boot_info.modules[i].end);

	for (i = 0; i < memmap_machine()->count; i++) {
		const struct mem_range *r = &memmap_machine()->ranges[i];

		if (r->type == MEM_RAM || r->type == MEM_ACPI || r->type == MEM_NVS)
			pagemap_map_ram(r->start, r->end);
	}
	if (memmap_type_at(memmap_machine(), 0xf0000) != MEM_RAM)
		pagemap_map_ram(0xa0000,
				0x100000); /* BIOS area: ACPI's root pointer, the text screen */
	pagemap_init();
	bootmem_hand_over();
	pagemap_heap_ready();
	frame_mark_mmio_range(MFN(0), MFN((1UL << 20) >> PAGE_SHIFT));
	for (i = 0, end = 0; i < memmap_machine()->count; i++) {
		const struct mem_range *r = &memmap_machine()->ranges[i];

		/* Gaps are the devices': the map need not name them. */
		if (r->start > end)
			frame_mark_mmio_range(MFN(end >> PAGE_SHIFT), MFN(r->start >> PAGE_SHIFT));
		end = r->end;
		if (r->type != MEM_RAM)
			frame_mark_mmio_range(MFN(r->start >> PAGE_SHIFT),
					      MFN(DIV_ROUND_UP(r->end, PAGE_SIZE)));
	}
	log_info("%lu MiB of memory, %lu MiB free\n", bootmem_ram_pages() >> 8,
		 buddy_free_frames() >> 8);
}

/* A page below 1 MiB that the firmware calls RAM; page 0 is the BIOS's. */
static void __init choose_trampoline(void)
{
	u64 at = memmap_find_ram(&ram, PAGE_SIZE, PAGE_SIZE, 0x8000, 0x9f000);

	smp_trampoline_page = at == ~0ULL ? 0 : at;
}

static void __init processors_init(void)
{
	struct vcpu *idle;
	const char *error;

	/* From here on exceptions are reported instead of resetting the machine. */
	if (cpu_area_create(0))
		panic("too little memory for the boot processor's area");
	idt_init();
	cpu_init_this();
	descriptor_init_cpu();
	mitigate_init_cpu();

	error = acpi_parse(&acpi_info, boot_info.rsdp, boot_info.rsdp_size, acpi_read);
	if (error)
		panic("ACPI: %s; the machine's interrupts cannot be found without it", error);
	clocksource_init(&acpi_info);
	clock_init();
	apic_init_bsp(acpi_info.lapic_address, smp_enumerate(&acpi_info, options.max_cpus));

	domain_table_init();
	timer_cpu_init(0);
	idle = idle_vcpu_create(0);
	if (!idle)
		panic("too little memory for the idle domain");
	cpu_info()->running = idle;
	sched_cpu_init(0, idle);

	memmap_machine_reserve(acpi_info.lapic_address, acpi_info.lapic_address + PAGE_SIZE);
	for (unsigned int i = 0; i < acpi_info.ioapic_count; i++)
		memmap_machine_reserve(acpi_info.ioapics[i].address,
				       acpi_info.ioapics[i].address + PAGE_SIZE);
	ioapic_init(&acpi_info);
	irq_init(ioapic_line_count());
	cpuid_init();
	local_irq_enable();
	choose_trampoline();
	smp_start_others();
	clock_start();
	log_info("%u of %u processors on line\n", cpumask_weight(&cpu_online_map), smp_cpu_count());
}

static void serial_interrupt(void *arg __unused)
{
	serial_poll();
}

/* What is typed arrives at once; where a port has no line, a timer looks for it. */
static void __init serial_lines_init(void)
{
	for (unsigned int port = 0; port < 2; port++) {
		int irq = serial_irq(port);

		if (irq < 0)
			continue;
		if (irq_set_hypervisor_handler(ioapic_isa_to_gsi((unsigned int)irq),
					       serial_interrupt, NULL) == 0)
			serial_enable_rx_irq(port);
	}
}

/* Not in .init: it takes that away from under itself. */
static _Noreturn void start_dom0(void)
{
	pagemap_free_init();
	domain_unpause(dom0);
	idle_loop();
}

void __init boot_start(u32 magic, u32 mbi)
{
	early_console(magic, mbi);
	cpu_features_init(); /* patches our code, which memory_init() makes read-only */
	memory_init();
	processors_init();
	keys_init();
	audit_init();
	debugkeys_init();
	consoleio_init();
	serial_lines_init();
	dom0_build(&boot_info);
	if (!options.vga_keep)
		vga_stop();
	stack_reset_and_call((void (*)(void))start_dom0);
	__builtin_unreachable();
}
