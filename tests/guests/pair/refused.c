// SPDX-License-Identifier: MIT
/*
 * Every call that is not for a domU, made by one: whole hypercalls, sub-ops on others' memory,
 * mappings in others' names.  security.md's rule: rights are looked at before anything else.
 */
#include "pair.h"

#include <xen/arch-x86/xen-mca.h>
#include <xen/physdev.h>
#include <xen/platform.h>

static long child_memory(unsigned long cmd, void *arg, size_t size)
{
	return child_op(&c, __HYPERVISOR_memory_op, cmd, arg, size, 0);
}

static long child_physdev(unsigned long cmd)
{
	uint64_t zero[8] = {0};

	return child_op(&c, __HYPERVISOR_physdev_op, cmd, zero, sizeof(zero), 0);
}

static void refused_calls(void)
{
	struct xen_domctl d = {.interface_version = XEN_DOMCTL_INTERFACE_VERSION};
	struct xen_sysctl s = {.interface_version = XEN_SYSCTL_INTERFACE_VERSION};
	struct xen_platform_op p = {.cmd = XENPF_get_cpuinfo,
				    .interface_version = XENPF_INTERFACE_VERSION};
	struct xen_mc m = {.cmd = XEN_MC_fetch, .interface_version = XEN_MCA_INTERFACE_VERSION};
	struct sched_remote_shutdown off = {.domain_id = 0, .reason = SHUTDOWN_crash};
	static const uint32_t commands[] = {
		XEN_DOMCTL_createdomain,  XEN_DOMCTL_destroydomain,    XEN_DOMCTL_pausedomain,
		XEN_DOMCTL_getdomaininfo, XEN_DOMCTL_setvcpucontext,   XEN_DOMCTL_max_mem,
		XEN_DOMCTL_max_vcpus,     XEN_DOMCTL_iomem_permission, XEN_DOMCTL_irq_permission};
	static const uint32_t questions[] = {XEN_SYSCTL_physinfo,          XEN_SYSCTL_readconsole,
					     XEN_SYSCTL_getdomaininfolist, XEN_SYSCTL_debug_keys,
					     XEN_SYSCTL_sched_id,          XEN_SYSCTL_cputopoinfo};
	bool all = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		d.cmd = commands[i];
		d.domain = 0;
		all &= child_op(&c, __HYPERVISOR_domctl, 0, &d, sizeof(d), 0) == EPERM;
		d.domain = c.id;
		all &= child_op(&c, __HYPERVISOR_domctl, 0, &d, sizeof(d), 0) == EPERM;
	}
	ok(all, "h36 domctl, on dom0 and on itself");
	d.interface_version--;
	is("g6 domctl of another version", child_op(&c, __HYPERVISOR_domctl, 0, &d, sizeof(d), 0),
	   -13);
	all = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(questions); i++) {
		s.cmd = questions[i];
		all &= child_op(&c, __HYPERVISOR_sysctl, 0, &s, sizeof(s), 0) == EPERM;
	}
	ok(all, "h35 sysctl");
	is("h7 platform_op", child_op(&c, __HYPERVISOR_platform_op, 0, &p, sizeof(p), 0), EPERM);
	is("h48 mca", child_op(&c, __HYPERVISOR_mca, 0, &m, sizeof(m), 0), EPERM);
	differs("h37 kexec_op", child_call(&c, __HYPERVISOR_kexec_op, 0, 0, 0, 0), -38, EPERM,
		"there is no kexec in Dais");
	is("h29 remote_shutdown of dom0",
	   child_op(&c, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &off, sizeof(off), 0),
	   EPERM);
	off.domain_id = 77;
	differs("h29 of a domain that is not",
		child_op(&c, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &off, sizeof(off), 0),
		EPERM, ESRCH, "who has no right is not told which domains there are");
	is("h18 console_io",
	   child_call(&c, __HYPERVISOR_console_io, CONSOLEIO_write, 1, c.box_va, 0), EPERM);
	is("h18 console_io read",
	   child_call(&c, __HYPERVISOR_console_io, CONSOLEIO_read, 1, c.box_va, 0), EPERM);
	is("h33 apic_read", child_physdev(PHYSDEVOP_apic_read), EPERM);
	differs("h33 apic_write", child_physdev(PHYSDEVOP_apic_write), -38, EPERM,
		"nobody may, dom0 neither");
	is("h33 pci_device_add", child_physdev(PHYSDEVOP_pci_device_add), EPERM);
	is("h33 pci_device_remove", child_physdev(PHYSDEVOP_pci_device_remove), EPERM);
	is("h33 manage_pci_add", child_physdev(PHYSDEVOP_manage_pci_add), EPERM);
	is("h33 setup_gsi", child_physdev(PHYSDEVOP_setup_gsi), EPERM);
	is("h33 prepare_msix", child_physdev(PHYSDEVOP_prepare_msix), EPERM);
}

static void refused_memory(void)
{
	struct xen_memory_domain zero = {.domid = 0};
	struct xen_memory_reservation r = {.nr_extents = 1, .domid = 0};
	struct xen_memory_map map = {0};
	struct xen_machphys_mfn_list ml = {.max_extents = 1};
	struct xen_foreign_memory_map f = {.domid = 0, .map.nr_entries = 1};
	struct xen_mem_acquire_resource a = {.domid = 0, .type = XENMEM_resource_grant_table};
	struct xen_memory_exchange x = {.in = {.domid = 0, .nr_extents = 1},
					.out = {.domid = 0, .nr_extents = 1}};

	child_poke(&c, place(2), virt_to_mfn(kernel_root()));
	set_xen_guest_handle(r.extent_start, (xen_pfn_t *)place(2));
	is("h12.0 increase for dom0", child_memory(XENMEM_increase_reservation, &r, sizeof(r)), 0);
	is("h12.1 decrease of dom0", child_memory(XENMEM_decrease_reservation, &r, sizeof(r)), 0);
	is("h12.6 populate for dom0", child_memory(XENMEM_populate_physmap, &r, sizeof(r)), 0);
	is("h12.3 dom0's pages", child_memory(XENMEM_current_reservation, &zero, sizeof(zero)),
	   EPERM);
	is("h12.4 its limit", child_memory(XENMEM_maximum_reservation, &zero, sizeof(zero)), EPERM);
	is("h12.14 its highest frame", child_memory(XENMEM_maximum_gpfn, &zero, sizeof(zero)),
	   EPERM);
	is("h12.10 the machine's memory map",
	   child_memory(XENMEM_machine_memory_map, &map, sizeof(map)), EPERM);
	set_xen_guest_handle(ml.extent_start, (xen_pfn_t *)place(2));
	differs("h12.5 the M2P's frames", child_memory(XENMEM_machphys_mfn_list, &ml, sizeof(ml)),
		EPERM, 0, "of no use to who may not map them");
	is("h12.13 a memory map for dom0", child_memory(XENMEM_set_memory_map, &f, sizeof(f)),
	   EPERM);
	is("h12.24 a claim", ({
		   struct xen_memory_reservation claim = {.nr_extents = 1, .domid = 0};
		   child_memory(XENMEM_claim_pages, &claim, sizeof(claim));
	   }),
	   EPERM);
	is("h12.28 dom0's grant table", child_memory(XENMEM_acquire_resource, &a, sizeof(a)),
	   EPERM);
	set_xen_guest_handle(x.in.extent_start, (xen_pfn_t *)place(2));
	set_xen_guest_handle(x.out.extent_start, (xen_pfn_t *)place(2));
	is("h12.11 exchange for dom0", child_memory(XENMEM_exchange, &x, sizeof(x)), EPERM);
}

/* Entries of its own tables, which the child asks for in another's name. */
static long child_update(uint64_t value, unsigned long foreigndom)
{
	child_poke(&c, place(2), c.l1_frame << 12 | (c.spare + 3) % 512 * 8);
	child_poke(&c, place(2) + 8, value);
	return child_call(&c, __HYPERVISOR_mmu_update, place(2), 1, 0, foreigndom);
}

static void refused_maps(void)
{
	uint64_t ours = virt_to_mfn(page_alloc());
	struct mmuext_op op = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = ours};

	is("h1.0 dom0's frame in its own name", child_update(ours << 12 | PTE_KERNEL, DOMID_SELF),
	   -16);
	is("h1.0 in dom0's", child_update(ours << 12 | PTE_KERNEL, 0), EPERM);
	is("h1.0 in Xen's", child_update(ours << 12 | PTE_KERNEL, DOMID_XEN), EPERM);
	is("h1.0 of a domain that is not", child_update(ours << 12 | PTE_KERNEL, 77), ESRCH);
	is("h1.0 the local APIC", child_update(0xfee00UL << 12 | PTE_KERNEL, DOMID_IO), EPERM);
	is("h1.0 what PCs have below 1 MiB", child_update(0xb8UL << 12 | PTE_KERNEL, DOMID_IO),
	   EPERM);
	is("h1.0 the same in its own name", child_update(0xb8UL << 12 | PTE_KERNEL, DOMID_SELF),
	   EPERM);
	is("h1.0 tables of dom0", child_update(ours << 12 | PTE_KERNEL, 1UL << 16 | DOMID_SELF),
	   EPERM);
	is("h22 update_va_mapping_otherdomain",
	   child_call(&c, __HYPERVISOR_update_va_mapping_otherdomain, place(3),
		      ours << 12 | PTE_KERNEL, 0, 0),
	   EPERM);
	is("h26 a pin in dom0's name", ({
		   child_poke(&c, place(2), op.cmd);
		   child_poke(&c, place(2) + 8, op.arg1.mfn);
		   child_call(&c, __HYPERVISOR_mmuext_op, place(2), 1, 0, 0);
	   }),
	   EPERM);
	is("h26 of dom0's frame in its own",
	   child_call(&c, __HYPERVISOR_mmuext_op, place(2), 1, 0, DOMID_SELF), EINVAL);
	child_poke(&c, place(2), MMUEXT_NEW_BASEPTR);
	child_poke(&c, place(2) + 8, virt_to_mfn(kernel_root()));
	is("h26.5 dom0's root", child_call(&c, __HYPERVISOR_mmuext_op, place(2), 1, 0, DOMID_SELF),
	   EINVAL);
	child_poke(&c, place(2), MMUEXT_FLUSH_CACHE);
	is("h26.12 flushing caches",
	   child_call(&c, __HYPERVISOR_mmuext_op, place(2), 1, 0, DOMID_SELF), -13);
	child_poke(&c, place(2), virt_to_mfn(kernel_root()));
	ok(child_call(&c, __HYPERVISOR_set_gdt, place(2), 512, 0, 0) < 0, "h2 dom0's frame as GDT");
	ok(child_call(&c, __HYPERVISOR_update_descriptor, ours << 12, 0, 0, 0) < 0,
	   "h10 a descriptor in dom0's memory");
}

void refused(void)
{
	refused_calls();
	refused_memory();
	refused_maps();
}
