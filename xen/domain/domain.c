// SPDX-License-Identifier: MIT
/*
 * The life of domains and vCPUs up to their death: creation, pausing, crash,
 * shutdown.  What a domain consists of belongs to the rooms; here is only the
 * order in which they are asked, and the undoing when one of them refuses.
 *
 * Pausing is a count per domain beside the one per vCPU: whoever raises either
 * has the run queues follow and, where it matters, waits until nothing runs.
 */
#include "domain/domain.h"

#include "boot/options.h"
#include "console/format.h"
#include "domain/ioports.h"
#include "domain/vcpustate.h"
#include "entry/cpuid.h"
#include "evtchn/evtchn.h"
#include "gnttab/gnttab.h"
#include "irq/pirq.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/fpu.h"
#include "machine/machine.h"
#include "mm/buddy.h"
#include "mm/iomem.h"
#include "mm/reserve.h"
#include "mm/segdesc.h"
#include "mm/slab.h"
#include "mm/update.h"
#include "time/clock.h"
#include <xen/sched.h>

#define LOG_ROOM "domain"
#include "console/log.h"

struct domain *dom0;
struct domain *idle_domain;

static void pirq_domain_end(struct domain *d)
{
	pirq_domain_destroy(d); /* nothing is left when the domain was destroyed in order */
	pirq_domain_free(d);
}

/* Rooms whose part of a domain needs no argument, in the order of creation. */
static const struct {
	int (*init)(struct domain *d);
	void (*free)(struct domain *d);
} rooms[] = {
	{domain_memory_init, domain_memory_free},  {cpuid_domain_init, cpuid_domain_destroy},
	{evtchn_domain_init, evtchn_domain_free},  {gnttab_domain_init, gnttab_domain_free},
	{pirq_domain_init, pirq_domain_end},       {ioports_domain_init, ioports_domain_free},
	{iomem_domain_init, iomem_domain_destroy},
};

static struct domain *domain_alloc(domid_t id, u32 max_vcpus)
{
	struct domain *d = kmalloc(sizeof(*d));

	if (!d)
		return NULL;
	d->vcpu = kcalloc(max_vcpus, sizeof(struct vcpu *));
	if (!d->vcpu) {
		kfree(d);
		return NULL;
	}
	d->id = id;
	d->max_vcpus = max_vcpus;
	d->refs = 1;
	d->shutdown_code = SHUTDOWN_CODE_NONE;
	d->shared_info_mfn = INVALID_MFN;
	spin_lock_init(&d->lock, LOCK_DOMAIN);
	spin_lock_init(&d->ctl_lock, LOCK_DOMCTL);
	return d;
}

/* All the guest finds in shared_info at its start: events masked on every vCPU, the time. */
static int shared_info_init(struct domain *d)
{
	d->shared_info = reserve_alloc_shared(d);
	if (!d->shared_info)
		return -ENOMEM;
	d->shared_info_mfn = virt_to_mfn(d->shared_info);
	for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
	clock_update_domain(d);
	return 0;
}

struct domain *domain_create(domid_t id, const struct domain_config *config, int *err)
{
	struct domain *d;
	unsigned int done;
	int ret = -EINVAL;

	if (!config->max_vcpus || config->max_vcpus > MAX_VCPUS || id >= DOMID_FIRST_UNUSABLE)
		goto fail;
	ret = -ENOMEM;
	d = domain_alloc(id, config->max_vcpus);
	if (!d)
		goto fail;
	d->is_privileged = config->is_privileged;
	d->ssidref = config->ssidref;
	memcpy(d->handle, config->handle, sizeof(d->handle));
	d->max_evtchn_port = config->max_evtchn_port;
	d->max_grant_frames = config->max_grant_frames;
	d->max_maptrack_frames = config->max_maptrack_frames;
	/* Whoever made it decides when it starts. */
	d->pause_count = 1;
	d->controller_pause_count = !config->is_privileged; /* dom0: boot does */

	/* First, since frames with d as their owner come into being while rooms are set up. */
	ret = domain_table_add(d);
	if (ret)
		goto undo_alloc;
	for (done = 0; done < ARRAY_SIZE(rooms); done++) {
		ret = rooms[done].init(d);
		if (ret)
			goto undo_rooms;
	}
	ret = shared_info_init(d);
	if (ret)
		goto undo_rooms;
	if (d->is_privileged && !dom0)
		dom0 = d;
	/* Last: nobody finds a domain that is not whole. */
	__atomic_store_n(&d->is_listed, true, __ATOMIC_RELEASE);
	*err = 0;
	return d;

undo_rooms:
	while (done > 0)
		rooms[--done].free(d);
	domain_table_remove(d);
undo_alloc:
	kfree(d->vcpu);
	kfree(d);
fail:
	*err = ret;
	return NULL;
}

void domain_free(struct domain *d)
{
	struct vcpu *v;

	ASSERT(!d->mem.owned_pages && !d->shared_info);
	for_each_vcpu(d, v)
		vcpu_free(v);
	for (unsigned int i = ARRAY_SIZE(rooms); i > 0; i--)
		rooms[i - 1].free(d);
	kfree(d->e820);
	kfree(d->vcpu);
	kfree(d);
}

/* --- vCPUs --- */

/* What every vCPU has, guests' and idle ones. */
static struct vcpu *vcpu_alloc(struct domain *d, unsigned int id)
{
	struct vcpu *v = kmalloc(sizeof(*v));

	if (!v)
		return NULL;
	v->domain = d;
	v->id = id;
	v->is_idle = d->is_idle;
	v->no_info.evtchn_upcall_mask = 1;
	v->info = &v->no_info;
	v->info_mfn = INVALID_MFN;
	v->arch.kernel_root = INVALID_MFN;
	v->arch.user_root = INVALID_MFN;
	if (sched_vcpu_init(v)) {
		kfree(v);
		return NULL;
	}
	return v;
}

void vcpu_free(struct vcpu *v)
{
	vtime_vcpu_destroy(v);
	sched_vcpu_destroy(v);
	fpu_vcpu_destroy(v);
	if (v->arch.traps)
		page_free(v->arch.traps);
	kfree(v);
}

struct vcpu *vcpu_create(struct domain *d, unsigned int id)
{
	struct vcpu *v;

	if (id >= d->max_vcpus || d->vcpu[id])
		return NULL;
	v = vcpu_alloc(d, id);
	if (!v)
		return NULL;
	if (id < XEN_LEGACY_MAX_VCPUS)
		v->info = &d->shared_info->vcpu_info[id];
	v->arch.traps = page_alloc();
	if (!v->arch.traps || fpu_vcpu_init(v) || vtime_vcpu_init(v)) {
		vcpu_free(v);
		return NULL;
	}
	vcpu_init_registers(v);
	/* The domctl lock keeps two creators apart; readers see a finished vCPU or none. */
	__atomic_store_n(&d->vcpu[id], v, __ATOMIC_RELEASE);
	return v;
}

struct vcpu *idle_vcpu_create(unsigned int cpu)
{
	struct vcpu *v;

	if (!idle_domain) {
		idle_domain = domain_alloc(DOMID_IDLE, NR_CPUS);
		if (!idle_domain)
			return NULL;
		idle_domain->is_idle = true;
	}
	v = vcpu_alloc(idle_domain, cpu);
	if (!v)
		return NULL;
	v->arch.kernel_mode = true;
	v->sched.cpu = cpu;
	__atomic_store_n(&idle_domain->vcpu[cpu], v, __ATOMIC_RELEASE);
	return v;
}

/* --- pausing --- */

void domain_pause_nosync(struct domain *d)
{
	struct vcpu *v;

	__atomic_fetch_add(&d->pause_count, 1, __ATOMIC_SEQ_CST);
	for_each_vcpu(d, v)
		vcpu_recheck(v);
}

void domain_pause(struct domain *d)
{
	struct vcpu *v;

	ASSERT(d != current->domain);
	domain_pause_nosync(d);
	for_each_vcpu(d, v)
		vcpu_wait_off_cpu(v);
}

void domain_unpause(struct domain *d)
{
	struct vcpu *v;
	u32 before = __atomic_fetch_sub(&d->pause_count, 1, __ATOMIC_SEQ_CST);

	PANIC_ON(!before);
	if (before > 1)
		return;
	for_each_vcpu(d, v)
		vcpu_recheck(v);
}

/* --- the end --- */

static const char *const shutdown_names[] = {
	[SHUTDOWN_poweroff] = "powered off",
	[SHUTDOWN_reboot] = "asked for a reboot",
	[SHUTDOWN_suspend] = "suspended",
	[SHUTDOWN_crash] = "crashed",
	[SHUTDOWN_watchdog] = "was stopped by its watchdog",
	[SHUTDOWN_soft_reset] = "asked for a soft reset",
};

/* The control domain's shutdown is the machine's: nobody is left to act on it. */
static _Noreturn void machine_follows(u32 reason)
{
	if (reason == SHUTDOWN_poweroff) {
		log_line("domain 0 halted: the machine halts");
		machine_halt();
	}
	if (reason != SHUTDOWN_reboot && options.noreboot) {
		log_line("domain 0 %s: the machine halts (noreboot)", shutdown_names[reason]);
		machine_halt();
	}
	log_line("domain 0 %s: the machine reboots", shutdown_names[reason]);
	machine_reboot();
}

/* What the tools have no name for they would not know what to do with. */
static u32 known_reason(u32 reason)
{
	return reason < ARRAY_SIZE(shutdown_names) ? reason : SHUTDOWN_crash;
}

bool domain_latch_shutdown_code(struct domain *d, u32 code)
{
	u32 none = SHUTDOWN_CODE_NONE;

	return __atomic_compare_exchange_n(&d->shutdown_code, &none, known_reason(code), false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void domain_shutdown(struct domain *d, u32 reason)
{
	reason = known_reason(reason);
	if (d->is_privileged)
		machine_follows(reason);
	/*
	 * No lock: crashes come from anywhere.  The first reason counts; what it
	 * set is complete before is_shut_down can be seen.
	 */
	if (__atomic_exchange_n(&d->is_shutting_down, true, __ATOMIC_SEQ_CST))
		return;
	if (!domain_latch_shutdown_code(d, reason))
		reason = READ_ONCE(d->shutdown_code);
	domain_pause_nosync(d);
	__atomic_store_n(&d->is_shut_down, true, __ATOMIC_SEQ_CST);
	if (reason == SHUTDOWN_suspend && d->suspend_port)
		evtchn_send(d, d->suspend_port);
	virq_send_global(VIRQ_DOM_EXC);
}

int domain_resume(struct domain *d)
{
	if (!__atomic_exchange_n(&d->is_shut_down, false, __ATOMIC_SEQ_CST))
		return -EINVAL;
	WRITE_ONCE(d->shutdown_code, SHUTDOWN_CODE_NONE);
	__atomic_store_n(&d->is_shutting_down, false, __ATOMIC_SEQ_CST);
	domain_unpause(d);
	return 0;
}

void domain_dump_state(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu(d, v) {
		const struct cpu_regs *r = vcpu_regs(v);

		log_line("d%uv%u%s: %04x:%016lx flags %08lx sp %04x:%016lx %s mode", d->id, v->id,
			 v == current ? " (here)" : "", r->cs, (unsigned long)r->rip,
			 (unsigned long)r->rflags, r->ss, (unsigned long)r->rsp,
			 v->arch.kernel_mode ? "kernel" : "user");
		if (READ_ONCE(v->pause_flags) & VPF_DOWN)
			continue;
		log_line("  ax %016lx bx %016lx cx %016lx dx %016lx", (unsigned long)r->rax,
			 (unsigned long)r->rbx, (unsigned long)r->rcx, (unsigned long)r->rdx);
		log_line("  si %016lx di %016lx bp %016lx  8 %016lx", (unsigned long)r->rsi,
			 (unsigned long)r->rdi, (unsigned long)r->rbp, (unsigned long)r->r8);
		log_line("   9 %016lx 10 %016lx 11 %016lx 12 %016lx", (unsigned long)r->r9,
			 (unsigned long)r->r10, (unsigned long)r->r11, (unsigned long)r->r12);
		log_line("  13 %016lx 14 %016lx 15 %016lx cr2 %016lx", (unsigned long)r->r13,
			 (unsigned long)r->r14, (unsigned long)r->r15, v->info->arch.cr2);
		log_line("  root %lx user root %lx kernel sp %lx mask %u pending %u",
			 v->arch.kernel_root.m, v->arch.user_root.m, v->arch.kernel_sp,
			 v->info->evtchn_upcall_mask, v->info->evtchn_upcall_pending);
	}
}

void domain_crash(struct domain *d, const char *why, ...)
{
	char text[160];
	va_list args;

	va_start(args, why);
	vsnprintf(text, sizeof(text), why, args);
	va_end(args);
	guest_log(d->id, "crashed: %s", text);
	if (d->is_privileged) {
		domain_dump_state(d);
		if (current->domain == d) {
			pagetable_print_walk(current, current->info->arch.cr2);
			pagetable_print_walk(current, vcpu_regs(current)->rip);
		}
	}
	domain_shutdown(d, SHUTDOWN_crash);
}
