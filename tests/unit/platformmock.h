/* SPDX-License-Identifier: MIT */
/*
 * What ctl/ and irq/physdev.c call, for their tests: a dom0 and a domain without rights, guest
 * memory that is the test's own (address 0 faults), a power switch that longjmps, and interrupt
 * and PCI functions that answer as written here and count what was asked of them.
 */
#ifndef TESTS_UNIT_PLATFORMMOCK_H
#define TESTS_UNIT_PLATFORMMOCK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/log.h"
#include "domain/domain.h"
#include "entry/guestcopy.h"
#include "hostpanic.h"
#include "irq/irq.h"
#include "irq/pci.h"
#include "irq/pirq.h"
#include "lib/errno.h"
#include "machine/cpu.h"
#include "machine/ioapic.h"
#include "machine/machine.h"
#include "machine/smp.h"
#include "time/clock.h"
#include <xen/physdev.h>
#include <xen/platform.h>

static struct domain control = {.is_privileged = true}, guest = {.id = 1};
static struct vcpu control_vcpu = {.domain = &control}, guest_vcpu = {.domain = &guest};
static struct vcpu idle_vcpu;
struct domain *idle_domain;
struct cpumask cpu_online_map = {.bits = {1}};
struct cpu_features cpu_features = {.vendor = "AuthenticAMD", .amd = true, .family = 23};
static u64 wall_sec, wall_nsec;
static jmp_buf off;
static u16 pm1a, pm1b;
static unsigned int claimed, routed, unmapped, refs;
static int map_result;

int guest_read(void *dst, unsigned long va, size_t size)
{
	if (va < 4096)
		return -EFAULT;
	memcpy(dst, (const void *)va, size);
	return 0;
}

int guest_write(unsigned long va, const void *src, size_t size)
{
	if (va < 4096)
		return -EFAULT;
	memcpy((void *)va, src, size);
	return 0;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

const char *options_cmdline(void)
{
	return "dom0_mem=1G secret";
}

stime_t now(void)
{
	return 777;
}

void clock_set_wallclock(u64 sec, u32 nsec, stime_t system_time)
{
	CHECK_EQ(system_time, 5);
	wall_sec = sec;
	wall_nsec = nsec;
}

_Noreturn void machine_power_off(u16 a, u16 b)
{
	pm1a = a;
	pm1b = b;
	longjmp(off, 1);
}

unsigned int smp_cpu_count(void)
{
	return 2;
}

u32 cpu_apic_id(unsigned int cpu)
{
	return 10 + cpu;
}

u32 cpu_acpi_id(unsigned int cpu)
{
	return 20 + cpu;
}

struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
	(void)d;
	return id == 0 ? &idle_vcpu : NULL;
}

void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
	(void)v;
	memset(out, 0, sizeof(*out));
	out->time[RUNSTATE_running] = 4242;
}

struct domain *domain_get(domid_t id)
{
	refs++;
	if (id == DOMID_SELF)
		return current->domain;
	if (id == 1)
		return &guest;
	refs--;
	return NULL;
}

void domain_put(struct domain *d)
{
	(void)d;
	refs--;
}

u32 pirq_limit(const struct domain *d)
{
	return d->is_privileged ? 1024 : 256;
}

int pirq_map_line(struct domain *d, unsigned int gsi, s32 *pirq)
{
	(void)d;
	if (gsi >= 24)
		return -EINVAL;
	*pirq = (s32)gsi;
	return 0;
}

int pirq_map_message(struct domain *d, unsigned int irq, s32 *pirq)
{
	(void)d;
	*pirq = (s32)irq;
	return map_result;
}

int pirq_unmap(struct domain *d, s32 pirq)
{
	(void)d;
	unmapped++;
	return pirq == 9 ? 0 : -EINVAL;
}

int pirq_status(struct domain *d, u32 pirq, u32 *flags)
{
	*flags = XENIRQSTAT_needs_eoi;
	return pirq < pirq_limit(d) ? 0 : -EINVAL;
}

int pirq_eoi(struct domain *d, u32 pirq)
{
	(void)d;
	return pirq == 9 ? 0 : -EINVAL;
}

int pirq_set_eoi_page(struct domain *d, unsigned long mfn, bool auto_unmask)
{
	(void)d;
	return auto_unmask ? -EBUSY : mfn == 77 ? 0 : -EINVAL;
}

int pirq_reserve(struct domain *d, bool for_line, u32 *pirq)
{
	(void)d;
	*pirq = for_line ? 20 : 30;
	return 0;
}

int irq_configure_line(unsigned int irq, bool level, bool active_low)
{
	CHECK(level && active_low);
	return irq < 24 ? 0 : -EINVAL;
}

int irq_alloc_msi(struct pci_dev *dev, bool msix, unsigned int entry)
{
	(void)dev;
	CHECK(!msix || entry == 3);
	routed++;
	return 100;
}

void irq_free_msi(unsigned int irq)
{
	CHECK_EQ(irq, 100);
	routed--;
}

int irq_restore_device(u16 seg, u8 bus, u8 devfn)
{
	return seg == 0 && bus == 2 && devfn == 3 ? 0 : -ENODEV;
}

int pci_claim_msi(u16 seg, u8 bus, u8 devfn, bool msix, unsigned int entry, paddr_t base,
		  struct pci_dev **dev)
{
	(void)msix;
	(void)entry;
	(void)base;
	*dev = NULL;
	if (seg != 1 || bus != 2 || devfn != 3)
		return -ENODEV;
	claimed++;
	return 0;
}

void pci_release_msi(struct pci_dev *dev, bool msix, unsigned int entry)
{
	(void)dev;
	(void)msix;
	(void)entry;
	claimed--;
}

int pci_add(u16 seg, u8 bus, u8 devfn)
{
	CHECK(seg < 2 && bus == 2 && devfn == 3);
	return 0;
}

int pci_remove(u16 seg, u8 bus, u8 devfn)
{
	(void)seg;
	(void)bus;
	return devfn == 3 ? 0 : -ENODEV;
}

bool pci_known(u16 seg, u8 bus, u8 devfn, bool *has_msix)
{
	(void)seg;
	(void)bus;
	*has_msix = devfn == 3;
	return devfn < 5;
}

int pci_mmcfg_reserved(u16 seg, u8 bus_first, u8 bus_last, u64 base)
{
	(void)seg;
	(void)bus_first;
	(void)bus_last;
	return base ? 0 : -ENODEV;
}

int ioapic_guest_read(paddr_t address, u32 reg, u32 *value)
{
	*value = 0x170020;
	return address == 0xfec00000 && reg == 1 ? 0 : -EINVAL;
}

#endif
