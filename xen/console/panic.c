// SPDX-License-Identifier: MIT
/*
 * What is left to do when going on would corrupt or leak: say why, with registers and a
 * backtrace, stop the other processors and restart the machine.  Runs in any context and
 * trusts nothing: locks are not waited for, the stack is walked within its bounds, and a
 * second panic on the way just halts.
 */
#include "console/panic.h"
#include "console/format.h"
#include "console/log.h"
#include "console/symbol.h"
#include "domain/domain.h"
#include "machine/machine.h"
#include "machine/percpu.h"

#define REBOOT_DELAY 5000000000LL /* ns */
#define DELAY_SPINS 30000000ULL /* ends the delay where the clock does not run yet */
#define BACKTRACE_MAX 32

static bool noreboot; /* set during boot */
static u32 panicking; /* CPU + 1 of the first to panic; atomic */

void panic_set_noreboot(bool stay)
{
	noreboot = stay;
}

void regs_print(const struct cpu_regs *r)
{
	char name[SYMBOL_MAX];

	symbol_print(r->rip, name, sizeof(name));
	log_line("vector %u error %#x at %04x:%s", r->entry_vector, r->error_code, r->cs, name);
	log_line("rip %016lx rsp %04x:%016lx flags %08lx", r->rip, r->ss, r->rsp, r->rflags);
	log_line("rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->rax, r->rbx, r->rcx, r->rdx);
	log_line("rsi %016lx rdi %016lx rbp %016lx r8  %016lx", r->rsi, r->rdi, r->rbp, r->r8);
	log_line("r9  %016lx r10 %016lx r11 %016lx r12 %016lx", r->r9, r->r10, r->r11, r->r12);
	log_line("r13 %016lx r14 %016lx r15 %016lx", r->r13, r->r14, r->r15);
}

/*
 * Frames lie at ever higher addresses of one stack.  A stack never crosses the boundary of
 * its CPU's area; the pages between stacks fault, so only what shares the page or the main
 * stack with @fp is followed.
 */
static bool same_stack(unsigned long fp, unsigned long next)
{
	unsigned long main_stack = ALIGN_DOWN(fp, CPU_AREA_SIZE) +
				   CPU_AREA_MAIN_STACK_PAGE * PAGE_SIZE;
	unsigned long end = fp >= main_stack ? ALIGN_UP(fp + 1, CPU_AREA_SIZE)
					     : ALIGN_UP(fp + 1, PAGE_SIZE);

	return next > fp && next % 8 == 0 && next + 2 * sizeof(long) <= end;
}

void backtrace_print(unsigned long fp)
{
	char name[SYMBOL_MAX];

	if (!fp)
		fp = (unsigned long)__builtin_frame_address(0);
	for (int i = 0; i < BACKTRACE_MAX && fp % 8 == 0; i++) {
		const unsigned long *frame = (const unsigned long *)fp;

		symbol_print(frame[1], name, sizeof(name));
		log_line("  [%016lx] %s", frame[1], name);
		if (!same_stack(fp, frame[0]))
			break;
		fp = frame[0];
	}
}

/* Says why.  Only the first to panic comes back from here. */
static __printf(1, 0) void begin(const char *fmt, va_list args)
{
	static bool again;
	u32 me = this_cpu_id() + 1, first = 0;
	char why[200];

	local_irq_disable();
	if (__atomic_compare_exchange_n(&panicking, &first, me, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST)) {
		log_force();
		vsnprintf(why, sizeof(why), fmt, args);
		log_line("**************** panic on CPU %u ****************", this_cpu_id());
		log_line("%s", why);
		return;
	}
	/* Saying it has failed on this very CPU: what remains is to restart, tried once. */
	if (first == me && !noreboot && !again) {
		again = true;
		machine_reboot();
	}
	for (;;)
		cpu_relax(); /* another CPU has the word and will stop this one */
}

static _Noreturn void finish(const struct cpu_regs *regs)
{
	const struct vcpu *v = current;
	stime_t start;

	if (v && v->domain)
		log_line("running d%uv%u", v->domain->id, v->id);
	if (regs) {
		regs_print(regs);
		/* The frame pointer of code that was interrupted in a guest is the guest's. */
		if ((regs->cs & 3) == 0 &&
		    ALIGN_DOWN(regs->rbp, CPU_AREA_SIZE) == ALIGN_DOWN(regs->rsp, CPU_AREA_SIZE))
			backtrace_print(regs->rbp);
	} else {
		backtrace_print((unsigned long)__builtin_frame_address(0));
	}
	smp_stop_others();
	if (noreboot) {
		log_line("halted as told by noreboot; reset by hand");
		machine_halt();
	}
	log_line("restarting in five seconds");
	start = now();
	for (u64 i = 0; now() - start < REBOOT_DELAY && i < DELAY_SPINS; i++)
		cpu_relax();
	machine_reboot();
}

_Noreturn void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	begin(fmt, args);
	va_end(args);
	finish(NULL);
}

_Noreturn void panic_with_regs(const struct cpu_regs *regs, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	begin(fmt, args);
	va_end(args);
	finish(regs);
}
