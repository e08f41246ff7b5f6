// SPDX-License-Identifier: MIT
/*
 * Device interrupts from a line or a message to guests: mapping and its refusals, binding
 * and sharing, masks and acknowledgements of level lines, moves between CPUs, and that a
 * domain's end leaves nothing behind.  Hardware is played by a few arrays.
 */
#include "irq/pirq.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "console/keys.h"
#include "console/log.h"
#include "domain/domain.h"
#include "evtchn/evtchn.h"
#include "hostheap.h"
#include "hostpanic.h"
#include "irq/irq.h"
#include "irq/pci.h"
#include "lib/errno.h"
#include "machine/apic.h"
#include "machine/ioapic.h"
#include "machine/ipi.h"
#include "machine/msi.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include <xen/physdev.h>

#define LINES 24

struct cpumask cpu_online_map = {.bits = {0xf}};
struct domain *dom0;
static struct domain control, guest, other;
static bool masked[NR_IRQS], level_pin[LINES];
static unsigned int pin_cpu[LINES], msi_cpu, eois, msi_disabled, msi_released, unmasked_port;
static u8 pin_vector[LINES], msi_vector;
static bool can_mask = true;
static struct pci_dev device;
static struct {
	struct domain *d;
	u32 port;
} events[16];
static unsigned int event_count;
static u64 page[512] __attribute__((aligned(4096)));
static unsigned int page_refs;

/* --- what irq.c and pirq.c lean on --- */

void keys_register(char key, void (*handler)(char key), const char *description)
{
	(void)key;
	(void)handler;
	(void)description;
}

void log_line(const char *fmt, ...)
{
	(void)fmt;
}

void apic_eoi(void)
{
	eois++;
}

void apic_report_error(void)
{
}

void ipi_serve_call(void)
{
}

_Noreturn void ipi_serve_stop(void)
{
	abort();
}

u32 cpu_apic_id(unsigned int cpu);
u32 cpu_apic_id(unsigned int cpu)
{
	return cpu;
}

void ioapic_default_mode(unsigned int gsi, bool *level, bool *active_low)
{
	*level = *active_low = gsi >= 16;
}

void ioapic_route(unsigned int gsi, u8 vector, unsigned int cpu, bool level, bool active_low)
{
	(void)active_low;
	pin_vector[gsi] = vector;
	pin_cpu[gsi] = cpu;
	level_pin[gsi] = level;
}

void ioapic_set_mask(unsigned int gsi, bool mask)
{
	masked[gsi] = mask;
}

void msi_program(struct pci_dev *dev, bool msix, unsigned int entry, unsigned int cpu, u8 vector)
{
	(void)dev;
	(void)msix;
	(void)entry;
	msi_cpu = cpu;
	msi_vector = vector;
}

void msi_set_mask(struct pci_dev *dev, bool msix, unsigned int entry, bool mask)
{
	(void)dev;
	(void)msix;
	masked[LINES + entry] = mask;
}

bool msi_can_mask(const struct pci_dev *dev, bool msix)
{
	(void)dev;
	(void)msix;
	return can_mask;
}

void msi_disable(struct pci_dev *dev, bool msix, unsigned int entry)
{
	(void)dev;
	(void)msix;
	(void)entry;
	msi_disabled++;
}

void pci_release_msi(struct pci_dev *dev, bool msix, unsigned int entry)
{
	(void)dev;
	(void)msix;
	(void)entry;
	msi_released++;
}

void pirq_event(struct domain *d, u32 port)
{
	events[event_count].d = d;
	events[event_count++].port = port;
}

int evtchn_unmask(struct domain *d, u32 port)
{
	(void)d;
	unmasked_port = port;
	return 0;
}

struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
	(void)d;
	(void)id;
	return NULL;
}

int frame_get_and_type(mfn_t mfn, struct domain *d, u32 type)
{
	(void)d;
	if (mfn.m != virt_to_mfn(page).m || type != FRAME_TYPE_WRITABLE)
		return -EINVAL;
	page_refs++;
	return 0;
}

int frame_put_and_type(mfn_t mfn)
{
	CHECK(mfn.m == virt_to_mfn(page).m);
	page_refs--;
	return 0;
}

/* --- helpers --- */

static void arrive(unsigned int cpu, u8 vector)
{
	struct cpu_regs regs = {.entry_vector = vector};

	host_cpu = cpu;
	event_count = 0;
	eois = 0;
	host_irqs_off = true;
	do_irq(&regs);
	host_irqs_off = false;
	host_cpu = 0;
	CHECK_EQ(eois, 1);
}

static void mapping(void)
{
	s32 p = 9;

	CHECK_EQ(pirq_limit(&control), NR_IRQS);
	CHECK_EQ(pirq_map_line(&control, 9, &p), 0);
	CHECK_EQ(pirq_map_line(&control, 9, &p), 0);
	p = -1;
	CHECK_EQ(pirq_map_line(&control, 9, &p), 0);
	CHECK_EQ(p, 9);
	p = 12;
	CHECK_EQ(pirq_map_line(&control, 9, &p), -EEXIST);
	p = 9;
	CHECK_EQ(pirq_map_line(&control, 10, &p), -EEXIST);
	p = -1;
	CHECK_EQ(pirq_map_line(&control, 17, &p), 0);
	CHECK_EQ(p, 17);
	CHECK_EQ(pirq_map_line(&control, LINES, &p), -EINVAL);
	p = NR_IRQS;
	CHECK_EQ(pirq_map_line(&control, 11, &p), -EINVAL);
	CHECK_EQ(pirq_unmap(&control, -5), -EINVAL);
	CHECK_EQ(pirq_unmap(&control, 11), -EINVAL);
	CHECK_EQ(pirq_unmap(&control, 0x7fffffff), -EINVAL);
	CHECK_EQ(pirq_eoi(&control, 11), -EINVAL);
	CHECK_EQ(pirq_eoi(&control, ~0u), -EINVAL);
	CHECK_EQ(pirq_eoi(&control, 9), 0);
}

static void binding(void)
{
	u32 flags;

	CHECK_EQ(pirq_bind(&control, 11, 5, true), -EPERM);
	CHECK_EQ(pirq_bind(&control, NR_IRQS, 5, true), -EINVAL);
	CHECK_EQ(pirq_bind(&guest, 3, 5, true), -EPERM);
	CHECK_EQ(pirq_bind(&guest, 100000, 5, true), -EINVAL);
	CHECK_EQ(pirq_status(&guest, 3, &flags), 0);
	CHECK_EQ(flags, XENIRQSTAT_needs_eoi);
	CHECK_EQ(pirq_status(&guest, 100000, &flags), -EINVAL);

	CHECK_EQ(pirq_bind(&control, 9, 5, false), 0);
	CHECK_EQ(pirq_bind(&control, 9, 6, false), -EEXIST);
	CHECK(!masked[9]);
	/* Edge: told and acknowledged, nothing to answer. */
	arrive(pin_cpu[9], pin_vector[9]);
	CHECK_EQ(event_count, 1);
	CHECK(events[0].d == &control && events[0].port == 5);
	CHECK(!masked[9]);
	pirq_unbind(&control, 9);
	CHECK(masked[9]);
	pirq_unbind(&control, 9);
	arrive(pin_cpu[9], pin_vector[9]);
	CHECK_EQ(event_count, 0);
	arrive(3, 0x31); /* nobody's */
}

static void level_and_sharing(void)
{
	s32 p = -1;

	CHECK_EQ(pirq_map_line(&guest, 17, &p), 0);
	CHECK_EQ(pirq_bind(&guest, (u32)p, 7, true), -EPERM);
	CHECK_EQ(pirq_permit(&guest, (u32)p, true), 0);
	CHECK_EQ(pirq_permit(&guest, 99, true), -EINVAL);
	CHECK_EQ(pirq_bind(&control, 17, 8, true), 0);
	CHECK(level_pin[17]);
	CHECK_EQ(pirq_bind(&guest, (u32)p, 7, false), -EBUSY);
	CHECK_EQ(pirq_bind(&guest, (u32)p, 7, true), 0);

	arrive(pin_cpu[17], pin_vector[17]);
	CHECK_EQ(event_count, 2);
	CHECK(masked[17]);
	CHECK_EQ(pirq_eoi(&control, 17), 0);
	CHECK_EQ(pirq_eoi(&control, 17), 0);
	CHECK(masked[17]);
	CHECK_EQ(pirq_eoi(&guest, (u32)p), 0);
	CHECK(!masked[17]);

	/* Who leaves without an answer holds nobody up. */
	arrive(pin_cpu[17], pin_vector[17]);
	pirq_unmasked(&control, 17);
	CHECK(masked[17]);
	CHECK_EQ(pirq_permit(&guest, (u32)p, false), 0);
	CHECK(!masked[17]);
	CHECK_EQ(pirq_bind(&guest, (u32)p, 7, true), -EPERM);

	/* The mode of a line in use does not change; of another, once. */
	CHECK_EQ(irq_configure_line(17, false, false), -EEXIST);
	CHECK_EQ(irq_configure_line(11, true, true), 0);
	CHECK_EQ(irq_configure_line(11, false, false), -EEXIST);
	CHECK_EQ(irq_configure_line(LINES, true, true), -EINVAL);
	CHECK_EQ(irq_configure_line(~0u, true, true), -EINVAL);
	pirq_unbind(&control, 17);
}

static unsigned int handled;

static void handler(void *arg)
{
	CHECK(arg == &handled);
	handled++;
}

static void own_handler(void)
{
	s32 p = 4;

	CHECK_EQ(irq_set_hypervisor_handler(4, handler, &handled), 0);
	CHECK_EQ(irq_set_hypervisor_handler(4, handler, &handled), -EBUSY);
	CHECK_EQ(irq_set_hypervisor_handler(LINES, handler, &handled), -EINVAL);
	arrive(pin_cpu[4], pin_vector[4]);
	CHECK_EQ(handled, 1);
	CHECK_EQ(pirq_map_line(&control, 4, &p), 0);
	CHECK_EQ(pirq_bind(&control, 4, 3, true), -EBUSY);
}

static void moves(void)
{
	u8 old_vector = pin_vector[17];
	unsigned int old_cpu = pin_cpu[17];

	CHECK_EQ(pirq_bind(&control, 17, 8, true), 0);
	pirq_set_cpu(&control, 17, 2);
	CHECK_EQ(pin_cpu[17], 2);
	/* What was on its way to the old place still counts; no second move meanwhile. */
	arrive(old_cpu, old_vector);
	CHECK_EQ(event_count, 1);
	pirq_eoi(&control, 17);
	pirq_set_cpu(&control, 17, 3);
	CHECK_EQ(pin_cpu[17], 2);
	arrive(2, pin_vector[17]);
	CHECK_EQ(event_count, 1);
	pirq_eoi(&control, 17);
	arrive(old_cpu, old_vector);
	CHECK_EQ(event_count, 0);
	pirq_set_cpu(&control, 17, 3);
	CHECK_EQ(pin_cpu[17], 3);
	pirq_set_cpu(&control, 17, 77);
	CHECK_EQ(pin_cpu[17], 3);
	arrive(3, pin_vector[17]);
	pirq_eoi(&control, 17);
	pirq_unbind(&control, 17);
}

static void messages(void)
{
	unsigned int before = vector_used(0) + vector_used(1) + vector_used(2) + vector_used(3);
	int irq = irq_alloc_msi(&device, true, 6);
	s32 p = -1;

	CHECK(irq >= LINES);
	CHECK_EQ(pirq_map_message(&control, (unsigned int)irq, &p), 0);
	CHECK(p >= LINES);
	arrive(msi_cpu, msi_vector);
	CHECK_EQ(event_count, 0);
	CHECK_EQ(pirq_bind(&control, (u32)p, 33, false), 0);
	CHECK(!masked[LINES + 6]);
	arrive(msi_cpu, msi_vector);
	CHECK_EQ(event_count, 1);
	CHECK_EQ(events[0].port, 33);
	CHECK(!masked[LINES + 6]);
	/* Without a mask only the address may change. */
	can_mask = false;
	u8 vector = msi_vector;
	CHECK_EQ(vector_alloc(1, 500, vector), vector);
	pirq_set_cpu(&control, (u32)p, 1);
	CHECK_EQ(msi_cpu, 0);
	pirq_set_cpu(&control, (u32)p, 2);
	CHECK_EQ(msi_cpu, 2);
	CHECK_EQ(msi_vector, vector);
	vector_free(1, vector);
	device.bus = 3;
	msi_vector = 0;
	CHECK_EQ(irq_restore_device(0, 3, 0), 0);
	CHECK_EQ(irq_restore_device(0, 4, 0), -ENODEV);
	CHECK_EQ(msi_vector, vector);
	/* Unmapping takes all of it back, the vector that is being left included. */
	CHECK_EQ(pirq_unmap(&control, p), 0);
	CHECK_EQ(msi_disabled, 1);
	CHECK_EQ(msi_released, 1);
	CHECK_EQ(vector_used(0) + vector_used(1) + vector_used(2) + vector_used(3), before);
	for (unsigned int i = 0; i < 5000; i++) {
		p = -1;
		irq = irq_alloc_msi(&device, true, 6);
		CHECK(irq >= 0);
		CHECK_EQ(pirq_map_message(&control, (unsigned int)irq, &p), 0);
		CHECK_EQ(pirq_unmap(&control, p), 0);
	}
}

static void eoi_page(void)
{
	unsigned long mfn = virt_to_mfn(page).m;
	u32 n;

	CHECK_EQ(pirq_bind(&control, 17, 8, true), 0);
	CHECK_EQ(pirq_set_eoi_page(&control, 12345, false), -EINVAL);
	CHECK_EQ(pirq_set_eoi_page(&control, mfn, true), 0);
	CHECK_EQ(pirq_set_eoi_page(&control, mfn, false), -EBUSY);
	CHECK_EQ(page_refs, 1);
	CHECK(bit_test(page, 17));
	CHECK_EQ(pirq_bind(&control, 9, 5, true), 0);
	CHECK(!bit_test(page, 9));
	CHECK_EQ(pirq_eoi(&control, 17), 0);
	CHECK_EQ(unmasked_port, 8);
	pirq_unbind(&control, 17);
	CHECK(!bit_test(page, 17));
	CHECK_EQ(pirq_reserve(&control, false, &n), 0);
	CHECK(n >= LINES);
	s32 p = -1;
	int irq = irq_alloc_msi(&device, true, 1);
	CHECK_EQ(pirq_map_message(&control, (unsigned int)irq, &p), 0);
	CHECK(p > (s32)n);
}

static void ends(void)
{
	s32 p = -1;

	CHECK_EQ(pirq_domain_init(&other), 0);
	CHECK_EQ(pirq_map_line(&other, 18, &p), 0);
	CHECK_EQ(pirq_permit(&other, (u32)p, true), 0);
	CHECK_EQ(pirq_bind(&other, (u32)p, 4, false), 0);
	arrive(pin_cpu[18], pin_vector[18]);
	CHECK(masked[18]);
	other.dying = DOMAIN_DYING;
	CHECK_EQ(pirq_domain_destroy(&other), 0);
	CHECK_EQ(pirq_map_line(&other, 18, &p), -ESRCH);
	pirq_unbind(&other, (u32)p); /* its port is closed later */
	CHECK_EQ(pirq_bind(&other, 1, 1, true), -EINVAL);
	pirq_domain_free(&other);
	arrive(pin_cpu[18], pin_vector[18]);
	CHECK_EQ(event_count, 0);

	pirq_domain_destroy(&control);
	CHECK_EQ(page_refs, 0);
	pirq_domain_free(&control);
	pirq_domain_destroy(&guest);
	pirq_domain_free(&guest);
}

int main(void)
{
	control.is_privileged = true;
	guest.id = 1;
	other.id = 2;
	irq_init(LINES);
	CHECK_EQ(pirq_domain_init(&control), 0);
	CHECK_EQ(pirq_domain_init(&guest), 0);
	mapping();
	binding();
	level_and_sharing();
	own_handler();
	moves();
	messages();
	eoi_page();
	ends();
	return check_done("pirq");
}
