/* SPDX-License-Identifier: MIT */
/*
 * The neighbours of domain/ for its test: each room counts what it gives and takes and fails
 * when its turn has come, frames have plain counts, the machine's end is a longjmp().
 */
#ifndef TESTS_UNIT_DOMAINMOCK_H
#define TESTS_UNIT_DOMAINMOCK_H

#include "world.h"

#include <setjmp.h>

#include "boot/options.h"
#include "console/log.h"
#include "domain/domain.h"
#include "domain/ioports.h"
#include "domain/privilege.h"
#include "domain/vcpustate.h"
#include "entry/cpuid.h"
#include "entry/dispatch.h"
#include "evtchn/evtchn.h"
#include "gnttab/gnttab.h"
#include "irq/pirq.h"
#include "machine/cpu.h"
#include "machine/fpu.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "mm/buddy.h"
#include "mm/frame.h"
#include "mm/iomem.h"
#include "mm/mmuext.h"
#include "mm/reserve.h"
#include "mm/segdesc.h"
#include "mm/update.h"
#include "time/clock.h"
#include <xen/sched.h>

struct options options;
struct cpu_features cpu_features;
unsigned long max_mfn = 64;

static unsigned int m2p_shown;

void mmuext_show_m2p(const struct vcpu *v)
{
	m2p_shown += !mfn_eq(v->arch.kernel_root, INVALID_MFN);
}

void pagetable_print_walk(const struct vcpu *v __unused, unsigned long va __unused)
{
}

static struct vcpu control_vcpu;
static struct domain control = {.id = 0, .is_privileged = true, .refs = 1};
static unsigned int virqs, rooms_up, rooms_allowed, rechecks, waits, restarts, unpinned;
static bool reaper_due;
static void (*reaper_fn)(void *arg);
static jmp_buf machine_end;
static enum { RUNS, HALTED, REBOOTED } machine;
static u8 fpu_page[PAGE_SIZE];
static u64 chunk_bits;
static struct cpu_policy test_policy;

/* --- the rooms: each counts, and fails when its turn has come --- */

#define ROOM(name)                                        \
	int name##_domain_init(struct domain *d __unused) \
	{                                                 \
		if (rooms_up >= rooms_allowed)            \
			return -ENOMEM;                   \
		rooms_up++;                               \
		return 0;                                 \
	}
#define ROOM_END(name)                       \
	void name(struct domain *d __unused) \
	{                                    \
		rooms_up--;                  \
	}

ROOM(evtchn)
ROOM(gnttab)
ROOM(pirq)
ROOM(ioports)
ROOM(iomem)
ROOM_END(cpuid_domain_destroy)
ROOM_END(evtchn_domain_free)
ROOM_END(gnttab_domain_free)
ROOM_END(pirq_domain_free)
ROOM_END(ioports_domain_free)
ROOM_END(iomem_domain_destroy)
ROOM_END(domain_memory_free)

int cpuid_domain_init(struct domain *d)
{
	if (rooms_up >= rooms_allowed)
		return -ENOMEM;
	rooms_up++;
	d->cpu_policy = &test_policy;
	return 0;
}

int domain_memory_init(struct domain *d)
{
	if (rooms_up >= rooms_allowed)
		return -ENOMEM;
	rooms_up++;
	spin_lock_init(&d->mem.lock, LOCK_PHYSMAP);
	spin_lock_init(&d->mem.pt_lock, LOCK_PAGETABLE);
	d->mem.chunks = &chunk_bits;
	return 0;
}

/* Each sliced stage asks to come back once. */
static int slice(void)
{
	return restarts++ % 2 ? 0 : -ERESTART;
}

int evtchn_domain_destroy(struct domain *d __unused)
{
	return slice();
}

int gnttab_domain_destroy(struct domain *d __unused)
{
	return slice();
}

int pirq_domain_destroy(struct domain *d __unused)
{
	return 0;
}

static unsigned int clock_updates; /* of a domain without shared_info */

void *reserve_alloc_shared(struct domain *d)
{
	if (rooms_up >= rooms_allowed)
		return NULL;
	rooms_up++;
	if (!d->mem.owned_pages++)
		domain_ref(d);
	return mfn_to_virt(MFN(1));
}

void reserve_free_shared(struct domain *d, void *page __unused)
{
	/* Who sets the clock must not find the page any more. */
	if (d->shared_info || !clock_updates)
		abort();
	rooms_up--;
	if (!--d->mem.owned_pages)
		domain_put(d);
}

void *page_alloc(void)
{
	return calloc(1, PAGE_SIZE);
}

void page_free(void *page)
{
	free(page);
}

int sched_vcpu_init(struct vcpu *v)
{
	v->pause_flags = VPF_DOWN;
	return 0;
}

void sched_vcpu_destroy(struct vcpu *v __unused)
{
}

int vtime_vcpu_init(struct vcpu *v __unused)
{
	return 0;
}

void vtime_vcpu_destroy(struct vcpu *v __unused)
{
}

void clock_update_domain(struct domain *d)
{
	clock_updates += !d->shared_info;
}

int fpu_vcpu_init(struct vcpu *v)
{
	v->arch.xsave = fpu_page;
	return 0;
}

void fpu_vcpu_destroy(struct vcpu *v __unused)
{
}

void fpu_vcpu_reset(struct vcpu *v __unused)
{
	memset(fpu_page, 0, sizeof(fpu_page));
}

void vcpu_recheck(struct vcpu *v __unused)
{
	rechecks++;
}

static void (*while_waiting)(struct domain *d); /* what a vCPU does on its way out */

void vcpu_wait_off_cpu(const struct vcpu *v)
{
	waits++;
	if (while_waiting)
		while_waiting(v->domain);
}

void vcpu_info_unregister(struct vcpu *v)
{
	v->info_mfn = INVALID_MFN;
}

void virq_send_global(u32 virq)
{
	virqs += virq == VIRQ_DOM_EXC;
}

int evtchn_send(struct domain *d __unused, u32 port __unused)
{
	return 0;
}

void timer_init(struct timer *t __unused, void (*fn)(void *arg), void *arg __unused,
		unsigned int cpu __unused)
{
	reaper_fn = fn;
}

void timer_set(struct timer *t __unused, stime_t expires __unused)
{
	reaper_due = true;
}

void machine_reboot(void)
{
	machine = REBOOTED;
	longjmp(machine_end, 1);
}

void machine_halt(void)
{
	machine = HALTED;
	longjmp(machine_end, 1);
}

void tlb_flush_cpus(const struct cpumask *cpus __unused)
{
}

void guest_log_at(enum log_level level __unused, unsigned int domid __unused,
		  const char *fmt __unused, ...)
{
}

void log_line(const char *fmt __unused, ...)
{
}

/* --- frames: number 10 is a good L4 --- */

int frame_get_and_type(mfn_t mfn, struct domain *d __unused, u32 type)
{
	return (mfn.m == 10 || mfn.m == 14) && type == FRAME_TYPE_L4 ? slice() : -EINVAL;
}

int frame_put_and_type(mfn_t mfn __unused)
{
	return slice();
}

void frame_put(mfn_t mfn)
{
	struct domain *d = domain_of_owner(frame_owner(frame_of(mfn)));

	if (--frame_of(mfn)->ref & FRAME_REFS_MASK)
		return;
	if (!--d->mem.owned_pages)
		domain_put(d);
}

bool frame_get(mfn_t mfn, const struct domain *d)
{
	if (!mfn_valid(mfn) || frame_owner(frame_of(mfn)) != d->id ||
	    !(frame_of(mfn)->ref & FRAME_REFS_MASK))
		return false;
	frame_of(mfn)->ref++;
	return true;
}

int segdesc_set_gdt(struct vcpu *v, const unsigned long *frames, unsigned int entries)
{
	if (entries && frames[0] != 12)
		return -EINVAL;
	v->arch.gdt_entries = entries;
	v->arch.gdt_frames[0] = MFN(12);
	return 0;
}

int segdesc_set_ldt(struct vcpu *v __unused, unsigned long base __unused, unsigned long n __unused)
{
	return 0;
}

void segdesc_ldt_drop(struct vcpu *v __unused)
{
}

int table_unpin(struct domain *d __unused, mfn_t mfn)
{
	int ret = slice();

	if (!ret) {
		frame_of(mfn)->type = 0;
		unpinned++;
	}
	return ret;
}

int table_finish_drop(struct vcpu *v __unused)
{
	return 0;
}

int table_break_circle(struct domain *d __unused, mfn_t mfn __unused)
{
	return 0;
}

int reserve_release(struct domain *d, mfn_t mfn)
{
	frame_of(mfn)->ref &= ~FRAME_ALLOCATED;
	d->mem.tot_pages--;
	frame_put(mfn);
	return 0;
}

#endif
