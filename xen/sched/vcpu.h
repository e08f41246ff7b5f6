/* SPDX-License-Identifier: MIT */
/*
 * struct vcpu: one virtual processor.  Fields are grouped by what guards them.
 *
 * Run state:   BLOCKED --wake--> RUNNABLE <--pick/preempt--> RUNNING
 * A vCPU is on a run queue or running exactly when it is runnable: it is up,
 * not blocked, and no pause count (its own or its domain's) is above 0.
 *
 * While a vCPU runs, its registers are the ones at the top of its CPU's stack
 * (vcpu_regs() finds them); `regs` is valid while it does not.
 */
#ifndef DAIS_SCHED_VCPU_H
#define DAIS_SCHED_VCPU_H

#include "lib/abi.h"
#include "lib/cpumask.h"
#include "lib/rbtree.h"
#include "lib/types.h"
#include "machine/percpu.h"
#include "machine/regs.h"
#include "sched/fair.h"
#include "time/timer.h"
#include <xen/vcpu.h>

struct domain;
struct sched_domain;
struct multicall_again;

#define MAX_VCPUS 128u

/* One registered callback (xen/callback.h). */
struct guest_callback {
	unsigned long address; /* 0: none */
	bool mask_events;
};

/* What the processor needs to run this vCPU.  Changed by the vCPU itself, or while it is paused. */
struct vcpu_arch {
	bool kernel_mode; /* in its kernel; the roots and GS bases in use follow it */
	bool nmi_pending; /* entry.S looks at both */
	bool nmi_masked;
	bool failsafe_pending; /* a segment could not be loaded at the last switch */
	bool ts; /* CR0.TS as the guest sees it */
	u8 iopl; /* virtual IOPL, 0..3 (physdev_op set_iopl) */

	mfn_t kernel_root; /* L4, typed reference held; INVALID_MFN before the first */
	mfn_t user_root; /* L4 or INVALID_MFN */
	mfn_t old_table; /* 0, or one whose last reference v is still dropping (mm/update.c) */

	/* Segments that are not in cpu_regs.  Live in the processor while it runs. */
	u16 ds, es, fs, gs;
	unsigned long fs_base;
	unsigned long gs_base_kernel, gs_base_user;

	unsigned long kernel_sp; /* stack_switch */
	unsigned long cr4; /* guest's view */
	unsigned long debugreg[8];

	unsigned int gdt_entries; /* 0: none of its own */
	mfn_t gdt_frames[16]; /* typed SEGDESC references held */
	unsigned long ldt_base;
	unsigned int ldt_entries;
	u16 ldt_mapped; /* which LDT pages are mapped (typed references held) */
	mfn_t ldt_frames[16];

	struct trap_info *traps; /* 256 entries, one page */
	struct guest_callback event_callback, failsafe_callback, syscall_callback,
		syscall32_callback, sysenter_callback, nmi_callback;

	unsigned long io_bitmap; /* guest linear address; 0: none */
	unsigned int io_bitmap_ports;

	void *xsave; /* extended state while not running (machine/fpu.c) */
	u64 xcr0;
	u32 tsc_aux;
};

/* Owned by sched/: only code there looks inside.  Run queue lock of `cpu`. */
struct vcpu_sched {
	struct fair_entity fair;
	bool queued; /* waits in the run queue of cpu */
	bool running; /* on a CPU now (also while being switched out) */
	bool yielding; /* gave up its turn: somebody else first */
	unsigned int cpu; /* CPU it runs or is queued on, or is to be woken on */
	stime_t charged; /* its CPU time is accounted up to here */
	stime_t burst; /* CPU time since it last woke */
	struct cpumask hard_affinity, soft_affinity;
	struct cpumask saved_affinity; /* hard one below a pin_override */
	bool pinned; /* pin_override is in force */
	bool polling; /* its bit in the event channels' poll set may be on */
	struct timer poll_timer;
	struct timer cap_timer; /* ends VPF_CAPPED */
	struct sched_domain *domain; /* shared by the vCPUs of a domain */
};

/* Owned by time/. */
struct vcpu_time {
	struct timer singleshot, periodic;
	stime_t period; /* 0: no periodic timer */
	unsigned long user_area; /* linear address of the secondary vcpu_time_info, or 0 */
	/* clocksource_version() of what the area has, and of what `told` has; 0: they are to be written. */
	u32 area_version, told_version;
	const struct vcpu_info *told;
	u32 version;
};

enum vcpu_pause_flag {
	VPF_BLOCKED = 1u << 0, /* sched_op block or poll */
	VPF_DOWN = 1u << 1, /* not up (vcpu_op up) */
	VPF_POLLING = 1u << 2, /* with BLOCKED, in sched_op poll: an event to poll_port wakes */
	VPF_CAPPED = 1u << 3, /* its domain has used up its share of this period */
};

struct vcpu {
	/* entry.S finds these three by entry/offsets.h: keep them first. */
	/* Shared with the guest: its vcpu_info through the direct map; never NULL. */
	struct vcpu_info *info;
	struct domain *domain; /* constant after creation */
	/* While it runs: this CPU only.  Else: the run queue lock, or paused. */
	struct vcpu_arch arch;

	/* Constant after creation. */
	u32 id;
	bool is_idle;

	/* Atomic. */
	u32 pause_flags; /* enum vcpu_pause_flag */
	u32 pause_count; /* each vcpu_pause() */

	bool initialised; /* vcpu_op initialise done; atomic, set last */
	bool initialising; /* somebody is in it; atomic */

	mfn_t info_mfn; /* registered page (writable reference held), else INVALID_MFN */
	struct vcpu_info no_info; /* where `info` is while it has none that its guest sees */

	/* Run state, run queue lock of its CPU. */
	struct vcpu_runstate_info runstate;
	unsigned long runstate_area; /* guest linear address, or 0 */

	struct cpu_regs regs; /* guarded like arch; valid while it does not run */

	struct vcpu_sched sched;
	struct vcpu_time time;

	unsigned int poll_port; /* sched_op poll: 0 = several */
	u32 virq_port[24]; /* port bound to each VIRQ, 0 none; evtchn lock */

	/* Of the multicall entry in progress (entry/dispatch.c), else NULL. */
	struct multicall_again *multicall;
};

/* The registers of v: on the stack while it runs here, else saved. */
static inline struct cpu_regs *vcpu_regs(struct vcpu *v)
{
	return v == current ? &cpu_info()->guest_regs : &v->regs;
}

/* True when an event upcall is due at the next return to the guest. */
static inline bool vcpu_upcall_due(const struct vcpu *v)
{
	return READ_ONCE(v->info->evtchn_upcall_pending) && !READ_ONCE(v->info->evtchn_upcall_mask);
}

/* --- sched/vcpu.c --- */

/* Marks that something happened that v must see: wakes it if blocked, else kicks its CPU. */
void vcpu_kick(struct vcpu *v);
/* Clears the flags given; puts v on a run queue if that made it runnable. */
void vcpu_wake_flags(struct vcpu *v, u32 flags);
/* sched_op block: sleeps unless an upcall is due. */
void vcpu_block_current(void);
/* Counted; returns when v is off its processor.  Not for the caller itself. */
void vcpu_pause(struct vcpu *v);
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
bool vcpu_is_runnable(const struct vcpu *v);
/* Has current give up its CPU at the way out of the hypervisor. */
void vcpu_yield_current(void);
/* Copies the run state with the time up to now. */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out);

/*
 * For whoever changed a thing that vcpu_is_runnable() looks at (a pause count of the domain,
 * a VPF_ flag): makes the run queue follow, in whichever direction.  Does not wait.
 */
void vcpu_recheck(struct vcpu *v);
/* Waits until v is off its processor; something must keep it from running. */
void vcpu_wait_off_cpu(const struct vcpu *v);
/* Marks the upcall pending byte of v's vcpu_info and kicks it (evtchn/, after its bits are set). */
void vcpu_mark_events_pending(struct vcpu *v);

/* --- sched/life.c --- */

/* sched/'s part of the life of a vCPU; v->domain, id are set.  0 or -ENOMEM.  Starts down. */
int sched_vcpu_init(struct vcpu *v);
/* v does not run and will not: down or paused for good. */
void sched_vcpu_destroy(struct vcpu *v);

/* --- sched/vcpuop.c --- */

/* Moves v's vcpu_info back out of the page it registered and gives that page up. */
void vcpu_info_unregister(struct vcpu *v);
/* Writes the run state to the area that current registered; silent when that fails. */
void vcpu_write_runstate_area(void);

#endif
