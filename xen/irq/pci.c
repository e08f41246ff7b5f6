// SPDX-License-Identifier: MIT
/*
 * The list of PCI functions, and configuration space through ports 0xcf8/0xcfc (segment 0)
 * or its memory-mapped form.
 *
 * dom0 owns every device; what is kept from it are the messages: their address and data,
 * since a message is an interrupt at a vector of its writer's choice, and the table of
 * MSI-X, which its driver need not write under this ABI.
 */
#define LOG_ROOM "pci"
#include "irq/pci.h"

#include "boot/acpi.h"
#include "console/log.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/lock.h"
#include "machine/machine.h"
#include "machine/pagemap.h"
#include "mm/frame.h"
#include "mm/iomem.h"
#include "mm/slab.h"

#define CFG_COMMAND 0x04
#define CFG_STATUS 0x06
#define CFG_HEADER_TYPE 0x0e
#define CFG_BAR(n) (0x10 + 4 * (n))
#define CFG_CAPABILITIES 0x34
#define STATUS_CAPABILITIES 0x10u
#define COMMAND_MEMORY 0x2u
#define CAP_MSI 0x05
#define CAP_MSIX 0x11
#define CAPS_MAX 48 /* that fit; a list longer than that is a ring */
#define MSIX_ENTRY_SIZE 16u
#define BUS_CFG_SIZE (1UL << 20)

static struct spinlock list_lock = SPINLOCK_INIT(PCI);
static struct pci_dev *devices;

/* The address and data ports are a pair. */
static struct spinlock port_lock = SPINLOCK_INIT(IOAPIC);

/* Mapped configuration space of buses of segments beyond 0, by entry of acpi_info.mcfgs. */
static volatile u8 **mmcfg_buses[ACPI_MCFGS];

/* --- access --- */

/* NULL when it is not mapped (yet).  Only segment 0 goes without. */
static volatile u8 *mmcfg(u16 seg, u8 bus, u8 devfn, unsigned int reg)
{
	for (unsigned int i = 0; i < acpi_info.mcfg_count; i++) {
		const struct acpi_mcfg *m = &acpi_info.mcfgs[i];

		if (m->segment != seg || bus < m->bus_first || bus > m->bus_last)
			continue;
		if (!mmcfg_buses[i] || !mmcfg_buses[i][bus])
			return NULL;
		return mmcfg_buses[i][bus] + ((unsigned int)devfn << 12) + reg;
	}
	return NULL;
}

/* Maps a bus before its first device is added, where memory may be allocated; list_lock. */
static void mmcfg_map(u16 seg, u8 bus)
{
	for (unsigned int i = 0; seg && i < acpi_info.mcfg_count; i++) {
		const struct acpi_mcfg *m = &acpi_info.mcfgs[i];
		volatile u8 **buses = mmcfg_buses[i];

		if (m->segment != seg || bus < m->bus_first || bus > m->bus_last)
			continue;
		if (!buses)
			buses = kcalloc(256, sizeof(*buses));
		if (!buses)
			return;
		if (!buses[bus])
			buses[bus] = device_map(m->base + bus * BUS_CFG_SIZE, BUS_CFG_SIZE);
		__atomic_store_n(&mmcfg_buses[i], buses, __ATOMIC_RELEASE);
	}
}

static u32 port_address(u8 bus, u8 devfn, unsigned int reg)
{
	return 0x80000000u | (u32)bus << 16 | (u32)devfn << 8 | (reg & 0xfc);
}

u32 pci_cfg_read(u16 seg, u8 bus, u8 devfn, unsigned int reg, unsigned int size)
{
	u32 value = ~0u;

	if (!seg && reg < 256) {
		unsigned long flags = spin_lock_irqsave(&port_lock);

		port_out(0xcf8, 4, port_address(bus, devfn, reg));
		value = port_in((u16)(0xcfc + (reg & 3)), size);
		spin_unlock_irqrestore(&port_lock, flags);
	} else {
		volatile u8 *p = reg < 4096 ? mmcfg(seg, bus, devfn, reg) : NULL;

		if (p)
			value = size == 1   ? *p
				: size == 2 ? *(volatile u16 *)p
					    : *(volatile u32 *)p;
	}
	return size == 4 ? value : value & ((1u << size * 8) - 1);
}

void pci_cfg_write(u16 seg, u8 bus, u8 devfn, unsigned int reg, unsigned int size, u32 value)
{
	volatile u8 *p;

	if (!seg && reg < 256) {
		unsigned long flags = spin_lock_irqsave(&port_lock);

		port_out(0xcf8, 4, port_address(bus, devfn, reg));
		port_out((u16)(0xcfc + (reg & 3)), size, value);
		spin_unlock_irqrestore(&port_lock, flags);
		return;
	}
	p = reg < 4096 ? mmcfg(seg, bus, devfn, reg) : NULL;
	if (!p)
		return;
	if (size == 1)
		*p = (u8)value;
	else if (size == 2)
		*(volatile u16 *)p = (u16)value;
	else
		*(volatile u32 *)p = value;
}

/* --- the list; list_lock is held --- */

static struct pci_dev *find(u16 seg, u8 bus, u8 devfn)
{
	struct pci_dev *dev = devices;

	while (dev && (dev->seg != seg || dev->bus != bus || dev->devfn != devfn))
		dev = dev->next;
	return dev;
}

static u32 read_dev(const struct pci_dev *dev, unsigned int reg, unsigned int size)
{
	return pci_cfg_read(dev->seg, dev->bus, dev->devfn, reg, size);
}

static void find_capabilities(struct pci_dev *dev)
{
	unsigned int pos;
	u32 control;

	if (!(read_dev(dev, CFG_STATUS, 2) & STATUS_CAPABILITIES))
		return;
	pos = read_dev(dev, CFG_CAPABILITIES, 1) & ~3u;
	for (unsigned int i = 0; i < CAPS_MAX && pos >= 0x40; i++) {
		u32 id = read_dev(dev, pos, 1);

		if (id == CAP_MSI && !dev->msi_pos) {
			dev->msi_pos = (u8)pos;
			control = read_dev(dev, pos + 2, 2);
			dev->msi_64 = control & PCI_MSI_64;
			dev->msi_maskable = control & PCI_MSI_MASKABLE;
		} else if (id == CAP_MSIX && !dev->msix_pos) {
			dev->msix_pos = (u8)pos;
			dev->msix_count = (u16)((read_dev(dev, pos + 2, 2) & 0x7ff) + 1);
		}
		pos = read_dev(dev, pos + 1, 1) & ~3u;
	}
}

int pci_add(u16 seg, u8 bus, u8 devfn)
{
	struct pci_dev *dev;

	guard_lock(&list_lock);
	if (find(seg, bus, devfn))
		return 0;
	dev = kmalloc(sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	mmcfg_map(seg, bus);
	dev->seg = seg;
	dev->bus = bus;
	dev->devfn = devfn;
	/* dom0's word that it is there is enough: a virtual function has no ids to read. */
	find_capabilities(dev);
	dev->next = devices;
	devices = dev;
	return 0;
}

int pci_remove(u16 seg, u8 bus, u8 devfn)
{
	struct pci_dev **link, *dev;

	guard_lock(&list_lock);
	dev = find(seg, bus, devfn);
	if (!dev)
		return -ENODEV;
	if (dev->msi_used || dev->msix_used)
		return -EBUSY;
	for (link = &devices; *link != dev; link = &(*link)->next)
		;
	*link = dev->next;
	kfree(dev->msix_entries);
	kfree(dev);
	return 0;
}

bool pci_known(u16 seg, u8 bus, u8 devfn, bool *has_msix)
{
	struct pci_dev *dev;

	guard_lock(&list_lock);
	dev = find(seg, bus, devfn);
	*has_msix = dev && dev->msix_pos;
	return dev;
}

/* --- messages --- */

/*
 * Maps the table of MSI-X and keeps dom0 from writing to its pages.  The BAR is read back
 * from the device: dom0 may set it as it likes, but can only harm devices of its own by
 * that, since RAM is refused.
 */
static int map_msix_table(struct pci_dev *dev, paddr_t table_base)
{
	u32 where = read_dev(dev, dev->msix_pos + 4u, 4), bir = where & 7;
	size_t size = dev->msix_count * MSIX_ENTRY_SIZE;
	paddr_t address = 0;

	if (!(read_dev(dev, CFG_COMMAND, 2) & COMMAND_MEMORY) && !table_base)
		return -ENXIO;
	if (bir < 6 && (read_dev(dev, CFG_HEADER_TYPE, 1) & 0x7f) == 0) {
		u32 bar = read_dev(dev, CFG_BAR(bir), 4);

		address = bar & ~0xfu;
		if ((bar & 6) == 4 && bir < 5)
			address |= (u64)read_dev(dev, CFG_BAR(bir + 1), 4) << 32;
	}
	if (!address) /* a virtual function: its BARs are in the physical one */
		address = table_base;
	if (!address)
		return -ENXIO;
	address += where & ~7u;
	for (unsigned long mfn = address >> PAGE_SHIFT; mfn <= (address + size - 1) >> PAGE_SHIFT;
	     mfn++)
		if (!iomem_is_device(MFN(mfn)))
			return -EINVAL;
	if (dev->msix_table && dev->msix_address == address)
		return 0;
	if (dev->msix_used)
		return -EBUSY; /* the BAR was moved under a table in use */
	if (!dev->msix_entries)
		dev->msix_entries = kcalloc(BITMAP_WORDS(dev->msix_count), sizeof(u64));
	if (!dev->msix_entries)
		return -ENOMEM;
	dev->msix_table = device_map(address, size);
	if (!dev->msix_table)
		return -ENOMEM;
	dev->msix_address = address;
	iomem_readonly(MFN(address >> PAGE_SHIFT), MFN(((address + size - 1) >> PAGE_SHIFT) + 1));
	return 0;
}

int pci_claim_msi(u16 seg, u8 bus, u8 devfn, bool msix, unsigned int entry, paddr_t table_base,
		  struct pci_dev **out)
{
	struct pci_dev *dev;
	int rc;

	guard_lock(&list_lock);
	*out = dev = find(seg, bus, devfn);
	if (!dev || !(msix ? dev->msix_pos : dev->msi_pos))
		return -ENODEV;
	if (msix && entry >= dev->msix_count)
		return -EINVAL;
	if (dev->msi_used)
		return msix ? -EBUSY : -EEXIST;
	if (!msix && dev->msix_used)
		return -EBUSY;
	if (!msix) {
		dev->msi_used = true;
		return 0;
	}
	rc = map_msix_table(dev, table_base);
	if (!rc && bit_test(dev->msix_entries, entry))
		rc = -EEXIST;
	if (!rc) {
		bit_set(dev->msix_entries, entry);
		dev->msix_used++;
	}
	return rc;
}

void pci_release_msi(struct pci_dev *dev, bool msix, unsigned int entry)
{
	guard_lock(&list_lock);
	if (msix) {
		bit_clear(dev->msix_entries, entry);
		dev->msix_used--;
	} else {
		dev->msi_used = false;
	}
}

/* Bits of a value written at reg that fall on [start, start + len), as a mask. */
static u32 overlap_mask(unsigned int reg, unsigned int size, unsigned int start, unsigned int len)
{
	u32 mask = 0;

	for (unsigned int i = 0; i < size; i++)
		if (reg + i >= start && reg + i < start + len)
			mask |= 0xffu << i * 8;
	return mask;
}

bool pci_cfg_write_intercept(u16 seg, u8 bus, u8 devfn, unsigned int reg, unsigned int size,
			     u32 *value)
{
	struct pci_dev *dev;
	unsigned int len;
	u32 hit;

	guard_lock(&list_lock);
	dev = find(seg, bus, devfn);
	if (!dev || !dev->msi_pos)
		return true;
	/* Control: on only while we have given it a message, and one message only. */
	hit = overlap_mask(reg, size, dev->msi_pos + 2u, 1);
	hit &= -hit; /* its lowest bit */
	*value &= ~(PCI_MSI_MULTIPLE * hit);
	if (!dev->msi_used)
		*value &= ~(PCI_MSI_ENABLE * hit);
	/* Address, data, masks: ours.  The length by the capability's two options. */
	len = (dev->msi_maskable ? 16 : 6) + (dev->msi_64 ? 4 : 0);
	return !overlap_mask(reg, size, dev->msi_pos + 4u, len);
}

int pci_mmcfg_reserved(u16 seg, u8 bus_first, u8 bus_last, u64 base)
{
	for (unsigned int i = 0; i < acpi_info.mcfg_count; i++) {
		const struct acpi_mcfg *m = &acpi_info.mcfgs[i];

		if (m->segment == seg && m->base == base && m->bus_first <= bus_first &&
		    m->bus_last >= bus_last)
			return 0;
	}
	return -ENODEV;
}
