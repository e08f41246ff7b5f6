// SPDX-License-Identifier: MIT
/*
 * What dom0's kernel asks about the machine while it boots: interrupt lines, the clock, the
 * console, callbacks and firmware.  Rows h7.*, h18.*, h26.2, h30.5, h30.7, h33.*, h40, h48, D22,
 * D29 of phase 1.
 */
#include "test.h"

#include <xen/callback.h>
#include <xen/physdev.h>
#include <xen/platform.h>

#define IO_APIC 0xfec00000UL /* QEMU's */

static long physdev(unsigned int cmd, void *arg)
{
	return HC2(__HYPERVISOR_physdev_op, cmd, arg);
}

static void lines(void)
{
	struct physdev_apic apic = {.apic_physbase = IO_APIC, .reg = 1};
	struct physdev_irq_status_query status = {.irq = 9};
	struct physdev_irq irq = {.irq = 5};
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 5, .pirq = 5};
	struct physdev_setup_gsi setup = {.gsi = 21, .triggering = 1, .polarity = 1};
	struct physdev_pci_device_add device = {.seg = 0, .bus = 0, .devfn = 0};
	struct physdev_eoi eoi = {.irq = 200};

	is("h33.8 a register of the I/O APIC", physdev(PHYSDEVOP_apic_read, &apic), 0);
	is("h33.8 its version", apic.value, 0x170020);
	apic.apic_physbase = 0xfed00000;
	is("h33.8 what is no I/O APIC", physdev(PHYSDEVOP_apic_read, &apic), -22);
	is("h33.5 a line that is not bound", physdev(PHYSDEVOP_irq_status_query, &status), 0);
	is("h33.5 asks for its end", status.flags & XENIRQSTAT_needs_eoi, XENIRQSTAT_needs_eoi);
	status.irq = 100000;
	is("h33.5 a line that is none", physdev(PHYSDEVOP_irq_status_query, &status), -22);
	is("h33.10 a vector", physdev(PHYSDEVOP_alloc_irq_vector, &irq), 0);
	is("h33.11 is never given back", physdev(PHYSDEVOP_free_irq_vector, &irq), -38);
	is("h33.13 a line under its own number", physdev(PHYSDEVOP_map_pirq, &map), 0);
	is("h33.13 again", physdev(PHYSDEVOP_map_pirq, &map), 0);
	is("h33.21 level, low", physdev(PHYSDEVOP_setup_gsi, &setup), 0);
	is("h33.21 again", physdev(PHYSDEVOP_setup_gsi, &setup), -17);
	setup.gsi = 10000;
	is("h33.21 beyond all lines", physdev(PHYSDEVOP_setup_gsi, &setup), -22);
	is("h33.12 the end of what is not mapped", physdev(PHYSDEVOP_eoi, &eoi), -22);
	is("h33.25 the host bridge", physdev(PHYSDEVOP_pci_device_add, &device), 0);
	is("h33.26 goes again", physdev(PHYSDEVOP_pci_device_remove, &device), 0);
}

static void eoi_page(void)
{
	struct physdev_pirq_eoi_gmfn page = {.gmfn = virt_to_mfn(page_alloc())};

	is("h33.28 a page for what needs an end", physdev(PHYSDEVOP_pirq_eoi_gmfn_v2, &page), 0);
	is("h33.28 a second time", physdev(PHYSDEVOP_pirq_eoi_gmfn_v2, &page), -16);
}

static long platform(struct xen_platform_op *op)
{
	op->interface_version = XENPF_INTERFACE_VERSION;
	return HC1(__HYPERVISOR_platform_op, op);
}

/* The wall clock set by a day, and back. */
static void wall_clock(void)
{
	static struct xen_platform_op op;
	uint64_t before = clock_wall_ns(), day = 86400, off;

	op.cmd = XENPF_settime64;
	op.u.settime64.secs = before / 1000000000 + day;
	op.u.settime64.nsecs = (uint32_t)(before % 1000000000);
	op.u.settime64.system_time = clock_ns();
	op.u.settime64.mbz = 1;
	is("h7.62 a word that must be 0", platform(&op), -22);
	op.u.settime64.mbz = 0;
	is("h7.62 settime64", platform(&op), 0);
	off = clock_wall_ns() - before - day * 1000000000;
	ok(off < 60000000000UL, "D45 A85 the wall clock is that");
	op.u.settime64.secs -= day;
	is("h7.62 and back", platform(&op), 0);
	ok(clock_wall_ns() < before + 60000000000UL, "D45 A85 the wall clock follows");
}

static void firmware(void)
{
	static struct xen_platform_op op;

	op.cmd = XENPF_get_cpuinfo;
	op.u.pcpu_info.xen_cpuid = 0;
	is("h7.55 processor 0", platform(&op), 0);
	is("h7.55 is on line", op.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE, XEN_PCPU_FLAGS_ONLINE);
	is("h7.55 the highest number", op.u.pcpu_info.max_present, 0);
	memset(&op, 0, sizeof(op));
	op.cmd = XENPF_firmware_info;
	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	is("h7.50 EFI, on a BIOS", platform(&op), -38);
	memset(&op, 0, sizeof(op));
	op.cmd = XENPF_firmware_info;
	op.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
	is("h7.50 keys held at boot", platform(&op), 0);
	memset(&op, 0, sizeof(op));
	op.cmd = XENPF_firmware_info;
	op.u.firmware_info.type = XEN_FW_DISK_INFO;
	op.u.firmware_info.index = 200;
	is("h7.50 a disk beyond all", platform(&op), -3);
}

static void others(void)
{
	static struct callback_register cb;
	static struct callback_unregister un;
	static char text[16];
	uint64_t *l3 = page_alloc();
	struct mmuext_op pin = {.cmd = MMUEXT_PIN_L3_TABLE, .arg1.mfn = virt_to_mfn(l3)};

	is("h18.0 write: 0, not the count",
	   HC3(__HYPERVISOR_console_io, CONSOLEIO_write, 8, "written\n"), 0);
	is("h18.1 read: nothing typed", HC3(__HYPERVISOR_console_io, CONSOLEIO_read, 16, text), 0);
	is("h18 unknown", HC3(__HYPERVISOR_console_io, 2, 16, text), -38);
	is("h18.0 into the hole",
	   HC3(__HYPERVISOR_console_io, CONSOLEIO_write, 8, 0xffff830000000000UL), -14);
	cb.address = (unsigned long)others;
	cb.type = CALLBACKTYPE_sysenter;
	is("h30.5 sysenter", HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &cb), 0);
	un.type = CALLBACKTYPE_sysenter;
	is("h30.5 it stays", HC2(__HYPERVISOR_callback_op, CALLBACKOP_unregister, &un), -22);
	cb.type = CALLBACKTYPE_syscall32;
	is("h30.7 syscall32", HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &cb), 0);
	un.type = CALLBACKTYPE_syscall32;
	is("h30.7 it stays", HC2(__HYPERVISOR_callback_op, CALLBACKOP_unregister, &un), -22);
	page_protect(l3, false);
	is("h26.2 pin an L3", HC4(__HYPERVISOR_mmuext_op, &pin, 1, NULL, DOMID_SELF), 0);
	pin.cmd = MMUEXT_UNPIN_TABLE;
	is("h26.4 unpin it", HC4(__HYPERVISOR_mmuext_op, &pin, 1, NULL, DOMID_SELF), 0);
	is("h48 machine checks: NULL", HC1(48, NULL), -14);
}

int guest_main(void)
{
	part_once(lines);
	part_once(eoi_page);
	part(wall_clock);
	part(firmware);
	part(others);
	return test_end();
}
