// SPDX-License-Identifier: MIT
/*
 * xen_version, platform_op, mca and physdev_op as kernels call them: the exact numbers and
 * errors that the ABI's users were seen to depend on, for dom0 and for a domain without
 * rights.  Guest memory is the test's own; address 0 faults.
 */
#include "boot/options.h"
#include "check.h"
#include "entry/dispatch.h"
#include "platformmock.h"
#include <xen/arch-x86/xen-mca.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/version.h>

static void as(struct vcpu *v)
{
	host_cpu_info[0].running = v;
}

#define ARG(x) ((unsigned long)(x))

/* --- xen_version --- */

static u32 features(void)
{
	struct xen_feature_info info = {0};

	CHECK_EQ(hc_xen_version(XENVER_get_features, ARG(&info)), 0);
	return info.submap;
}

static void version(void)
{
	char text[1024];
	struct xen_feature_info info = {.submap_idx = 1};
	struct xen_platform_parameters params;
	xen_domain_handle_t handle;

	as(&control_vcpu);
	CHECK_EQ(hc_xen_version(XENVER_version, 0), 0x40011);
	CHECK_EQ(hc_xen_version(XENVER_pagesize, 0), 4096);
	CHECK_EQ(hc_xen_version(XENVER_extraversion, 0), -EFAULT);
	memset(text, 0xff, sizeof(text));
	CHECK_EQ(hc_xen_version(XENVER_extraversion, ARG(text)), 0);
	CHECK(!strcmp(text, ".7") && text[15] == 0 && (u8)text[16] == 0xff);
	CHECK_EQ(hc_xen_version(XENVER_capabilities, ARG(text)), 0);
	CHECK(!strncmp(text, "xen-3.0-x86_64", 14) && (!text[14] || text[14] == ' '));
	CHECK_EQ(hc_xen_version(XENVER_commandline, ARG(text)), 0);
	CHECK(strstr(text, "secret"));
	CHECK_EQ(hc_xen_version(XENVER_platform_parameters, ARG(&params)), 0);
	CHECK_EQ(params.virt_start, 0xffff800000000000);
	CHECK_EQ(hc_xen_version(XENVER_get_features, ARG(&info)), -EINVAL);
	CHECK_EQ(features(), 0x228e0);
	memset(control.handle, 0x5a, sizeof(control.handle));
	CHECK_EQ(hc_xen_version(XENVER_guest_handle, ARG(handle)), 0);
	CHECK(!memcmp(handle, control.handle, 16));
	CHECK_EQ(hc_xen_version(XENVER_build_id, 0), -ENODATA);
	CHECK_EQ(hc_xen_version(99, ARG(text)), -ENOSYS);

	as(&guest_vcpu);
	CHECK_EQ(features(), 0x220e0);
	guest.vm_assist = BIT(VMASST_TYPE_pae_extended_cr3);
	CHECK_EQ(features(), 0x220f0);
	CHECK_EQ(hc_xen_version(XENVER_commandline, ARG(text)), 0);
	CHECK(!strcmp(text, "<denied>"));
	CHECK_EQ(hc_xen_version(XENVER_build_id, 0), -EPERM);
}

/* --- platform_op --- */

static struct xen_platform_op op;

static long platform(u32 cmd)
{
	op.cmd = cmd;
	op.interface_version = XENPF_INTERFACE_VERSION;
	return hc_platform_op(ARG(&op));
}

static void firmware(void)
{
	for (u32 type = 1; type <= 3; type++) {
		op.u.firmware_info.type = type;
		CHECK_EQ(platform(XENPF_firmware_info), -ESRCH);
	}
	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	CHECK_EQ(platform(XENPF_firmware_info), -ENOSYS);
	op.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
	op.u.firmware_info.u.kbd_shift_flags = 9;
	CHECK_EQ(platform(XENPF_firmware_info), 0);
	CHECK_EQ(op.u.firmware_info.u.kbd_shift_flags, 0);
}

static void processors(void)
{
	u8 map = 0xff;
	u64 idle[8] = {0};

	for (u32 cpu = 0; cpu < 4; cpu++) {
		op.u.pcpu_info.xen_cpuid = cpu;
		CHECK_EQ(platform(XENPF_get_cpuinfo), 0);
		CHECK_EQ(op.u.pcpu_info.max_present, 1);
		CHECK_EQ(op.u.pcpu_info.flags, cpu == 0   ? XEN_PCPU_FLAGS_ONLINE
					       : cpu == 1 ? 0
							  : XEN_PCPU_FLAGS_INVALID);
		if (cpu < 2)
			CHECK_EQ(op.u.pcpu_info.apic_id, 10 + cpu);
	}
	op.u.pcpu_version.xen_cpuid = 1;
	CHECK_EQ(platform(XENPF_get_cpu_version), 0);
	CHECK(!memcmp(op.u.pcpu_version.vendor_id, "AuthenticAMD", 12));
	CHECK_EQ(op.u.pcpu_version.family, 23);
	op.u.pcpu_version.xen_cpuid = 2;
	CHECK_EQ(platform(XENPF_get_cpu_version), -EINVAL);

	op.u.getidletime.cpumap_nr_cpus = 8;
	op.u.getidletime.cpumap_bitmap.p = &map;
	op.u.getidletime.idletime.p = idle;
	CHECK_EQ(platform(XENPF_getidletime), 0);
	CHECK_EQ(map, 1);
	CHECK_EQ(idle[0], 4242);
	CHECK_EQ(op.u.getidletime.now, 777);
}

static void platform_ops(void)
{
	as(&control_vcpu);
	CHECK_EQ(hc_platform_op(0), -EFAULT);
	CHECK_EQ(platform(12345), -ENOSYS);
	op.interface_version = 1;
	CHECK_EQ(hc_platform_op(ARG(&op)), -EACCES);
	as(&guest_vcpu);
	CHECK_EQ(hc_platform_op(ARG(&op)), -EACCES);
	CHECK_EQ(platform(12345), -EPERM);
	as(&control_vcpu);

	memset(&op, 0, sizeof(op));
	op.u.settime64.secs = 1000;
	op.u.settime64.nsecs = 7;
	op.u.settime64.system_time = 5;
	CHECK_EQ(platform(XENPF_settime64), 0);
	CHECK(wall_sec == 1000 && wall_nsec == 7);
	op.u.settime64.mbz = 1;
	CHECK_EQ(platform(XENPF_settime64), -EINVAL);
	op.u.settime64.mbz = 0;
	op.u.settime64.nsecs = 1000000000;
	CHECK_EQ(platform(XENPF_settime64), -EINVAL);
	op.u.settime32.secs = 2000;
	op.u.settime32.nsecs = 8;
	op.u.settime32.system_time = 5;
	CHECK_EQ(platform(XENPF_settime32), 0);
	CHECK(wall_sec == 2000 && wall_nsec == 8);

	firmware();
	processors();

	memset(&op, 0, sizeof(op));
	op.u.enter_acpi_sleep.sleep_state = 3;
	CHECK_EQ(platform(XENPF_enter_acpi_sleep), -EOPNOTSUPP);
	op.u.enter_acpi_sleep.sleep_state = 5;
	op.u.enter_acpi_sleep.val_a = 0x3c01;
	op.u.enter_acpi_sleep.val_b = 0x2c01;
	if (!setjmp(off)) {
		platform(XENPF_enter_acpi_sleep);
		CHECK(0);
	}
	CHECK(pm1a == 0x3c01 && pm1b == 0x2c01);
	CHECK(platform(XENPF_set_processor_pminfo) != 0);
	CHECK_EQ(hc_xenpmu_op(0, 0), -EOPNOTSUPP);
}

static void machine_checks(void)
{
	struct xen_mc mc = {.cmd = XEN_MC_physcpuinfo,
			    .interface_version = XEN_MCA_INTERFACE_VERSION};
	static xen_mc_logical_cpu_t info[4];

	CHECK_EQ(hc_mca(0), -EFAULT);
	as(&guest_vcpu);
	CHECK_EQ(hc_mca(ARG(&mc)), -EPERM);
	CHECK_EQ(hc_mca(0), -EPERM);
	as(&control_vcpu);
	CHECK_EQ(hc_mca(ARG(&mc)), 0);
	CHECK_EQ(mc.u.mc_physcpuinfo.ncpus, 2);
	mc.u.mc_physcpuinfo.ncpus = 4;
	mc.u.mc_physcpuinfo.info.p = info;
	CHECK_EQ(hc_mca(ARG(&mc)), 0);
	CHECK_EQ(mc.u.mc_physcpuinfo.ncpus, 2);
	CHECK_EQ(info[1].mc_apicid, 11);
	CHECK_EQ(info[2].mc_apicid, 0);
	mc.cmd = XEN_MC_fetch;
	CHECK_EQ(hc_mca(ARG(&mc)), 0);
	CHECK_EQ(mc.u.mc_fetch.flags, XEN_MC_NODATA);
	mc.cmd = 77;
	CHECK_EQ(hc_mca(ARG(&mc)), -ENOSYS);
}

/* --- physdev_op --- */

static void own_rights(void)
{
	struct physdev_set_iopl iopl = {1};
	struct physdev_set_iobitmap map = {.nr_ports = 65536};
	struct physdev_irq_status_query q = {.irq = 3};
	struct physdev_pirq_eoi_gmfn g = {77};
	struct physdev_eoi e = {9};

	CHECK_EQ(hc_physdev_op(PHYSDEVOP_IRQ_UNMASK_NOTIFY, 0), 0);
	CHECK_EQ(hc_physdev_op(99, 0), -ENOSYS);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_set_iopl, 0), -EFAULT);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_set_iopl, ARG(&iopl)), 0);
	CHECK_EQ(current->arch.iopl, 1);
	iopl.iopl = 4;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_set_iopl, ARG(&iopl)), -EINVAL);
	map.bitmap.p = (u8 *)0x5000;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_set_iobitmap, ARG(&map)), 0);
	CHECK_EQ(current->arch.io_bitmap, 0x5000);
	CHECK_EQ(current->arch.io_bitmap_ports, 65536);
	map.nr_ports = 65537;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_set_iobitmap, ARG(&map)), -EINVAL);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_irq_status_query, ARG(&q)), 0);
	CHECK_EQ(q.flags, 1);
	q.irq = 5000;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_irq_status_query, ARG(&q)), -EINVAL);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, ARG(&g)), 0);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v1, ARG(&g)), -EBUSY);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_eoi, ARG(&e)), 0);
	e.irq = 10;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_eoi, ARG(&e)), -EINVAL);
}

static void no_rights(void)
{
	static const unsigned int cmds[] = {
		PHYSDEVOP_apic_read,          PHYSDEVOP_alloc_irq_vector,
		PHYSDEVOP_map_pirq,           PHYSDEVOP_unmap_pirq,
		PHYSDEVOP_setup_gsi,          PHYSDEVOP_get_free_pirq,
		PHYSDEVOP_manage_pci_add,     PHYSDEVOP_pci_mmcfg_reserved,
		PHYSDEVOP_manage_pci_add_ext, PHYSDEVOP_pci_device_add,
		PHYSDEVOP_pci_device_remove,  PHYSDEVOP_manage_pci_remove,
		PHYSDEVOP_restore_msi,        PHYSDEVOP_restore_msi_ext,
		PHYSDEVOP_prepare_msix,       PHYSDEVOP_release_msix,
		PHYSDEVOP_free_irq_vector,
	};
	u8 zeros[128] = {0};

	for (unsigned int i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		CHECK_EQ(hc_physdev_op(cmds[i], ARG(zeros)), -EPERM);
		CHECK_EQ(hc_physdev_op(cmds[i], 0), -EFAULT);
	}
}

static void lines(void)
{
	struct physdev_apic a = {.apic_physbase = 0xfec00000, .reg = 1};
	struct physdev_irq irq = {.irq = 9};
	struct physdev_setup_gsi s = {9, 1, 1};
	struct physdev_map_pirq m = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 9, .pirq = -1};
	struct physdev_unmap_pirq u = {DOMID_SELF, 9};
	struct physdev_get_free_pirq f = {.type = MAP_PIRQ_TYPE_MSI};

	CHECK_EQ(hc_physdev_op(PHYSDEVOP_apic_read, ARG(&a)), 0);
	CHECK_EQ(a.value, 0x170020);
	a.apic_physbase = 0;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_apic_read, ARG(&a)), -EINVAL);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_apic_write, ARG(&a)), -ENOSYS);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_alloc_irq_vector, ARG(&irq)), 0);
	CHECK_EQ(irq.vector, 9);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_free_irq_vector, ARG(&irq)), -ENOSYS);
	irq.irq = 1024;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_alloc_irq_vector, ARG(&irq)), -EINVAL);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_setup_gsi, ARG(&s)), 0);
	s.gsi = -1;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_setup_gsi, ARG(&s)), -EINVAL);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), 0);
	CHECK_EQ(m.pirq, 9);
	m.index = -1;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), -EINVAL);
	m.domid = 55;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), -ESRCH);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_unmap_pirq, ARG(&u)), 0);
	u.domid = 55;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_unmap_pirq, ARG(&u)), -ESRCH);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_get_free_pirq, ARG(&f)), 0);
	CHECK_EQ(f.pirq, 30);
	CHECK_EQ(refs, 0);
}

static void messages(void)
{
	struct physdev_map_pirq m = {.domid = DOMID_SELF,
				     .type = MAP_PIRQ_TYPE_MSI_SEG,
				     .pirq = -1,
				     .bus = 1 << 16 | 2,
				     .devfn = 3,
				     .entry_nr = 3,
				     .table_base = 0xe0000000};

	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), 0);
	CHECK_EQ(m.pirq, 100);
	/* A failure half-way gives everything back. */
	map_result = -ENOSPC;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), -ENOSPC);
	CHECK_EQ(claimed, 1);
	CHECK_EQ(routed, 1);
	map_result = 0;
	m.type = MAP_PIRQ_TYPE_MSI; /* means segment 0 */
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), -ENODEV);
	m.type = MAP_PIRQ_TYPE_MULTI_MSI;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), -EOPNOTSUPP);
	m.entry_nr = 1;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), 0);
	m.type = MAP_PIRQ_TYPE_MSI_SEG;
	m.entry_nr = 2048;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), -EINVAL);
	m.entry_nr = -1;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), -EINVAL);
	m.type = MAP_PIRQ_TYPE_UNKNOWN;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_map_pirq, ARG(&m)), -EINVAL);
}

static void devices(void)
{
	struct physdev_pci_device dev = {0, 2, 3};
	struct physdev_manage_pci old = {2, 3};
	union {
		struct physdev_pci_device_add add;
		u32 with_pxm[sizeof(struct physdev_pci_device_add) / 4 + 1];
	} add = {.add = {.seg = 1, .bus = 2, .devfn = 3, .flags = XEN_PCI_DEV_PXM}};
	struct physdev_pci_mmcfg_reserved mm = {.address = 1, .flags = XEN_PCI_MMCFG_RESERVED};

	CHECK_EQ(hc_physdev_op(PHYSDEVOP_pci_device_add, ARG(&add)), 0);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_manage_pci_add, ARG(&old)), 0);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_manage_pci_remove, ARG(&old)), 0);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_restore_msi, ARG(&old)), 0);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_restore_msi_ext, ARG(&dev)), 0);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_prepare_msix, ARG(&dev)), 0);
	dev.devfn = 4;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_release_msix, ARG(&dev)), -ENODEV);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_pci_device_remove, ARG(&dev)), -ENODEV);
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_pci_mmcfg_reserved, ARG(&mm)), 0);
	mm.address = 0;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_pci_mmcfg_reserved, ARG(&mm)), -ENODEV);
	mm.flags = 0;
	CHECK_EQ(hc_physdev_op(PHYSDEVOP_pci_mmcfg_reserved, ARG(&mm)), 0);
}

int main(void)
{
	version();
	platform_ops();
	machine_checks();
	as(&guest_vcpu);
	own_rights();
	no_rights();
	as(&control_vcpu);
	own_rights();
	lines();
	messages();
	devices();
	return check_done("platform");
}
