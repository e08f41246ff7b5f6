// SPDX-License-Identifier: MIT
/*
 * vcpu_op and set_timer_op with the other rooms played: results as guests rely on
 * them, the move of vcpu_info, the run-state update protocol, and the guest's
 * timers, whatever numbers they are given.
 */
#include "domain/domain.h"
#include "domain/privilege.h"
#include "domain/vcpustate.h"
#include "entry/dispatch.h"
#include "entry/guestcopy.h"
#include "evtchn/evtchn.h"
#include "machine/machine.h"
#include "machine/percpu.h"
#include "machine/smp.h"
#include "mm/frame.h"
#include "sched/deferred.h"
#include "sched/runqueue.h"
#include "time/clock.h"

#include <stdlib.h>
#include <string.h>
#include <xen/sched.h>

#include "check.h"
#include "hostheap.h"

#define VCPUS 3u

static struct shared_info shared;
static struct vcpu v[VCPUS];
static struct vcpu *table[VCPUS] = {&v[0], &v[1], &v[2]};
static struct domain dom = {.id = 1, .max_vcpus = VCPUS, .vcpu = table, .shared_info = &shared};
static u8 memory[2 * PAGE_SIZE] __aligned(4096); /* of the guest: frames 0 and 1 are there */

static stime_t time_now = 5000000;
static int frame_refs[2];
static unsigned int virqs[VCPUS], kicks, shut_down = 99;
static int set_context_result;
static unsigned int set_contexts, writes, fail_write;
static u64 seen_stamps[8];

stime_t now(void)
{
	return time_now;
}

/* --- frames: those two whose direct-map addresses lie in this test's memory --- */

/* Index of the guest's frame, or 2. */
static unsigned long page_of(mfn_t mfn)
{
	unsigned long page = mfn.m - virt_to_mfn(memory).m;

	return page < 2 ? page : 2;
}

static u64 mfn_of(unsigned int page)
{
	return virt_to_mfn(memory).m + page;
}

int frame_get_and_type(mfn_t mfn, struct domain *d, u32 type)
{
	CHECK(d == &dom && type == FRAME_TYPE_WRITABLE);
	if (page_of(mfn) > 1)
		return -EINVAL;
	frame_refs[page_of(mfn)]++;
	return 0;
}

int frame_put_and_type(mfn_t mfn)
{
	CHECK(page_of(mfn) <= 1 && frame_refs[page_of(mfn)] > 0);
	frame_refs[page_of(mfn)]--;
	return 0;
}

/* --- the other rooms --- */

struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

bool privileged(const struct domain *subject, enum privilege what, const struct domain *object)
{
	(void)what;
	(void)object;
	return subject->is_privileged;
}

bool guest_range_ok(unsigned long va, size_t size)
{
	(void)size;
	return va < HYPERVISOR_START;
}

int guest_read(void *dst, unsigned long va, size_t size)
{
	if (!va)
		return -EFAULT;
	memcpy(dst, (const void *)va, size);
	return 0;
}

int guest_write(unsigned long va, const void *src, size_t size)
{
	if (!va || (fail_write && ++writes >= fail_write))
		return -EFAULT;
	memcpy((void *)va, src, size);
	if (v[0].runstate_area) {
		memmove(&seen_stamps[1], seen_stamps, sizeof(seen_stamps) - 8);
		seen_stamps[0] =
			((struct vcpu_runstate_info *)v[0].runstate_area)->state_entry_time;
	}
	return 0;
}

long hypercall_continue1(unsigned long arg0)
{
	CHECK_EQ(arg0, VCPUOP_initialise);
	return -ERESTART;
}

int vcpu_set_context(struct vcpu *which, const struct vcpu_guest_context *c)
{
	struct vcpu_guest_context again = *c;

	CHECK_EQ(c->kernel_sp, 4711);
	/* It may take long: nobody who wants the domain's lock waits; another caller comes back. */
	CHECK(!spin_is_locked(&dom.lock));
	CHECK_EQ(hc_vcpu_op(VCPUOP_initialise, 1, (unsigned long)&again), -ERESTART);
	set_contexts++;
	if (!set_context_result)
		which->initialised = true;
	return set_context_result;
}

void vcpu_kick(struct vcpu *which)
{
	(void)which;
	kicks++;
}

void vcpu_mark_events_pending(struct vcpu *which)
{
	which->info->evtchn_upcall_pending = 1;
	kicks++;
}

void vcpu_wake_flags(struct vcpu *which, u32 flags)
{
	which->pause_flags &= ~flags;
}

void vcpu_recheck(struct vcpu *which)
{
	CHECK(which->pause_flags & VPF_DOWN);
}

void vcpu_runstate_get(struct vcpu *which, struct vcpu_runstate_info *out)
{
	*out = which->runstate;
}

void sched_get_affinity(struct vcpu *which, struct cpumask *hard, struct cpumask *soft)
{
	(void)soft;
	*hard = which->sched.hard_affinity;
}

u32 cpu_apic_id(unsigned int cpu)
{
	return cpu * 2;
}

u32 cpu_acpi_id(unsigned int cpu)
{
	return cpu + 1;
}

void domain_shutdown(struct domain *d, u32 reason)
{
	CHECK(d == &dom);
	shut_down = reason;
}

void clock_update_vcpu(struct vcpu *which)
{
	which->info->time.version += 2;
}

void clock_write_user_area(void)
{
}

void clock_set_user_area(struct vcpu *which, unsigned long area)
{
	which->time.user_area = area;
}

void virq_send_vcpu(struct vcpu *which, u32 virq)
{
	CHECK_EQ(virq, VIRQ_TIMER);
	virqs[which->id]++;
}

void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, unsigned int cpu)
{
	*t = (struct timer){.fn = fn, .arg = arg, .cpu = cpu};
}

void timer_set(struct timer *t, stime_t expires)
{
	t->expires = expires;
	t->armed = true;
}

void timer_stop(struct timer *t)
{
	t->armed = false;
}

void timer_kill(struct timer *t)
{
	t->armed = false;
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
	t->cpu = cpu;
}

/* --- tests --- */

static long call(unsigned long op, unsigned long id, void *arg)
{
	return hc_vcpu_op(op, id, (unsigned long)arg);
}

static void begin(void)
{
	memset(&shared, 0, sizeof(shared));
	memset(memory, 0, sizeof(memory));
	memset(v, 0, sizeof(v));
	dom.vm_assist = 0;
	for (unsigned int i = 0; i < VCPUS; i++) {
		v[i].domain = &dom;
		v[i].id = i;
		v[i].info = &shared.vcpu_info[i];
		v[i].info_mfn = INVALID_MFN;
		v[i].pause_flags = i ? VPF_DOWN : 0;
		vtime_vcpu_init(&v[i]);
	}
	v[0].initialised = true;
	spin_lock_init(&dom.lock, LOCK_DOMAIN);
	host_cpu_info[0].running = &v[0];
}

static void test_up_and_down(void)
{
	static struct vcpu_guest_context c = {.kernel_sp = 4711};

	begin();
	CHECK_EQ(call(VCPUOP_is_up, 0, NULL), 1);
	CHECK_EQ(call(VCPUOP_is_up, 1, NULL), 0);
	CHECK_EQ(call(VCPUOP_is_up, 3, NULL), -ENOENT); /* how Linux counts them */
	CHECK_EQ(call(VCPUOP_is_up, ~0UL, NULL), -ENOENT);
	CHECK_EQ(call(VCPUOP_up, 1, NULL), -EINVAL);
	CHECK_EQ(call(VCPUOP_initialise, 1, NULL), -EFAULT);
	CHECK_EQ(call(VCPUOP_initialise, 0, &c), -EEXIST);
	set_context_result = -ERESTART;
	CHECK_EQ(call(VCPUOP_initialise, 1, &c), -ERESTART);
	set_context_result = -EINVAL;
	CHECK_EQ(call(VCPUOP_initialise, 1, &c), -EINVAL);
	set_context_result = 0;
	CHECK_EQ(call(VCPUOP_initialise, 1, &c), 0);
	CHECK_EQ(call(VCPUOP_initialise, 1, &c), -EEXIST);
	CHECK_EQ(set_contexts, 3);
	CHECK_EQ(call(VCPUOP_up, 1, NULL), 0);
	CHECK_EQ(call(VCPUOP_up, 1, NULL), 0);
	CHECK_EQ(call(VCPUOP_is_up, 1, NULL), 1);
	CHECK_EQ(call(VCPUOP_down, 1, NULL), 0);
	CHECK_EQ(shut_down, 99);
	CHECK_EQ(call(VCPUOP_down, 0, NULL), 0);
	CHECK_EQ(shut_down, SHUTDOWN_poweroff); /* the last one */
	CHECK_EQ(call(14, 0, NULL), -ENOSYS);
	CHECK_EQ(call(VCPUOP_send_nmi, 1, NULL), 0);
	CHECK(v[1].arch.nmi_pending);
}

static long move(unsigned int id, u64 mfn, u32 offset)
{
	struct vcpu_register_vcpu_info op = {.mfn = mfn, .offset = offset};

	return call(VCPUOP_register_vcpu_info, id, &op);
}

static void test_vcpu_info(void)
{
	struct vcpu_info *to = (struct vcpu_info *)(memory + 64);

	begin();
	CHECK_EQ(call(VCPUOP_register_vcpu_info, 0, NULL), -EFAULT);
	CHECK_EQ(move(0, mfn_of(0), 4096 - 63), -ENXIO);
	CHECK_EQ(move(0, mfn_of(0), ~0u), -ENXIO);
	CHECK_EQ(move(0, mfn_of(0), 4), -ENXIO);
	CHECK_EQ(move(0, mfn_of(2), 64), -EINVAL);
	CHECK_EQ(frame_refs[0] + frame_refs[1], 0);
	shared.vcpu_info[0].evtchn_upcall_mask = 1;
	shared.vcpu_info[0].arch.cr2 = 0x1234;
	CHECK_EQ(move(0, mfn_of(0), 64), 0);
	CHECK(v[0].info == to && frame_refs[0] == 1);
	/* What was there is there; everything pending is looked at again. */
	CHECK(to->evtchn_upcall_mask == 1 && to->arch.cr2 == 0x1234);
	CHECK(to->evtchn_pending_sel == ~0UL && to->evtchn_upcall_pending && to->time.version);
	CHECK_EQ(move(0, mfn_of(1), 0), -EINVAL);
	CHECK_EQ(frame_refs[1], 0);

	/* Another one's, only while it is down; one that had no place starts masked. */
	v[1].pause_flags = 0;
	CHECK_EQ(move(1, mfn_of(1), 0), -EINVAL);
	v[2].info = &v[2].no_info;
	v[2].no_info.evtchn_upcall_mask = 1;
	CHECK_EQ(call(VCPUOP_initialise, 2, memory), -EINVAL); /* not before it has one */
	CHECK_EQ(move(2, mfn_of(1), 4096 - 64), 0);
	CHECK_EQ(v[2].info->evtchn_upcall_mask, 1);
	vcpu_info_unregister(&v[2]);
	CHECK(v[2].info == &shared.vcpu_info[2] && frame_refs[1] == 0);
	vcpu_info_unregister(&v[2]);
	CHECK_EQ(move(2, mfn_of(1), 0), 0);
	CHECK_EQ(frame_refs[1], 1);
}

static void test_runstate(void)
{
	struct vcpu_register_runstate_memory_area op = {.addr.p = (unsigned long)(memory + 8)};
	struct vcpu_runstate_info *area = (void *)(memory + 8), rs;

	begin();
	v[0].runstate = (struct vcpu_runstate_info){.state_entry_time = 1000, .time = {1, 2, 3, 4}};
	CHECK_EQ(call(VCPUOP_get_runstate_info, 0, &rs), 0);
	CHECK_EQ(rs.time[3], 4);
	CHECK_EQ(call(VCPUOP_get_runstate_info, 0, NULL), -EFAULT);
	CHECK_EQ(call(VCPUOP_register_runstate_memory_area, 0, NULL), -EFAULT);
	CHECK_EQ(call(VCPUOP_register_runstate_memory_area, 0, &op), 0);
	CHECK_EQ(area->time[2], 3);
	v[0].runstate.time[2] = 33;
	vcpu_write_runstate_area();
	CHECK(area->time[2] == 33 && area->state_entry_time == 1000);

	/* With the assist: marked, then all of it still marked, then unmarked. */
	dom.vm_assist = BIT(VMASST_TYPE_runstate_update_flag);
	v[0].runstate.state_entry_time = 2000;
	vcpu_write_runstate_area();
	CHECK_EQ(seen_stamps[2], 2000 | XEN_RUNSTATE_UPDATE);
	CHECK_EQ(seen_stamps[1], 2000 | XEN_RUNSTATE_UPDATE);
	CHECK_EQ(seen_stamps[0], 2000);
	/* Unmapped by now: nobody is told. */
	for (fail_write = 1; fail_write < 5; fail_write++) {
		writes = 0;
		vcpu_write_runstate_area();
	}
	fail_write = writes = 0;
	op.addr.p = HYPERVISOR_START;
	CHECK_EQ(call(VCPUOP_register_runstate_memory_area, 0, &op), -EFAULT);
	op.addr.p = 0;
	CHECK_EQ(call(VCPUOP_register_runstate_memory_area, 0, &op), 0);
	CHECK_EQ(v[0].runstate_area, 0);
	op.addr.p = HYPERVISOR_START;
	CHECK_EQ(call(VCPUOP_register_vcpu_time_memory_area, 0, &op), -EFAULT);
	op.addr.p = (unsigned long)memory;
	CHECK_EQ(call(VCPUOP_register_vcpu_time_memory_area, 0, &op), 0);
	CHECK_EQ(v[0].time.user_area, op.addr.p);
}

static void test_timers(void)
{
	struct vcpu_set_singleshot_timer one = {.timeout_abs_ns = (u64)time_now + 1000};
	struct vcpu_set_periodic_timer period = {.period_ns = 999999};
	struct timer *t = &v[0].time.singleshot, *p = &v[0].time.periodic;

	begin();
	CHECK_EQ(call(VCPUOP_set_singleshot_timer, 0, NULL), -EFAULT);
	CHECK_EQ(call(VCPUOP_set_singleshot_timer, 1, &one), -EINVAL);
	CHECK_EQ(call(VCPUOP_set_singleshot_timer, 0, &one), 0);
	CHECK(t->armed && t->expires == time_now + 1000 && !virqs[0]);
	/* Past, even when the future was asked for: the timer's to serve at once. */
	one = (struct vcpu_set_singleshot_timer){.timeout_abs_ns = 17, VCPU_SSHOTTMR_future};
	CHECK_EQ(call(VCPUOP_set_singleshot_timer, 0, &one), 0);
	CHECK(t->armed && t->expires == 17);
	t->fn(t->arg);
	CHECK_EQ(virqs[0], 1);
	one.timeout_abs_ns = ~0ULL;
	CHECK_EQ(call(VCPUOP_set_singleshot_timer, 0, &one), 0);
	CHECK(t->armed && t->expires == INT64_MAX);
	t->fn(t->arg);
	CHECK_EQ(virqs[0], 2);
	CHECK_EQ(call(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
	CHECK(!t->armed);
	CHECK_EQ(hc_set_timer_op((unsigned long)time_now + 5), 0);
	CHECK(t->armed && t->expires == time_now + 5);
	CHECK_EQ(hc_set_timer_op(0), 0);
	CHECK(!t->armed);
	CHECK_EQ(hc_set_timer_op(1), 0);
	CHECK(t->armed && t->expires == 1);

	CHECK_EQ(call(VCPUOP_set_periodic_timer, 0, &period), -EINVAL);
	period.period_ns = 0;
	CHECK_EQ(call(VCPUOP_set_periodic_timer, 0, &period), -EINVAL);
	period.period_ns = ~0ULL;
	CHECK_EQ(call(VCPUOP_set_periodic_timer, 0, &period), -EINVAL);
	period.period_ns = 1000000;
	CHECK_EQ(call(VCPUOP_set_periodic_timer, 0, &period), 0);
	CHECK(p->armed && p->expires == time_now + 1000000);
	/* Served late by two and a half periods: one event, and the phase is kept. */
	time_now = p->expires + 2500000;
	p->fn(p->arg);
	CHECK_EQ(virqs[0], 3);
	CHECK_EQ(p->expires, time_now + 500000);
	CHECK_EQ(call(VCPUOP_stop_periodic_timer, 0, NULL), 0);
	CHECK(!p->armed);
	p->fn(p->arg); /* it was on its way */
	CHECK(!p->armed && virqs[0] == 3);
	CHECK_EQ(call(VCPUOP_stop_periodic_timer, 0, NULL), 0);
}

static void test_physid(void)
{
	struct vcpu_get_physid op;

	begin();
	v[0].sched.hard_affinity.bits[0] = 3;
	dom.is_privileged = true;
	CHECK_EQ(call(VCPUOP_get_physid, 0, &op), -EINVAL);
	v[0].sched.hard_affinity.bits[0] = 2;
	CHECK_EQ(call(VCPUOP_get_physid, 0, &op), 0);
	CHECK_EQ(op.phys_id, 2 | 2ULL << 32);
	dom.is_privileged = false;
	CHECK_EQ(call(VCPUOP_get_physid, 0, &op), -EINVAL);
}

int main(void)
{
	test_up_and_down();
	test_vcpu_info();
	test_runstate();
	test_timers();
	test_physid();
	return check_done("vcpuop");
}
