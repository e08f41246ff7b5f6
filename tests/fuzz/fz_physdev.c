// SPDX-License-Identifier: MIT
/*
 * Three domains (dom0 and two others) make any physdev calls with any arguments, bind and
 * unbind pirqs, and lines and messages arrive.  Then the domains end: no message may be
 * left claimed, no vector held but by lines, no page reference kept, no guest told.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/hostheap.h"
#include "../unit/hostpanic.h"
#include "console/keys.h"
#include "console/log.h"
#include "domain/domain.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "evtchn/evtchn.h"
#include "irq/irq.h"
#include "irq/pci.h"
#include "irq/pirq.h"
#include "lib/errno.h"
#include "machine/apic.h"
#include "machine/ioapic.h"
#include "machine/ipi.h"
#include "machine/msi.h"
#include "machine/smp.h"
#include "mm/frame.h"
#include "mm/slab.h"

#define LINES 24
#define DOMAINS 3
#define MESSAGES 8 /* entries of the one device */
#define MUST(c) ((c) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c), abort()))

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct cpumask cpu_online_map = {.bits = {0x7}};
struct domain *dom0;
static struct domain domains[DOMAINS];
static struct vcpu vcpus[DOMAINS];
static struct pci_dev device = {.bus = 1};
static unsigned int claimed, page_refs, events;
#define page ((u64 *)mfn_to_virt(MFN(8))) /* the one frame with a good number */

/* The argument of the call in progress; its address plays no role but 0. */
static u8 argument[64];

void keys_register(char key __unused, void (*handler)(char) __unused, const char *text __unused)
{
}

void log_line(const char *fmt __unused, ...)
{
}

void apic_eoi(void)
{
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

u32 cpu_apic_id(unsigned int cpu)
{
	return cpu;
}

void ioapic_default_mode(unsigned int gsi, bool *level, bool *active_low)
{
	*level = *active_low = gsi >= 16;
}

void ioapic_route(unsigned int gsi, u8 vector __unused, unsigned int cpu __unused,
		  bool level __unused, bool active_low __unused)
{
	MUST(gsi < LINES);
}

void ioapic_set_mask(unsigned int gsi, bool mask __unused)
{
	MUST(gsi < LINES);
}

int ioapic_guest_read(paddr_t address, u32 reg, u32 *value)
{
	*value = reg;
	return address ? -EINVAL : 0;
}

void msi_program(struct pci_dev *dev, bool msix __unused, unsigned int entry,
		 unsigned int cpu __unused, u8 vector __unused)
{
	MUST(dev == &device && (claimed & 1u << entry));
}

void msi_set_mask(struct pci_dev *dev, bool msix, unsigned int entry, bool mask __unused)
{
	msi_program(dev, msix, entry, 0, 0);
}

bool msi_can_mask(const struct pci_dev *dev __unused, bool msix)
{
	return msix;
}

void msi_disable(struct pci_dev *dev, bool msix, unsigned int entry)
{
	msi_program(dev, msix, entry, 0, 0);
}

int pci_claim_msi(u16 seg __unused, u8 bus __unused, u8 devfn __unused, bool msix __unused,
		  unsigned int entry, paddr_t base __unused, struct pci_dev **dev)
{
	*dev = &device;
	if (entry >= MESSAGES)
		return -EINVAL;
	if (claimed & 1u << entry)
		return -EEXIST;
	claimed |= 1u << entry;
	return 0;
}

void pci_release_msi(struct pci_dev *dev, bool msix __unused, unsigned int entry)
{
	MUST(dev == &device && entry < MESSAGES && (claimed & 1u << entry));
	claimed &= ~(1u << entry);
}

int pci_add(u16 seg __unused, u8 bus __unused, u8 devfn __unused)
{
	return 0;
}

int pci_remove(u16 seg __unused, u8 bus __unused, u8 devfn __unused)
{
	return 0;
}

bool pci_known(u16 seg __unused, u8 bus __unused, u8 devfn, bool *has_msix)
{
	*has_msix = devfn & 1;
	return true;
}

int pci_mmcfg_reserved(u16 seg __unused, u8 first __unused, u8 last __unused, u64 base __unused)
{
	return 0;
}

void pirq_event(struct domain *d, u32 port)
{
	MUST(d >= domains && d < domains + DOMAINS && port);
	events++;
}

int evtchn_unmask(struct domain *d __unused, u32 port)
{
	MUST(port);
	return 0;
}

struct vcpu *domain_vcpu(const struct domain *d __unused, unsigned int id __unused)
{
	return NULL;
}

struct domain *domain_get(domid_t id)
{
	if (id == DOMID_SELF)
		return current->domain;
	return id < DOMAINS ? &domains[id] : NULL;
}

void domain_put(struct domain *d __unused)
{
}

int frame_get_and_type(mfn_t mfn, struct domain *d __unused, u32 type)
{
	if (mfn.m != virt_to_mfn(page).m || type != FRAME_TYPE_WRITABLE)
		return -EINVAL;
	page_refs++;
	return 0;
}

int frame_put_and_type(mfn_t mfn __unused)
{
	page_refs--;
	return 0;
}

int guest_read(void *dst, unsigned long va, size_t size)
{
	MUST(size <= sizeof(argument));
	if (!va)
		return -EFAULT;
	memcpy(dst, argument, size);
	return 0;
}

int guest_write(unsigned long va, const void *src __unused, size_t size __unused)
{
	return va == 1 ? 0 : -EFAULT;
}

static void arrive(unsigned int cpu, u8 vector)
{
	struct cpu_regs regs = {.entry_vector = vector};

	if (vector == VECTOR_TIMER || vector == VECTOR_STOP)
		return;
	host_cpu = cpu;
	host_irqs_off = true;
	do_irq(&regs);
	host_irqs_off = false;
	host_cpu = 0;
}

static void step(const u8 *in)
{
	struct domain *d = &domains[in[0] / 8 % DOMAINS];
	u32 number = in[1] | (in[2] & 3u) << 8;

	host_cpu_info[0].running = &vcpus[d->id];
	memcpy(argument, in + 4, 28);
	if (in[0] & 0x80) /* a frame number that no fuzzer would guess */
		memcpy(argument, &(unsigned long){virt_to_mfn(page).m}, sizeof(unsigned long));
	switch (in[0] % 8) {
	case 0:
		pirq_bind(d, number, in[3] + 1u, in[2] & 4);
		break;
	case 1:
		pirq_unbind(d, number);
		break;
	case 2:
		arrive(in[2] % 3, in[1]);
		break;
	case 3:
		pirq_set_cpu(d, number, in[3]);
		break;
	case 4:
		pirq_permit(d, number, in[3] & 1);
		break;
	case 5:
		pirq_unmasked(d, number);
		break;
	default:
		/* One in four answers cannot be written back. */
		hc_physdev_op(in[1] % 36, in[2] ? 1 + (in[3] % 4 == 3) : 0);
	}
	MUST(!host_irqs_off);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool ready;
	unsigned int used = 0;

	if (!ready)
		irq_init(LINES);
	ready = true;
	memset(domains, 0, sizeof(domains));
	for (unsigned int i = 0; i < DOMAINS; i++) {
		domains[i].id = (domid_t)i;
		domains[i].is_privileged = i == 0;
		vcpus[i].domain = &domains[i];
		pirq_domain_init(&domains[i]);
	}
	for (; size >= 32; data += 32, size -= 32)
		step(data);

	for (unsigned int i = 0; i < DOMAINS; i++) {
		domains[i].dying = DOMAIN_DYING;
		pirq_domain_destroy(&domains[i]);
		pirq_domain_free(&domains[i]);
	}
	MUST(!claimed && !page_refs);
	for (unsigned int irq = 0; irq < NR_IRQS; irq++) {
		const struct irq_desc *desc = irq_desc_of(irq);

		MUST(!desc->guests && desc->kind == (irq < LINES ? IRQ_LINE : IRQ_FREE));
		used += (desc->vector != 0) + (desc->old_vector != 0);
	}
	MUST(vector_used(0) + vector_used(1) + vector_used(2) == used);
	events = 0;
	for (unsigned int vector = VECTOR_DEVICE_FIRST; vector <= VECTOR_DEVICE_LAST; vector++)
		for (unsigned int cpu = 0; cpu < 3; cpu++)
			arrive(cpu, (u8)vector);
	MUST(!events);
	return 0;
}
