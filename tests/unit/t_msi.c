// SPDX-License-Identifier: MIT
/*
 * PCI functions and their messages over a toy bus: capabilities are found (also on a bus
 * that lies), messages programmed and masked as the standard lays them out, claimed once,
 * and dom0's writes to them filtered byte by byte.
 */
#include "irq/pci.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "boot/acpi.h"
#include "check.h"
#include "hostheap.h"
#include "hostpanic.h"
#include "lib/errno.h"
#include "machine/machine.h"
#include "machine/msi.h"
#include "machine/pagemap.h"
#include "machine/smp.h"
#include "mm/iomem.h"
#include "mm/slab.h"

struct acpi_info acpi_info;
struct cpumask cpu_online_map;

/* Configuration space of functions 0:0.0 to 0:0.7; others are absent. */
static u8 config[8][256];
static u32 address_port;
static u32 table[64 * 4];
static u8 far_bus[1 << 20]; /* bus 2 of segment 1 */
static paddr_t ram_page = ~0UL, readonly_from, readonly_to;

u32 cpu_apic_id(unsigned int cpu)
{
	return cpu * 2;
}

void port_out(u16 port, unsigned int bytes, u32 value)
{
	unsigned int fn = (address_port >> 8) & 0xffff, reg = (address_port & 0xfc) + (port & 3);

	if (port == 0xcf8) {
		CHECK_EQ(bytes, 4);
		address_port = value;
	} else if (fn < 8) {
		CHECK_EQ(reg % bytes, 0);
		memcpy(&config[fn][reg], &value, bytes);
	}
}

u32 port_in(u16 port, unsigned int bytes)
{
	unsigned int fn = (address_port >> 8) & 0xffff, reg = (address_port & 0xfc) + (port & 3);
	u32 value = ~0u;

	if (fn < 8)
		memcpy(&value, &config[fn][reg], bytes);
	return value;
}

void *device_map(paddr_t pa, size_t len)
{
	if (pa == 0xe0000800) {
		CHECK_EQ(len, 64 * 16);
		return table;
	}
	if (pa == 0xf00000000 + (2UL << 20)) {
		CHECK_EQ(len, sizeof(far_bus));
		return far_bus;
	}
	CHECK(0);
	return NULL;
}

bool iomem_is_device(mfn_t mfn)
{
	return mfn.m != ram_page;
}

void iomem_readonly(mfn_t start, mfn_t end)
{
	readonly_from = start.m;
	readonly_to = end.m;
}

static void put(unsigned int fn, unsigned int reg, unsigned int bytes, u32 value)
{
	memcpy(&config[fn][reg], &value, bytes);
}

static u32 get(unsigned int fn, unsigned int reg, unsigned int bytes)
{
	u32 value = 0;

	memcpy(&value, &config[fn][reg], bytes);
	return value;
}

/* 0: MSI 64-bit with masks, then MSI-X; 1: MSI 32-bit; 2: a ring of capabilities; 3: none. */
static void build_bus(void)
{
	for (unsigned int fn = 0; fn < 4; fn++) {
		put(fn, 0, 4, 0x12348086);
		put(fn, 4, 2, 2);
		put(fn, 6, 2, fn == 3 ? 0 : 0x10);
		put(fn, 0x34, 1, 0x50);
	}
	put(0, 0x50, 4, 0x01807005 | 0x60 << 16); /* can do 8, set to 64 */
	put(0, 0x70, 4, 63u << 16 | 0x0011);
	put(0, 0x74, 4, 0x800 | 1); /* in BAR 1 */
	put(0, 0x14, 4, 0xe0000000);
	put(1, 0x50, 4, 0x00000005);
	put(2, 0x50, 4, 0x00005001);
}

static void plain(void)
{
	struct pci_dev *dev;
	bool msix;

	CHECK_EQ(pci_claim_msi(0, 0, 1, false, 0, 0, &dev), -ENODEV);
	for (unsigned int fn = 0; fn < 4; fn++)
		CHECK_EQ(pci_add(0, 0, (u8)fn), 0);
	CHECK_EQ(pci_add(0, 0, 1), 0);
	CHECK(pci_known(0, 0, 0, &msix) && msix);
	CHECK(pci_known(0, 0, 1, &msix) && !msix);
	CHECK(!pci_known(0, 1, 1, &msix) && !msix);
	CHECK_EQ(pci_claim_msi(0, 0, 2, false, 0, 0, &dev), -ENODEV);
	CHECK_EQ(pci_claim_msi(0, 0, 3, false, 0, 0, &dev), -ENODEV);
	CHECK_EQ(pci_claim_msi(0, 0, 1, true, 0, 0xe0000000, &dev), -ENODEV);

	CHECK_EQ(pci_claim_msi(0, 0, 1, false, 0, 0, &dev), 0);
	CHECK(!msi_can_mask(dev, false));
	msi_program(dev, false, 0, 3, 0x41);
	CHECK_EQ(get(1, 0x54, 4), 0xfee06000);
	CHECK_EQ(get(1, 0x58, 2), 0x41);
	msi_set_mask(dev, false, 0, true);
	CHECK_EQ(get(1, 0x5c, 4), 0);
	put(1, 0x52, 2, 1);
	msi_disable(dev, false, 0);
	CHECK_EQ(get(1, 0x52, 2), 0);
	CHECK_EQ(pci_claim_msi(0, 0, 1, false, 0, 0, &dev), -EEXIST);
	CHECK_EQ(pci_remove(0, 0, 1), -EBUSY);
	pci_release_msi(dev, false, 0);
	CHECK_EQ(pci_remove(0, 0, 1), 0);
	CHECK_EQ(pci_remove(0, 0, 1), -ENODEV);

	CHECK_EQ(pci_claim_msi(0, 0, 0, false, 0, 0, &dev), 0);
	CHECK(msi_can_mask(dev, false));
	put(0, 0x60, 4, 0xff);
	msi_program(dev, false, 0, 1, 0x42);
	CHECK_EQ(get(0, 0x52, 2), 0x180); /* one message only */
	CHECK_EQ(get(0, 0x54, 4), 0xfee02000);
	CHECK_EQ(get(0, 0x58, 4), 0);
	CHECK_EQ(get(0, 0x5c, 2), 0x42);
	CHECK_EQ(get(0, 0x60, 4), 0xff);
	msi_set_mask(dev, false, 0, false);
	CHECK_EQ(get(0, 0x60, 4), ~1u);
	/* Either kind, not both. */
	CHECK_EQ(pci_claim_msi(0, 0, 0, true, 0, 0xe0000000, &dev), -EBUSY);
	pci_release_msi(dev, false, 0);
}

static void extended(void)
{
	struct pci_dev *dev, *again;

	CHECK_EQ(pci_claim_msi(0, 0, 0, true, 64, 0xe0000000, &dev), -EINVAL);
	ram_page = 0xe0000;
	CHECK_EQ(pci_claim_msi(0, 0, 0, true, 5, 0xe0000000, &dev), -EINVAL);
	ram_page = ~0UL;
	CHECK_EQ(pci_claim_msi(0, 0, 0, true, 5, 0xe0000000, &dev), 0);
	CHECK_EQ(readonly_from, 0xe0000);
	CHECK_EQ(readonly_to, 0xe0001);
	CHECK_EQ(pci_claim_msi(0, 0, 0, true, 5, 0xe0000000, &again), -EEXIST);
	CHECK_EQ(pci_claim_msi(0, 0, 0, true, 63, 0xe0000000, &again), 0);
	CHECK_EQ(pci_claim_msi(0, 0, 0, false, 0, 0, &again), -EBUSY);
	table[5 * 4 + 3] = 1;
	msi_program(dev, true, 5, 2, 0x90);
	CHECK_EQ(table[5 * 4], 0xfee04000);
	CHECK_EQ(table[5 * 4 + 1], 0);
	CHECK_EQ(table[5 * 4 + 2], 0x90);
	CHECK_EQ(table[5 * 4 + 3], 1);
	msi_set_mask(dev, true, 5, false);
	CHECK_EQ(table[5 * 4 + 3], 0);
	msi_disable(dev, true, 5);
	CHECK_EQ(table[5 * 4 + 3], 1);
	pci_release_msi(dev, true, 63);
	/* The BAR moved under a table in use. */
	put(0, 0x14, 4, 0xe1000000);
	CHECK_EQ(pci_claim_msi(0, 0, 0, true, 6, 0xe0000000, &again), -EBUSY);
	put(0, 0x14, 4, 0xe0000000);
	pci_release_msi(dev, true, 5);
}

static void filter(void)
{
	struct pci_dev *dev;
	u32 v;

	v = 0x12345678;
	CHECK(pci_cfg_write_intercept(0, 0, 0, 0x10, 4, &v) && v == 0x12345678);
	CHECK(pci_cfg_write_intercept(0, 0, 7, 0x54, 4, &v) && v == 0x12345678);
	CHECK(pci_cfg_write_intercept(0, 0, 3, 0x54, 4, &v));
	for (unsigned int reg = 0x54; reg < 0x68; reg++)
		CHECK(!pci_cfg_write_intercept(0, 0, 0, reg, 1, &v));
	CHECK(pci_cfg_write_intercept(0, 0, 0, 0x68, 1, &v));
	CHECK(!pci_cfg_write_intercept(0, 0, 0, 0x66, 2, &v));
	CHECK(v == 0x12345678);
	/* Control: not on while nothing is routed, and one message at a time. */
	v = 0x1f1;
	CHECK(pci_cfg_write_intercept(0, 0, 0, 0x52, 2, &v));
	CHECK_EQ(v, 0x180);
	CHECK_EQ(pci_claim_msi(0, 0, 0, false, 0, 0, &dev), 0);
	v = 0x1f1;
	CHECK(pci_cfg_write_intercept(0, 0, 0, 0x52, 2, &v));
	CHECK_EQ(v, 0x181);
	v = 0x71;
	CHECK(pci_cfg_write_intercept(0, 0, 0, 0x52, 1, &v));
	CHECK_EQ(v, 0x01);
	v = 0x71;
	CHECK(pci_cfg_write_intercept(0, 0, 0, 0x53, 1, &v));
	CHECK_EQ(v, 0x71);
	v = 0x01f17005;
	CHECK(pci_cfg_write_intercept(0, 0, 0, 0x50, 4, &v));
	CHECK_EQ(v, 0x01817005);
	pci_release_msi(dev, false, 0);
}

static void other_segment(void)
{
	acpi_info.mcfg_count = 1;
	acpi_info.mcfgs[0] = (struct acpi_mcfg){0xf00000000, 1, 0, 3};
	CHECK_EQ(pci_cfg_read(1, 2, 8, 0, 4), ~0u);
	CHECK_EQ(pci_cfg_read(1, 2, 8, 0, 1), 0xff);
	pci_cfg_write(1, 2, 8, 0x10, 4, 5);
	CHECK_EQ(pci_add(1, 2, 8), 0);
	pci_cfg_write(1, 2, 8, 0x10, 4, 0x01020304);
	CHECK_EQ(pci_cfg_read(1, 2, 8, 0x12, 2), 0x0102);
	CHECK_EQ(pci_cfg_read(1, 2, 8, 0x10, 1), 4);
	CHECK_EQ(pci_cfg_read(1, 2, 8, 0x1000, 4), ~0u);
	CHECK_EQ(far_bus[(8 << 12) + 0x13], 1);
	CHECK_EQ(pci_cfg_read(1, 9, 8, 0, 4), ~0u);
	CHECK_EQ(pci_mmcfg_reserved(1, 0, 3, 0xf00000000), 0);
	CHECK_EQ(pci_mmcfg_reserved(1, 0, 4, 0xf00000000), -ENODEV);
	CHECK_EQ(pci_mmcfg_reserved(0, 0, 3, 0xf00000000), -ENODEV);
	CHECK_EQ(pci_remove(1, 2, 8), 0);
}

int main(void)
{
	build_bus();
	plain();
	extended();
	filter();
	other_segment();
	for (unsigned int fn = 0; fn < 4; fn++)
		pci_remove(0, 0, (u8)fn);
	return check_done("msi");
}
