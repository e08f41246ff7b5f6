/* SPDX-License-Identifier: MIT */
/*
 * The neighbours of ctl/ for its tests, beside the real domain/: a scheduler with four
 * processors that remembers what it is told, rights that are wide open up to a number, and a
 * machine that has a little of everything.
 */
#ifndef TESTS_UNIT_CTLMOCK_H
#define TESTS_UNIT_CTLMOCK_H

#include "domainmock.h"

#include "boot/bootmem.h"
#include "console/keys.h"
#include "ctl/domctl.h"
#include "entry/hypercallpage.h"
#include "irq/pci.h"
#include "machine/clocksource.h"
#include "sched/runqueue.h"
#include <xen/physdev.h>
#include <xen/sysctl.h>

struct cpumask cpu_online_map = {.bits = {0xf}};

static struct cpumask ctl_hard, ctl_soft;
static u16 ctl_weight = 256, ctl_cap;
static u32 ctl_paused; /* vCPUs paused and not unpaused again */
static u32 ctl_bad_leaf; /* the policy refuses it */
static u32 ctl_leaves_set;
static unsigned long ctl_iomem_end, ctl_ports_end, ctl_pirq_end; /* rights given up to */

int guest_zero(unsigned long va, size_t size)
{
	if (!size)
		return 0;
	if (!guest_mapped(va, size))
		return -EFAULT;
	memset((void *)va, 0, size);
	return 0;
}

long hypercall_continue(unsigned int n __unused, const unsigned long *args __unused)
{
	return -ERESTART;
}

/* --- sched, time --- */

int sched_set_affinity(struct vcpu *v __unused, const struct cpumask *hard,
		       const struct cpumask *soft)
{
	struct cpumask both;

	if (hard) {
		cpumask_and(&both, hard, &cpu_online_map);
		if (cpumask_empty(&both))
			return -EINVAL;
		ctl_hard = *hard;
	}
	if (soft)
		ctl_soft = *soft;
	return 0;
}

void sched_get_affinity(struct vcpu *v __unused, struct cpumask *hard, struct cpumask *soft)
{
	*hard = ctl_hard;
	*soft = ctl_soft;
}

int sched_domain_set(struct domain *d __unused, u16 weight, u16 cap)
{
	if (!weight)
		return -EINVAL;
	ctl_weight = weight;
	ctl_cap = cap;
	return 0;
}

void sched_domain_get(const struct domain *d __unused, u16 *weight, u16 *cap)
{
	*weight = ctl_weight;
	*cap = ctl_cap;
}

void vcpu_wake_flags(struct vcpu *v, u32 flags)
{
	v->pause_flags &= ~flags;
}

void vcpu_pause(struct vcpu *v)
{
	v->pause_count++;
	ctl_paused++;
}

void vcpu_unpause(struct vcpu *v)
{
	if (!v->pause_count--)
		abort();
	ctl_paused--;
}

void vcpu_kick(struct vcpu *v __unused)
{
}

void vcpu_runstate_get(struct vcpu *v __unused, struct vcpu_runstate_info *out)
{
	memset(out, 0, sizeof(*out));
	out->time[RUNSTATE_running] = 7;
}

u32 clocksource_tsc_khz(void)
{
	return 1000000;
}

stime_t now(void)
{
	return 12345;
}

/* --- rights, policies, events --- */

bool iomem_range_permitted(const struct domain *d, mfn_t start __unused, mfn_t end)
{
	return d->is_privileged && end.m <= 0x1000;
}

int iomem_permit(struct domain *d __unused, mfn_t start __unused, mfn_t end, bool allow)
{
	ctl_iomem_end = allow ? end.m : 0;
	return 0;
}

bool ioport_permitted(const struct domain *d, unsigned int port, unsigned int bytes)
{
	return d->is_privileged && port + bytes <= 0x4000;
}

int ioports_permit(struct domain *d __unused, unsigned int first, unsigned int count)
{
	if (first + count > 65536)
		abort();
	ctl_ports_end = first + count;
	return 0;
}

int ioports_deny(struct domain *d __unused, unsigned int first __unused,
		 unsigned int count __unused)
{
	ctl_ports_end = 0;
	return 0;
}

u32 pirq_limit(const struct domain *d __unused)
{
	return 256;
}

int pirq_permit(struct domain *d __unused, u32 pirq, bool allow)
{
	if (pirq >= 256)
		abort();
	ctl_pirq_end = allow ? pirq + 1 : 0;
	return 0;
}

bool pci_known(u16 seg, u8 bus, u8 devfn, bool *has_msix)
{
	*has_msix = false;
	return !seg && !bus && devfn == 8;
}

int cpu_policy_set_leaf(struct domain *d __unused, const struct xen_cpuid_leaf *leaf, bool commit)
{
	if (ctl_bad_leaf && leaf->leaf == ctl_bad_leaf)
		return -EINVAL;
	ctl_leaves_set += commit;
	return 0;
}

const struct cpu_policy *cpu_policy_by_index(u32 index)
{
	return index == XEN_SYSCTL_cpu_policy_hvm_max || index > 4 ? NULL : &test_policy;
}

void cpu_policy_features(const struct cpu_policy *p __unused, u32 words[CPU_FEATURE_WORDS])
{
	for (u32 i = 0; i < CPU_FEATURE_WORDS; i++)
		words[i] = i + 1;
}

void hypercall_page_fill(void *page)
{
	memset(page, 0xc3, PAGE_SIZE);
}

/* --- the machine --- */

unsigned long buddy_free_frames(void)
{
	return 1000;
}

unsigned long bootmem_ram_pages(void)
{
	return 4000;
}

unsigned long reserve_claimed(void)
{
	return 10;
}

u32 log_ring_end(void)
{
	return 0;
}

u32 log_ring_read(u32 *index __unused, char *buf __unused, u32 size __unused)
{
	return 0;
}

void log_ring_clear(u32 index __unused)
{
}

bool keys_press(char key __unused)
{
	return true;
}

void keys_run(void)
{
}

#endif
