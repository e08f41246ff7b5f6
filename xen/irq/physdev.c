// SPDX-License-Identifier: MIT
/*
 * The physdev_op hypercall: what a kernel with hardware in its hands asks for.  Each sub-op
 * copies its argument once, checks rights, acts, and copies the answer back.
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

static long op_map_pirq(unsigned long arg)
{
	struct physdev_map_pirq m;
	struct domain *d;
	long rc;

	if (guest_read(&m, arg, sizeof(m)))
		return -EFAULT;
	if (!current->domain->is_privileged)
		return -EPERM;
	d = domain_get(m.domid);
	if (!d)
		return -ESRCH;
	switch (m.type) {
	case MAP_PIRQ_TYPE_GSI:
		rc = map_line(d, &m);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
	case MAP_PIRQ_TYPE_MULTI_MSI:
		rc = map_message(d, &m);
		break;
	default:
		rc = -EINVAL;
	}
	if (!rc && guest_write(arg, &m, sizeof(m))) {
		pirq_unmap(d, m.pirq);
		rc = -EFAULT;
	}
	domain_put(d);
	return rc;
}

static long op_unmap_pirq(unsigned long arg)
{
	struct physdev_unmap_pirq u;
	struct domain *d;
	long rc;

	if (guest_read(&u, arg, sizeof(u)))
		return -EFAULT;
	if (!current->domain->is_privileged)
		return -EPERM;
	d = domain_get(u.domid);
	if (!d)
		return -ESRCH;
	rc = pirq_unmap(d, u.pirq);
	domain_put(d);
	return rc;
}

static long op_irq(unsigned int cmd, unsigned long arg)
{
	struct physdev_irq irq;

	if (guest_read(&irq, arg, sizeof(irq)))
		return -EFAULT;
	if (!current->domain->is_privileged)
		return -EPERM;
	if (cmd == PHYSDEVOP_free_irq_vector)
		return -ENOSYS;
	/* Real vectors are ours; the number that a kernel sees is the line's own. */
	if (irq.irq >= pirq_limit(current->domain))
		return -EINVAL;
	irq.vector = irq.irq;
	return guest_write(arg, &irq, sizeof(irq)) ? -EFAULT : 0;
}

static long op_status(unsigned long arg)
{
	struct physdev_irq_status_query q;
	int rc;

	if (guest_read(&q, arg, sizeof(q)))
		return -EFAULT;
	rc = pirq_status(current->domain, q.irq, &q.flags);
	if (rc)
		return rc;
	return guest_write(arg, &q, sizeof(q)) ? -EFAULT : 0;
}

static long op_apic_read(unsigned long arg)
{
	struct physdev_apic a;
	int rc;

	if (guest_read(&a, arg, sizeof(a)))
		return -EFAULT;
	if (!current->domain->is_privileged)
		return -EPERM;
	rc = ioapic_guest_read(a.apic_physbase, a.reg, &a.value);
	if (rc)
		return rc;
	return guest_write(arg, &a, sizeof(a)) ? -EFAULT : 0;
}

static long op_setup_gsi(unsigned long arg)
{
	struct physdev_setup_gsi s;

	if (guest_read(&s, arg, sizeof(s)))
		return -EFAULT;
	if (!current->domain->is_privileged)
		return -EPERM;
	return irq_configure_line((unsigned int)s.gsi, s.triggering, s.polarity);
}

static long op_set_iopl(unsigned long arg)
{
	struct physdev_set_iopl s;

	if (guest_read(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.iopl > 3)
		return -EINVAL;
	current->arch.iopl = (u8)s.iopl;
	return 0;
}

static long op_set_iobitmap(unsigned long arg)
{
	struct physdev_set_iobitmap s;

	if (guest_read(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.nr_ports > IO_PORTS)
		return -EINVAL;
	/* Read when user code faults on a port, not before. */
	current->arch.io_bitmap = guest_handle_addr(s.bitmap, 0);
	current->arch.io_bitmap_ports = s.nr_ports;
	return 0;
}

static long op_eoi_page(unsigned int cmd, unsigned long arg)
{
	struct physdev_pirq_eoi_gmfn g;

	if (guest_read(&g, arg, sizeof(g)))
		return -EFAULT;
	return pirq_set_eoi_page(current->domain, g.gmfn, cmd == PHYSDEVOP_pirq_eoi_gmfn_v1);
}

static long op_get_free_pirq(unsigned long arg)
{
	struct physdev_get_free_pirq f;
	int rc;

	if (guest_read(&f, arg, sizeof(f)))
		return -EFAULT;
	if (!current->domain->is_privileged)
		return -EPERM;
	rc = pirq_reserve(current->domain, f.type == MAP_PIRQ_TYPE_GSI, &f.pirq);
	if (rc)
		return rc;
	return guest_write(arg, &f, sizeof(f)) ? -EFAULT : 0;
}

/* Sub-ops that name a device in one of the ABI's two old and two new forms. */
static long op_device(unsigned int cmd, unsigned long arg)
{
	struct physdev_pci_device dev = {0};
	struct physdev_manage_pci old;
	bool has_msix;

	switch (cmd) {
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_add_ext:
	case PHYSDEVOP_manage_pci_remove:
	case PHYSDEVOP_restore_msi:
		/* All begin with bus and devfn, in segment 0; no more of them is needed. */
		if (guest_read(&old, arg, sizeof(old)))
			return -EFAULT;
		dev.bus = old.bus;
		dev.devfn = old.devfn;
		break;
	default:
		/* physdev_pci_device_add begins as physdev_pci_device does. */
		if (guest_read(&dev, arg, sizeof(dev)))
			return -EFAULT;
	}
	if (!current->domain->is_privileged)
		return -EPERM;

	switch (cmd) {
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_add_ext:
	case PHYSDEVOP_pci_device_add:
		return pci_add(dev.seg, dev.bus, dev.devfn);
	case PHYSDEVOP_manage_pci_remove:
	case PHYSDEVOP_pci_device_remove:
		return pci_remove(dev.seg, dev.bus, dev.devfn);
	case PHYSDEVOP_restore_msi:
	case PHYSDEVOP_restore_msi_ext:
		return irq_restore_device(dev.seg, dev.bus, dev.devfn);
	default:
		/* prepare_msix, release_msix: the table is always kept from its driver. */
		return pci_known(dev.seg, dev.bus, dev.devfn, &has_msix) && has_msix ? 0 : -ENODEV;
	}
}

static long op_mmcfg(unsigned long arg)
{
	struct physdev_pci_mmcfg_reserved m;

	if (guest_read(&m, arg, sizeof(m)))
		return -EFAULT;
	if (!current->domain->is_privileged)
		return -EPERM;
	if (!(m.flags & XEN_PCI_MMCFG_RESERVED))
		return 0; /* not reserved, so not used by us: nothing to record */
	return pci_mmcfg_reserved(m.segment, m.start_bus, m.end_bus, m.address);
}

static long op_eoi(unsigned long arg)
{
	struct physdev_eoi e;

	if (guest_read(&e, arg, sizeof(e)))
		return -EFAULT;
	return pirq_eoi(current->domain, e.irq);
}

long hc_physdev_op(unsigned long cmd, unsigned long arg)
{
	switch ((unsigned int)cmd) {
	case PHYSDEVOP_IRQ_UNMASK_NOTIFY:
		return 0;
	case PHYSDEVOP_irq_status_query:
		return op_status(arg);
	case PHYSDEVOP_set_iopl:
		return op_set_iopl(arg);
	case PHYSDEVOP_set_iobitmap:
		return op_set_iobitmap(arg);
	case PHYSDEVOP_apic_read:
		return op_apic_read(arg);
	case PHYSDEVOP_alloc_irq_vector:
	case PHYSDEVOP_free_irq_vector:
		return op_irq((unsigned int)cmd, arg);
	case PHYSDEVOP_eoi:
		return op_eoi(arg);
	case PHYSDEVOP_map_pirq:
		return op_map_pirq(arg);
	case PHYSDEVOP_unmap_pirq:
		return op_unmap_pirq(arg);
	case PHYSDEVOP_pirq_eoi_gmfn_v1:
	case PHYSDEVOP_pirq_eoi_gmfn_v2:
		return op_eoi_page((unsigned int)cmd, arg);
	case PHYSDEVOP_setup_gsi:
		return op_setup_gsi(arg);
	case PHYSDEVOP_get_free_pirq:
		return op_get_free_pirq(arg);
	case PHYSDEVOP_pci_mmcfg_reserved:
		return op_mmcfg(arg);
	case PHYSDEVOP_manage_pci_add:
	case PHYSDEVOP_manage_pci_remove:
	case PHYSDEVOP_manage_pci_add_ext:
	case PHYSDEVOP_pci_device_add:
	case PHYSDEVOP_pci_device_remove:
	case PHYSDEVOP_restore_msi:
	case PHYSDEVOP_restore_msi_ext:
	case PHYSDEVOP_prepare_msix:
	case PHYSDEVOP_release_msix:
		return op_device((unsigned int)cmd, arg);
	default:
		return -ENOSYS;
	}
}
