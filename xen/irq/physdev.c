// SPDX-License-Identifier: MIT
/*
 * The physdev_op hypercall: what a kernel with hardware in its hands asks for.  The table at
 * the end says of each sub-op what to copy in, who may, and whether to copy the answer back.
 *
 * A domain without rights may ask about its own pirqs and set its own I/O privilege; a
 * line, a device or another domain may be named by dom0 alone.
 */
#define LOG_ROOM "physdev"
#include "console/log.h"
#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "irq/irq.h"
#include "irq/pci.h"
#include "irq/pirq.h"
#include "lib/errno.h"
#include "machine/ioapic.h"
#include "machine/percpu.h"
#include <xen/physdev.h>

#define IO_PORTS 65536u

/* What a sub-op's argument may be. */
union args {
	struct physdev_map_pirq map;
	struct physdev_unmap_pirq unmap;
	struct physdev_irq irq;
	struct physdev_irq_status_query status;
	struct physdev_apic apic;
	struct physdev_setup_gsi setup;
	struct physdev_set_iopl iopl;
	struct physdev_set_iobitmap iobitmap;
	struct physdev_pirq_eoi_gmfn eoi_page;
	struct physdev_get_free_pirq free_pirq;
	struct physdev_manage_pci old;
	struct physdev_pci_device dev;
	struct physdev_pci_mmcfg_reserved mmcfg;
	struct physdev_eoi eoi;
};

static int map_line(struct domain *d, struct physdev_map_pirq *m)
{
	if (m->index < 0)
		return -EINVAL;
	return pirq_map_line(d, (unsigned int)m->index, &m->pirq);
}

static int map_message(struct domain *d, struct physdev_map_pirq *m)
{
	bool msix = m->table_base != 0;
	struct pci_dev *dev;
	u16 seg = m->type == MAP_PIRQ_TYPE_MSI ? 0 : (u16)((u32)m->bus >> 16);
	int rc, irq;

	if (m->devfn < 0 || m->devfn > 255 || m->entry_nr < 0 || m->entry_nr > 2047)
		return -EINVAL;
	if (m->type == MAP_PIRQ_TYPE_MULTI_MSI) {
		/* Several at once need neighbouring vectors; callers fall back to one. */
		if (m->entry_nr != 1)
			return -EOPNOTSUPP;
		msix = false;
	}
	rc = pci_claim_msi(seg, (u8)m->bus, (u8)m->devfn, msix,
			   msix ? (unsigned int)m->entry_nr : 0, m->table_base, &dev);
	if (rc)
		return rc;
	irq = irq_alloc_msi(dev, msix, msix ? (unsigned int)m->entry_nr : 0);
	rc = irq < 0 ? irq : pirq_map_message(d, (unsigned int)irq, &m->pirq);
	if (rc) {
		if (irq >= 0)
			irq_free_msi((unsigned int)irq);
		pci_release_msi(dev, msix, msix ? (unsigned int)m->entry_nr : 0);
	}
	return rc;
}

static int op_map_pirq(union args *a, unsigned int cmd __unused, unsigned long arg)
{
	struct domain *d = domain_get(a->map.domid);
	int rc = -EINVAL;

	if (!d)
		return -ESRCH;
	switch (a->map.type) {
	case MAP_PIRQ_TYPE_GSI:
		rc = map_line(d, &a->map);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
	case MAP_PIRQ_TYPE_MULTI_MSI:
		rc = map_message(d, &a->map);
		break;
	}
	if (!rc && guest_write(arg, &a->map, sizeof(a->map))) {
		pirq_unmap(d, a->map.pirq);
		rc = -EFAULT;
	}
	domain_put(d);
	return rc;
}

static int op_unmap_pirq(union args *a, unsigned int cmd __unused, unsigned long arg __unused)
{
	struct domain *d = domain_get(a->unmap.domid);
	int rc;

	if (!d)
		return -ESRCH;
	rc = pirq_unmap(d, a->unmap.pirq);
	domain_put(d);
	return rc;
}

static int op_irq(union args *a, unsigned int cmd, unsigned long arg __unused)
{
	if (cmd == PHYSDEVOP_free_irq_vector)
		return -ENOSYS;
	/* Real vectors are ours; the number that a kernel sees is the line's own. */
	if (a->irq.irq >= pirq_limit(current->domain))
		return -EINVAL;
	a->irq.vector = a->irq.irq;
	return 0;
}

static int op_status(union args *a, unsigned int cmd __unused, unsigned long arg __unused)
{
	return pirq_status(current->domain, a->status.irq, &a->status.flags);
}

static int op_apic_read(union args *a, unsigned int cmd __unused, unsigned long arg __unused)
{
	return ioapic_guest_read(a->apic.apic_physbase, a->apic.reg, &a->apic.value);
}

static int op_setup_gsi(union args *a, unsigned int cmd __unused, unsigned long arg __unused)
{
	return irq_configure_line((unsigned int)a->setup.gsi, a->setup.triggering,
				  a->setup.polarity);
}

static int op_set_iopl(union args *a, unsigned int cmd __unused, unsigned long arg __unused)
{
	if (a->iopl.iopl > 3)
		return -EINVAL;
	current->arch.iopl = (u8)a->iopl.iopl;
	return 0;
}

static int op_set_iobitmap(union args *a, unsigned int cmd __unused, unsigned long arg __unused)
{
	if (a->iobitmap.nr_ports > IO_PORTS)
		return -EINVAL;
	/* Read when user code faults on a port, not before. */
	current->arch.io_bitmap = guest_handle_addr(a->iobitmap.bitmap, 0);
	current->arch.io_bitmap_ports = a->iobitmap.nr_ports;
	return 0;
}

static int op_eoi_page(union args *a, unsigned int cmd, unsigned long arg __unused)
{
	return pirq_set_eoi_page(current->domain, a->eoi_page.gmfn,
				 cmd == PHYSDEVOP_pirq_eoi_gmfn_v1);
}

static int op_get_free_pirq(union args *a, unsigned int cmd __unused, unsigned long arg __unused)
{
	return pirq_reserve(current->domain, a->free_pirq.type == MAP_PIRQ_TYPE_GSI,
			    &a->free_pirq.pirq);
}

static int op_device(const struct physdev_pci_device *dev, unsigned int cmd)
{
	bool has_msix;

	switch (cmd) {
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_add_ext:
	case PHYSDEVOP_pci_device_add:
		return pci_add(dev->seg, dev->bus, dev->devfn);
	case PHYSDEVOP_manage_pci_remove:
	case PHYSDEVOP_pci_device_remove:
		return pci_remove(dev->seg, dev->bus, dev->devfn);
	case PHYSDEVOP_restore_msi:
	case PHYSDEVOP_restore_msi_ext:
		return irq_restore_device(dev->seg, dev->bus, dev->devfn);
	default:
		/* prepare_msix, release_msix: the table is always kept from its driver. */
		return pci_known(dev->seg, dev->bus, dev->devfn, &has_msix) && has_msix ? 0
											: -ENODEV;
	}
}

/* physdev_pci_device_add begins as physdev_pci_device does, and needs no more of it. */
static int op_new_device(union args *a, unsigned int cmd, unsigned long arg __unused)
{
	return op_device(&a->dev, cmd);
}

/* All of the old form begin with bus and devfn, in segment 0. */
static int op_old_device(union args *a, unsigned int cmd, unsigned long arg __unused)
{
	struct physdev_pci_device dev = {.bus = a->old.bus, .devfn = a->old.devfn};

	return op_device(&dev, cmd);
}

static int op_mmcfg(union args *a, unsigned int cmd __unused, unsigned long arg __unused)
{
	if (!(a->mmcfg.flags & XEN_PCI_MMCFG_RESERVED))
		return 0; /* not reserved, so not used by us: nothing to record */
	return pci_mmcfg_reserved(a->mmcfg.segment, a->mmcfg.start_bus, a->mmcfg.end_bus,
				  a->mmcfg.address);
}

static int op_eoi(union args *a, unsigned int cmd __unused, unsigned long arg __unused)
{
	return pirq_eoi(current->domain, a->eoi.irq);
}

enum { DOM0_ONLY = 1, ANSWERS = 2 };

#define TAKES(member, flags, fn)                             \
	{                                                    \
		sizeof(((union args *)0)->member), flags, fn \
	}

static const struct {
	u8 size, flags;
	int (*fn)(union args *a, unsigned int cmd, unsigned long arg);
} sub_ops[] = {
	[PHYSDEVOP_irq_status_query] = TAKES(status, ANSWERS, op_status),
	[PHYSDEVOP_set_iopl] = TAKES(iopl, 0, op_set_iopl),
	[PHYSDEVOP_set_iobitmap] = TAKES(iobitmap, 0, op_set_iobitmap),
	[PHYSDEVOP_apic_read] = TAKES(apic, DOM0_ONLY | ANSWERS, op_apic_read),
	[PHYSDEVOP_alloc_irq_vector] = TAKES(irq, DOM0_ONLY | ANSWERS, op_irq),
	[PHYSDEVOP_free_irq_vector] = TAKES(irq, DOM0_ONLY, op_irq),
	[PHYSDEVOP_eoi] = TAKES(eoi, 0, op_eoi),
	[PHYSDEVOP_map_pirq] = TAKES(map, DOM0_ONLY, op_map_pirq),
	[PHYSDEVOP_unmap_pirq] = TAKES(unmap, DOM0_ONLY, op_unmap_pirq),
	[PHYSDEVOP_pirq_eoi_gmfn_v1] = TAKES(eoi_page, 0, op_eoi_page),
	[PHYSDEVOP_pirq_eoi_gmfn_v2] = TAKES(eoi_page, 0, op_eoi_page),
	[PHYSDEVOP_setup_gsi] = TAKES(setup, DOM0_ONLY, op_setup_gsi),
	[PHYSDEVOP_get_free_pirq] = TAKES(free_pirq, DOM0_ONLY | ANSWERS, op_get_free_pirq),
	[PHYSDEVOP_pci_mmcfg_reserved] = TAKES(mmcfg, DOM0_ONLY, op_mmcfg),
	[PHYSDEVOP_manage_pci_add] = TAKES(old, DOM0_ONLY, op_old_device),
	[PHYSDEVOP_manage_pci_remove] = TAKES(old, DOM0_ONLY, op_old_device),
	[PHYSDEVOP_manage_pci_add_ext] = TAKES(old, DOM0_ONLY, op_old_device),
	[PHYSDEVOP_restore_msi] = TAKES(old, DOM0_ONLY, op_old_device),
	[PHYSDEVOP_pci_device_add] = TAKES(dev, DOM0_ONLY, op_new_device),
	[PHYSDEVOP_pci_device_remove] = TAKES(dev, DOM0_ONLY, op_new_device),
	[PHYSDEVOP_restore_msi_ext] = TAKES(dev, DOM0_ONLY, op_new_device),
	[PHYSDEVOP_prepare_msix] = TAKES(dev, DOM0_ONLY, op_new_device),
	[PHYSDEVOP_release_msix] = TAKES(dev, DOM0_ONLY, op_new_device),
};

long hc_physdev_op(unsigned long op, unsigned long arg)
{
	unsigned int cmd = (unsigned int)op;
	union args a = {0};
	int rc;

	if (cmd == PHYSDEVOP_IRQ_UNMASK_NOTIFY)
		return 0;
	if (cmd >= ARRAY_SIZE(sub_ops))
		return -ENOSYS;
	cmd = (unsigned int)index_nospec(cmd, ARRAY_SIZE(sub_ops));
	if (!sub_ops[cmd].fn)
		return -ENOSYS;
	if (guest_read(&a, arg, sub_ops[cmd].size))
		return -EFAULT;
	if ((sub_ops[cmd].flags & DOM0_ONLY) && !current->domain->is_privileged)
		return -EPERM;
	rc = sub_ops[cmd].fn(&a, cmd, arg);
	if (!rc && (sub_ops[cmd].flags & ANSWERS) && guest_write(arg, &a, sub_ops[cmd].size))
		return -EFAULT;
	return rc;
}
