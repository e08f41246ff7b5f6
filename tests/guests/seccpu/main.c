// SPDX-License-Identifier: MIT
/*
 * Holes of the past in traps and processor state, tried again, by the number of their advisory
 * (docs/security.md): every vector from both modes, registers that a new vCPU finds, contexts that
 * no processor would load.  One processor, so that vCPUs follow one another on it.
 */
#include "test.h"

#include <xen/physdev.h>

#define HOLE 0xffff830000000000UL
#define LAST_LOW_PAGE 0x7ffffffff000UL
#define KERNEL_CS 0xe030
#define KERNEL_SS 0xe02b

/* --- vectors --- */

static unsigned int trapped; /* how many traps the last attempt led to */
static uint64_t last_vector;
static uint64_t go_on; /* where the kernel goes on after its attempt; 0: it was user mode */

static bool vector_hook(struct regs *r)
{
	if (r->vector == VECTOR_EVENT || (r->vector == VECTOR_SYSCALL && !r->rax))
		return false;
	trapped++;
	last_vector = r->vector;
	if (trapped > 4)
		panic("trap 0x%lx again and again", r->vector);
	if (!go_on)
		user_exit(r->vector);
	r->rip = go_on;
	r->rflags &= ~0x100UL;
	return true;
}

extern char user_code[], user_code_end[];
__asm__(".pushsection .rodata\n"
	".globl user_code, user_code_end\n"
	"user_code:	jmp	*%rsi\n"
	"	.org	user_code + 16\n" /* INT n for each n, 8 bytes apart */
	"	.set	n, 0\n"
	"	.rept	256\n"
	"	.byte	0xcd, n, 0x31, 0xff, 0x31, 0xc0, 0x0f, 0x05\n"
	"	.set	n, n + 1\n"
	"	.endr\n"
	"user_other:\n" /* and other ways, 16 bytes apart */
	"	ud2\n"
	"	.org	user_other + 16\n"
	"	xor	%ecx, %ecx; div %rcx\n"
	"	.org	user_other + 32\n"
	"	.byte	0xf1; xor %eax, %eax; syscall\n" /* ICEBP */
	"	.org	user_other + 48\n"
	"	pushq	$0x7fff; popfq; xor %eax, %eax; syscall\n" /* NT, TF, DF */
	"	.org	user_other + 64\n"
	"	movabs	$0x800000000000, %rax; mov (%rax), %rax\n"
	"	.org	user_other + 80\n"
	"	movabs	$0x800000000000, %rsp; push %rax\n"
	"	.org	user_other + 96\n"
	"	movabs	$0x800000000000, %rax; jmp *%rax\n"
	"	.org	user_other + 112\n"
	"	mov	$0xe008, %eax; mov %eax, %ds; xor %eax, %eax; syscall\n"
	"	.org	user_other + 128\n"
	"	mov	$0xffff, %eax; mov %eax, %ss\n"
	"	.org	user_other + 144\n"
	"	pushq	$0xe008; push %rax; lretq\n"
	"	.org	user_other + 160\n"
	"	std; mov $0x123, %r11d; sysenter\n"
	"	.org	user_other + 176\n"
	"	xor	%ecx, %ecx; xgetbv\n"
	"	.org	user_other + 192\n"
	"	mov	$0xc0000080, %ecx; rdmsr\n"
	"	.org	user_other + 208\n"
	"	rdpmc\n"
	"	.org	user_other + 224\n"
	"	lock	addq $1, 0\n"
	"	.org	user_other + 240\n"
	"	syscall\n"
	"user_code_end:\n"
	".popsection");
#define OTHERS 16u

static void from_user(void)
{
	unsigned int refused = 0, ended = 0;

	trap_hook = vector_hook;
	go_on = 0;
	for (unsigned int n = 0; n < 256; n++) {
		trapped = 0;
		user_call(USER_CODE, 0, USER_CODE + 16 + n * 8);
		refused += trapped == 1;
		ended += trapped <= 1;
	}
	is("XSA-259 INT n from user mode, each n: at most one trap", ended, 256);
	ok(refused > 240, "XSA-259 and none is the machine's");
	for (unsigned int i = ended = 0; i < OTHERS; i++) {
		trapped = 0;
		user_call(USER_CODE, 0, USER_CODE + 16 + 256 * 8 + i * 16);
		ended += trapped <= 1;
	}
	is("XSA-339 XSA-244 other ways to trap in user mode: one each", ended, OTHERS);
}

static void from_kernel(void)
{
	uint8_t *code = page_alloc();
	unsigned int fine = 0;

	trap_hook = vector_hook;
	for (unsigned int n = 0; n < 256; n++) {
		/* INT n; RET */
		code[0] = 0xcd;
		code[1] = (uint8_t)n;
		code[2] = 0xc3;
		go_on = (uint64_t)code + 2;
		trapped = 0;
		__asm__ volatile("call *%0" ::"r"(code) : "memory");
		fine += trapped == 1;
	}
	is("XSA-259 INT n from the kernel: one trap each", fine, 256);
	/* A prefix on what has no memory operand, before an instruction that is emulated. */
	go_on = 0;
	trap_hook = NULL;
	is("XSA-123 FS: before CPUID",
	   PROBE(".byte 0x64; cpuid", ::"a"(0), "c"(0)
		 : "rbx", "rdx", "memory"),
	   VECTOR_NONE);
	is("XSA-123 GS: before MOV from CR0",
	   PROBE(".byte 0x65; mov %%cr0, %%rax", ::
			 : "rax", "memory"),
	   VECTOR_NONE);
	ok(PROBE(".byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, "
		 "0x66, 0x66, 0x0f, 0xa2",
		 ::
			 : "rax", "rbx", "rcx", "rdx") != VECTOR_NONE,
	   "XSA-123 16 bytes are no instruction");
}

/* A system call whose return address is not canonical: the last bytes of the lower half. */
static void end_of_low_half(void)
{
	char *code = page_alloc();
	uint64_t mfn = virt_to_mfn(code);

	code[0xffe] = 0x0f;
	code[0xfff] = 0x05;
	map_at(kernel_root(), LAST_LOW_PAGE, mfn << 12 | PTE_USER_RW);
	trap_hook = vector_hook;
	trapped = 0;
	__asm__ volatile("push %%rbp; mov %%rsp, %%rbp\n\t"
			 "lea 1f(%%rip), %%rax; mov %%rax, go_on_at_(%%rip)\n\t"
			 "mov $17, %%eax; xor %%edi, %%edi; xor %%esi, %%esi\n\t"
			 "jmp *%0\n"
			 "1:	mov %%rbp, %%rsp; pop %%rbp"
			 :
			 : "r"(LAST_LOW_PAGE + 0xffe)
			 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
	trap_hook = NULL;
	ok(trapped >= 1, "XSA-7 a system call at the end of the lower half: a trap for the guest");
	printk("seccpu: it was 0x%lx\n", last_vector);
}

extern uint64_t go_on_at_ __attribute__((alias("go_on")));

/* --- floating point and debug registers of two vCPUs on one processor --- */

static volatile unsigned int other_is, other_bad;

struct fx {
	uint8_t area[512] __attribute__((aligned(16)));
};

static bool is_initial(struct fx *f)
{
	uint16_t fcw;
	uint32_t mxcsr;

	__asm__ volatile("fxsave %0" : "=m"(*f)::"memory");
	memcpy(&fcw, f->area, 2);
	memcpy(&mxcsr, f->area + 24, 4);
	for (unsigned int i = 160; i < 416; i++)
		if (f->area[i])
			return false;
	return fcw == 0x37f && mxcsr == 0x1f80;
}

static void fill_registers(uint64_t value)
{
	__asm__ volatile(
		"movq %0, %%xmm0; movq %0, %%xmm7; movq %0, %%xmm15; fninit; fldpi; fldpi" ::"r"(
			value));
}

static bool still(uint64_t value)
{
	uint64_t a, b, c;

	__asm__ volatile("movq %%xmm0, %0; movq %%xmm7, %1; movq %%xmm15, %2"
			 : "=r"(a), "=r"(b), "=r"(c));
	return a == value && b == value && c == value;
}

static void other(void *arg)
{
	static struct fx found;

	(void)arg;
	other_bad = !is_initial(&found);
	other_is = 1;
	fill_registers(0x2222222222222222);
	HC2(__HYPERVISOR_set_debugreg, 0, 0x2000);
	for (unsigned int i = 0; i < 50; i++) {
		sched_op(SCHEDOP_yield, NULL);
		if (!still(0x2222222222222222) || HC1(__HYPERVISOR_get_debugreg, 0) != 0x2000)
			other_bad |= 2;
	}
	other_is = 2;
}

static void registers(void)
{
	bool mine = true;

	fill_registers(0x1111111111111111);
	HC2(__HYPERVISOR_set_debugreg, 0, 0x1000);
	if (smp_start(1, other, NULL))
		panic("the other vCPU does not start");
	while (other_is < 2) {
		sched_op(SCHEDOP_yield, NULL);
		mine = mine && still(0x1111111111111111) &&
		       HC1(__HYPERVISOR_get_debugreg, 0) == 0x1000;
	}
	HC2(__HYPERVISOR_set_debugreg, 0, 0);
	is("XSA-52 XSA-62 XSA-165 a new vCPU finds the initial registers", other_bad & 1, 0);
	is("XSA-267 XSA-172 it keeps its own", other_bad & 2, 0);
	ok(mine, "XSA-267 and so does the other");
}

/* --- contexts --- */

static volatile unsigned int alive;
static volatile unsigned long armed; /* DR7, as it finds it */
static struct vcpu_guest_context context;

static char context_stack[8192] __attribute__((aligned(16)));

/* Comes up with whatever the context held, and goes down for good. */
__attribute__((used)) static void came_up(void)
{
	armed = (unsigned long)HC1(__HYPERVISOR_get_debugreg, 7);
	alive = 1;
	for (;;)
		vcpu_op(VCPUOP_down, 2, NULL);
}

static void good_context(void)
{
	static struct trap_info traps[257];

	memset(&context, 0, sizeof(context));
	context.flags = VGCF_IN_KERNEL;
	context.user_regs.rip = (unsigned long)came_up;
	context.user_regs.rsp = (unsigned long)context_stack + sizeof(context_stack) - 8;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = FLAT_KERNEL_SS;
	context.kernel_sp = (unsigned long)context_stack + sizeof(context_stack) / 2;
	context.ctrlreg[3] = xen_pfn_to_cr3(virt_to_mfn(kernel_root()));
	context.event_callback_eip = (unsigned long)entry_event;
	context.failsafe_callback_eip = (unsigned long)entry_failsafe;
	context.syscall_callback_eip = (unsigned long)entry_syscall;
	trap_table_fill(traps);
	memcpy(context.trap_ctxt, traps, sizeof(context.trap_ctxt));
	vcpu_info(2)->evtchn_upcall_mask = 1;
}

static void contexts(void)
{
	good_context();
	context.user_regs.rip = 1UL << 47;
	ok(vcpu_op(VCPUOP_initialise, 2, &context) < 0, "XSA-193 a context that starts nowhere");
	good_context();
	context.gs_base_kernel = 1UL << 63;
	ok(vcpu_op(VCPUOP_initialise, 2, &context) < 0 || !on_dais(),
	   "XSA-193 a base that is not canonical");
	good_context();
	context.gdt_ents = ~0UL >> 1;
	ok(vcpu_op(VCPUOP_initialise, 2, &context) < 0, "XSA-85 a descriptor table without end");
	good_context();
	context.ctrlreg[3] = xen_pfn_to_cr3(~0UL >> 13);
	ok(vcpu_op(VCPUOP_initialise, 2, &context) < 0, "XSA-32 a root beyond all");
	good_context();
	ok(vcpu_op(VCPUOP_initialise, 0, &context) < 0, "XSA-244 a context for who runs");
	/* All that can be wrong and is to be put right: reserved bits everywhere. */
	good_context();
	context.flags |= VGCF_I387_VALID;
	memset(&context.fpu_ctxt, 0xff, sizeof(context.fpu_ctxt));
	if (!on_dais()) /* there it is the guest that is ended */
		memset((uint8_t *)&context.fpu_ctxt + 24, 0, 4);
	context.user_regs.rflags = 0x4000 | 0x40000 | 2; /* NT, AC */
	context.debugreg[0] = HOLE;
	context.debugreg[7] = 0x22403; /* general detect; one that watches a port */
	context.ctrlreg[4] = on_dais() ? ~0UL : 0;
	is("XSA-53 a context of ones", vcpu_op(VCPUOP_initialise, 2, &context), 0);
	is("XSA-53 comes up", vcpu_op(VCPUOP_up, 2, NULL), 0);
	for (unsigned int i = 0; i < 1000 && !alive; i++)
		sched_op(SCHEDOP_yield, NULL);
	is("XSA-12 XSA-44 XSA-53 and runs", alive, 1);
	is("XSA-12 and watches none of our ports", armed & 3, 0);
}

/* shared_info has room for 32: the vcpu_info of others would be one that all domains share. */
static void beyond(void)
{
	static uint8_t page[PAGE_SIZE] __attribute__((aligned(4096)));
	const struct vcpu_info *info = (const struct vcpu_info *)page;
	struct vcpu_register_vcpu_info where = {.mfn = virt_to_mfn(page)};

	good_context();
	is("h24.0 one beyond the 32, without a vcpu_info of its own",
	   vcpu_op(VCPUOP_initialise, 33, &context), -22);
	is("h24.10 it is given one", vcpu_op(VCPUOP_register_vcpu_info, 33, &where), 0);
	is("h24.10 with events masked", info->evtchn_upcall_mask, 1);
	is("h24.0 then it can be initialised", vcpu_op(VCPUOP_initialise, 33, &context), 0);
}

/* --- what is not for guests --- */

static void hidden(void)
{
	static const uint32_t msrs[] = {
		0x606,      0x611,      0x639, 0x19c, /* power and heat (351) */
		0xc0011027, 0xc0011019, /* address masks (444) */
		0x1d9,      0xc0000082, 0xda0, /* last branches, LSTAR, supervisor state */
		0xc8f,      0xd90,      0x6a0}; /* quality of service, bounds, shadow stacks */
	unsigned int refused = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(msrs); i++)
		refused += PROBE("wrmsr", ::"c"(msrs[i]), "a"(1), "d"(0)) == 13;
	is("XSA-351 XSA-444 writes to registers that are ours", refused, ARRAY_SIZE(msrs));
	for (unsigned int i = refused = 0; i < 6; i++)
		refused += PROBE("rdmsr", ::"c"(msrs[i]) : "rax", "rdx") == 13;
	differs("XSA-351 XSA-444 reads of power, heat and masks", refused, 6, 5,
		"Xen's dom0 may ask how hot it is");
	ok(PROBE("rdmsr", ::"c"(0xc0011022)
		 : "rax", "rdx") == 13 ||
		   !on_dais(),
	   "XSA-333 one of another vendor");
	is("XSA-293 WRFSBASE while its bit is off",
	   PROBE(".byte 0xf3, 0x48, 0x0f, 0xae, 0xd0", ::"a"(HOLE)), 6);
	is("XSA-220 WRPKRU", PROBE(".byte 0x0f, 0x01, 0xef", ::"a"(0), "c"(0), "d"(0)), 6);
	{
		struct physdev_set_iopl iopl = {.iopl = 1};

		HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl);
		ok(PROBE("outsb", ::"S"(HOLE), "d"(0x80)) != VECTOR_NONE,
		   "XSA-67 OUTS from our range");
		ok(PROBE("outsb", ::"S"(1UL << 47), "d"(0x80)) != VECTOR_NONE,
		   "XSA-67 OUTS from nowhere");
		ok(PROBE("insb", ::"D"(HOLE), "d"(0x80)
			 : "memory") != VECTOR_NONE,
		   "XSA-67 INS over the hole");
		iopl.iopl = 0;
		HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl);
	}
	/* General detect, then an access: the trap must not come again and again. */
	HC2(__HYPERVISOR_set_debugreg, 7, 0x2400);
	(void)PROBE("mov %%dr7, %%rax", ::: "rax");
	(void)PROBE("mov %%rax, %%dr7", ::"a"(0x2400));
	HC2(__HYPERVISOR_set_debugreg, 7, 0x400);
	ok(true, "XSA-265 general detect and what it would catch");
}

int guest_main(void)
{
	part_once(registers);
	part_once(contexts);
	part_once(beyond);
	part(hidden);
	user_init();
	user_load(user_code, (size_t)(user_code_end - user_code));
	part(from_user);
	part(from_kernel);
	part(end_of_low_half);
	return test_end();
}
