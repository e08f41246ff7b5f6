// SPDX-License-Identifier: MIT
/*
 * What ends a domain: an exception, a system call or an event that nobody takes, a frame that
 * cannot be stored, or would be stored to memory of the hypervisor's, a return from nowhere
 * (security.md, rows 8 and 215; abi-rows.md B15 to B31).  Each has a domain of its own, whose vCPU
 * starts with registers that can only lead there.  The domain must be told to have crashed, dom0
 * and its memory be as before.
 */
#include "control.h"
#include "test.h"

/* Where both hypervisors have the direct map of all memory. */
#define DIRECT_MAP 0xffff830000000000UL

extern char go_int3[], go_ud2[], go_ltr[], go_syscall[], go_iret[], go_round[], go_latch[];

asm(".text\n"
    "go_int3: int3; jmp go_int3\n"
    "go_ud2: ud2\n"
    "go_ltr: ltr %ax; jmp go_ltr\n"
    "go_syscall: syscall; jmp go_syscall\n"
    "go_iret: mov $23, %eax; syscall; jmp go_iret\n"
    "go_round: jmp go_round\n"
    "go_latch: mov $29, %eax; syscall; jmp go_ud2\n");

/* To user mode, which a domain without a user root has not; in the image, so that both have it. */
static struct iret_context to_user = {
	.rip = 1, .cs = FLAT_USER_CS, .rflags = 0x202, .rsp = 1, .ss = FLAT_USER_SS};

/* What it wants its death to be called; in the image as well. */
static struct sched_shutdown latched = {.reason = SHUTDOWN_reboot};

static struct child c;
static uint64_t *page; /* dom0's own, of which no frame may become a part */

static uint64_t own_page(void)
{
	return DIRECT_MAP + virt_to_maddr(page) + PAGE_SIZE / 2;
}

static void handler(struct vcpu_guest_context *ctx, unsigned int vector)
{
	ctx->trap_ctxt[vector] = (struct trap_info){
		.vector = (uint8_t)vector, .cs = FLAT_KERNEL_CS, .address = (uintptr_t)go_round};
}

static void in_user_mode(struct vcpu_guest_context *ctx)
{
	ctx->flags &= ~(unsigned long)VGCF_in_kernel;
	ctx->ctrlreg[1] = ctx->ctrlreg[3];
}

/* --- the last words of each: `who` is not yet running --- */

static void fault(struct child *who __attribute__((unused)), struct vcpu_guest_context *ctx)
{
	ctx->user_regs.rip = 0x1000;
}

static void breakpoint(struct child *who __attribute__((unused)), struct vcpu_guest_context *ctx)
{
	ctx->user_regs.rip = (uintptr_t)go_int3;
}

static void undefined(struct child *who __attribute__((unused)), struct vcpu_guest_context *ctx)
{
	ctx->user_regs.rip = (uintptr_t)go_ud2;
}

static void refused(struct child *who __attribute__((unused)), struct vcpu_guest_context *ctx)
{
	ctx->user_regs.rip = (uintptr_t)go_ltr;
}

static void system_call(struct child *who __attribute__((unused)), struct vcpu_guest_context *ctx)
{
	in_user_mode(ctx);
	ctx->user_regs.rip = (uintptr_t)go_syscall;
}

static void no_stack(struct child *who, struct vcpu_guest_context *ctx)
{
	fault(who, ctx);
	handler(ctx, 14);
	ctx->user_regs.rsp = 0x2000;
}

static void our_stack(struct child *who, struct vcpu_guest_context *ctx)
{
	fault(who, ctx);
	handler(ctx, 14);
	ctx->user_regs.rsp = own_page();
}

static void our_kernel_stack(struct child *who, struct vcpu_guest_context *ctx)
{
	fault(who, ctx);
	in_user_mode(ctx);
	handler(ctx, 14);
	ctx->kernel_sp = own_page();
}

static void our_failsafe_stack(struct child *who __attribute__((unused)),
			       struct vcpu_guest_context *ctx)
{
	ctx->user_regs.rip = (uintptr_t)go_round;
	ctx->user_regs.ds = 0x4b; /* in no table: it has none */
	ctx->failsafe_callback_eip = (uintptr_t)go_round;
	ctx->user_regs.rsp = own_page();
}

static void named(struct child *who __attribute__((unused)), struct vcpu_guest_context *ctx)
{
	ctx->user_regs.rip = (uintptr_t)go_latch;
	ctx->user_regs.rdi = SCHEDOP_shutdown_code;
	ctx->user_regs.rsi = (uintptr_t)&latched;
}

static void from_nowhere(struct child *who __attribute__((unused)), struct vcpu_guest_context *ctx)
{
	ctx->user_regs.rip = (uintptr_t)go_iret;
	ctx->user_regs.rsp = 0x2000;
}

static void from_ours(struct child *who __attribute__((unused)), struct vcpu_guest_context *ctx)
{
	ctx->user_regs.rip = (uintptr_t)go_iret;
	ctx->user_regs.rsp = own_page();
}

static void to_no_user(struct child *who __attribute__((unused)), struct vcpu_guest_context *ctx)
{
	ctx->user_regs.rip = (uintptr_t)go_iret;
	ctx->user_regs.rsp = (uintptr_t)&to_user;
}

static void event(struct child *who, struct vcpu_guest_context *ctx)
{
	static uintptr_t va;
	struct shared_info *s;

	if (!va)
		va = map_reserve(1);
	s = (void *)va;
	ctx->user_regs.rip = (uintptr_t)go_round;
	if (map_foreign(va, who->shared_info << 12 | PTE_KERNEL, who->id))
		panic("the child's shared_info cannot be mapped");
	s->vcpu_info[0].evtchn_upcall_pending = 1;
	s->vcpu_info[0].evtchn_upcall_mask = 0;
	map_foreign(va, 0, DOMID_SELF);
}

static const struct death {
	const char *name;
	void (*begin)(struct child *who, struct vcpu_guest_context *ctx);
} deaths[] = {
	{"XSA-8 a page fault without a handler", fault},
	{"XSA-8 a breakpoint without a handler", breakpoint},
	{"XSA-8 #UD without a handler", undefined},
	{"XSA-8 #GP without a handler", refused},
	{"XSA-8 a system call without a callback or a handler", system_call},
	{"B15 a frame for which there is no stack", no_stack},
	{"XSA-215 a frame to memory of the hypervisor's", our_stack},
	{"XSA-215 the same from user mode", our_kernel_stack},
	{"XSA-215 the same of the failsafe callback", our_failsafe_stack},
	{"h23 iret from a frame that is not there", from_nowhere},
	{"h23 iret from memory of the hypervisor's", from_ours},
	{"h23 iret to user mode without a root for it", to_no_user},
	{"D6 an event without a callback", event},
};

/* The reason that a domain's shutdown has; 255: it goes on. */
static unsigned int reason(domid_t who)
{
	uint64_t end = clock_ns() + 20000000000UL;
	struct xen_domctl op = {0};

	while (clock_ns() < end) {
		if (domctl(&op, XEN_DOMCTL_getdomaininfo, who))
			panic("getdomaininfo");
		if (op.u.getdomaininfo.flags & XEN_DOMINF_shutdown)
			return op.u.getdomaininfo.flags >> XEN_DOMINF_shutdownshift &
			       XEN_DOMINF_shutdownmask;
		sched_op(SCHEDOP_yield, NULL);
	}
	return 255;
}

static bool untouched(void)
{
	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*page); i++)
		if (page[i] != i * 0x0101010101010101UL)
			return false;
	return true;
}

static void all(void)
{
	unsigned long before;

	/* What the hypervisor keeps once it has needed it. */
	child_start(&c);
	child_end(&c);
	before = free_frames_settled();
	for (unsigned int i = 0; i < ARRAY_SIZE(deaths); i++) {
		child_context = deaths[i].begin;
		child_start(&c);
		is(deaths[i].name, reason(c.id), SHUTDOWN_crash);
		child_end(&c);
	}
	child_context = named;
	child_start(&c);
	is("h29.5 a crash, after the code of a reboot was latched", reason(c.id), SHUTDOWN_reboot);
	child_end(&c);
	child_context = NULL;
	ok(untouched(), "XSA-215 nothing was stored");
	/* Xen keeps two frames of one of them. */
	ours(free_frames_settled() == before, "h36 memory is as before");
	child_start(&c);
	is("h36 the next one lives",
	   child_call(&c, __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0), 0x40011);
	child_end(&c);
}

int guest_main(void)
{
	if (!is_dom0())
		puppet();
	page = page_alloc();
	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*page); i++)
		page[i] = i * 0x0101010101010101UL;
	part(all);
	return test_end();
}
